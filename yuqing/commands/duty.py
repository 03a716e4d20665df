"""Duty on the command line: import a roster, list it, who is on now, check escalation policies."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from posts.errors import reason_of
from registry.duty import DutyRole, Kind
from registry.errors import InvalidInputError
from yuqing.commands.options import ConfigOption, DataOption, wire
from yuqing.commands.times import read_time, show_time

if TYPE_CHECKING:
    from registry.roster_import import Imported

_MOST_BYTES = 5_000_000
W = TypeVar("W", DutyRole, Kind)


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
    _told(done)


@_duty.command("plan")
def plan(
    people: Annotated[list[str], typer.Argument(help="轮到的人，按次序：登录名或姓名")],
    since: Annotated[str, typer.Option("--from", help="从哪天起，如 2026-12-01")],
    until: Annotated[str, typer.Option("--until", help="到哪天止（含）")],
    role: Annotated[str, typer.Option("--role", help="值班员 或 带班领导")] = "值班员",
    shifts: Annotated[str, typer.Option("--shifts", help="每天的班次，以逗号隔开")] = "白班,夜班",
    first: Annotated[str, typer.Option("--first", help="从谁开始；不写为第一位")] = "",
    write: Annotated[bool, typer.Option("--write", help="写入值班表；不写只是列出")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """按人轮流排班；工作日历里的节假日排一个节假日班。不带 --write 只列出，不改值班表。"""
    from registry import roster_turns
    from responder.rulebook import in_force
    from yuqing import watching
    from yuqing.wiring import now

    turns = roster_turns.Turns(
        people=tuple(people),
        since=_day(since, "--from"),
        until=_day(until, "--until"),
        role=_word(DutyRole, role, "--role"),
        kinds=tuple(_word(Kind, one.strip(), "--shifts") for one in shifts.split(",")),
        first=first,
    )
    wiring = wire(config, data)
    with wiring.database.reading() as session:
        calendar = in_force(session).calendar
    made = roster_turns.lines(turns, holiday=calendar.holidays.__contains__)
    for line in made:
        typer.echo(f"{line.day.isoformat()},{line.kind},{line.name},{line.role}")
    for year in sorted({line.day.year for line in made} - calendar.years):
        typer.echo(f"！ {year} 年的放假安排还没有录入，节假日没有标出。", err=True)
    if not write:
        typer.echo("只是列出，没有写入；加 --write 写入值班表。", err=True)
        return
    with wiring.database.transaction() as session:
        done = roster_turns.bring_in(
            session, made, by="命令行", now=now(), hours=watching.hours(wiring.settings.duty)
        )
    _told(done)


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


def _told(done: Imported) -> None:
    typer.echo(f"新增 {done.added} 个班次，不变 {done.kept} 个，撤下 {done.withdrawn} 个。")
    if done.without_account:
        names = "、".join(done.without_account)
        typer.echo(f"没有账号、通知不到的人：{names}。可用 yuqing users add 建账号后再导入。")


def _day(text: str, option: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInputError(f"{option} {text}：应写成 2026-12-01 这样的日期。") from error


def _word(choices: type[W], text: str, option: str) -> W:
    try:
        return choices(text)
    except ValueError as error:
        known = "、".join(one.value for one in choices)
        raise InvalidInputError(f"{option} {text}：可写{known}。") from error
