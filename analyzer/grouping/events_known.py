"""The terms of a whole file: gathered as it is read, then counted exactly, then weighed.

Of a term 32 bits are kept, of its weight 8: 46 terms of a usual post are 230 bytes, and no text is
held. Two terms of a file of three million share a number once in 1,400.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from analyzer.grouping.events_features import AT_ONCE, Terms
from analyzer.grouping.events_vectors import Vector, by_post, short, weighed

_PARTS = 16
_PIECE = 1 << 19
_POSTS = 4_096
_MOST = 255


class Known:
    """Terms of posts in the order of a file; ``vectors`` gives them in another."""

    def __init__(self) -> None:
        self._ends = array("q", [0])
        self._term, self._weight = bytearray(), bytearray()
        self._counts: npt.NDArray[np.int32] = np.zeros(0, np.int32)

    @property
    def posts(self) -> int:
        """How many were gathered."""
        return len(self._ends) - 1

    @property
    def different(self) -> int:
        """How many terms two posts or more have, once they are counted."""
        return len(self._counts)

    def gather(self, terms: Terms) -> None:
        """Take up posts."""
        counts = np.bincount(terms.post, minlength=terms.posts)
        self._ends.extend((self._ends[-1] + np.cumsum(counts)).tolist())
        self._term += short(terms.term).astype(np.uint32).tobytes()
        self._weight += np.minimum(terms.weight, _MOST).astype(np.uint8).tobytes()

    def count(self) -> None:
        """All were gathered: number the terms of two posts or more; the others are let go."""
        kept = self._number()
        del self._term[4 * kept :], self._weight[kept:]

    def _number(self) -> int:
        """Put numbers and weights of what is kept at the begin; how many that are."""
        term, weight = np.frombuffer(self._term, np.uint32), np.frombuffer(self._weight, np.uint8)
        ends = np.frombuffer(self._ends, np.int64)
        numbers, self._counts = _several(term)
        kept = begin = 0
        for first in range(0, self.posts, _POSTS):
            until = ends[first + 1 : first + _POSTS + 1]
            some, weights = term[begin : until[-1]], weight[begin : until[-1]]
            place = np.searchsorted(numbers, some)
            place[place == len(numbers)] = 0
            met = numbers[place] == some if len(numbers) else np.zeros(len(some), np.bool_)
            so_far = np.concatenate(([0], np.cumsum(met)))
            end = kept + int(so_far[-1])
            # What is written stands at or before what was read: all is done in place.
            weight[kept:end], term[kept:end] = weights[met], place[met]
            begin, until[:] = int(until[-1]), kept + so_far[until - begin]
            kept = end
        return kept

    def vectors(self, order: Sequence[int]) -> Iterator[Vector]:
        """One a post, in this order, of terms of two posts or more."""
        ends = np.frombuffer(self._ends, np.int64)
        every, weight = np.frombuffer(self._term, np.uint32), np.frombuffer(self._weight, np.uint8)
        for begin in range(0, len(order), AT_ONCE):
            some = np.array(order[begin : begin + AT_ONCE])
            lengths = ends[some + 1] - ends[some]
            total = int(lengths.sum())
            place = np.arange(total) + np.repeat(ends[some + 1] - np.cumsum(lengths), lengths)
            post = np.repeat(np.arange(len(some)), lengths)
            term = every[place].astype(np.int64)
            terms = Terms(len(some), post, term, weight[place].astype(np.int64), place, place, [])
            counts = self._counts[term]
            post, weights, chosen = weighed(terms, counts, self.posts, least=2, total=0)
            yield from by_post(len(some), post, weights, term[chosen])


def in_order(times: array[float]) -> array[int]:
    """The places of the times, the earliest first; of two that are one in their order."""
    order = np.argsort(np.frombuffer(times), kind="stable") if times else np.zeros(0, np.int64)
    return array("q", order.tobytes())


def _several(term: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.int32]]:
    """The numbers that stand there twice or more, in order, and how often. A part at a time."""
    numbers, often = [], []
    for part in range(_PARTS):
        low, high = part * (1 << 32) // _PARTS, ((part + 1) * (1 << 32) // _PARTS) - 1
        some = [
            piece[(piece >= low) & (piece <= high)]
            for piece in (term[at : at + _PIECE] for at in range(0, len(term), _PIECE))
        ]
        every = np.sort(np.concatenate([*some, np.zeros(0, np.uint32)]))
        found, counts = np.unique(every, return_counts=True)
        numbers.append(found[counts > 1])
        often.append(counts[counts > 1].astype(np.int32))
    return np.concatenate(numbers), np.concatenate(often)
