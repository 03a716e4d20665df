"""All events that are under way: posts come in, people's decisions hold, all of it bounded.

Pure: no clock, no database. A post is counted once by its id; a text that was seen joins its event
without being cut into words again, so that copies are heat and cost next to nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence

from analyzer.grouping.events_features import AT_ONCE, terms_of
from analyzer.grouping.events_record import Alone, Place, instant_of, key_of, shown
from analyzer.grouping.events_state import SEVERAL, State
from analyzer.grouping.events_texts import same
from analyzer.grouping.events_vectors import Said, Vector
from posts.model import Post

_NO_WORDS: tuple[Vector, Said] = ({}, Said("", b""))


class Book(State):
    """The state with what changes it: posts that are read, and decisions of people."""

    def read(self, posts: Sequence[Post]) -> None:
        """Count posts, or what their sources show of those that were counted."""
        for begin in range(0, len(posts), AT_ONCE):
            some = posts[begin : begin + AT_ONCE]
            texts = [same(post.title, post.text) for post in some]
            vectors = self._vectors(some, texts)
            for post, text in zip(some, texts, strict=True):
                self._read(post, text, vectors.get(text))
                self._bound()

    def _read(self, post: Post, text: int, found: tuple[Vector, Said] | None) -> None:
        beside = shown(post.engagement)
        place = self.places.get(post.id)
        if place is not None:
            self._show_again(post.id, place, beside)
            return
        at, source = instant_of(post), sys.intern(post.source)
        cluster = self._copied(post, text, at)
        copy = cluster >= 0
        vector, said = found or _NO_WORDS
        if not copy:
            if found is None:
                vector, said = self._vectors([post], [text])[text]
            if not vector:
                return
            cluster = self._join(post.id, vector, at)
            self.texts.put(text, cluster)
        if cluster in self.records:
            record = self.grown(cluster)
            record.tell(post.id, at, source)
            record.count(post.id, at, source, beside, copy=copy)
            if not copy:
                record.keep(post.id, said, source)
        else:
            self._begin(cluster, Alone(key_of(post.id), post.id, at, source, beside, said))
        centroid = self.clusters.all[cluster]
        centroid.newest = max(centroid.newest, at)
        self.places[post.id] = Place(cluster, beside)
        self._grown.add(cluster)
        self._touch(cluster, post.id)

    def _begin(self, cluster: int, alone: Alone) -> None:
        self.records[cluster] = alone
        if self._barred:
            self.apart |= {(key, alone.key) for key in self._barred.get(alone.post, ())}
        if self._linked and alone.key in self._linked:
            self._to_link.append(alone.key)

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
        self.clusters.bound(SEVERAL)
        self._bound()

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
        if place is None or cluster not in self.records or self.records[cluster].key != key:
            return
        record = self.grown(cluster)
        said = record.vectors.pop(post, None)
        record.pending = [one for one in record.pending if one[0] != post]
        hour_of = self.clusters.all[cluster].newest
        record.posts = max(0, record.posts - 1)
        record.show(b"", place.shown)
        if record.first_post == post:
            record.first_post = next(iter(record.vectors), "")
        self.texts.forget(cluster)
        self._touch(cluster, post)
        self._leave(cluster, record)
        place.cluster = -1
        if said is not None:
            own = self.clusters.begin(said.vector(), hour_of)
            fresh = key_of(post) if key_of(post) != key else key_of(post + "\x1f拆出")
            self.records[own] = Alone(fresh, post, hour_of, said.source, place.shown, said)
            self.apart.add((key, fresh))
            place.cluster = own
            self._touch(own, post)

    def forget(self, posts: Collection[str]) -> bool:
        """Drop the words of these posts; what is left of their events is made of the others."""
        found = False
        known = self.posts()
        for post in posts:
            self.places.pop(post, None)
            cluster = known.get(post, -1)
            if cluster not in self.records:
                continue
            found = True
            record = self.grown(cluster)
            record.vectors.pop(post, None)
            record.pending = [one for one in record.pending if one[0] != post]
            if record.first_post == post:
                record.first_post = ""
            self.texts.forget(cluster)
            if record.vectors:
                self._leave(cluster, record)
                self.changed.add(cluster)
            else:
                self.clusters.drop(self.clusters.all[cluster])
        self._bound()
        self.unsaved.whole = self.unsaved.whole or found
        return found

    def _vectors(
        self, posts: Sequence[Post], texts: Sequence[int]
    ) -> dict[int, tuple[Vector, Said]]:
        """The vectors of the texts that were not seen, each counted once, by the text's hash."""
        fresh: dict[int, Post] = {}
        for post, text in zip(posts, texts, strict=True):
            if post.id in self.places or text in fresh:
                continue
            if self._copied(post, text, instant_of(post)) < 0:
                fresh[text] = post
        if not fresh:
            return {}
        terms = terms_of([(post.title, post.text) for post in fresh.values()])
        self.frequencies.add(terms)
        return dict(zip(fresh, self.frequencies.vectors(terms), strict=True))

    def _copied(self, post: Post, text: int, at: float) -> int:
        """The event that the post joins as a copy of a text; -1 where it is none."""
        cluster = self._here(self.texts.get(text))
        if self._is_awake(cluster, at) and not self._is_barred(post.id, cluster):
            return cluster
        return -1

    def _join(self, post: str, vector: Vector, at: float) -> int:
        cluster = self.clusters.add(vector, at)
        if not self._is_barred(post, cluster):
            return cluster
        self.clusters.all[cluster].size -= 1
        self._leave(cluster, self.grown(cluster))
        return self.clusters.begin(vector, at)

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

    def _show_again(self, post: str, place: Place, beside: bytes) -> None:
        record = self.records.get(self._here(place.cluster))
        if record is not None and beside != place.shown:
            record.show(beside, place.shown)
            place.shown = beside
            self._touch(self._here(place.cluster), post)
