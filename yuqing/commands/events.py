"""``yuqing events``: which posts of a file speak of one matter. A filter; its form stays stable."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from analyzer.filter_lines import BadLine


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("events")(events)


def events(
    window: Annotated[
        float | None,
        typer.Option(
            "--window", min=0.01, help="这么多天没有新帖即算事件结束；不写则全部算一个时间窗"
        ),
    ] = None,
) -> None:
    """逐行读入 JSON（id、text、published_at，可有 title），按输入次序输出每条属于哪个事件。"""
    from analyzer.grouping.events_filter import encode_line, group, read

    bad: list[int] = []

    def tell(one: BadLine) -> None:
        bad.append(one.number)
        sys.stderr.write(f"{one.message}\n")

    for answer in group(read(sys.stdin.buffer, tell), days=window):
        sys.stdout.buffer.write(encode_line(answer) + b"\n")
    sys.stdout.flush()
    if bad:
        raise typer.Exit(1)
