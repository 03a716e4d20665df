"""Duty on the command line: import a roster, list it, who is on now, check escalation policies."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from posts.errors import reason_of
from registry.errors import InvalidInputError
from yuqing.commands.options import ConfigOption, DataOption, wire
from yuqing.commands.times import read_time, show_time

_MOST_BYTES = 5_000_000


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.add_typer(_duty, name="duty")


_duty = typer.Typer(help="值班表：导入、查看、现在谁在班、检查升级办法。", no_args_is_help=True)


@_duty.command("import")
def bring_in(
    file: Annotated[Path, typer.Argument(help="CSV 文件：日期,班次,姓名,角色")],
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """导入值班表。文件里写到的班次以文件为准，替班和换班不动；有一行不对就一行也不导入。"""
    from registry import roster_import
    from yuqing import watching
    from yuqing.wiring import now

    try:
        with file.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InvalidInputError(f"值班表 {file} 读不了：{reason_of(error)}。") from error
    if len(content) > _MOST_BYTES:
        raise InvalidInputError(f"值班表 {file} 超过 {_MOST_BYTES // 1_000_000} MB，请分开导入。")
    lines = roster_import.read(content)
    wiring = wire(config, data)
    hours = watching.hours(wiring.settings.duty)
    with wiring.database.transaction() as session:
        done = roster_import.bring_in(session, lines, by="命令行", now=now(), hours=hours)
    typer.echo(f"新增 {done.added} 个班次，不变 {done.kept} 个，撤下 {done.withdrawn} 个。")
    if done.without_account:
        names = "、".join(done.without_account)
        typer.echo(f"没有账号、通知不到的人：{names}。可用 yuqing users add 建账号后再导入。")


@_duty.command("list")
def list_roster(
    since: Annotated[str | None, typer.Option("--since", help="自哪天起；不写为今天")] = None,
    days: Annotated[int, typer.Option("--days", min=1, max=100, help="几天")] = 7,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """列出实际在班的人（替班、换班已算在内）和无人在班的时段。"""
    from registry import roster
    from registry.duty import stretches
    from yuqing.wiring import now

    start = read_time(since, "--since") if since else now()
    end = start + timedelta(days=days)
    wiring = wire(config, data)
    with wiring.database.reading() as session:
        found = [one for one in stretches(roster.shifts(session, start, end)) if one.end > start]
        gaps = roster.gaps(session, start, end)
    for one in found:
        shift = one.shift
        typer.echo(
            f"{show_time(one.start)}\t{show_time(one.end)}\t{shift.kind}\t{shift.role}\t{shift.name}"
        )
    for gap in gaps:
        typer.echo(f"{show_time(gap.start)}\t{show_time(gap.end)}\t无人在班\t{gap.role}\t")


@_duty.command("now")
def on_now(config: ConfigOption = None, data: DataOption = None) -> None:
    """现在谁在班。没有值班员在班时退出码为 1。"""
    from registry import roster
    from registry.duty import DutyRole
    from yuqing.wiring import now

    wiring = wire(config, data)
    with wiring.database.reading() as session:
        on = roster.who_is_on(session, now())
    for shift in on:
        until = show_time(shift.ends_at)
        typer.echo(f"{shift.role}\t{shift.name}\t{shift.kind}\t至 {until}")
    if not any(shift.role is DutyRole.OFFICER for shift in on):
        typer.echo("现在没有值班员在班。", err=True)
        raise typer.Exit(1)


@_duty.command("check")
def check(
    file: Annotated[Path | None, typer.Argument(help="升级办法文件；不写为配置里的")] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """检查升级办法：写法、冲突、有没有无人可告的情形。"""
    from responder import policies
    from yuqing import watching

    wiring = wire(config, data)
    found = policies.load(file) if file else watching.policies(wiring.settings.duty)
    with wiring.database.reading() as session:
        problems = policies.strangers(session, found)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo(f"升级办法 {found.version}：{len(found.policies)} 条，没有发现问题。")
