"""``yuqing backtest``: what rules and early warning would have told of stored posts, and when."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
import typer

from posts.identity import SHANGHAI
from registry.errors import InvalidInputError
from yuqing.commands.options import ConfigOption, load_settings

if TYPE_CHECKING:
    from analyzer.warning.replay import Fired, Summary

_MINUTE, _HOUR = 60, 3_600


def add_to(app: typer.Typer) -> None:
    """Register the command."""
    app.command("backtest")(backtest)


def backtest(
    data: Annotated[
        list[Path],
        typer.Option(
            "--data", help="帖文：JSON Lines（同 ingest、search --json，可带 .gz），可多次"
        ),
    ],
    rules: Annotated[
        Path | None,
        typer.Option("--rules", help="监测规则：TOML（[[rule]]）或 JSON；不写则用默认规则"),
    ] = None,
    area: Annotated[
        str | None, typer.Option("--area", help="本地区的区划代码；不写则按配置")
    ] = None,
    per_day: Annotated[
        float | None,
        typer.Option("--early-warning", min=0, help="每地每天容忍几次误报；0 为不做早期预警"),
    ] = None,
    scorer: Annotated[str | None, typer.Option("--scorer", help="打分器；不写则按配置")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="输出一个 JSON 对象")] = False,
    config: ConfigOption = None,
) -> None:
    """回测：用存下的帖文按其发布时间重放，列出会在何时报警、迟了多久、每天几次误报。"""
    from analyzer.warning.replay import replay
    from yuqing.replaying import names_of, own_code, own_codes, read_posts, read_rules

    settings = load_settings(config)
    own = [own_code(area, settings)] if area else own_codes(settings)
    known = read_rules(rules, own)
    posts, events, bad = read_posts(data, settings, scorer)
    for message in bad:
        sys.stderr.write(message + "\n")
    if not posts:
        raise InvalidInputError("没有可以回测的帖文：每条要有正文（或标题）和发布时间。")
    borne = settings.analyze.early_warning if per_day is None else per_day
    fired, summary = replay(
        posts,
        known,
        own=own,
        place=names_of(settings),
        per_day=borne,
        events=events or None,
        appeal_from=settings.analyze.appeal_from,
    )
    if as_json:
        body = {"summary": summary, "signals": fired}
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(body), indent=1) + b"\n")
    else:
        sys.stdout.writelines(line + "\n" for line in _lines(fired, summary))
    sys.stdout.flush()
    if bad:
        raise typer.Exit(1)


def _lines(fired: list[Fired], summary: Summary) -> list[str]:
    lines = [
        f"{one.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}　{one.title}：{one.reason}"
        f"（首帖后 {_span(one.delay_s)}{_truth(one.event)}）"
        for one in fired
    ]
    lines.append(
        f"共 {summary.posts} 条帖文，{summary.days:g} 天：会报警 {summary.signals} 次，"
        f"每天 {summary.per_day:g} 次。"
    )
    if summary.without_place:
        lines.append(f"　其中 {summary.without_place} 条认不出地点：早期预警按地点计数，不含它们。")
    lines += [f"　{rule}：{count} 次" for rule, count in summary.by_rule.items()]
    lines += [
        f"　地点 {area or '不限'}：每天 {rate:g} 次" for area, rate in summary.by_area.items()
    ]
    if summary.false_per_day is not None:
        delay = "–" if summary.median_delay_s is None else _span(summary.median_delay_s)
        lines.append(
            f"标注的事件 {summary.events} 个，报出 {summary.events_found} 个，"
            f"首帖到报警的中位时间 {delay}；误报每天 {summary.false_per_day:g} 次。"
        )
        lines += [
            f"　地点 {area or '不限'}：误报每天 {rate:g} 次"
            for area, rate in (summary.false_by_area or {}).items()
        ]
    return lines


def _truth(event: str | None) -> str:
    if event is None:
        return ""
    return f"，事件 {event}" if event else "，误报"


def _span(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:.0f} 秒"
    if seconds < _HOUR:
        return f"{seconds / _MINUTE:.0f} 分钟"
    return f"{seconds / _HOUR:.1f} 小时"
