"""What a backtest reads: posts from files, scored and placed as live ones are, and alert rules."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from posts.errors import reason_of
from posts.identity import SHANGHAI, filed_month, pack_version, post_id
from posts.model import Certainty, Post, ScoredPost
from registry.alert_rules import AlertRule, require_good
from registry.errors import InvalidInputError, NotFoundError
from yuqing.settings import Settings

_BATCH = 512
_MOST_BAD = 20
_EARLIEST, _LATEST = 1970, 2200
_TYPES = {"int": "整数", "str": "文字", "bool": "true 或 false", "array": "列表"}
_LISTS = ("any_of", "all_of", "none_of", "areas", "kinds", "sources", "sentiments")
Labelled = tuple[Post, str, tuple[str, ...] | None]


def own_codes(settings: Settings) -> list[str]:
    """The codes of the own area; none where none is set."""
    from yuqing.configured import configured_areas

    return [one.code for one in configured_areas(settings) if one.own]


def own_code(given: str, settings: Settings) -> str:
    """The code of a division, or of a place that the settings name.

    Raises NotFoundError or InvalidInputError for any other: nothing would ever be told of it.
    """
    from registry import gazetteer

    code = gazetteer.area_code(given)
    return code if code in own_codes(settings) else gazetteer.find(given).code


def names_of(settings: Settings) -> Callable[[str], str]:
    """The name of a division by its code; the code where there is none."""
    from registry import gazetteer
    from yuqing.configured import configured_areas

    known = {one.code: one.name for one in configured_areas(settings)}

    def name(code: str) -> str:
        if code not in known:
            try:
                known[code] = gazetteer.find(code).name
            except NotFoundError:
                known[code] = code
        return known[code]

    return name


def read_rules(path: Path | None, own: Sequence[str]) -> list[AlertRule]:
    """The rules of a file; without one those that a new desk starts with.

    TOML with ``[[rule]]`` as in yuqing.toml, or JSON: a list, or ``items`` as the API gives them.
    Raises InvalidInputError naming the file and the rule.
    """
    from analyzer.grouping.defaults import default_rules

    if path is None:
        return default_rules(own[0] if own else None)
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InvalidInputError(f"读不了规则文件 {path}：{reason_of(error)}。") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"规则文件 {path} 不是 UTF-8 文本。") from error
    try:
        given = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (tomllib.TOMLDecodeError, ValueError, RecursionError) as error:
        raise InvalidInputError(f"规则文件 {path} 读不懂：{error}。") from error
    if isinstance(given, dict):
        given = given.get("rule", given.get("items", [given]))
    if not isinstance(given, list) or not given:
        raise InvalidInputError(f"规则文件 {path} 里没有规则：应是一个列表，或 [[rule]]。")
    return [_rule(one, number, path) for number, one in enumerate(given, start=1)]


def _rule(given: Any, number: int, path: Path) -> AlertRule:
    if not isinstance(given, dict):
        raise InvalidInputError(f"规则文件 {path} 第 {number} 条应是一个对象，含 id、name 等。")
    body = {"id": f"rule-{number}", "name": f"规则 {number}", **given}
    for key in ("window", "cooldown"):
        minutes = body.pop(f"{key}_min", None)
        if isinstance(minutes, int):
            body.setdefault(f"{key}_s", minutes * 60)
    if unknown := set(body) - set(AlertRule.__struct_fields__):
        raise InvalidInputError(
            f"规则文件 {path} 第 {number} 条有不认识的字段：{'、'.join(sorted(unknown))}。"
        )
    try:
        rule = msgspec.convert(body, AlertRule)
    except msgspec.ValidationError as error:
        said = _said(str(error))
        raise InvalidInputError(f"规则文件 {path} 第 {number} 条不对：{said}。") from error
    if not any(getattr(rule, name) for name in _LISTS):
        raise InvalidInputError(
            f"规则文件 {path} 第 {number} 条没有任何条件（词语、地域、信源、类型或情感）。"
        )
    if rule.min_count < 1 or rule.window_s < 1 or rule.cooldown_s < 0:
        raise InvalidInputError(f"规则文件 {path} 第 {number} 条的条数、时间窗或冷却时间不对。")
    try:
        require_good(rule)
    except InvalidInputError as error:
        raise InvalidInputError(f"规则文件 {path} 第 {number} 条：{error.message}") from error
    return rule


def _said(fault: str) -> str:
    """The sentence of msgspec in Chinese, where it is of a type."""
    found = re.fullmatch(r"Expected `(\w+)`, got `[^`]+`(?: - at `\$\.?([^`]*)`)?", fault)
    if not found:
        return fault
    return f"{found[2] or ''}应为{_TYPES.get(found[1], found[1])}".strip()


def read_posts(
    paths: Sequence[Path], settings: Settings, scorer: str | None
) -> tuple[list[ScoredPost], dict[str, str], list[str]]:
    """All posts by time, the event of each that names one, and what was wrong, in Chinese.

    A row is a post as ``yuqing ingest`` takes it, with ``event`` where it is known, or a cascade:
    ``text``, ``time`` (seconds since 1970) and ``offsets`` of its reposts in seconds.
    """
    bad: list[str] = []
    rows: list[Labelled] = []
    for path in paths:
        rows += _of_file(path, bad)
    rows.sort(key=lambda row: (row[0].published_at, row[0].id))
    events = {post.id: event for post, event, _ in rows if event}
    if len(bad) > _MOST_BAD:
        bad[_MOST_BAD:] = [f"另有 {len(bad) - _MOST_BAD} 行读不懂，没有一一列出。"]
    return list(_scored(rows, settings, scorer)), events, bad


def _of_file(path: Path, bad: list[str]) -> Iterator[Labelled]:
    from crawlers.imports import jsonl
    from crawlers.imports.rows import BadRow, UnreadableFileError

    try:
        for row in jsonl.read(path):
            if isinstance(row, BadRow):
                bad.append(f"{path} 第 {row.line} 行：{row.reason}")
                continue
            try:
                yield from _posts(row, path)
            except InvalidInputError as error:
                bad.append(f"{path} 第 {row.line} 行：{error.message}")
    except UnreadableFileError as error:
        raise InvalidInputError(f"读不了 {path}：{error.message}。") from error


def _posts(row: Any, path: Path) -> Iterator[Labelled]:
    from crawlers.imports.fields import CellError, as_item

    values = row.values
    if "offsets" in values:
        yield from _cascade(values, f"{path.name}:{row.line}")
        return
    try:
        source, kind = str(values.get("source") or "backtest"), str(values.get("kind") or "")
        item = as_item(row, {}, source=source, kind=kind, fetched_at=_EPOCH)
    except CellError as error:
        raise InvalidInputError(f"“{error.column}”{error.message}") from error
    if item.published_at is None:
        raise InvalidInputError("没有发布时间，不能回测")
    areas = values.get("areas")
    given = tuple(map(str, areas)) if isinstance(areas, list) else None
    native = item.native or f"{path.name}:{row.line}"
    if not _EARLIEST < item.published_at.year < _LATEST:
        raise InvalidInputError("发布时间超出范围")
    at, certainty = _instant(item.published_at)
    post = _post(
        item.source,
        native,
        at,
        kind=item.kind,
        title=item.title,
        text=item.text,
        certainty=certainty,
    )
    yield post, str(values.get("event") or ""), given


def _cascade(values: dict[str, Any], name: str) -> Iterator[Labelled]:
    from analyzer.warning.trial import begin_of

    offsets, text = values.get("offsets"), values.get("text")
    try:
        start = begin_of(values.get("time"))
    except ValueError:
        start = None
    if start is None or not isinstance(text, str):
        raise InvalidInputError("转发链要有 text 和 time（1970 年以来的秒数）")
    if not isinstance(offsets, list) or not all(isinstance(one, int | float) for one in offsets):
        raise InvalidInputError("转发链的 offsets 应是秒数的列表")
    try:
        begin = datetime.fromtimestamp(start, UTC)
        for number, offset in enumerate([0, *offsets]):
            at = begin + timedelta(seconds=offset)
            yield _post("backtest", f"{name}:{number}", at, text=text), name, None
    except (OverflowError, ValueError, OSError) as error:
        raise InvalidInputError("转发链的时间超出范围") from error


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _instant(given: date | datetime) -> tuple[datetime, Certainty]:
    if isinstance(given, datetime):
        aware = given if given.tzinfo else given.replace(tzinfo=SHANGHAI)
        return aware.astimezone(UTC), Certainty.EXACT
    at = datetime(given.year, given.month, given.day, tzinfo=SHANGHAI).astimezone(UTC)
    return at, Certainty.DAY


def _post(
    source: str,
    native: str,
    at: datetime,
    *,
    text: str,
    kind: str = "",
    title: str = "",
    certainty: Certainty = Certainty.EXACT,
) -> Post:
    return Post(
        id=post_id(source, native),
        source=source,
        kind=kind,
        title=title,
        text=text,
        published_at=at,
        certainty=certainty,
        first_seen_at=at,
        version=pack_version(at),
        filed_month=filed_month(at),
    )


def _scored(
    rows: Sequence[Labelled], settings: Settings, scorer: str | None
) -> Iterator[ScoredPost]:
    from analyzer.locality import Matcher
    from analyzer.scoring.text import analysed_text
    from registry import gazetteer
    from yuqing.configured import configured_areas
    from yuqing.scorers import scorer_of

    judge = scorer_of(settings, scorer)
    matcher = Matcher(gazetteer.load(), configured_areas(settings))
    waiting = iter(rows)
    while batch := list(islice(waiting, _BATCH)):
        texts = [analysed_text(post) for post, _, _ in batch]
        scores = judge.score(texts)
        for (post, _, areas), text, score in zip(batch, texts, scores, strict=True):
            hits = matcher.find(text) if areas is None else ()
            found = areas if areas is not None else matcher.areas(hits)
            yield ScoredPost(
                post=post,
                score=score,
                localities=tuple(hits),
                areas=tuple(found),
                scored_at=post.first_seen_at,
            )
