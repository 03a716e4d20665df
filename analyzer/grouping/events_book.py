"""All events that are under way: posts come in, people's decisions hold, all of it bounded.

Pure: no clock, no database. A post is counted once by its id; a text that was seen joins its event
without being cut into words again, so that copies are heat and cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice

from analyzer.grouping.events_clusters import Clusters
from analyzer.grouping.events_features import AT_ONCE, terms_of
from analyzer.grouping.events_record import Place, Record, Unsaved, instant_of, key_of, name, shown
from analyzer.grouping.events_vectors import Frequencies, Vector
from posts.model import Post

WINDOW_S = 7 * 86_400.0
"""An event that no post joined for so long is over; a later post begins another."""

_EVENTS = 12_000
_PLACES = 100_000
_TERMS = 200_000
_LEAST = 2_000
_MOVES = 10_000


class Book:
    """The events. ``changed`` has the clusters to be written anew, ``absorbed`` (gone, into) keys.

    ``settled`` are keys of events that people dismissed or opened an incident from.
    """

    def __init__(self) -> None:
        self.records: dict[int, Record] = {}
        self.changed: set[int] = set()
        self.absorbed: list[tuple[str, str]] = []
        self.settled: set[str] = set()
        self.unsaved = Unsaved()
        self.clusters = Clusters[str](window=WINDOW_S, limit=_EVENTS)
        self.frequencies = Frequencies(_TERMS, least=_LEAST)
        self.places: dict[str, Place] = {}
        self._texts: dict[int, int] = {}
        self.apart: set[tuple[str, str]] = set()
        self._barred: dict[str, set[str]] = {}
        self._moved: dict[int, int] = {}
        self._grown: set[int] = set()
        self._linked: dict[str, set[str]] = {}
        self._to_link: list[str] = []

    def read(self, posts: Sequence[Post]) -> None:
        """Count posts, or what their sources show of those that were counted."""
        for begin in range(0, len(posts), AT_ONCE):
            some = posts[begin : begin + AT_ONCE]
            texts = [hash((post.title, post.text)) for post in some]
            vectors = self._vectors(some, texts)
            for post, same in zip(some, texts, strict=True):
                self._read(post, same, vectors.get(same))
                self._bound()

    def _read(self, post: Post, same: int, vector: Vector | None) -> None:
        beside = shown(post.engagement)
        place = self.places.get(post.id)
        if place is not None:
            self._show_again(post.id, place, beside)
            return
        at = instant_of(post)
        cluster = self._copied(post, same, at)
        copy = cluster >= 0
        if not copy:
            if vector is None:
                vector = self._vectors([post], [same])[same]
            if not vector:
                return
            cluster = self._join(post.id, vector, at)
            self._texts[same] = cluster
        record = self.records.get(cluster)
        if record is None:
            record = Record(key=key_of(post.id), first_post=post.id, first_at=at, newest=at)
            self.records[cluster] = record
            self.apart |= {(key, record.key) for key in self._barred.get(post.id, ())}
            if record.key in self._linked:
                self._to_link.append(record.key)
        record.pending.append((post.id, at, post.source))
        record.count(post.id, at, post.source, beside, copy=copy)
        if vector and not copy:
            record.keep(post.id, vector)
        centroid = self.clusters.all[cluster]
        centroid.newest = max(centroid.newest, at)
        self.places[post.id] = Place(cluster, beside)
        self._grown.add(cluster)
        self._touch(cluster, post.id)

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
        self._bound()

    def event_of(self, post: str) -> str:
        """The key of the event that the post is of; "" where it is of none."""
        place = self.places.get(post)
        record = None if place is None else self.records.get(self._here(place.cluster))
        return "" if record is None else record.key

    def name_of(self, key: str) -> str:
        """A readable name of that event; "" where it is not under way."""
        found = (record for record in self.records.values() if record.key == key)
        return next((name(record.words()) for record in found), "")

    def posts(self) -> dict[str, int]:
        """All posts that are known, with their cluster."""
        return {post: self._here(place.cluster) for post, place in self.places.items()}

    def moves(self, moved: Mapping[int, int]) -> None:
        """Clusters went into others while the book was read from what was saved."""
        self._moved.update(moved)

    def settle(self) -> None:
        """The book was read: each place is where its post ended."""
        self._resolve()
        places = self.places.items()
        self.places = {post: place for post, place in places if place.cluster in self.records}
        self.clusters.dropped.clear()

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
        hour_of = self.clusters.all[cluster].newest
        record.posts = max(0, record.posts - 1)
        record.show([0, 0, 0, 0], place.shown)
        if record.first_post == post:
            record.first_post = next(iter(record.vectors), "")
        self._texts = {same: one for same, one in self._texts.items() if one != cluster}
        self._touch(cluster, post)
        self.clusters.leave(self.clusters.all[cluster], record.vectors.values())
        place.cluster = -1
        if vector is not None:
            own = self.clusters.begin(vector, hour_of)
            fresh = Record(key=key_of(post), first_post=post, first_at=hour_of, newest=hour_of)
            fresh.count(post, hour_of, place_source, place.shown, copy=False)
            fresh.keep(post, vector)
            fresh.pending.append((post, hour_of, place_source))
            if fresh.key == key:
                fresh.key = key_of(post + "\x1f拆出")
            self.records[own] = fresh
            self.apart.add((key, fresh.key))
            place.cluster = own
            self._touch(own, post)

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
            record.vectors.pop(post, None)
            record.pending = [one for one in record.pending if one[0] != post]
            if record.first_post == post:
                record.first_post = ""
            if record.vectors:
                self.clusters.leave(self.clusters.all[cluster], record.vectors.values())
                self.changed.add(cluster)
            else:
                self.clusters.drop(self.clusters.all[cluster])
        self._bound()
        self.unsaved.whole = self.unsaved.whole or found
        return found

    def _vectors(self, posts: Sequence[Post], texts: Sequence[int]) -> dict[int, Vector]:
        """The vectors of the texts that were not seen, each counted once, by the text's hash."""
        fresh: dict[int, Post] = {}
        for post, same in zip(posts, texts, strict=True):
            if post.id in self.places or same in fresh:
                continue
            if self._copied(post, same, instant_of(post)) < 0:
                fresh[same] = post
        if not fresh:
            return {}
        terms = terms_of([(post.title, post.text) for post in fresh.values()])
        self.frequencies.add(terms)
        return dict(zip(fresh, self.frequencies.vectors(terms), strict=True))

    def _copied(self, post: Post, same: int, at: float) -> int:
        """The event that the post joins as a copy of a text; -1 where it is none."""
        cluster = self._here(self._texts.get(same, -1))
        if self._is_awake(cluster, at) and not self._is_barred(post.id, cluster):
            return cluster
        return -1

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
        self.unsaved.moved[gone] = into
        self._touch(into)
        return record.key

    def _show_again(self, post: str, place: Place, beside: list[int]) -> None:
        record = self.records.get(self._here(place.cluster))
        if record is not None and beside != place.shown:
            record.show(beside, place.shown)
            place.shown = beside
            self._touch(self._here(place.cluster), post)

    def _here(self, cluster: int) -> int:
        while self._moved and cluster in self._moved:
            cluster = self._moved[cluster]
        return cluster

    def _touch(self, cluster: int, post: str = "") -> None:
        self.changed.add(cluster)
        self.unsaved.clusters.add(cluster)
        if post:
            self.unsaved.posts[post] = None

    def _bound(self) -> None:
        if len(self.places) > _PLACES:
            for post in list(islice(self.places, _PLACES // 10)):
                del self.places[post]
        if len(self._texts) > _PLACES:
            for same in list(islice(self._texts, _PLACES // 10)):
                del self._texts[same]
        if self.clusters.dropped:
            gone = set(self.clusters.dropped)
            for one in gone:
                self.records.pop(one, None)
            self.changed -= gone
            self.unsaved.drop(gone)
            self.clusters.dropped.clear()
        if len(self._moved) > _MOVES:
            self._resolve()

    def _resolve(self) -> None:
        for place in self.places.values():
            place.cluster = self._here(place.cluster)
        self._texts = {same: self._here(one) for same, one in self._texts.items()}
        self._moved.clear()
