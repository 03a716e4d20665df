"""``yuqing doctor``: all findings, as sentences or as JSON."""

from __future__ import annotations

import json
from collections import Counter
from typing import Annotated

import typer
from msgspec import structs

from yuqing.commands.options import ConfigOption, DataOption, wire

_MARKS = {"ok": "✓", "warn": "！", "bad": "✗"}


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("doctor")(doctor)


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="每项输出一行 JSON")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """检查环境、配置、磁盘、时钟、数据库、日志、索引与各环节；有故障时退出码不为 0。"""
    from yuqing.diagnosis import examine

    wiring = wire(config, data)
    seen: Counter[str] = Counter()
    for finding in examine(wiring):
        seen[finding.state] += 1
        if as_json:
            typer.echo(json.dumps(structs.asdict(finding), ensure_ascii=False))
            continue
        typer.echo(f"{_MARKS[finding.state]} {finding.what}：{finding.sentence}")
        if finding.state != "ok":
            if finding.where:
                typer.echo(f"    在哪：{finding.where}")
            if finding.todo:
                typer.echo(f"    怎么办：{finding.todo}")
    if not as_json:
        typer.echo(
            f"正常 {seen['ok']} 项，提醒 {seen['warn']} 项，故障 {seen['bad']} 项。", err=True
        )
    wiring.close()
    if seen["bad"]:
        raise typer.Exit(1)
