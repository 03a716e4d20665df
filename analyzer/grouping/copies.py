"""Near-duplicates and reposts (转载与近似) as a part of grouping: who copied what, kept in tables.

The window is loaded from its segments when the lease is gained, so that a restart or another
holder goes on with it. A save is one transaction under the lease: new members, new records of the
window, and what is too old goes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import structlog

from analyzer.grouping.copies_hashing import bands
from analyzer.grouping.copies_segments import Origin, pack, unpack, without
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
_PRUNE_EVERY = timedelta(minutes=10)
_AT_ONCE = 2_048  # posts that are compared at once: bounds memory
_LENGTH = 10_000

_log = structlog.get_logger()


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
        self._origins: list[Origin | None] = []
        self._members: dict[str, Member] = {}
        self._unsaved: list[int] = []  # numbers of records
        self._segments: list[int] = []  # the newest record of each one that is kept
        self._tail: list[int] = []  # the records of the last of them, while it is short

    def start(self, now: datetime) -> None:  # noqa: ARG002 (the form of every part)
        """Load the window as it was saved last."""
        self._reset()
        window = self._window = Window(self._size)
        self._origins = [None] * self._size
        with self._database.reading() as session:
            kept = copies.segments(session)
            gone = [
                post
                for act in erasures.pending(session)
                for post in erasures.posts(session, act.id)
            ]
        for last, body in kept:
            self._segments.append(last)
            segment = unpack(body)
            if segment is None:
                continue
            self._tail = segment.numbers
            numbers = np.array(segment.numbers, np.int64)
            slots = numbers % self._size
            window.put(slots, segment.signatures())
            window.depth[slots] = np.frombuffer(segment.depth, np.uint8)
            window.root[slots] = np.frombuffer(segment.roots, np.int32) % self._size
            for slot, origin in zip(slots.tolist(), segment.origins, strict=True):
                self._origins[slot] = origin
            window.placed = last + 1
        if gone:
            self.forget(gone)
        _log.info("copies_loaded", posts=sum(one is not None for one in self._origins))

    def refresh(self, now: datetime) -> None:
        """People change nothing here."""

    def read(self, scored: Sequence[ScoredPost], now: datetime) -> None:  # noqa: ARG002
        """Find the originals of these posts."""
        window = self._window
        if window is None:
            return
        for start in range(0, len(scored), _AT_ONCE):
            posts = [one.post for one in scored[start : start + _AT_ONCE]]
            found = window.find(sign([_said(one) for one in posts]))
            for post, slot, placed in zip(
                posts, found.slot.tolist(), found.placed.tolist(), strict=True
            ):
                if slot >= 0:
                    self._settle(post, slot, placed)
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
            segments, tail = self._put(session, now)
            while prunes and copies.prune(session, before=now - KEEP) >= _PRUNED_AT_ONCE:
                pass
        self._segments, self._tail = segments, tail
        self._members, self._unsaved = {}, []
        self._pruned = now if prunes else self._pruned

    def _put(self, session: Session, now: datetime) -> tuple[list[int], list[int]]:
        """Write the new records; returns the segments that there are then, and the open tail."""
        window, size = self._window, self._size
        segments = list(self._segments)
        if window is None or not self._unsaved:
            return segments, self._tail
        rewrites = self._unsaved[0] in self._tail  # something in it was forgotten
        goes_on = segments and (len(self._tail) < _TAIL or rewrites)
        continues = segments.pop() if goes_on else None
        numbers = [*(self._tail if continues is not None else []), *self._unsaved]
        # A slot that was placed twice since the last save holds the later record only.
        live = sorted({number % size: number for number in sorted(set(numbers))}.values())
        slots = np.array(live, np.int64) % size
        origins = [self._origins[slot] or Origin("", "", "", 0.0) for slot in slots.tolist()]
        body = pack(
            np.array(live, np.int64),
            origins,
            window.depth[slots].tobytes(),
            window.root[slots].astype(np.int32).tobytes(),
            _signed(window, slots),
        )
        copies.put_segment(session, live[-1], body, now=now, replaces=continues)
        segments.append(live[-1])
        old = [last for last in segments if last < window.placed - size]
        copies.drop_segments(session, old)
        return [last for last in segments if last not in set(old)], live

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
        gone = set(posts)
        slots = [
            slot
            for slot, one in enumerate(self._origins)
            if one is not None and one.id in gone and self._window.exact[slot]
        ]
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
    """Empty those posts in the segments that are kept; returns how many segments had some."""
    found = 0
    for last, body in copies.segments(session):
        emptied = without(body, posts)
        if emptied is not None:
            copies.put_segment(session, last, emptied, now=now)
            found += 1
    return found


_PRUNED_AT_ONCE = 1_000


def _said(post: Post) -> str:
    return f"{post.title}\n{post.text}"[:_LENGTH]


def _signed(window: Window, slots: np.typing.NDArray[np.int64]) -> Signatures:
    return Signatures(
        exact=window.exact[slots],
        length=window.length[slots].astype(np.int64),
        thin=window.thin[slots],
        keys=window.keys[slots],
        pairs=window.pairs[slots],
        triples=window.triples[slots],
        row=window.row[slots],
        tagged=window.tagged[slots],
        bands=bands(window.row[slots]),
    )
