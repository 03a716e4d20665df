"""The PostLog port: a durable log with named readers. Adapters: SQLite, Kafka.

Records of one key are read in the order in which they were appended. Across keys order holds on
SQLite only: Kafka deals keys out over partitions, so readers tolerate disorder between posts.

At least once: a reader's position moves only by ``commit``; whoever reads again after a crash
sees again what was not committed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    """One message on the log: its topic, position, key (the post id) and encoded value.

    ``offset`` counts within ``partition``; the embedded log has only partition 0.
    """

    topic: str
    offset: int
    key: str
    value: bytes
    partition: int = 0


class Consumer(Protocol):
    """A member of a named group that reads one topic from the group's committed position.

    Several members of one group either share the records (Kafka) or all read them (SQLite).
    Every method may raise RetryError where the log is away; ``rewind`` and ``close`` never do.
    """

    def poll(self, max_records: int = 500, timeout: float = 0.0) -> list[Record]:
        """Up to ``max_records`` next records; waits up to ``timeout`` seconds for the first.

        Fewer may come than there are; none come only where there are none that are this member's.
        """

    def commit(self) -> None:
        """Commit everything that was polled so far; a commit never moves the group back.

        Raises RetryError where that can't be done now, or where others have the records by now:
        ``rewind``, and they are read again by whoever has them.
        """

    def rewind(self) -> None:
        """Forget what was polled since the last commit; the next poll sees it again."""

    def close(self) -> None:
        """Leave the group; nothing is committed by it."""


class PostLog(Protocol):
    """Append batches, read as a named group, bury what can't be handled."""

    def append(self, topic: str, batch: Sequence[tuple[str, bytes]]) -> None:
        """Write (key, value) pairs durably: all of them, or an error.

        Returns after they are on disk (Kafka: acknowledged by all replicas in sync). Raises
        PoisonError where a key is no UTF-8 or a record is larger than the log takes: nothing is
        written, and the caller leaves that record out. Raises RetryError (locked, disk full, no
        answer) or FatalError: then some of the batch may stand on Kafka, and the caller repeats
        it whole. Readers are idempotent.
        """

    def consumer(self, topic: str, group: str, *, alone: bool = False) -> Consumer:
        """A reader of the topic for the group; a new group starts at the oldest record.

        ``alone``: the caller holds a lease and reads the whole topic by itself while it does; a
        takeover then need not wait for the group to be dealt out anew.
        """

    def lag(self, topic: str, group: str) -> int:
        """How many records of the topic the group has not committed yet.

        What was erased counts on Kafka until the group's reader has passed over it.
        """

    def written(self, topic: str) -> int:
        """How many records were ever appended to the topic; it only grows, its rate is the flow."""

    def rebalances(self, topic: str, group: str) -> int:
        """How often the group was dealt out, as its readers said with their last commits.

        Begins anew with each reader; 0 where members share nothing (SQLite, a reader alone).
        """

    def read_all(self, topic: str) -> Iterator[list[Record]]:
        """Every record of the topic as it stands now, outside any group: nothing is committed.

        In the order of each partition, without what was erased. Raises RetryError.
        """

    def bury(self, record: Record, *, reason: str, attempts: int, at: datetime) -> None:
        """Put the record on the dead-letter log with the reason.

        The value is kept whole; of one that is too large for the dead-letter log its head stays,
        with its size and SHA-256.
        """

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters, newest first, each buried record once."""

    def settle(self, dead: DeadLetter) -> None:
        """Take a dead letter off, e.g. after its record was appended again. Idempotent."""

    def prune(self, *, before: datetime) -> int:
        """Delete records appended before that instant which every group has committed."""

    def erase(self, keys: Sequence[str]) -> int:
        """Destroy the records of those posts in all topics. Idempotent.

        Keys are post ids; dead letters go too, and of a signal that lists such a post the
        quotation in its reason goes. Readers pass over the gap. On SQLite nothing of them is left
        in any file of the log when it returns. Kafka gets a tombstone for each key, and signals
        again without quotation; readers pass over what was there, and the text is gone with the
        next compaction: what remains until when is said in posts.log.kafka.

        Returns how many records it knows to be gone (Kafka counts dead letters and signals only).
        Raises RetryError where that can't be done now; to be called again then.
        """

    def close(self) -> None:
        """Release files and connections."""
