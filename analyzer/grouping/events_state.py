"""What is held of the events under way, all of it bounded, and how two of them become one."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from typing import cast

from analyzer.grouping.events_clusters import Clusters
from analyzer.grouping.events_index import OfAny
from analyzer.grouping.events_record import Alone, Place, Record, Unsaved, name
from analyzer.grouping.events_texts import Texts
from analyzer.grouping.events_vectors import Frequencies

WINDOW_S = 7 * 86_400.0
"""An event that no post joined for so long is over; a later post begins another."""

SEVERAL = 4_000
"""So many events of two posts or more are awake, the newest; a week of 80,000 posts has 2,500."""

_EVENTS = 12_000
_PLACES = 80_000
_TERMS = 200_000
_LEAST = 2_000
_MOVES = 10_000


class State:
    """The events. ``changed`` has the clusters to be written anew, ``absorbed`` (gone, into) keys.

    ``settled`` are keys of events that people dismissed or opened an incident from.
    """

    def __init__(self) -> None:
        self.records: dict[int, Record | Alone] = {}
        self.changed: set[int] = set()
        self.absorbed: list[tuple[str, str]] = []
        self.settled: set[str] = set()
        self.unsaved = Unsaved()
        self.clusters = Clusters(window=WINDOW_S, limit=_EVENTS)
        self.frequencies = Frequencies(_TERMS, least=_LEAST)
        self.places: dict[str, Place] = {}
        self.texts = Texts()
        self.apart: set[tuple[str, str]] = set()
        self._barred: dict[str, set[str]] = {}
        self._moved: dict[int, int] = {}
        self._grown: set[int] = set()
        self._linked: dict[str, set[str]] = {}
        self._to_link: list[str] = []

    @property
    def index(self) -> OfAny:
        """Which clusters a term leads to."""
        return cast("OfAny", self.clusters.index)

    def grown(self, cluster: int) -> Record:
        """The record of an event, from now on one that can grow."""
        record = self.records[cluster]
        if isinstance(record, Alone):
            record = self.records[cluster] = record.record()
        return record

    def event_of(self, post: str) -> str:
        """The key of the event that the post is of; "" where it is of none."""
        place = self.places.get(post)
        record = None if place is None else self.records.get(self._here(place.cluster))
        return "" if record is None else record.key

    def name_of(self, key: str) -> str:
        """A readable name of that event; "" where it is not under way."""
        record = next((one for one in self.records.values() if one.key == key), None)
        if isinstance(record, Alone):
            record = record.record()
        return "" if record is None else name(record.words())

    def place(self, post: str) -> Place | None:
        """Where the post is now, if it would not be counted again."""
        place = self.places.get(post)
        return None if place is None else Place(self._here(place.cluster), place.shown)

    def posts(self) -> dict[str, int]:
        """All posts of which an id or words are held, with their cluster."""
        said = {
            post: cluster
            for cluster, record in self.records.items()
            for post in ((record.post,) if isinstance(record, Alone) else record.vectors)
        }
        return said | {post: self._here(place.cluster) for post, place in self.places.items()}

    def moves(self, moved: Mapping[int, int]) -> None:
        """Clusters went into others while the book was read from what was saved."""
        self._moved.update(moved)

    def settle(self) -> None:
        """The book was read: each place is where its post ended."""
        self.resolve()
        places = self.places.items()
        self.places = {post: place for post, place in places if place.cluster in self.records}
        self.clusters.dropped.clear()

    def _leave(self, cluster: int, record: Record) -> None:
        vectors = [said.vector() for said in record.vectors.values()]
        self.clusters.leave(self.clusters.all[cluster], vectors)

    def _is_awake(self, cluster: int, at: float) -> bool:
        record = self.records.get(cluster)
        return record is not None and abs(at - record.newest) <= WINDOW_S

    def _take_in(self, gone: int, into: int) -> str:
        record, larger = self.grown(gone), self.grown(into)
        del self.records[gone]
        key = larger.key
        larger.take_in(record)
        self._moved[gone] = into
        parted = {pair for pair in self.apart if record.key in pair}
        if parted:  # what was apart from the one is so from both, and the one is no more
            self.apart -= parted
            both = {tuple(key if one == record.key else one for one in pair) for pair in parted}
            self.apart |= {(one, other) for one, other in both if one != other}
        self.changed.discard(gone)
        self.unsaved.moved[gone] = into
        self._touch(into)
        return record.key

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
        if self.clusters.dropped:
            gone = set(self.clusters.dropped)
            for one in gone:
                self.records.pop(one, None)
            self.changed -= gone
            self.unsaved.drop(gone)
            self.clusters.dropped.clear()
        if len(self._moved) > _MOVES:
            self.resolve()

    def resolve(self) -> None:
        """Let each place and text be of the cluster into which its own went."""
        for place in self.places.values():
            place.cluster = self._here(place.cluster)
        self.texts.move(self._here)
        self._moved.clear()
