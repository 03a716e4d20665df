"""All events that are under way: posts come in, people's decisions hold, all of it bounded.

Pure: no clock, no database. A post is counted once by its id; a text that was seen joins its event
without being cut into words again, so that copies are heat and cost next to nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from itertools import islice

from msgspec import Struct

from analyzer.grouping.events_clusters import Clusters, Frequencies, Vector
from analyzer.grouping.events_features import features
from analyzer.grouping.events_record import Record, shown
from posts.model import Post

WINDOW_S = 7 * 86_400.0
"""An event that no post joined for so long is over; a later post begins another."""

_EVENTS = 12_000
_PLACES = 100_000
_TERMS = 200_000
_LEAST = 2_000
COMMON_ENOUGH = 3
"""A term of fewer posts is forgotten with them, and is not saved as a count."""


class Place(Struct, array_like=True):
    """Where a post went, and what its source showed beside it."""

    cluster: int
    shown: list[int]


class Book:
    """The events. ``changed`` has the clusters to be written anew, ``absorbed`` (gone, into) keys.

    ``settled`` are keys of events that people dismissed or opened an incident from.
    """

    def __init__(self) -> None:
        self.records: dict[int, Record] = {}
        self.changed: set[int] = set()
        self.absorbed: list[tuple[str, str]] = []
        self.settled: set[str] = set()
        self.clusters = Clusters(window=WINDOW_S, limit=_EVENTS)
        self.frequencies = Frequencies(_TERMS, least=_LEAST)
        self.places: dict[str, Place] = {}
        self._texts: dict[int, int] = {}
        self.apart: set[tuple[str, str]] = set()
        self._barred: dict[str, set[str]] = {}
        self._moved: dict[int, int] = {}
        self._grown: set[int] = set()
        self._linked: dict[str, set[str]] = {}
        self._to_link: list[str] = []

    def read(self, post: Post) -> None:
        """Count a post, or what its source shows of one that was counted."""
        beside = shown(post.engagement)
        place = self.places.get(post.id)
        if place is not None:
            self._show_again(place, beside)
            return
        at = min(post.published_at, post.first_seen_at).timestamp()
        same = hash((post.title, post.text))
        cluster = self._here(self._texts.get(same, -1))
        copy = self._is_awake(cluster, at) and not self._is_barred(post.id, cluster)
        vector: Vector = {}
        if not copy:
            vector = self._vector(post)
            if not vector:
                return
            cluster = self._join(post.id, vector, at)
            self._texts[same] = cluster
        record = self.records.get(cluster)
        if record is None:
            record = Record(key=_key(post.id), first_post=post.id, first_at=at, newest=at)
            self.records[cluster] = record
            self.apart |= {(key, record.key) for key in self._barred.get(post.id, ())}
            if record.key in self._linked:
                self._to_link.append(record.key)
        record.pending.append((post.id, at, post.source))
        record.count(post.id, at, post.source, beside, copy=copy)
        if vector:
            record.keep(post.id, vector)
        self.clusters.all[cluster].newest = max(self.clusters.all[cluster].newest, at)
        self.places[post.id] = Place(cluster, beside)
        self.changed.add(cluster)
        self._grown.add(cluster)
        self._bound()

    def merge_near(self) -> None:
        """Join events whose centroids have come near; never what people settled or took apart."""
        for key in self._to_link:
            for other in sorted(self._linked[key]):
                self.merge(key, other)
        self._to_link.clear()
        grown = [one for one in self._grown if one in self.clusters.all]
        for gone, into in self.clusters.merged(grown, self._may_merge).items():
            key = self._take_in(gone, into)
            self.absorbed.append((key, self.records[into].key))
        self._grown.clear()

    def event_of(self, post: str) -> str:
        """The key of the event that the post is of; "" where it is of none."""
        place = self.places.get(post)
        record = None if place is None else self.records.get(self._here(place.cluster))
        return "" if record is None else record.key

    def posts(self) -> dict[str, int]:
        """All posts that are known, with their cluster."""
        return {post: self._here(place.cluster) for post, place in self.places.items()}

    # What people decide

    def merge(self, key: str, other: str) -> None:
        """The second event goes into the first, for good; nothing where one is not under way."""
        self._linked.setdefault(key, set()).add(other)
        self._linked.setdefault(other, set()).add(key)
        by_key = {record.key: cluster for cluster, record in self.records.items()}
        if key not in by_key or other not in by_key or key == other:
            return
        into, gone = by_key[key], by_key[other]
        self.clusters.unite(self.clusters.all[into], self.clusters.all[gone])
        self._take_in(gone, into)

    def take_out(self, key: str, post: str) -> None:
        """The post is not of that event, for good: it begins one of its own."""
        self._barred.setdefault(post, set()).add(key)
        place = self.places.get(post)
        cluster = -1 if place is None else self._here(place.cluster)
        record = self.records.get(cluster)
        if place is None or record is None or record.key != key:
            return
        vector = record.vectors.pop(post, None)
        record.pending = [one for one in record.pending if one[0] != post]
        place_source = next(iter(sorted(record.sources)), "")
        hour_of = record.newest if vector is None else self.clusters.all[cluster].newest
        record.posts = max(0, record.posts - 1)
        record.show([0, 0, 0, 0], place.shown)
        if record.first_post == post:
            record.first_post = next(iter(record.vectors), "")
        self._texts = {same: one for same, one in self._texts.items() if one != cluster}
        self.changed.add(cluster)
        self.clusters.leave(self.clusters.all[cluster], record.vectors.values())
        place.cluster = -1
        if vector is not None:
            own = self.clusters.begin(vector, hour_of)
            fresh = Record(key=_key(post), first_post=post, first_at=hour_of, newest=hour_of)
            fresh.count(post, hour_of, place_source, place.shown, copy=False)
            fresh.keep(post, vector)
            fresh.pending.append((post, hour_of, place_source))
            if fresh.key == key:
                fresh.key = _key(post + "\x1f拆出")
            self.records[own] = fresh
            self.apart.add((key, fresh.key))
            place.cluster = own

    def forget(self, posts: Collection[str]) -> bool:
        """Drop the words of these posts; what is left of their events is made of the others."""
        found = False
        for post in posts:
            place = self.places.pop(post, None)
            cluster = -1 if place is None else self._here(place.cluster)
            record = self.records.get(cluster)
            if record is None:
                continue
            found = True
            for term in record.vectors.pop(post, {}):
                if self.frequencies.counts.get(term, 0) < COMMON_ENOUGH:
                    self.frequencies.counts.pop(term, None)
            record.pending = [one for one in record.pending if one[0] != post]
            if record.first_post == post:
                record.first_post = ""
            if record.vectors:
                self.clusters.leave(self.clusters.all[cluster], record.vectors.values())
                self.changed.add(cluster)
            else:
                self.clusters.drop(self.clusters.all[cluster])
                del self.records[cluster]
                self.changed.discard(cluster)
        return found

    def _vector(self, post: Post) -> Vector:
        found = features(post.title, post.text)
        self.frequencies.add(list(found))
        return self.frequencies.vector(found)

    def _join(self, post: str, vector: Vector, at: float) -> int:
        cluster = self.clusters.add(vector, at)
        if not self._is_barred(post, cluster):
            return cluster
        record = self.records[cluster]
        centroid = self.clusters.all[cluster]
        centroid.size -= 1
        self.clusters.leave(centroid, record.vectors.values())
        return self.clusters.begin(vector, at)

    def _is_awake(self, cluster: int, at: float) -> bool:
        record = self.records.get(cluster)
        return record is not None and abs(at - record.newest) <= WINDOW_S

    def _is_barred(self, post: str, cluster: int) -> bool:
        barred = self._barred.get(post)
        record = self.records.get(cluster)
        return barred is not None and record is not None and record.key in barred

    def _may_merge(self, one: int, other: int) -> bool:
        first, second = self.records.get(one), self.records.get(other)
        if first is None or second is None:
            return False
        pair = {(first.key, second.key), (second.key, first.key)}
        return not (pair & self.apart or {first.key, second.key} & self.settled)

    def _take_in(self, gone: int, into: int) -> str:
        record = self.records.pop(gone)
        key = self.records[into].key
        self.records[into].take_in(record)
        self._moved[gone] = into
        for one, other in list(self.apart):  # what was apart from the one is so from both
            if record.key in {one, other}:
                self.apart.add(
                    (key if one == record.key else one, key if other == record.key else other)
                )
        self.changed.discard(gone)
        self.changed.add(into)
        return record.key

    def _show_again(self, place: Place, beside: list[int]) -> None:
        record = self.records.get(self._here(place.cluster))
        if record is not None and beside != place.shown:
            record.show(beside, place.shown)
            place.shown = beside
            self.changed.add(self._here(place.cluster))

    def _here(self, cluster: int) -> int:
        while cluster in self._moved:
            cluster = self._moved[cluster]
        return cluster

    def _bound(self) -> None:
        if len(self.places) > _PLACES:
            for post in list(islice(self.places, _PLACES // 10)):
                del self.places[post]
        if len(self._texts) > _PLACES:
            for same in list(islice(self._texts, _PLACES // 10)):
                del self._texts[same]
        if len(self.records) > _EVENTS:
            alive = self.clusters.all
            self.records = {one: kept for one, kept in self.records.items() if one in alive}
            self.changed &= alive.keys()
            places = self.places.items()
            self.places = {post: at for post, at in places if self._here(at.cluster) in alive}
            self._texts = {
                same: end for same, one in self._texts.items() if (end := self._here(one)) in alive
            }
            for place in self.places.values():
                place.cluster = self._here(place.cluster)
            self._moved.clear()


def _key(post: str) -> str:
    """The key of an event by its first post: the same post, the same key."""
    return hashlib.sha256(post.encode("utf-8", "surrogatepass")).hexdigest()[:16]
