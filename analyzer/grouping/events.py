"""Events as a part of grouping (see parts.py): candidates with name, heat, curve and posts.

It tells no signals: a candidate is shown, and a person decides. What people decided (together,
apart, no event) is read from the registry before posts are, and holds from then on.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import structlog

from analyzer.grouping.events_book import Book
from analyzer.grouping.events_record import Record, name
from analyzer.grouping.events_saving import Keeper, decode, encode
from analyzer.grouping.heat import heat
from analyzer.grouping.memory import Store, large_goes_back
from posts.errors import RetryError
from posts.model import ScoredPost, Signal
from registry import events
from registry.db import Database
from registry.errors import UnavailableError

LEAST = 3
"""From so many posts on, copies too, an event is a candidate that people see."""

KEPT = timedelta(days=60)
"""Candidates that nobody decided on are let go after so long a sleep."""

_WRITTEN_AT_ONCE = 200
_WAITING = 16  # posts of a candidate that wait for their place in the tables
_MOVES = 10_000
_PRUNE_AFTER = timedelta(hours=1)
_log = structlog.get_logger()


class Events:
    """The part. Its book is in ``store``, what people see in the tables of the registry."""

    name = "events"

    def __init__(self, database: Database, store: Store) -> None:
        self._database, self._store = database, store
        self._keeper = Keeper(store)
        self._book = Book()
        self._decided = 0
        self._read_since_save = False
        self._pruned: datetime | None = None
        self._moved: list[tuple[str, str]] = []

    def start(self, now: datetime) -> None:
        """As the protocol says; what can't be read begins anew."""
        large_goes_back()
        self._keeper = Keeper(self._store)
        book = self._keeper.load()
        if book is None:
            _log.warning("events_state_unreadable", at=now.isoformat())
        self._book = Book() if book is None else book
        self._decided = 0
        self._moved = []
        self._read_since_save = False

    def refresh(self, now: datetime) -> None:  # noqa: ARG002 (the form of every part)
        """Follow what people decided."""
        with self._database.reading() as session:
            fresh = events.decisions(session, self._decided)
            self._book.settled = events.settled(session)
        for one in fresh:
            if one.kind == events.MERGE:
                self._book.merge(one.event, one.subject)
                self._moved.append((one.subject, one.event))
            else:
                self._book.take_out(one.event, one.subject)
            self._decided = one.id
            self._read_since_save = True

    def read(self, scored: Sequence[ScoredPost], now: datetime) -> None:  # noqa: ARG002
        """Each post joins an event or begins one."""
        self._book.read([one.post for one in scored])
        self._read_since_save = True

    def tell(self, now: datetime, *, caught_up: bool) -> list[Signal]:  # noqa: ARG002
        """Nothing: a candidate is no alert."""
        return []

    def save(self, now: datetime) -> None:
        """Write candidates that changed, then what changed of the book.

        At once these are the 200 newest, and those of which 16 posts or more wait.
        """
        if not self._read_since_save and not self._book.changed:
            return
        book = self._book
        book.merge_near()
        due = [one for one in book.changed if self._is_candidate(one)]
        due.sort(key=lambda one: book.records[one].newest)
        later = due[:-_WRITTEN_AT_ONCE]
        due = due[-_WRITTEN_AT_ONCE:]
        due += [one for one in later if len(book.grown(one).pending) >= _WAITING]
        found = [candidate(book.grown(one), now) for one in due]
        members = [
            events.Member(post, book.records[one].key, datetime.fromtimestamp(at, UTC), source)
            for one in due
            for post, at, source in book.grown(one).pending
        ]
        if found or book.absorbed:
            try:
                with self._database.transaction() as session:
                    events.put(session, found, members, now=now)
                    events.absorb(session, book.absorbed, now=now)
                    if self._pruned is None or now - self._pruned >= _PRUNE_AFTER:
                        events.prune(session, now - KEPT)
                        self._pruned = now
            except UnavailableError as error:
                raise RetryError(f"events can't be written: {error}") from error
        for one in due:
            book.grown(one).pending.clear()
        self._moved = [*self._moved, *book.absorbed][-_MOVES:]
        book.absorbed.clear()
        small = {one for one in book.changed if not self._is_candidate(one)}
        book.changed -= small | set(due)
        self._keeper.save(book)
        self._read_since_save = False

    def held(self) -> Iterable[str]:
        """All posts whose words may be in a centroid."""
        return list(self._book.posts())

    def forget(self, posts: Collection[str]) -> bool:
        """Drop their words here and in the tables; names are made anew from the other posts."""
        found = self._book.forget(posts)
        with self._database.transaction() as session:
            events.forget(session, posts)
        self._read_since_save = self._read_since_save or found
        return found

    def close(self) -> None:
        """Nothing is open."""

    def event_of(self, post: str) -> str:
        """The key of the event that the post is of, as far as is read; "" where of none."""
        return self._book.event_of(post)

    def name_of(self, event: str) -> str:
        """A readable name of the event of that key; "" where it is not under way."""
        return self._book.name_of(event)

    def moved(self) -> list[tuple[str, str]]:
        """Events that went into others since the last call: (gone, into)."""
        found, self._moved = self._moved, []
        return found

    def _is_candidate(self, cluster: int) -> bool:
        record = self._book.records.get(cluster)
        return isinstance(record, Record) and record.posts + record.copies >= LEAST


def candidate(record: Record, now: datetime) -> events.Candidate:
    """The record as people see it."""
    words = record.words()
    counts = record.counts()
    found = heat(counts, now)
    return events.Candidate(
        key=record.key,
        name=name(words),
        heat=found.value,
        heat_version=found.version,
        first_at=datetime.fromtimestamp(record.first_at, UTC),
        newest_at=counts.newest,
        body={
            "words": words,
            "first_post": record.first_post,
            "posts": counts.posts,
            "copies": counts.copies,
            "sources": counts.sources,
            "reposts": counts.reposts,
            "comments": counts.comments,
            "likes": counts.likes,
            "reads": counts.reads,
            "hours": {str(hour): n for hour, n in sorted(counts.hours.items())},
        },
    )


def forget(store: Store, posts: Collection[str]) -> None:
    """Drop the words of these posts from the book of a grouping that is not running."""
    book = decode(store.load())
    if book is not None and book.forget(posts):
        store.save(encode(book))
