"""Rules of deadlines, and incidents as they stood: rules check, rules list, replay."""

from __future__ import annotations

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from msgspec import structs

from registry.errors import InvalidInputError
from yuqing.commands.options import ConfigOption, DataOption, wire
from yuqing.commands.times import read_time, show_time

if TYPE_CHECKING:
    from responder.rules import Rule, RuleSet
    from responder.time_machine import Then

rules_app = typer.Typer(
    help="时限规则：检查规则文件，列出规则。", no_args_is_help=True, rich_markup_mode=None
)


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    rules_app.command("check")(check)
    rules_app.command("list")(listed)
    app.add_typer(rules_app, name="rules")
    app.command("replay")(replay)


def check(
    files: Annotated[list[Path], typer.Argument(help="一个或几个规则文件（TOML）")],
) -> None:
    """检查规则文件：错误写明文件、规则和键；几个文件一起查时也查冲突。"""
    from responder.rules import load
    from responder.rules.lint import faults

    found = faults(files)
    for sentence in found:
        sys.stderr.write(f"{sentence}\n")
    if found:
        raise typer.Exit(1)
    for path in files:
        rules = load(path)
        typer.echo(f"{path}：可用，版本 {rules.version}，适用 {rules.region or '（未写明）'}。")


def listed(
    files: Annotated[list[Path] | None, typer.Argument(help="在全国默认之上的规则文件")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
) -> None:
    """列出时限规则：编号、名称、时限、是否启用、依据。"""
    from responder.rules import desk, desk_file, load, variants

    service = {rule.id for rule in (load(desk_file(), *files) if files else desk()).enabled()}
    rules = load(*(files or []))
    rows = [_row(rule, rules, service) for rule in rules.rules]
    if as_json:
        typer.echo(json.dumps(rows, ensure_ascii=False, indent=1))
        return
    typer.echo(f"版本 {rules.version}")
    for row in rows:
        typer.echo(
            f"{row['id']}\t{row['name']}\t{row['length']}\t{row['state']}\t{row['citation']}"
        )
    typer.echo(f"地方规定示例：{'、'.join(variants())}")


def _row(rule: Rule, rules: RuleSet, service: set[str]) -> dict[str, Any]:
    state = "启用" if rule.enabled else "只在系统内启用" if rule.id in service else "未启用"
    return {
        "id": rule.id,
        "name": rule.name,
        "length": str(rule.length) if rule.length else "不设时限",
        "basis": list(rule.basis),
        "stops": sorted(rule.stops),
        "levels": [level for level in rules.levels if level in rule.levels],
        "region": rule.region,
        "from": show_time(rule.valid_from) if rule.valid_from else None,
        "until": show_time(rule.valid_until) if rule.valid_until else None,
        "state": state,
        "citation": rule.quoted,
        "decision": rule.decision,
    }


def replay(
    incident: Annotated[int, typer.Argument(min=1, help="事件编号")],
    at: Annotated[str | None, typer.Option("--at", help="哪一刻；不写为现在")] = None,
    rules: Annotated[
        str | None, typer.Option("--rules", help="另一份规则文件，或示例的名称，如 北京2021")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出 JSON")] = False,
    config: ConfigOption = None,
    data: DataOption = None,
) -> None:
    """回看事件：某一刻的样子和时限；--rules 时比较另一套规则下的结论。"""
    from responder.time_machine import stood
    from yuqing.wiring import now

    moment = read_time(at, "--at") if at else now()
    if moment > now():
        raise InvalidInputError("--at 在将来，只能回看已经过去的时刻。", field="at")
    variant = _variant(rules) if rules else None
    wiring = wire(config, data)
    with wiring.database.reading() as session:
        then = stood(session, incident, moment, variant=variant)
    wiring.close()
    if as_json:
        typer.echo(json.dumps(_as_dict(then), ensure_ascii=False, indent=1))
    else:
        _tell(then, moment)


def _variant(name: str) -> RuleSet:
    from responder.rules import desk_file, load, variants
    from responder.time_machine import named_variant

    return named_variant(name) if name in variants() else load(desk_file(), Path(name))


def _as_dict(then: Then) -> dict[str, Any]:
    from responder.clocks import to_dict
    from responder.wording import iso

    return {
        "at": iso(then.at),
        "incident": {
            key: iso(value) if isinstance(value, datetime) else value
            for key, value in structs.asdict(then.incident).items()
        },
        "entries": len(then.entries),
        "clocks": [to_dict(clock) for clock in then.clocks],
        "variant": then.variant,
        "differences": [
            {
                "rule": one.rule,
                "cycle": one.cycle,
                "ours": to_dict(one.ours) if one.ours else None,
                "theirs": to_dict(one.theirs) if one.theirs else None,
                "text": one.text,
            }
            for one in then.differences
        ],
    }


def _tell(then: Then, moment: datetime) -> None:
    head = then.incident
    state = "已办结" if head.state == "closed" else "处置中"
    typer.echo(
        f"事件 {head.id}《{head.title}》在 {show_time(moment)}："
        f"{head.level or '未定级'}，{state}，{len(then.entries)} 条记录"
    )
    for clock in then.clocks:
        typer.echo(f"  {clock.rule} {clock.name}：{clock.reason}")
    if then.variant:
        typer.echo("与所选规则比较：")
        for one in then.differences or ():
            typer.echo(f"  {one.text}")
        if not then.differences:
            typer.echo("  没有不同。")
