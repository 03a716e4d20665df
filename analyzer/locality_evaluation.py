"""How well places are found in sentences whose places others marked, with intervals.

Two questions. *Posts*: of the sure hits in posts, how many are marked as a place (precision), and
of the marked places within China, how many are found (recall). *News*: of the marked places that
bear the name of a division of China down to the county, how many are found. A hit and a marked
place are the same where they overlap. Places abroad are no part of either.
"""

from __future__ import annotations

import gzip
import json
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from analyzer.division_codes import COUNTY
from analyzer.locality import Matcher
from analyzer.locality_extra import DIVISIONS
from analyzer.locality_foreign import is_abroad
from posts.model import HitCertainty
from registry import gazetteer
from registry.errors import InvalidInputError

DRAWINGS = 300
POSTS, NEWS = "weibo", ("msra", "pd")
_NAMED = frozenset({"GPE.NAM", "LOC.NAM"})
_BATCH = 500


class Share(Struct, frozen=True):
    """A share of ``of``, with the middle 95 of 100 of drawings of the sentences."""

    value: float
    low: float
    high: float
    of: int

    def __str__(self) -> str:
        """As the tables show it."""
        return "–" if not self.of else f"{self.value:.3f} ({self.low:.3f}–{self.high:.3f})"


class Marked(Struct, frozen=True):
    """A sentence of one source and its places: (start, end, text)."""

    source: str
    text: str
    places: tuple[tuple[int, int, str], ...]


def read(file: Path) -> list[Marked]:
    """The sentences of a file of JSON Lines with ``src``, ``text`` and ``spans``, plain or gzip.

    A span that no longer has its text, since a handle was masked, is left out.

    Raises InvalidInputError where a line has another form.
    """
    opened = gzip.open if file.suffix == ".gz" else open
    found = []
    with opened(file, "rt", encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = json.loads(line)
                places = tuple(
                    (int(start), int(end), str(text))
                    for start, end, text, kind in row["spans"]
                    if (kind in _NAMED or kind == "LOC") and row["text"][start:end] == text
                )
                found.append(Marked(row["src"], row["text"], places))
            except (ValueError, KeyError, TypeError) as error:
                raise InvalidInputError(
                    f"{file} 第 {number} 行应为含 src、text、spans 的 JSON 对象。"
                ) from error
    return found


def posts(matcher: Matcher, marked: Sequence[Marked]) -> tuple[Share, Share]:
    """Precision and recall within China of the sure hits, on the posts among ``marked``."""
    chosen = [one for one in marked if one.source.startswith(POSTS)]
    claimed, wanted = [], []
    for one, hits in _sure(matcher, chosen):
        claimed.append((sum(any(_over(h, p) for p in one.places) for h in hits), len(hits)))
        here = [p for p in one.places if not is_abroad(p[2])]
        wanted.append((sum(any(_over(h, p) for h in hits) for p in here), len(here)))
    return share(claimed), share(wanted)


def news(matcher: Matcher, marked: Sequence[Marked]) -> Share:
    """Recall of the sure hits among names of divisions, on the news among ``marked``."""
    names = {
        name
        for division in (*gazetteer.load(), *DIVISIONS)
        if len(division.code) <= COUNTY
        for name in (division.name, division.short, *gazetteer.common_names(division))
        if len(name) > 1
    }
    wanted = []
    chosen = [one for one in marked if one.source.startswith(NEWS)]
    for one, hits in _sure(matcher, chosen):
        here = [p for p in one.places if p[2] in names]
        wanted.append((sum(any(_over(h, p) for h in hits) for p in here), len(here)))
    return share(wanted)


def share(pairs: Sequence[tuple[int, int]], seed: int = 7) -> Share:
    """Right ones among all, from (right, all) of each sentence; drawn anew for the interval."""
    right, of = sum(a for a, _ in pairs), sum(b for _, b in pairs)
    counted = [pair for pair in pairs if pair[1]]
    dice = random.Random(seed)  # noqa: S311 - drawings for an interval, no secret
    drawn = sorted(
        sum(a for a, _ in some) / sum(b for _, b in some)
        for some in (
            dice.choices(counted, k=len(counted)) for _ in range(DRAWINGS if counted else 0)
        )
    )
    if not drawn:
        return Share(0.0, 0.0, 0.0, 0)
    edge = len(drawn) // 40
    return Share(right / of, drawn[edge], drawn[-1 - edge], of)


def table(file: Path, matcher: Matcher) -> Iterator[str]:
    """The figures as lines of a Markdown table."""
    marked = read(file)
    precision, recall = posts(matcher, marked)
    found = news(matcher, marked)
    yield "| 地名 | 数目 | 准确率 | 召回率 |"
    yield "|---|---|---|---|"
    yield f"| 微博帖文，中国境内 | {precision.of}／{recall.of} | {precision} | {recall} |"
    yield f"| 新闻，县级以上区划名 | {found.of} | – | {found} |"


def _sure(
    matcher: Matcher, chosen: Sequence[Marked]
) -> Iterator[tuple[Marked, list[tuple[int, int]]]]:
    for at in range(0, len(chosen), _BATCH):
        some = chosen[at : at + _BATCH]
        for one, hits in zip(some, matcher.find_many([m.text for m in some]), strict=True):
            sure = [h for h in hits if h.certainty is HitCertainty.SURE]
            yield one, [(h.start, h.end) for h in sure]


def _over(hit: tuple[int, int], place: tuple[int, int, str]) -> bool:
    return hit[0] < place[1] and place[0] < hit[1]
