"""Posts as vectors of length 1: the terms that tell most, by how often and how rarely they stand.

Of a stream it is counted as it goes in how many posts a term stands; of a file all is counted
first. No word is kept by either: a term is counted under a number made of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from math import log
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from analyzer.grouping.events_features import Numbers, Terms, numbers_of

TERMS = 32
"""Terms of a post's vector, the heaviest."""

_COMMON = 0.1
_FEW = 50
_MANY = 64
_LOGS = np.array([0.0, 0.5] + [1.0 + log(n / 2) for n in range(2, _MANY + 1)])
_BITS = 21
_TERM_BITS = 48
_LOOK_AFTER = 1_000

Vector = dict[str, float]
Weights = npt.NDArray[np.float64]
Term = TypeVar("Term", str, int)


class Frequencies:
    """In how many posts of a stream a term stands, in 2²¹ counters; two terms may share one.

    Bounded: beyond ``limit`` counters in use, counts are halved. Until ``least`` posts are
    counted a term is taken to be as rare as it would be among so many.
    """

    def __init__(self, limit: int = 400_000, *, least: int = 0) -> None:
        self.posts = 0
        self.counts: npt.NDArray[np.int32] = np.zeros(1 << _BITS, np.int32)
        self.touched: list[Numbers] = []
        """The counters that changed, for who saves them and then clears this."""

        self.halved = False
        """All of them did."""

        self._least, self._limit = least, limit
        self._unlooked = 0

    def add(self, terms: Terms) -> None:
        """Count posts, none of which has a term twice."""
        self.posts += terms.posts
        places, counts = np.unique(_counter(terms.term), return_counts=True)
        self.counts[places] += counts
        self.touched.append(places)
        self._unlooked += terms.posts
        if self._unlooked >= _LOOK_AFTER:
            self._unlooked = 0
            if np.count_nonzero(self.counts) > self._limit:
                self.posts = max(1, self.posts // 2)
                self.counts //= 2
                self.halved = True

    def put(self, counts: Mapping[str, int], posts: int) -> None:
        """Take up counts of terms that are given spelt."""
        self.posts = posts
        places = _counter(numbers_of(list(counts)))
        np.add.at(self.counts, places, np.fromiter(counts.values(), np.int32, len(counts)))

    def vectors(self, terms: Terms) -> list[Vector]:
        """One a post, its terms spelt, the heaviest first; empty where it has none."""
        counts = self.counts[_counter(terms.term)]
        post, weight, chosen = _weighed(terms, counts, self.posts, least=0, total=self._least)
        spelling = terms.spelling
        firsts, seconds = terms.first[chosen].tolist(), terms.second[chosen].tolist()
        spelt = [
            spelling[first] if second < 0 else spelling[first] + spelling[second]
            for first, second in zip(firsts, seconds, strict=True)
        ]
        return _dicts(terms.posts, post, weight, spelt)


class Known:
    """The terms of a whole file, gathered piece by piece, then counted exactly.

    Of a term 48 bits are kept, of its weight 8: 46 terms of a usual post are some 400 bytes.
    """

    def __init__(self) -> None:
        self.posts = 0
        self._gathered: list[tuple[int, bytes, bytes, bytes]] = []
        self._every: Numbers = np.zeros(0, np.int64)
        self._counts: npt.NDArray[np.int32] = np.zeros(0, np.int32)

    def gather(self, terms: Terms) -> None:
        """Take up posts."""
        self.posts += terms.posts
        counts = np.bincount(terms.post, minlength=terms.posts).astype(np.int32)
        weight = np.minimum(terms.weight, 255).astype(np.uint8)
        self._gathered.append(
            (terms.posts, counts.tobytes(), terms.term.tobytes(), weight.tobytes())
        )

    def count(self) -> None:
        """All were gathered: count them."""
        every = np.frombuffer(b"".join([term for _, _, term, _ in self._gathered]), np.int64)
        every = np.sort(every)
        starts = np.flatnonzero(np.concatenate(([True], every[1:] != every[:-1])))
        counts = np.diff(np.append(starts, len(every)))
        several = counts > 1  # a term of one post can meet nothing
        self._every, self._counts = every[starts[several]], counts[several].astype(np.int32)

    def vectors(self) -> Iterable[dict[int, float]]:
        """One a post, in the order in which they were gathered, of terms of two posts or more."""
        while self._gathered:
            posts, lengths, term, weight = self._gathered.pop(0)
            every = np.frombuffer(term, np.int64)
            place = np.searchsorted(self._every, every)
            place[place == len(self._every)] = 0
            met = np.flatnonzero(self._every[place] == every) if len(self._every) else place[:0]
            some = Terms(
                posts,
                np.repeat(np.arange(posts), np.frombuffer(lengths, np.int32))[met],
                every[met],
                np.frombuffer(weight, np.uint8)[met].astype(np.int64),
                met,
                met,
                [],
            )
            counts = self._counts[place[met]] if len(met) else np.zeros(0, np.int32)
            post, weights, chosen = _weighed(some, counts, self.posts, least=2, total=0)
            yield from _dicts(posts, post, weights, some.term[chosen].tolist())


def _counter(term: Numbers) -> Numbers:
    return term >> (_TERM_BITS - _BITS)


def _weighed(
    terms: Terms, counts: npt.NDArray[np.int32], posts: int, *, least: int, total: int
) -> tuple[Numbers, Weights, Numbers]:
    """Post, weight and place of the heaviest terms of each, those that are too common left out."""
    most = max(_FEW, _COMMON * posts)
    fit = np.flatnonzero((counts >= least) & (counts <= most))
    rare = log(max(posts, total) + 1.0) - np.log(np.maximum(counts[fit], 1))
    weight = _LOGS[np.minimum(terms.weight[fit], _MANY)] * rare
    post = terms.post[fit]
    # By post, then the heaviest first; what weighs alike by its number, on any machine alike.
    order = np.argsort(post * 1024.0 - weight, kind="stable")
    post = post[order]
    begins = np.searchsorted(post, np.arange(terms.posts))
    heavy = np.flatnonzero(np.arange(len(post)) - begins[post] < TERMS)
    post, order = post[heavy], order[heavy]
    weight = weight[order]
    lengths = np.sqrt(np.bincount(post, weight * weight, terms.posts))
    lengths[lengths == 0] = 1.0
    return post, weight / lengths[post], fit[order]


def _dicts(
    posts: int, post: Numbers, weight: Weights, terms: list[Term]
) -> list[dict[Term, float]]:
    ends = np.searchsorted(post, np.arange(posts + 1)).tolist()
    weights = weight.tolist()
    return [
        dict(zip(terms[begin:end], weights[begin:end], strict=True))
        for begin, end in pairwise(ends)
    ]
