"""Near-duplicates and reposts (转载与近似) as a part of grouping: who copied what, kept in tables.

The window is loaded from its segments when the lease is gained, so that a restart or another
holder goes on with it. A save is one transaction under the lease: new members, new records of the
window, and what is too old goes.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import structlog

from analyzer.grouping.copies_hashing import Ints
from analyzer.grouping.copies_origins import Origin, Origins
from analyzer.grouping.copies_segments import (
    Segment,
    emptied,
    empty,
    joined,
    pack,
    unpack,
    without,
)
from analyzer.grouping.copies_text import Signatures, sign
from analyzer.grouping.copies_window import WINDOW, Window
from posts.errors import RetryError
from posts.model import Post, ScoredPost, Signal
from registry import copies, erasures, lease
from registry.copies import Member
from registry.db import Database, Session

KEEP = timedelta(days=60)
"""A group goes so long after its newest copy was published."""

_LEASE = "grouping"
_TAIL = 128
"""The last segment is written anew until it has so many records: a slow flow makes few rows."""
_PRUNED_AT_ONCE = 1_000
_PRUNE_EVERY = timedelta(minutes=10)
_AT_ONCE, _CHARACTERS = 512, 1 << 18  # posts that are compared at once
_LENGTH = 10_000

_log = structlog.get_logger()

_Kept = tuple[list[int], list[int], tuple[Ints, Signatures]]
"""The segments, the records of the last one, and its slots and signatures."""


class Copies:
    """A part (see parts.py): finds the original of each post, and counts its copies.

    ``holder`` is who must hold the lease of grouping when something is written; None in tools.
    """

    name = "copies"

    def __init__(self, database: Database, holder: str | None, *, size: int = WINDOW) -> None:
        self._database = database
        self._holder = holder
        self._size = size
        self._pruned: datetime | None = None
        self._reset()

    def _reset(self) -> None:
        self._window: Window | None = None
        self._origins = Origins(self._size)
        self._members: dict[str, Member] = {}
        self._unsaved: list[int] = []  # numbers of records
        self._signed: list[tuple[Ints, Signatures]] = []  # slots, and what was placed there lately
        self._segments: list[int] = []  # the newest record of each one that is kept
        self._tail: list[int] = []  # the records of the last of them, while it is short

    def start(self, now: datetime) -> None:  # noqa: ARG002 (the form of every part)
        """Load the window as it was saved last, segment by segment."""
        self._reset()
        window = self._window = Window(self._size)
        posts = 0
        with self._database.reading() as session:
            for last in copies.segment_numbers(session):
                self._segments.append(last)
                window.placed = last + 1
                segment = unpack(copies.segment(session, last) or b"")
                self._tail = [] if segment is None else segment.numbers
                self._signed = []
                if segment is not None:
                    self._load(window, segment)
                    posts += len(segment.numbers)
            gone = [
                post
                for act in erasures.pending(session)
                for post in erasures.posts(session, act.id)
            ]
        if gone:
            self.forget(gone)
        _log.info("copies_loaded", posts=min(posts, self._size))

    def _load(self, window: Window, segment: Segment) -> None:
        slots = np.array(segment.numbers, np.int64) % self._size
        signed = segment.signatures()
        window.put(slots, signed)
        window.depth[slots] = np.frombuffer(segment.depth, np.uint8)
        window.root[slots] = np.frombuffer(segment.roots, np.int32) % self._size
        for slot, origin in zip(slots.tolist(), segment.origins, strict=True):
            self._origins[slot] = origin
        self._signed = [(slots, signed)]

    def refresh(self, now: datetime) -> None:
        """People change nothing here."""

    def read(self, scored: Sequence[ScoredPost], now: datetime) -> None:  # noqa: ARG002
        """Find the originals of these posts."""
        window = self._window
        if window is None:
            return
        for posts, said in _some_at_once(scored):
            signed = sign(said)
            found = window.find(signed)
            for post, slot, placed in zip(
                posts, found.slot.tolist(), found.placed.tolist(), strict=True
            ):
                if slot >= 0:
                    self._settle(post, slot, placed)
            new = np.flatnonzero(found.placed >= 0)
            self._signed.append((found.placed[new], signed.take(new)))
            self._unsaved += found.records.tolist()

    def _settle(self, post: Post, slot: int, placed: int) -> None:
        """Count the post if it is a copy; with the first one the original is counted too."""
        at = min(post.published_at, post.first_seen_at)
        like = self._origins[slot] if slot != placed else None
        if like is None:
            like = Origin(post.id, post.id, post.source, at.timestamp())
        elif like.group != post.id:
            first = datetime.fromtimestamp(like.at, UTC)
            self._members.setdefault(like.group, Member(like.group, like.group, like.source, first))
            self._members[post.id] = Member(post.id, like.group, post.source, at)
        if placed >= 0:
            self._origins[placed] = Origin(post.id, like.group, like.source, like.at)

    def tell(self, now: datetime, *, caught_up: bool) -> list[Signal]:  # noqa: ARG002
        """Copies are no matter of their own."""
        return []

    def save(self, now: datetime) -> None:
        """Members and window in one transaction. Raises RetryError where the lease was lost."""
        prunes = self._pruned is None or now - self._pruned >= _PRUNE_EVERY
        if not (self._members or self._unsaved or prunes):
            return
        with self._database.transaction() as session:
            if self._holder is not None:
                holder = lease.holder(session, _LEASE, now=now)
                if holder != self._holder:
                    raise RetryError(f"the lease {_LEASE} was lost; its new holder goes on")
            copies.record(session, self._members.values())
            kept = self._put(session, now)
            while prunes and copies.prune(session, before=now - KEEP) >= _PRUNED_AT_ONCE:
                pass
        self._members = {}
        if kept is not None:
            self._segments, self._tail, signed = kept
            self._unsaved, self._signed = [], [signed]
        self._pruned = now if prunes else self._pruned

    def _put(self, session: Session, now: datetime) -> _Kept | None:
        """Write the new records; returns what is kept then, None where nothing was new."""
        window, size = self._window, self._size
        if window is None or not self._unsaved:
            return None
        segments = list(self._segments)
        rewrites = self._unsaved[0] in self._tail  # something in it was forgotten
        goes_on = segments and (len(self._tail) < _TAIL or rewrites)
        continues = segments.pop() if goes_on else None
        numbers = [*(self._tail if continues is not None else []), *self._unsaved]
        # A slot that was placed twice since the last save holds the later record only.
        live = sorted({number % size: number for number in sorted(set(numbers))}.values())
        slots = np.array(live, np.int64) % size
        origins = [self._origins[slot] or Origin("", "", "", 0.0) for slot in slots.tolist()]
        signed = emptied(self._signatures(session, live), window.exact[slots] == 0)
        body = pack(
            np.array(live, np.int64),
            origins,
            window.depth[slots].tobytes(),
            window.root[slots].astype(np.int32).tobytes(),
            signed,
        )
        copies.put_segment(session, live[-1], body, now=now, replaces=continues)
        segments.append(live[-1])
        old = {last for last in segments if last < window.placed - size}
        copies.drop_segments(session, sorted(old))
        return [last for last in segments if last not in old], live, (slots, signed)

    def _signatures(self, session: Session, live: list[int]) -> Signatures:
        """What stands at these records.

        Of those with a second chance the keys are read from the segments: in memory there are none.
        """
        size = self._size
        at: dict[int, int] = {}
        every = [empty(1)]
        rows = 1
        for slots, signed in self._signed:
            at.update(zip(slots.tolist(), range(rows, rows + len(slots)), strict=True))
            rows += len(slots)
            every.append(signed)
        again: dict[int, list[int]] = {}  # by segment the records that they had before
        for number in live:
            if number % size not in at:
                where = bisect_left(self._segments, number - size)
                again.setdefault(where, []).append(number - size)
        for where, numbers in again.items():
            body = (
                copies.segment(session, self._segments[where])
                if where < len(self._segments)
                else None
            )
            segment = unpack(body) if body is not None else None
            if segment is None:
                continue
            place = {number: row for row, number in enumerate(segment.numbers)}
            wanted = [number for number in numbers if number in place]
            at.update((number % size, rows + row) for row, number in enumerate(wanted))
            rows += len(wanted)
            every.append(
                segment.signatures().take(np.array([place[one] for one in wanted], np.int64))
            )
        return joined(every).take(np.array([at.get(number % size, 0) for number in live], np.int64))

    def held(self) -> Iterable[str]:
        """None by the worker's look at the start: this part looks by itself, at fewer posts."""
        return ()

    def forget(self, posts: Collection[str]) -> bool:
        """Nothing is found to be a copy of these posts any more; their ids stay counted.

        The segments that hold them are emptied by :func:`forget_stored`; here only the last one,
        which would be written again.
        """
        if self._window is None:
            return False
        slots = [slot for slot in self._origins.slots_of(posts) if self._window.exact[slot]]
        if not slots:
            return False
        self._window.clear(np.array(slots, np.int64))
        tail = {number % self._size for number in self._tail}
        if tail.intersection(slots):
            self._unsaved = self._tail + self._unsaved
        return True

    def close(self) -> None:
        """Nothing is open."""


def forget_stored(session: Session, posts: Collection[str], *, now: datetime) -> int:
    """Empty those posts in the segments that are kept; returns how many segments had some.

    One that can't be read may hold them, and goes.
    """
    found = 0
    for last in copies.segment_numbers(session):
        segment = unpack(copies.segment(session, last) or b"")
        body = without(segment, posts) if segment is not None else None
        if segment is None:
            copies.drop_segments(session, [last])
        elif body is not None:
            copies.put_segment(session, last, body, now=now)
        found += segment is None or body is not None
    return found


def _some_at_once(scored: Sequence[ScoredPost]) -> Iterator[tuple[list[Post], list[str]]]:
    """The posts and what they say, so many or so long at once: bounds memory."""
    posts: list[Post] = []
    said: list[str] = []
    characters = 0
    for one in scored:
        posts.append(one.post)
        said.append(_said(one.post))
        characters += len(said[-1])
        if len(posts) >= _AT_ONCE or characters >= _CHARACTERS:
            yield posts, said
            posts, said, characters = [], [], 0
    if posts:
        yield posts, said


def _said(post: Post) -> str:
    return f"{post.title}\n{post.text}"[:_LENGTH]
