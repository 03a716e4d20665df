"""Three filters that people use alone, and whose form stays stable: score, extract, clocks."""

from __future__ import annotations

import gc
import json
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from posts.errors import reason_of
from registry.errors import InvalidInputError
from yuqing.commands.options import ConfigOption, load_settings
from yuqing.commands.times import read_time, show_time

if TYPE_CHECKING:
    from io import BufferedIOBase

    from analyzer.score_filter import LineFilter


def add_to(app: typer.Typer) -> None:
    """Register the commands."""
    app.command("score")(score)
    app.command("extract")(extract)
    app.command("clocks")(clocks)


def score(
    scorer: Annotated[
        str | None,
        typer.Option("--scorer", help="打分器：ngram、snownlp、trivial 等；不写则按配置"),
    ] = None,
    why: Annotated[
        bool, typer.Option("--why", help="另给出 reasons：哪些字词起了作用、位置与分量")
    ] = False,
    config: ConfigOption = None,
) -> None:
    """逐行读入 JSON（id、text），逐行输出情感、诉求与地点。"""
    gc.disable()  # all that is loaded now stays
    try:
        judge = _judge(scorer, config, why=why)
    finally:
        gc.enable()
    from analyzer.score_filter import encode_lines
    from yuqing.commands.score_input import blocks

    gc.freeze()  # what is collected later need not look at names and weights
    gc.set_threshold(50_000)  # a block makes thousands of small things, none of them in a ring
    any_bad = False
    for block in blocks(cast("BufferedIOBase", sys.stdin.buffer)):
        judged, bad = judge.answers(block.removesuffix(b"\n").split(b"\n"))
        sys.stdout.buffer.write(encode_lines(judged))
        sys.stdout.flush()
        for one in bad:
            any_bad = True
            sys.stderr.write(f"{one.message}\n")
    if any_bad:
        raise typer.Exit(1)


def _judge(scorer: str | None, config: ConfigOption, *, why: bool) -> LineFilter:
    """What answers the lines, loaded: names, weights, settings."""
    from analyzer.locality import Matcher
    from analyzer.score_filter import LineFilter
    from analyzer.units import UnitMatcher
    from registry import gazetteer
    from yuqing.configured import configured_areas, configured_units
    from yuqing.scorers import scorer_of

    settings = load_settings(config)
    divisions = gazetteer.load()
    matcher = Matcher(divisions, configured_areas(settings, divisions))
    units = configured_units(settings)
    return LineFilter(
        scorer_of(settings, scorer),
        matcher,
        UnitMatcher(units, matcher.elsewhere() if units else ()),
        why=why,
    )


def extract(
    files: Annotated[list[Path], typer.Argument(help="保存下来的网页文件")],
    url: Annotated[str | None, typer.Option("--url", help="网页的网址")] = None,
) -> None:
    """从网页文件抽取标题、时间、正文，每个文件输出一行 JSON。"""
    from crawlers.extraction import extract as extract_page
    from crawlers.extraction import to_json_line
    from yuqing.wiring import now

    failed = False
    for file in files:
        try:
            data = file.read_bytes()
        except OSError as error:
            failed = True
            line = _unread(file, error)
        else:
            line = to_json_line(str(file), extract_page(data, url=url, now=now()))
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    if failed:
        raise typer.Exit(1)


def _unread(file: Path, error: OSError) -> dict[str, Any]:
    return {
        "file": str(file),
        "title": None,
        "published_at": None,
        "certainty": None,
        "body": None,
        "encoding": None,
        "error": f"读不了这个文件：{reason_of(error)}",
    }


def clocks(
    level: Annotated[
        str | None, typer.Option("--level", help="特别重大、重大、较大或一般；不写为待定级")
    ] = None,
    occurred: Annotated[str | None, typer.Option("--occurred", help="事发时间")] = None,
    detected: Annotated[str | None, typer.Option("--detected", help="发现时间")] = None,
    reported: Annotated[str | None, typer.Option("--reported", help="接报时间")] = None,
    classified: Annotated[str | None, typer.Option("--classified", help="认定时间")] = None,
    published: Annotated[str | None, typer.Option("--published", help="文件公开时间")] = None,
    stopped: Annotated[
        list[str] | None, typer.Option("--stopped", help="停表，如 R1=2026-01-02T03:04；可多次")
    ] = None,
    at: Annotated[str | None, typer.Option("--now", help="按哪一刻计算；不写为现在")] = None,
    rules: Annotated[Path | None, typer.Option("--rules", help="规则文件（TOML）")] = None,
    entries: Annotated[
        Path | None, typer.Option("--entries", help="一个事件的记录（JSON Lines）")
    ] = None,
) -> None:
    """计算时限：输出一个 JSON 列表。"""
    from responder import rules as rule_files
    from responder.clocks import clocks as compute
    from responder.clocks import to_dict
    from responder.entries import Entry
    from responder.whatif import from_options, happened_by, oddities, read_entries
    from responder.workdays import load_calendar
    from yuqing.wiring import now

    moment = read_time(at, "--now") if at else now()
    rows: list[Entry] = []
    if entries is not None:
        try:
            with entries.open("rb") as lines:
                rows = read_entries(map(_as_entry, lines), name=str(entries))
        except OSError as error:
            raise InvalidInputError(f"读不了 {entries}：{reason_of(error)}。") from error
        for sentence in oddities(rows):
            sys.stderr.write(f"提示：{entries} {sentence}。\n")
        there = happened_by(rows, moment)
        if len(there) < len(rows):
            later = f"有 {len(rows) - len(there)} 条记录在 {show_time(moment)} 以后"
            sys.stderr.write(f"提示：{entries} {later}{'，未计入' if at else '，请核对'}。\n")
        rows = there if at else rows
    # Entries of the service name their version of the rules; a file that is given goes before it.
    rule_set = rule_files.load(rules) if rules is not None else rule_files.national()
    rows += from_options(
        level=level,
        occurred=_optional(occurred, "--occurred"),
        detected=_optional(detected, "--detected"),
        reported=_optional(reported, "--reported"),
        classified=_optional(classified, "--classified"),
        published=_optional(published, "--published"),
        stopped=_stopped(stopped or []),
        rules=rule_set,
    )
    found = compute(rows, rules=rule_set, calendar=load_calendar(), now=moment)
    sys.stdout.write(json.dumps([to_dict(clock) for clock in found], ensure_ascii=False, indent=1))
    sys.stdout.write("\n")


def _as_entry(line: bytes) -> bytes:
    """An entry as the API lists it (what is its kind's own under ``body``) in the form of a file.

    Any other line stays as it is, so that its fault is told of the text that was given.
    """
    if b'"body"' not in line:
        return line
    try:
        entry = json.loads(line)
    except (ValueError, RecursionError):
        return line
    if not isinstance(entry, dict) or not isinstance(body := entry.get("body"), dict):
        return line
    return json.dumps({**body, **{key: entry[key] for key in entry if key != "body"}}).encode()


def _optional(text: str | None, option: str) -> datetime | None:
    return None if text is None else read_time(text, option)


def _stopped(pairs: list[str]) -> dict[str, datetime]:
    stops = {}
    for pair in pairs:
        rule, equals, text = pair.partition("=")
        if not equals or not rule.strip():
            raise InvalidInputError(
                f"--stopped {pair}：应写成 规则=时间，如 R1=2026-01-02T03:04+08:00。"
            )
        stops[rule.strip().upper()] = read_time(text, f"--stopped {rule}")
    return stops
