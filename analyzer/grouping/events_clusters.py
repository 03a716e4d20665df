"""Posts of one event found in one pass: each joins the nearest centroid, or begins one (单遍聚类).

Pure and bounded: a centroid keeps its heaviest terms, an index of terms leads to the centroids
that can be near, and beyond a limit the idlest are let go, those of one post first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from itertools import chain, islice
from math import sqrt

from analyzer.grouping.events_centroid import Cluster, cosine, heaviest
from analyzer.grouping.events_index import Index, OfAny, OfKnown
from analyzer.grouping.events_vectors import Vector

NEAR = 0.24
"""From this cosine on a post belongs to a centroid."""

MERGE = 0.36
"""From this cosine on two centroids are one."""

_KEYS = 20
"""Of its terms, the heaviest first, a post asks the index, and a centroid is found by them."""

_FOUND_BY = 30
KEPT = 120
"""Terms of a centroid; it is cut down to so many when it has twice as many."""

_INDEXED = 400_000
"""So many terms lead somewhere; beyond, each centroid is found by its 30 heaviest only."""

_CANDIDATES = 3
_OPEN = 300  # centroids are held as tables, a tenth as quick to look into when packed
_TIE = 1e-9  # of two as near the one with more terms in common, on any machine


class Clusters:
    """The centroids of a window. ``window`` is in seconds of publication; None: no end.

    ``known``: the terms are the numbers below this; None: they are any 32-bit numbers.
    """

    def __init__(
        self,
        *,
        window: float | None = None,
        limit: int = 50_000,
        near: float = NEAR,
        merge: float = MERGE,
        known: int | None = None,
    ) -> None:
        self.window, self.limit = window, limit
        self.near, self.merge_from = near, merge
        self.all: dict[int, Cluster] = {}
        self.dropped: list[int] = []
        """Those that were let go or united with others; who needs it clears it."""

        self.next = 0
        self.index: Index = OfAny() if known is None else OfKnown(known)
        self._open: list[Cluster] = []

    def add(self, vector: Vector, at: float, *, but: int = -1) -> int:
        """The id of the cluster that the post joins, or that it begins; never ``but``."""
        best = self.nearest(vector, at, but=but)
        if best is None or best[0] < self.near:
            return self.begin(vector, at)
        self.join(self.all[best[1]], vector, at)
        return best[1]

    def begin(self, vector: Vector, at: float) -> int:
        """A new cluster of this post, whatever is near. The vector is its own from now on."""
        if len(self.all) >= self.limit:
            self._let_go()
        cluster = Cluster(self.next, at, 1)
        cluster.put(vector, 1.0)
        self.next += 1
        self.all[cluster.id] = cluster
        self._hold(cluster)
        self.index.put(islice(vector, _KEYS), cluster.id)
        return cluster.id

    def leave(self, cluster: Cluster, vectors: Iterable[Vector]) -> None:
        """Begin the centroid anew from these posts; how many are of it stays."""
        keep, newest = cluster.size, cluster.newest
        self.index.take_out(self._opened(cluster), cluster.id)
        cluster.put({}, 0.0)
        for vector in vectors:
            self.join(cluster, vector, newest)
        cluster.size = keep

    def restore(self, cluster: Cluster, *, found: bool = True) -> None:
        """Take up a cluster that was saved; not ``found``: the index is taken up, too."""
        self.all[cluster.id] = cluster
        self.next = max(self.next, cluster.id + 1)
        if found:
            self.index.put(heaviest(cluster.terms, _FOUND_BY), cluster.id)

    def join(self, cluster: Cluster, vector: Vector, at: float) -> None:
        """Let the post move the centroid."""
        terms, square = self._opened(cluster), cluster.square
        for term, weight in vector.items():
            before = terms.get(term, 0.0)
            terms[term] = before + weight
            square += weight * (2.0 * before + weight)
        cluster.put(terms, square)
        cluster.size += 1
        cluster.newest = max(cluster.newest, at)
        if len(terms) > 2 * KEPT:
            self._trim(cluster, terms)
        self.index.put([term for term in islice(vector, _KEYS) if term in terms], cluster.id)

    def nearest(self, vector: Vector, at: float, but: int = -1) -> tuple[float, int] | None:
        """The nearest cluster within the window with its cosine; ``but`` is passed over."""
        shared = Counter(chain.from_iterable(self.index.of(islice(vector, _KEYS))))
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
            terms = cluster.open or self._opened(cluster)
            near = cosine(vector, terms, cluster.square)
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

    def unite(self, other: Cluster, one: Cluster) -> None:
        """Put the second cluster into the first."""
        gone, terms = one.terms, self._opened(other)
        keys = heaviest(gone, _FOUND_BY)
        for term, weight in gone.items():
            terms[term] = terms.get(term, 0.0) + weight
        other.put(terms, sum([weight * weight for weight in terms.values()]))
        other.size += one.size
        other.newest = max(other.newest, one.newest)
        if len(terms) > 2 * KEPT:
            self._trim(other, terms)
        self.drop(one)
        self.index.put([term for term in keys if term in terms], other.id)

    def drop(self, cluster: Cluster) -> None:
        """Forget a cluster."""
        del self.all[cluster.id]
        self.dropped.append(cluster.id)
        self.index.take_out(cluster.terms, cluster.id)

    def _opened(self, cluster: Cluster) -> Vector:
        """Its terms as a table, until others were opened."""
        if cluster.open is not None:
            return cluster.open
        self._hold(cluster)
        return cluster.unpack()

    def _hold(self, cluster: Cluster) -> None:
        """Let this one be open; those that were opened first are packed."""
        self._open.append(cluster)
        if len(self._open) > _OPEN:
            for one in self._open[: _OPEN // 2]:
                one.rest()
            del self._open[: _OPEN // 2]

    def _trim(self, cluster: Cluster, terms: Vector) -> None:
        """Cut its terms down, in place."""
        kept = set(heaviest(terms, KEPT))
        gone = [term for term in terms if term not in kept]
        self.index.take_out(gone, cluster.id)
        for term in gone:
            del terms[term]
        cluster.put(terms, sum([weight * weight for weight in terms.values()]))

    def bound(self, several: int) -> None:
        """Let the idlest of the clusters of two posts or more go, beyond so many, and some more.

        An index that has become too large is made anew of the heaviest terms.
        """
        those = [one for one in self.all.values() if one.size > 1]
        if len(those) > several:
            those.sort(key=lambda cluster: (cluster.newest, cluster.size))
            for cluster in those[: len(those) - several + several // 10]:
                self.drop(cluster)
        if len(self.index) > _INDEXED:
            self.index.begin_anew()
            for cluster in self.all.values():
                self.index.put(heaviest(cluster.terms, _FOUND_BY), cluster.id)

    def _let_go(self) -> None:
        """A tenth goes: the idlest of one post, then the idlest."""
        order = sorted(self.all.values(), key=lambda one: (one.size > 1, one.newest, one.size))
        for cluster in order[: max(1, self.limit // 10)]:
            self.drop(cluster)
        self.index.tidy()


def _unit(cluster: Cluster) -> Vector:
    terms, length = cluster.terms, sqrt(cluster.square) or 1.0
    return {term: terms[term] / length for term in heaviest(terms, len(terms))}


def _end(one: int, into: Mapping[int, int]) -> int:
    while one in into:
        one = into[one]
    return one
