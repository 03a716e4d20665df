"""What a part of grouping is: it sees the scored posts, remembers, and may tell signals.

The worker (worker.py) holds the lease, reads, and calls each part in the order in which they were
given. A step is: ``refresh`` (every two seconds), ``read``, ``tell``, append the signals, ``save``,
commit. So after a crash, a failed append or a failed save a part sees posts again that it has
counted: it counts a post once, by its id. A part keeps its state in a Store (memory.py) or in
tables of its own, bounded; whoever holds the lease next goes on from there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

from posts.model import ScoredPost, Signal


class Part(Protocol):
    """A part of grouping. Only RetryError may leave it: then the step is tried again."""

    name: str
    """Short and fixed: for log lines, and for where its state is kept."""

    def start(self, now: datetime) -> None:
        """The lease was gained: load what was saved last, drop all that is held in memory."""

    def refresh(self, now: datetime) -> None:
        """Look at what people have changed; before the first post, then about every two seconds."""

    def read(self, scored: Sequence[ScoredPost], now: datetime) -> None:
        """Count these posts, in the order of the log; a post may come twice, and changed."""

    def tell(self, now: datetime, *, caught_up: bool) -> list[Signal]:
        """What is to be told now; ``caught_up``: the end of the log is reached.

        What is returned counts as told: the worker keeps it until the log has taken it.
        """

    def save(self, now: datetime) -> None:
        """Make durable what changed; nothing is done where nothing did.

        Called every 2 s in a flow of posts, and when the end of the log is reached; the position
        on the log is committed after it.
        """

    def held(self) -> Iterable[str]:
        """The ids of the posts whose words are kept here; asked after ``start``."""

    def forget(self, posts: Collection[str]) -> bool:
        """Drop the words of these posts (destroyed by law); True where there were some."""

    def close(self) -> None:
        """The worker ends: give back threads and files. Called once, also without ``start``."""
