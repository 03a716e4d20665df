"""Texts as arrays of code points, alike where people read them alike: for looking up names.

Traditional characters become simplified ones, full-width and other compatibility forms plain ones,
capitals small ones; marks without width or of direction are left out. One code point for one, so
that every place can be told in the text as given.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

TRADITIONAL = Path(__file__).resolve().parent / "traditional.txt"
SEPARATOR = 0
_DROPPED = 1
_SPACE = 32
_LAST_OF_PLANE = 0xFFFF
_PAD = 2
_UNWRITABLE = 0xFFFD


class Joined(Struct, frozen=True):
    """Some texts as one array, a separator between two of them, and as one string of that length.

    Text i takes the points from ``starts[i]`` until before ``starts[i + 1] - 1``. ``origin`` says
    for each point at which code point of the joined given texts it stands; None: at the same one.
    """

    points: NDArray[np.uint32]
    text: str
    starts: list[int]
    given: list[int]
    origin: NDArray[np.int64] | None

    def place(self, index: int, start: int, end: int) -> tuple[int, int]:
        """Where in text ``index`` as given the points from ``start`` until before ``end`` are."""
        if self.origin is None:
            return start - self.starts[index], end - self.starts[index]
        base = self.given[index]
        return int(self.origin[start]) - base, int(self.origin[end - 1]) + 1 - base


def join(texts: Sequence[str], pad: int = _PAD) -> Joined:
    """The texts, normalised; ``pad`` separators stand at the end."""
    raw = np.frombuffer("\0".join(texts).encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    points = _table().take(raw, mode="clip")
    if len(raw) and int(raw.max()) > _LAST_OF_PLANE:
        high = raw > _LAST_OF_PLANE
        points[high] = raw[high]
    sizes = np.fromiter(map(len, texts), dtype=np.int64, count=len(texts)) + 1
    ends = np.cumsum(sizes)
    points[ends[:-1] - 1] = SEPARATOR
    given = [0, *ends.tolist()]
    starts, origin = given, None
    kept = points != _DROPPED
    if not kept.all():
        origin = np.flatnonzero(kept)
        points = points[kept]
        starts = np.searchsorted(origin, np.array(given)).tolist()
        starts[-1] = len(points) + 1
    text = points.tobytes().decode("utf-32-le")
    padded = np.concatenate([points, np.zeros(pad, dtype=np.uint32)])
    return Joined(padded, text, starts, given, origin)


def normal_each(texts: Sequence[str]) -> list[str]:
    """Each text as names and texts are compared; marks that are left out are not in it."""
    joined = join(texts)
    return [
        joined.text[start : after - 1]
        for start, after in zip(joined.starts, joined.starts[1:], strict=False)
    ]


@functools.cache
def _table() -> NDArray[np.uint32]:
    """For each code point of the first plane the one that it counts as."""
    table = np.arange(_LAST_OF_PLANE + 1, dtype=np.uint32)
    # All but CJK and Hangul, which are read as they are.
    points = [*range(0x3400), *range(0xA000, 0xAC00), *range(0xD7A4, _LAST_OF_PLANE + 1)]
    table[points] = [_one(character) for character in map(chr, points)]
    for line in TRADITIONAL.read_text("utf-8").splitlines():
        if not line.startswith("#"):
            for pair in line.split():
                table[ord(pair[0])] = ord(pair[1])
    return table


def _one(character: str) -> int:
    kind = unicodedata.category(character)
    if kind == "Cf" or character == "\ufe0f":
        return _DROPPED  # zero-width and direction marks: put inside words to hide them
    if kind == "Cs":
        return _UNWRITABLE
    if kind in {"Cc", "Zs", "Zl", "Zp"}:
        return ord("\n") if character in "\r\n" else _SPACE
    alike = unicodedata.normalize("NFKC", character).lower()
    return ord(alike) if len(alike) == 1 else ord(character)
