"""How well own places are found in sentences that people wrote and marked for it.

A file has one sentence a line: its kind, a tab, the text with marks such as ``[瑞丽|533102]``
around each place of the own area that a careful reader is sure of. ``kind@code`` says that the
source of the post is of that area.

A line ``desk``, tab, name says for which desk the following sentences are. The desks are in a TOML
file: ``own`` (code), ``aliases`` (further names by code) and ``places`` (own places, each with
``area`` and ``aliases``). Lines that begin with # are remarks.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from analyzer.locality import Matcher
from analyzer.locality_evaluation import share
from posts.errors import reason_of
from posts.model import HitCertainty
from registry import gazetteer
from registry.areas import Area
from registry.errors import InvalidInputError

_MARKED = re.compile(r"\[([^\[\]|]+)\|([0-9a-z-]+)\]")
_BELOW = "-"  # between the code of a division and what tells its own places apart

Place = tuple[int, int, str]
"""Start, end, and the code of a division."""


class OwnPlace(Struct, frozen=True, forbid_unknown_fields=True):
    """A place of the own area that no list has."""

    area: str
    aliases: tuple[str, ...] = ()


class Desk(Struct, frozen=True, forbid_unknown_fields=True):
    """An own area, with names as its settings would have them."""

    own: str
    aliases: dict[str, tuple[str, ...]] = {}
    places: dict[str, OwnPlace] = {}


class Sentence(Struct, frozen=True):
    """A text, and its sure places in the own area."""

    desk: str
    kind: str
    text: str
    places: tuple[Place, ...]
    source_area: str | None = None


class Found(Struct, frozen=True):
    """Of one sentence: marked places that were found, all marked, all told, and what was told."""

    sentence: Sentence
    right: int
    marked: int
    claimed: int
    hits: tuple[Place, ...]


def read_desks(file: Path) -> dict[str, Desk]:
    """The desks of a TOML file. Raises InvalidInputError."""
    try:
        return msgspec.convert(tomllib.loads(file.read_text("utf-8")), dict[str, Desk])
    except OSError as error:
        raise InvalidInputError(f"读不了 {file}：{reason_of(error)}。") from error
    except (ValueError, msgspec.ValidationError) as error:
        raise InvalidInputError(
            f"{file} 应为 TOML：每个地区一节，含 own（区划代码）、aliases、places。{error}"
        ) from error


def read(file: Path) -> tuple[Sentence, ...]:
    """The sentences of a file. Raises InvalidInputError with the line that has another form."""
    try:
        lines = file.read_text("utf-8").split("\n")
    except OSError as error:
        raise InvalidInputError(f"读不了 {file}：{reason_of(error)}。") from error
    except UnicodeDecodeError as error:
        raise InvalidInputError(f"{file} 不是 UTF-8 文本。") from error
    found = []
    desk = ""
    for number, line in enumerate(lines, 1):
        kind, tab, body = line.partition("\t")
        if not line.strip() or line.startswith("#"):
            continue
        if not tab or not body:
            raise InvalidInputError(
                f"{file} 第 {number} 行应为：类别、制表符、句子（地名标作 [瑞丽|533102]）。"
            )
        if kind == "desk":
            desk = body
            continue
        text, places = unmarked(body)
        name, _, area = kind.partition("@")
        found.append(Sentence(desk, name, text, places, area or None))
    return tuple(found)


def unmarked(line: str) -> tuple[str, tuple[Place, ...]]:
    """The text without marks, and what they say."""
    text, places, at = "", [], 0
    for mark in _MARKED.finditer(line):
        text += line[at : mark.start()]
        places.append((len(text), len(text) + len(mark[1]), mark[2]))
        text += mark[1]
        at = mark.end()
    return text + line[at:], tuple(places)


def matcher_of(desk: Desk) -> Matcher:
    """What finds places for a desk. An area that the gazetteer lacks has the divisions it names."""
    divisions = gazetteer.load()
    own = [d for d in divisions if d.code.startswith(desk.own)]
    areas = [
        Area(
            code=d.code,
            name=d.name,
            level=d.level,
            parent=d.parent,
            own=True,
            aliases=(*gazetteer.common_names(d), *desk.aliases.get(d.code, ())),
        )
        for d in own
    ]
    if not own:
        areas = [
            Area(
                code=code,
                name=names[0],
                level="town" if code != desk.own else "county",
                parent=desk.own if code != desk.own else "",
                own=True,
                aliases=names[1:],
            )
            for code, names in desk.aliases.items()
        ]
    areas += [
        Area(
            code=f"{place.area}{_BELOW}p{number}",
            name=name,
            level="place",
            parent=place.area,
            own=True,
            aliases=place.aliases,
        )
        for number, (name, place) in enumerate(desk.places.items(), 1)
    ]
    return Matcher(divisions, areas)


def found(chosen: Iterable[Sentence], matcher_for: Callable[[str], Matcher]) -> Iterator[Found]:
    """What the matchers of the desks tell surely within their own area, against what is marked.

    A place of one's own below a division (533102-p1) counts as the division. A hit and a mark are
    the same where they overlap and have one code.
    """
    for one in chosen:
        matcher = matcher_for(one.desk)
        hits = tuple(
            (hit.start, hit.end, hit.code.partition(_BELOW)[0])
            for hit in matcher.find(one.text, one.source_area)
            if hit.certainty is HitCertainty.SURE and matcher.is_own(hit.code)
        )
        places = [(start, end, code.partition(_BELOW)[0]) for start, end, code in one.places]
        right = sum(any(_same(place, hit) for hit in hits) for place in places)
        wrong = sum(not any(_same(hit, place) for place in places) for hit in hits)
        yield Found(one, right, len(places), right + wrong, hits)


def table(found_of: Iterable[tuple[str, Iterable[Found]]]) -> Iterator[str]:
    """The figures by file as lines of a Markdown table."""
    yield "| 句子 | 条数 | 报出、标出 | 准确率 | 召回率 |"
    yield "|---|---|---|---|---|"
    for name, given in found_of:
        rows = list(given)
        precision = share([(one.right, one.claimed) for one in rows])
        recall = share([(one.right, one.marked) for one in rows])
        yield f"| {name} | {len(rows)} | {precision.of}、{recall.of} | {precision} | {recall} |"


def _same(one: Place, other: Place) -> bool:
    return one[2] == other[2] and one[0] < other[1] and other[0] < one[1]
