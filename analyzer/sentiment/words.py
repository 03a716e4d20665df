"""Words of a text for the slow scorer: cut by rjieba, named by a 32-bit hash, never stored.

The text is normalised as for n-grams first, so that full width and capitals make no other words.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer import word_list
from analyzer.sentiment import features

MOST = 120
"""Words that are read of a text; 99 of 100 posts have fewer."""

_SPACE = 32
_SURROGATES = (0xD800, 0xDFFF)
_REPLACEMENT = 0xFFFD


class Word(Struct, frozen=True):
    """A word's name, and where it stands in the text as given (code points)."""

    name: int
    start: int
    end: int


def names(text: str) -> list[int]:
    """The names of the first words of a text, in order; [] where there is none."""
    return [_name(word) for word in _cut(_plain(features.normal_points(features.head(text))))]


def words(text: str) -> list[Word]:
    """The same with their places."""
    shown, origin = features.head_with_origin(text)
    points = features.normal_points(shown)
    kept = np.flatnonzero(points != features.DROPPED).tolist()
    found, at = [], 0
    plain = _plain(points)
    for word in _cut(plain):
        at = plain.index(word, at)
        first, last = kept[at], kept[at + len(word) - 1]
        found.append(Word(_name(word), origin[first], origin[last] + 1))
        at += len(word)
    return found


def indexed(texts: Sequence[str], known: NDArray[np.uint32]) -> list[NDArray[np.int64]]:
    """For each text the rows of its words in a sorted list of names, plus one; 0 for unknown."""
    found = [np.array(names(text), dtype=np.uint32) for text in texts]
    return [rows(one, known) for one in found]


def rows(names_: NDArray[np.uint32], known: NDArray[np.uint32]) -> NDArray[np.int64]:
    """The rows of these names in the sorted list, plus one; 0 for what is not in it."""
    if not len(known):
        return np.zeros(len(names_), dtype=np.int64)
    at = np.searchsorted(known, names_).clip(0, len(known) - 1)
    return np.where(known[at] == names_, at + 1, 0)


def _plain(points: NDArray[np.uint32]) -> str:
    """The normalised text as a string that a word cutter written in Rust can take."""
    kept = points[points != features.DROPPED]
    kept = np.where(kept == 0, np.uint32(_SPACE), kept)
    half = (kept >= _SURROGATES[0]) & (kept <= _SURROGATES[1])
    return np.where(half, np.uint32(_REPLACEMENT), kept).tobytes().decode("utf-32-le")


def _cut(plain: str) -> list[str]:
    return [word for word in word_list.plain().cut(plain) if not word.isspace()][:MOST]


def _name(word: str) -> int:
    return zlib.crc32(word.encode())
