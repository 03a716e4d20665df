"""What proves, and what destroys by law: export, verify, head, erase."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer

from registry.errors import InvalidInputError, NotFoundError
from yuqing.commands.options import ConfigOption, DataOption, wire


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("export")(export)
    app.command("verify")(verify)
    app.command("head")(head)
    app.command("erase")(erase)


def export(
    incident: Annotated[int, typer.Argument(help="事件编号")],
    to: Annotated[Path, typer.Option("--to", help="放到哪个目录")] = Path(),
    by: Annotated[str, typer.Option("--by", help="何人导出（用户名），记入审计")] = "",
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """导出一个事件：文件夹和压缩包，离开服务也能核验。"""
    from responder import export as exporting
    from yuqing.wiring import now

    wiring = wire(config, data)
    moment = now()
    with wiring.database.transaction() as session:
        made = exporting.export(session, incident, find=wiring.index.get_many, now=moment)
        exporting.note(session, made, incident, who=by or "命令行", now=moment)
    folder, archive = exporting.write(made, to)
    wiring.close()
    typer.echo(f"已导出事件 {incident}：{folder} 和 {archive}")
    typer.echo(f"核验：yuqing verify {archive}")


def verify(
    target: Annotated[
        Path | None, typer.Argument(help="数据目录，或导出的文件夹、压缩包；不写为数据目录")
    ] = None,
    head: Annotated[
        str, typer.Option("--head", help="以前抄存的链值，或打印的整行，核验链中是否仍有它")
    ] = "",
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """核验审计链与事件记录链，或一份导出；有一处被改动就报错。"""
    if target is not None and not target.exists():
        raise NotFoundError(f"{target} 不存在，没有可核验的内容。")
    if target is not None and not _is_data(target):
        from responder.check_export import check

        said, broken = check(target, head.strip())
        _tell([f"✓ {one}" for one in said] if not broken else [], broken)
        return
    if target is not None and data is not None:
        raise InvalidInputError("数据目录只写一处：要么写在 verify 后面，要么用 --data。")
    from yuqing.verification import check_data

    wiring = wire(config, target or data)
    report = check_data(wiring, head=head.strip())
    wiring.close()
    _tell(report.lines, report.faults)


def head(
    day: Annotated[str, typer.Option("--date", help="哪一天，如 2026-03-02；不写为今天")] = "",
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """每日链头：一行，可打印归档；日后用 verify --head 证明没有被改写。"""
    from responder.heads import daily_head
    from yuqing.wiring import now

    wiring = wire(config, data)
    with wiring.database.reading() as session:
        found = daily_head(session, now=now(), day=_day(day))
    wiring.close()
    typer.echo(found.line)


def erase(
    reason: Annotated[str, typer.Option("--reason", help="事由")],
    clause: Annotated[str, typer.Option("--clause", help="依据的条款")],
    by: Annotated[str, typer.Option("--by", help="签发人（用户名）")],
    second: Annotated[str, typer.Option("--second", help="第二人（用户名），不能是同一人")],
    post: Annotated[list[str] | None, typer.Option("--post", help="帖文编号；可多次")] = None,
    entry: Annotated[
        list[str] | None, typer.Option("--entry", help="事件记录，如 3#12；可多次")
    ] = None,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """依法销毁帖文或事件记录的内容；链不断，不能恢复，须两人。"""
    from registry import erasures
    from responder import erasing, export
    from responder.erasure_requests import Request, confirm, propose
    from yuqing.erasing import empty
    from yuqing.wiring import now

    wiring = wire(config, data)
    moment = now()
    asked = Request(
        posts=tuple(post or ()), entries=tuple(entry or ()), reason=reason, clause=clause
    )
    with wiring.database.transaction() as session:
        number = propose(session, asked, by=_user(session, by), now=moment)
        act = confirm(session, number, by=_user(session, second), now=moment)
        touched = {erasing.parse_entry(one)[0] for one in asked.entries}
        touched |= set(export.of_posts(session, erasures.posts(session, act.id)))
        outside = export.taken(session, sorted(touched))
    quoting = empty(wiring, act, moment=moment)
    wiring.close()
    typer.echo(f"已依法销毁 {act.count} 项（第 {act.id} 号），审计链已记明依据和签发人。")
    if quoting:
        typer.echo(
            f"！ 还有事件记录引用了它：{'、'.join(quoting)}。记录本身不会自动销毁；"
            "如也须销毁，请逐条写明，如 --entry 3#12。",
            err=True,
        )
    for one in outside:
        typer.echo(f"！ 服务之外还有导出件，请收回销毁：{one}", err=True)


def _tell(lines: list[str], faults: list[str]) -> None:
    for line in lines:
        typer.echo(line)
    for fault in faults:
        typer.echo(f"✗ {fault}", err=True)
    if faults:
        raise typer.Exit(1)


def _is_data(target: Path) -> bool:
    from responder.check_export import MANIFEST

    return target.is_dir() and not (target / MANIFEST).exists() and _holds_data(target)


def _holds_data(target: Path) -> bool:
    return any((target / name).exists() for name in ("registry.db", "log.db", "index.db"))


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise InvalidInputError(f"--date {text}：应写成 2026-03-02 这样的日期。") from error


def _user(session: Any, name: str) -> Any:
    from registry import users

    for user in users.everything(session):
        if user.name == name:
            return user
    raise NotFoundError(f"没有名为 {name} 的用户。请写登录用的用户名。")
