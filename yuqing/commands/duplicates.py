"""``yuqing duplicates``: near-duplicates and reposts among posts from a pipe."""

from __future__ import annotations

import sys

import typer


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("duplicates")(duplicates)


def duplicates() -> None:
    """逐行读入 JSON（id、text，可有 title），逐行输出它所属的转载或近似组，按原顺序。

    group 是原发一条的 id；没有别的转载或近似的，group 为 null。
    """
    from analyzer.filter_lines import BadLine
    from analyzer.grouping.copies_filter import duplicate_lines, encode_line

    bad = 0
    for result in duplicate_lines(sys.stdin.buffer):
        if isinstance(result, BadLine):
            bad += 1
            sys.stderr.write(f"{result.message}\n")
        else:
            sys.stdout.buffer.write(encode_line(result) + b"\n")
    sys.stdout.flush()
    if bad:
        raise typer.Exit(1)
