"""The PostLog port: an ordered, durable log with named readers. Adapters: SQLite (Kafka to come).

At least once: a reader's position moves only by ``commit``; whoever reads again after a crash
sees again what was not committed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from msgspec import Struct

from posts.codec import DeadLetter

RAW = "posts.raw"
SCORED = "posts.scored"
SIGNALS = "posts.signals"
DEAD = "posts.dead"
TOPICS = (RAW, SCORED, SIGNALS, DEAD)


class Record(Struct, frozen=True):
    """One message on the log: its topic, position, key (the post id) and encoded value."""

    topic: str
    offset: int
    key: str
    value: bytes


class Consumer(Protocol):
    """A member of a named group that reads one topic from the group's committed position."""

    def poll(self, max_records: int = 500, timeout: float = 0.0) -> list[Record]:
        """Up to ``max_records`` next records; waits up to ``timeout`` seconds for the first."""

    def commit(self) -> None:
        """Commit everything that was polled so far."""

    def rewind(self) -> None:
        """Forget what was polled since the last commit; the next poll sees it again."""

    def close(self) -> None:
        """Leave the group; nothing is committed by it."""


class PostLog(Protocol):
    """Append batches, read as a named group, bury what can't be handled."""

    def append(self, topic: str, batch: Sequence[tuple[str, bytes]]) -> None:
        """Write (key, value) pairs durably, all or none. Returns after they are on disk.

        Raises RetryError (locked, disk full: nothing of the batch is written) or FatalError.
        """

    def consumer(self, topic: str, group: str) -> Consumer:
        """A reader of the topic for the group; a new group starts at the oldest record."""

    def lag(self, topic: str, group: str) -> int:
        """How many records of the topic the group has not committed yet."""

    def bury(self, record: Record, *, reason: str, attempts: int, at: datetime) -> None:
        """Put the record on the dead-letter log with the reason; the value is kept whole."""

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters, newest first."""

    def prune(self, *, before: datetime) -> int:
        """Delete records appended before that instant which every group has committed."""

    def erase(self, keys: Sequence[str]) -> int:
        """Destroy the records of those posts in all topics; returns how many. Idempotent.

        Keys are post ids; dead letters go too, and of a signal that lists such a post the
        quotation in its reason goes. Readers pass over the gap. Nothing of them is left in any
        file of the log when it returns. (Kafka will write a tombstone for each key to the
        compacted topics, and signals again without quotation under their own key; the text is
        gone with the next compaction, which ``max.compaction.lag.ms`` bounds.)
        Raises RetryError where that can't be done now; to be called again then.
        """

    def close(self) -> None:
        """Release files and connections."""
