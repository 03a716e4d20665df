"""Posts of one event found in one pass: each joins the nearest centroid, or begins one (单遍聚类).

Pure and bounded: a centroid keeps its heaviest terms, an index of terms leads to the centroids
that can be near, and those that nobody joined for a window are let go, the idlest first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain, islice
from math import sqrt
from typing import Generic

from analyzer.grouping.events_vectors import Term

NEAR = 0.24
"""From this cosine on a post belongs to a centroid."""

MERGE = 0.36
"""From this cosine on two centroids are one."""

_KEYS = 20
"""Of its terms, the heaviest first, a post asks the index, and a centroid is found by them."""

_FOUND_BY = 30
_KEPT = 120
_POSTINGS = 12
_CANDIDATES = 3
_TIE = 1e-9  # of two as near the one with more terms in common, on any machine


@dataclass(slots=True)
class Cluster(Generic[Term]):
    """A centroid: the sum of its posts' vectors, its length, and when it was last joined."""

    id: int
    newest: float
    size: int = 0
    terms: dict[Term, float] = field(default_factory=dict)
    square: float = 0.0
    """Of the centroid's length."""


class Clusters(Generic[Term]):
    """The centroids of a window. ``window`` is in seconds of publication; None: no end."""

    def __init__(
        self,
        *,
        window: float | None = None,
        limit: int = 50_000,
        near: float = NEAR,
        merge: float = MERGE,
    ) -> None:
        self.window, self.limit = window, limit
        self.near, self.merge_from = near, merge
        self.all: dict[int, Cluster[Term]] = {}
        self.dropped: list[int] = []
        """Those that were let go or united with others; who needs it clears it."""

        self._index: dict[Term, list[int]] = {}
        self.next = 0

    def add(self, vector: dict[Term, float], at: float, *, but: int = -1) -> int:
        """The id of the cluster that the post joins, or that it begins; never ``but``."""
        best = self.nearest(vector, at, but=but)
        if best is None or best[0] < self.near:
            return self.begin(vector, at)
        self.join(self.all[best[1]], vector, at)
        return best[1]

    def begin(self, vector: dict[Term, float], at: float) -> int:
        """A new cluster of this post, whatever is near."""
        if len(self.all) >= self.limit:
            self._let_go()
        cluster: Cluster[Term] = Cluster(self.next, at)
        self.next += 1
        self.all[cluster.id] = cluster
        self.join(cluster, vector, at)
        return cluster.id

    def leave(self, cluster: Cluster[Term], vectors: Iterable[dict[Term, float]]) -> None:
        """Begin the centroid anew from these posts; how many are of it stays."""
        keep, newest = cluster.size, cluster.newest
        self._unpost(cluster, list(cluster.terms))
        cluster.terms, cluster.square = {}, 0.0
        for vector in vectors:
            self.join(cluster, vector, newest)
        cluster.size = keep

    def restore(self, cluster: Cluster[Term]) -> None:
        """Take up a cluster that was saved."""
        self.all[cluster.id] = cluster
        self.next = max(self.next, cluster.id + 1)
        self._post(_heaviest(cluster.terms, _FOUND_BY), cluster)

    def join(self, cluster: Cluster[Term], vector: dict[Term, float], at: float) -> None:
        """Let the post move the centroid."""
        terms, square = cluster.terms, cluster.square
        for term, weight in vector.items():
            before = terms.get(term, 0.0)
            terms[term] = before + weight
            square += weight * (2.0 * before + weight)
        cluster.square = square
        cluster.size += 1
        cluster.newest = max(cluster.newest, at)
        if len(terms) > 2 * _KEPT:
            self._trim(cluster)
        self._post(islice(vector, _KEYS), cluster)

    def nearest(
        self, vector: dict[Term, float], at: float, but: int = -1
    ) -> tuple[float, int] | None:
        """The nearest cluster within the window with its cosine; ``but`` is passed over."""
        index = self._index
        keys = [ids for term in islice(vector, _KEYS) if (ids := index.get(term))]
        shared = Counter(chain.from_iterable(keys))
        shared.pop(but, None)
        if len(shared) > _CANDIDATES:
            candidates = sorted(shared, key=shared.__getitem__, reverse=True)[:_CANDIDATES]
        else:
            candidates = list(shared)
        best: tuple[float, int] | None = None
        for one in candidates:
            cluster = self.all[one]
            if self.window is not None and abs(at - cluster.newest) > self.window:
                continue
            near = cosine(vector, cluster)
            if best is None or near > best[0] + _TIE:
                best = (near, one)
        return best

    def merged(
        self,
        among: Iterable[int] | None = None,
        may: Callable[[int, int], bool] = lambda _one, _other: True,
    ) -> dict[int, int]:
        """Join centroids that have come near; which cluster went into which (to its end).

        ``among``: only these are looked at; ``may`` refuses two that must stay apart.
        """
        into: dict[int, int] = {}
        ids = self.all if among is None else [one for one in among if one in self.all]
        some = [self.all[one] for one in ids]
        for one in sorted(some, key=lambda cluster: (cluster.size, cluster.id)):
            found = self.nearest(_unit(one), one.newest, but=one.id)
            if found is None or found[0] < self.merge_from or not may(one.id, found[1]):
                continue
            other = self.all[found[1]]
            self.unite(other, one)
            into[one.id] = other.id
        return {one: _end(one, into) for one in into}

    def unite(self, other: Cluster[Term], one: Cluster[Term]) -> None:
        """Put the second cluster into the first."""
        keys = _heaviest(one.terms, _FOUND_BY)
        for term, weight in one.terms.items():
            other.terms[term] = other.terms.get(term, 0.0) + weight
        other.square = sum([weight * weight for weight in other.terms.values()])
        other.size += one.size
        other.newest = max(other.newest, one.newest)
        if len(other.terms) > 2 * _KEPT:
            self._trim(other)
        self.drop(one)
        self._post(keys, other)

    def drop(self, cluster: Cluster[Term]) -> None:
        """Forget a cluster."""
        del self.all[cluster.id]
        self.dropped.append(cluster.id)
        self._unpost(cluster, cluster.terms)

    def _trim(self, cluster: Cluster[Term]) -> None:
        kept = set(_heaviest(cluster.terms, _KEPT))
        gone = [term for term in cluster.terms if term not in kept]
        self._unpost(cluster, gone)
        for term in gone:
            del cluster.terms[term]
        cluster.square = sum([weight * weight for weight in cluster.terms.values()])

    def _post(self, terms: Iterable[Term], cluster: Cluster[Term]) -> None:
        index, one, held = self._index, cluster.id, cluster.terms
        for term in terms:
            ids = index.get(term)
            if ids is None:
                if term in held:  # not trimmed away just now
                    index[term] = [one]
            elif one not in ids and term in held:
                ids.append(one)
                if len(ids) > _POSTINGS:
                    del ids[0]

    def _unpost(self, cluster: Cluster[Term], terms: Iterable[Term]) -> None:
        for term in terms:
            ids = self._index.get(term)
            if ids is not None and cluster.id in ids:
                ids.remove(cluster.id)
                if not ids:
                    del self._index[term]

    def _let_go(self) -> None:
        """A tenth goes: the smallest of the idlest."""
        order = sorted(self.all.values(), key=lambda cluster: (cluster.newest, cluster.size))
        for cluster in order[: max(1, self.limit // 10)]:
            self.drop(cluster)


def cosine(vector: dict[Term, float], cluster: Cluster[Term]) -> float:
    """Of a vector of length 1 and a centroid."""
    terms = cluster.terms
    near = sum([weight * terms[term] for term, weight in vector.items() if term in terms])
    return near / (sqrt(cluster.square) or 1.0)


def _unit(cluster: Cluster[Term]) -> dict[Term, float]:
    length = sqrt(cluster.square) or 1.0
    keys = _heaviest(cluster.terms, len(cluster.terms))
    return {term: cluster.terms[term] / length for term in keys}


def _heaviest(vector: Mapping[Term, float], count: int) -> list[Term]:
    return sorted(vector, key=vector.__getitem__, reverse=True)[:count]


def _end(one: int, into: Mapping[int, int]) -> int:
    while one in into:
        one = into[one]
    return one
