"""The written sentences with places: reading them, the desks they are for, and figures."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from msgspec import Struct
from support.locality_desks import DESKS

from analyzer.locality import Matcher
from posts.model import HitCertainty
from registry import gazetteer
from registry.areas import Area

FILE = Path(__file__).resolve().parents[1] / "analyzer" / "localities.txt"
BLIND = FILE.with_name("localities_blind.txt")  # written without reading the rules
THIRD = FILE.with_name("localities_third.txt")  # likewise, later
FOURTH = FILE.with_name("localities_fourth.txt")  # likewise, later still
_MARKED = re.compile(r"\[([^\[\]|]+)\|([0-9a-z-]+)\]")
_HELD_OUT = 3  # one sentence in so many is looked at for the figure only


class Sentence(Struct, frozen=True):
    """A text, and its sure places in the own area: (start, end, code)."""

    desk: str
    kind: str
    text: str
    places: tuple[tuple[int, int, str], ...]
    source_area: str | None = None

    @property
    def held_out(self) -> bool:
        """Whether the sentence is one of the third that nothing is tuned on."""
        return zlib.crc32(self.text.encode("utf-8", "surrogatepass")) % _HELD_OUT == 0

    @property
    def half(self) -> int:
        """Which half of the sentences it is in by lot: rules were mended on half 0 alone."""
        return lot(self.text)


def lot(text: str) -> int:
    """0 or 1, by lot."""
    return zlib.crc32(b"lot" + text.encode("utf-8", "surrogatepass")) % 2


class Figures(Struct, frozen=True):
    """Sure hits in the own area against the marked ones."""

    right: int
    claimed: int
    marked: int
    wrong: tuple[str, ...]

    @property
    def precision(self) -> float:
        """Share of the claimed ones that are right."""
        return self.right / max(self.claimed, 1)

    @property
    def recall(self) -> float:
        """Share of the marked ones that are found."""
        return self.right / max(self.marked, 1)


def unmarked(line: str) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    """The text without marks, and what they say."""
    text, places, at = "", [], 0
    for mark in _MARKED.finditer(line):
        text += line[at : mark.start()]
        places.append((len(text), len(text) + len(mark[1]), mark[2]))
        text += mark[1]
        at = mark.end()
    return text + line[at:], tuple(places)


@cache
def sentences(file: Path = FILE) -> tuple[Sentence, ...]:
    """All of the file."""
    found = []
    desk = ""
    for line in file.read_text("utf-8").split("\n"):
        kind, _, body = line.partition("\t")
        if kind == "desk":
            desk = body
        elif body and not line.startswith("#"):
            text, places = unmarked(body)
            name, _, area = kind.partition("@")
            found.append(Sentence(desk, name, text, places, area or None))
    return tuple(found)


@cache
def desk(name: str) -> Matcher:
    """The matcher of a desk, with names as its settings file would have them."""
    code, aliases, places = DESKS[name]
    divisions = gazetteer.load()
    own = [d for d in divisions if d.code.startswith(code)]
    areas = [
        Area(
            code=d.code,
            name=d.name,
            level=d.level,
            parent=d.parent,
            own=True,
            aliases=(*gazetteer.common_names(d), *aliases.get(d.code, ())),
        )
        for d in own
    ]
    if not own:
        areas = [
            Area(
                code=one,
                name=names[0],
                level="town" if one != code else "county",
                parent=code if one != code else "",
                own=True,
                aliases=names[1:],
            )
            for one, names in aliases.items()
        ]
    areas += [
        Area(
            code=f"{parent}-p{number}",
            name=place,
            level="place",
            parent=parent,
            own=True,
            aliases=others,
        )
        for number, (place, (parent, others)) in enumerate(places.items(), 1)
    ]
    return Matcher(divisions, areas)


def figures(chosen: Iterable[Sentence], matcher_of: Callable[[str], Matcher] = desk) -> Figures:
    """What the matchers of the desks claim, against what is marked.

    A place of one's own below a division (533102-p1) counts as the division, where only that is
    marked.
    """
    right = claimed = marked = 0
    wrong = []
    for one in chosen:
        matcher = matcher_of(one.desk)
        hits = [
            (hit.start, hit.end, hit.code.partition("-")[0])
            for hit in matcher.find(one.text, one.source_area)
            if hit.certainty is HitCertainty.SURE and matcher.is_own(hit.code)
        ]
        places = [(start, end, code.partition("-")[0]) for start, end, code in one.places]
        good = [p for p in places if any(_same(p, hit) for hit in hits)]
        right += len(good)
        marked += len(places)
        claimed += len(good) + len([h for h in hits if not any(_same(h, p) for p in places)])
        if len(good) < len(places) or len(hits) > len(good):
            wrong.append(f"{one.kind}: {one.text} → {hits}")
    return Figures(right, claimed, marked, tuple(wrong))


def _same(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    return one[2] == other[2] and one[0] < other[1] and other[0] < one[1]
