"""Posts as vectors of length 1: the terms that tell most, by how often and how rarely they stand.

Of a stream it is counted as it goes in how many posts a term stands; of a file all is counted
first (events_known.py). No word is kept by either: a term is a number made of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from itertools import pairwise
from math import log

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from analyzer.grouping.events_features import Numbers, Terms, numbers_of

TERMS = 32
"""Terms of a post's vector, the heaviest."""

SAID = 20
"""Of these so many are kept spelt."""

_COMMON = 0.1
_FEW = 50
_MANY = 64
_LOGS = np.array([0.0, 0.5] + [1.0 + log(n / 2) for n in range(2, _MANY + 1)])
_BITS = 21
_TERM_BITS, _SHORT_BITS = 48, 32
_LOOK_AFTER = 1_000
_BETWEEN = "\n"  # stands in no term

Vector = dict[int, float]
"""Terms as numbers of 32 bits, with their weights."""

Weights = npt.NDArray[np.float64]


class Said(Struct, array_like=True, frozen=True, gc=False):
    """The heaviest terms of a post, spelt, with their weights as 32-bit floats, and its source.

    As a table of Python the same takes six times the memory. The source is "" while the post stands
    alone, for then it is kept beside.
    """

    words: str
    weights: bytes
    source: str = ""

    def terms(self) -> dict[str, float]:
        """By term, the heaviest first."""
        if not self.words:
            return {}
        return dict(zip(self.words.split(_BETWEEN), array("f", self.weights), strict=True))

    def vector(self) -> Vector:
        """As the vector that its post would be with no other terms."""
        terms = self.terms()
        return dict(zip(short(numbers_of(list(terms))).tolist(), terms.values(), strict=True))


def said_of(terms: Mapping[str, float]) -> Said:
    """Terms that are given as a table."""
    return Said(_BETWEEN.join(terms), array("f", terms.values()).tobytes())


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

    def add(self, terms: Terms) -> None:
        """Count posts, none of which has a term twice."""
        looked = self.posts // _LOOK_AFTER
        self.posts += terms.posts
        places, counts = np.unique(_counter(terms.term), return_counts=True)
        self.counts[places] += counts
        self.touched.append(places)
        if self.posts // _LOOK_AFTER > looked and np.count_nonzero(self.counts) > self._limit:
            self.posts = max(1, self.posts // 2)
            self.counts //= 2
            self.halved = True

    def put(self, counts: Mapping[str, int], posts: int) -> None:
        """Take up counts of terms that are given spelt."""
        self.posts = posts
        places = _counter(numbers_of(list(counts)))
        np.add.at(self.counts, places, np.fromiter(counts.values(), np.int32, len(counts)))

    def vectors(self, terms: Terms) -> list[tuple[Vector, Said]]:
        """One a post, the heaviest terms first; empty where it has none."""
        counts = self.counts[_counter(terms.term)]
        post, weight, chosen = weighed(terms, counts, self.posts, least=0, total=self._least)
        spelling = terms.spelling
        firsts, seconds = terms.first[chosen].tolist(), terms.second[chosen].tolist()
        spelt = [
            spelling[first] if second < 0 else spelling[first] + spelling[second]
            for first, second in zip(firsts, seconds, strict=True)
        ]
        weights = weight.astype(np.float32)
        ends = np.searchsorted(post, np.arange(terms.posts + 1)).tolist()
        vectors = by_post(terms.posts, post, weight, short(terms.term[chosen]))
        said = [
            Said(_BETWEEN.join(spelt[begin:end]), weights[begin:end].tobytes())
            for begin, end in ((begin, min(end, begin + SAID)) for begin, end in pairwise(ends))
        ]
        return list(zip(vectors, said, strict=True))


def short(term: Numbers) -> Numbers:
    """The numbers of terms as centroids have them: their upper 32 bits."""
    return term >> (_TERM_BITS - _SHORT_BITS)


def _counter(term: Numbers) -> Numbers:
    return term >> (_TERM_BITS - _BITS)


def weighed(
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


def by_post(posts: int, post: Numbers, weight: Weights, term: Numbers) -> list[Vector]:
    """The vectors of these posts; all three are by post, then the heaviest first."""
    ends = np.searchsorted(post, np.arange(posts + 1)).tolist()
    terms, weights = term.tolist(), weight.tolist()
    return [
        dict(zip(terms[begin:end], weights[begin:end], strict=True))
        for begin, end in pairwise(ends)
    ]
