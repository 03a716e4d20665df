"""The written sentences with places: the files, their halves, the desks, and figures."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from msgspec import Struct

from analyzer import locality_sentences
from analyzer.locality import Matcher
from analyzer.locality_sentences import Sentence

FILE = Path(__file__).resolve().parents[1] / "analyzer" / "localities.txt"
BLIND = FILE.with_name("localities_blind.txt")  # written without reading the rules
THIRD = FILE.with_name("localities_third.txt")  # likewise, later
FOURTH = FILE.with_name("localities_fourth.txt")  # likewise, later still
FIFTH = FILE.with_name("localities_fifth.txt")  # likewise, the last
DESKS = FILE.with_name("localities_desks.toml")
_HELD_OUT = 3  # one sentence in so many is looked at for the figure only


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


def held_out(one: Sentence) -> bool:
    """Whether the sentence is one of the third that nothing is tuned on."""
    return zlib.crc32(one.text.encode("utf-8", "surrogatepass")) % _HELD_OUT == 0


def lot(text: str) -> int:
    """0 or 1, by lot: rules were mended on half 0 alone."""
    return zlib.crc32(b"lot" + text.encode("utf-8", "surrogatepass")) % 2


@cache
def sentences(file: Path = FILE, half: int | None = None) -> tuple[Sentence, ...]:
    """All of the file, or one half."""
    found = locality_sentences.read(file)
    return found if half is None else tuple(one for one in found if lot(one.text) == half)


@cache
def desk(name: str) -> Matcher:
    """The matcher of a desk."""
    return locality_sentences.matcher_of(_desks()[name])


@cache
def _desks() -> dict[str, locality_sentences.Desk]:
    return locality_sentences.read_desks(DESKS)


def figures(chosen: Iterable[Sentence], matcher_for: Callable[[str], Matcher] = desk) -> Figures:
    """What the matchers of the desks claim, against what is marked."""
    found = list(locality_sentences.found(chosen, matcher_for))
    return Figures(
        right=sum(one.right for one in found),
        claimed=sum(one.claimed for one in found),
        marked=sum(one.marked for one in found),
        wrong=tuple(
            f"{one.sentence.kind}: {one.sentence.text} → {one.hits}"
            for one in found
            if one.right < max(one.marked, one.claimed)
        ),
    )
