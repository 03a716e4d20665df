"""Many names at once in many texts: look-ups by hashes of runs, vectorised over a batch.

A table of the first two characters of all names lets nearly all places of a text go at once; runs
that begin like a name are followed while a name goes on so. The time depends on how often texts
look like names, hardly on how many names there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.locality_points import Joined, join

MIN_NAME = 2
CHUNK_POINTS = 32_000
"""Code points at once: the arrays of a chunk then stay in the processor's cache."""

_BLOCK = 1 << 16
_ROLL = np.uint32(0x9E3779B1)
_WIDE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xD6E8FEB86659FD93)
_FIRST_BITS = 20
_NODE_BITS = 22
_FIRST_SHIFT = np.uint32(32 - _FIRST_BITS)
_NODE_SHIFT = np.uint64(64 - _NODE_BITS)
_ENDS, _GOES_ON = 1, 2


class Found(Struct, frozen=True):
    """The names in a chunk of texts: by start, and of one start the longest first.

    ``starts`` and ``ends`` are places in ``joined.text``; ``names`` the numbers of the names.
    """

    joined: Joined
    first: int  # which of the texts the chunk begins with
    names: list[int]
    starts: list[int]
    ends: list[int]


class NameIndex:
    """Finds all of the names, given by number; a name is of at least two code points.

    Names are compared as ``analyzer.locality_points`` writes them. Takes 5 MB and 8
    bytes a name; building 40,000 takes a fifth of a second. ``behind`` says of each name whether
    it only counts with another name before it, at most one character away: it is left out else.
    """

    def __init__(self, names: Sequence[str], behind: Sequence[bool] | None = None) -> None:
        self._behind = None if behind is None else np.array(behind, dtype=bool)
        self._first = np.zeros(1 << _FIRST_BITS, dtype=bool)
        self._nodes = np.zeros(1 << _NODE_BITS, dtype=np.uint8)
        joined = join(names, pad=MIN_NAME)
        begins = np.array(joined.starts[:-1], dtype=np.int64)
        sizes = np.diff(np.array(joined.starts, dtype=np.int64)) - 1
        self._longest = int(sizes.max(initial=0))
        numbers = np.flatnonzero(sizes >= MIN_NAME)
        begins, sizes = begins[numbers], sizes[numbers]
        self._first[_pairs(joined.points, begins)] = True
        rolled = joined.points[begins].astype(np.uint64)
        keys, of = [], []
        for size in range(MIN_NAME, self._longest + 1):
            rolled = rolled * _WIDE + joined.points[begins + (size - 1)]
            mixed = _mixed(rolled)
            ends = sizes == size
            np.bitwise_or.at(
                self._nodes,
                mixed >> _NODE_SHIFT,
                np.where(ends, _ENDS, _GOES_ON).astype(np.uint8),
            )
            keys.append(mixed[ends])
            of.append(numbers[ends])
            more = ~ends
            begins, sizes, numbers, rolled = begins[more], sizes[more], numbers[more], rolled[more]
        all_keys = np.concatenate([*keys, np.zeros(0, dtype=np.uint64)])
        order = np.argsort(all_keys, kind="stable")
        self._keys = all_keys[order]
        self._numbers = np.concatenate([*of, np.zeros(0, dtype=np.int64)])[order]

    def find(self, texts: Sequence[str]) -> Iterator[Found]:
        """The names in the texts, some texts at a time, in order."""
        first = points = 0
        for number, text in enumerate(texts):
            points += len(text) + 1
            if points >= CHUNK_POINTS:
                yield self._in_chunk(texts[first : number + 1], first)
                first, points = number + 1, 0
        if first < len(texts):
            yield self._in_chunk(texts[first:], first)

    def _in_chunk(self, texts: Sequence[str], first: int) -> Found:
        joined = join(texts, pad=self._longest + MIN_NAME)
        points = joined.points
        if not len(self._keys):
            return Found(joined, first, [], [], [])
        places = self._candidates(points)
        rolled = points[places].astype(np.uint64)
        found: list[tuple[NDArray[np.int64], NDArray[np.int64], int]] = []
        for size in range(MIN_NAME, self._longest + 1):
            if not len(places):
                break
            rolled = rolled * _WIDE + points[places + (size - 1)]
            mixed = _mixed(rolled)
            kind = self._nodes[mixed >> _NODE_SHIFT]
            ends = np.flatnonzero(kind & _ENDS)
            if len(ends):
                keys = mixed[ends]
                at = np.searchsorted(self._keys, keys)
                at[at == len(self._keys)] = 0
                same = self._keys[at] == keys
                found.append((places[ends[same]], self._numbers[at[same]], size))
            on = np.flatnonzero(kind & _GOES_ON)
            places, rolled = places[on], rolled[on]
        return _in_order(joined, first, found, self._behind)

    def _candidates(self, points: NDArray[np.uint32]) -> NDArray[np.int64]:
        """Where the first two characters of a name may stand."""
        found = []
        last = len(points) - self._longest - 1
        for at in range(0, last, _BLOCK):
            block = points[at : min(at + _BLOCK, last) + 1]
            keys = block[:-1] * _ROLL
            keys += block[1:]
            keys *= _ROLL
            keys >>= _FIRST_SHIFT
            found.append(np.flatnonzero(self._first.take(keys)) + at)
        return np.concatenate([*found, np.zeros(0, dtype=np.int64)])


def _pairs(points: NDArray[np.uint32], begins: NDArray[np.int64]) -> NDArray[np.uint32]:
    return ((points[begins] * _ROLL + points[begins + 1]) * _ROLL) >> _FIRST_SHIFT


def _mixed(rolled: NDArray[np.uint64]) -> NDArray[np.uint64]:
    mixed = (rolled ^ (rolled >> np.uint64(32))) * _MIX
    return mixed ^ (mixed >> np.uint64(29))


def _in_order(
    joined: Joined,
    first: int,
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], int]],
    behind: NDArray[np.bool_] | None,
) -> Found:
    if not found:
        return Found(joined, first, [], [], [])
    starts = np.concatenate([places for places, _, _ in found])
    names = np.concatenate([numbers for _, numbers, _ in found])
    sizes = np.repeat([size for _, _, size in found], [len(places) for places, _, _ in found])
    if behind is not None:
        ends = np.sort(starts + sizes)
        # The last end up to one beyond the start: a name's last character may be left to what
        # follows, so that it ends one earlier.
        at = np.searchsorted(ends, starts + 1, side="right") - 1
        kept = np.flatnonzero(~behind[names] | ((at >= 0) & (ends[at] >= starts - 1)))
        starts, names, sizes = starts[kept], names[kept], sizes[kept]
    order = np.argsort((starts << 16) - sizes, kind="stable")
    starts, sizes = starts[order], sizes[order]
    return Found(joined, first, names[order].tolist(), starts.tolist(), (starts + sizes).tolist())
