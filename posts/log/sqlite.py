"""The embedded log: one SQLite file, a table per topic, offsets without gaps.

Offsets are counted per topic in ``topics.next``, so lag is a subtraction whatever the backlog.
Times of appends are kept per batch, so retention finds its horizon without reading records.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from posts.codec import DeadLetter, encode
from posts.errors import PoisonError, RetryError
from posts.log.letters import letter, newest_letters, settled
from posts.log.port import DEAD, SIGNALS, TOPICS, Consumer, Record
from posts.log.quotations import buried_signal, erased_from_signal
from posts.log.sqlite_consumer import SqliteConsumer, committed
from posts.sqlite_file import SqliteFile

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_REPLAYED = 500
_PRUNE_CHUNK = 10_000  # so that writers get in between


class SqliteLog:
    """A PostLog in one file. Safe between processes and threads; see the port for what it does.

    ``clock`` dates appends, for retention only.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        busy_timeout_s: float = 5.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._file = SqliteFile(
            path, what="消息日志", migrations=(_create,), busy_timeout_s=busy_timeout_s
        )
        self._clock = clock
        self._appended = threading.Condition()
        self._consumers: weakref.WeakSet[SqliteConsumer] = weakref.WeakSet()

    def append(self, topic: str, batch: Sequence[tuple[str, bytes]]) -> None:
        """Write the pairs in order, all or none, synced. PoisonError where a key is no UTF-8."""
        if not batch:
            return
        at = _micros(self._clock())
        try:
            with self._file.writing() as connection:
                number, first = _topic(connection, topic)
                connection.executemany(
                    f"INSERT INTO records_{number} VALUES (?, ?, ?)",  # noqa: S608 - an integer
                    ((first + n, key, value) for n, (key, value) in enumerate(batch)),
                )
                connection.execute(
                    "UPDATE topics SET next = ? WHERE number = ?", (first + len(batch), number)
                )
                connection.execute("INSERT INTO batches VALUES (?, ?, ?)", (number, first, at))
        except UnicodeEncodeError as error:
            raise PoisonError(f"record key can't be encoded: {error}") from error
        with self._appended:
            self._appended.notify_all()

    def consumer(self, topic: str, group: str, *, alone: bool = False) -> Consumer:
        """A reader; opening it makes the group known, so that retention waits for it."""
        del alone  # every reader reads the whole topic
        with self._file.writing() as connection:
            number, _ = _topic(connection, topic)
            oldest = _oldest(connection, number)
            connection.execute(
                "INSERT INTO groups (topic, name, committed) VALUES (?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (number, group, oldest),
            )
        consumer = SqliteConsumer(self._file, self._appended, topic, number, group)
        self._consumers.add(consumer)
        return consumer

    def lag(self, topic: str, group: str) -> int:
        """How many records the group has not committed; for an unknown group, all there are."""
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT number, next FROM topics WHERE name = ?", (topic,)
            ).fetchone()
            if found is None:
                return 0
            number, end = found
            done = committed(connection, number, group) or 0
            return int(end) - _oldest(connection, number, done)

    def written(self, topic: str) -> int:
        """How many records were ever appended."""
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT next FROM topics WHERE name = ?", (topic,)
            ).fetchone()
        return int(found[0]) if found else 0

    def rebalances(self, topic: str, group: str) -> int:
        """Members of a group share nothing here."""
        del topic, group
        return 0

    def read_all(self, topic: str) -> Iterator[list[Record]]:
        """Every record that is there when it begins; no snapshot is held between batches."""
        with self._file.reading() as connection:
            found = connection.execute(
                "SELECT number, next FROM topics WHERE name = ?", (topic,)
            ).fetchone()
        number, end = found or (0, 0)
        start = 0
        while start < end:
            with self._file.reading() as connection:
                rows = connection.execute(
                    f"SELECT offset, key, value FROM records_{number} "  # noqa: S608 - an integer
                    "WHERE offset >= ? AND offset < ? ORDER BY offset LIMIT ?",
                    (start, end, _REPLAYED),
                ).fetchall()
            if not rows:
                return
            yield [Record(topic, offset, key, value) for offset, key, value in rows]
            start = rows[-1][0] + 1

    def bury(self, record: Record, *, reason: str, attempts: int, at: datetime) -> None:
        """Append the record to the dead letters. A second burial of it is not shown twice."""
        self.append(DEAD, [(record.key, encode(letter(record, reason, attempts, at)))])

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters, newest first, each buried record once."""
        with self._file.reading() as connection:
            number, _ = _topic(connection, DEAD)
            rows = connection.execute(
                f"SELECT value FROM records_{number} ORDER BY offset DESC"  # noqa: S608
            )
            return newest_letters((value for (value,) in rows), limit)

    def settle(self, dead: DeadLetter) -> None:
        """Delete the burials of that record."""
        with self._file.writing() as connection:
            number, _ = _topic(connection, DEAD)
            rows = connection.execute(
                f"SELECT offset, value FROM records_{number} WHERE key = ?",  # noqa: S608
                (dead.key,),
            ).fetchall()
            for offset, value in rows:
                if settled(value, dead):
                    connection.execute(
                        f"DELETE FROM records_{number} WHERE offset = ?",  # noqa: S608
                        (offset,),
                    )

    def prune(self, *, before: datetime) -> int:
        """Delete what was appended before that instant and committed by every group.

        A topic that no group has read yet is kept whole, but for the dead letters: they go by age.
        """
        with self._file.reading() as connection:
            topics = connection.execute("SELECT number, name FROM topics").fetchall()
        return sum(self._prune_topic(number, name, _micros(before)) for number, name in topics)

    def erase(self, keys: Sequence[str]) -> int:
        """Delete the records of those posts, and empty the write-ahead log."""
        with self._file.reading() as connection:
            topics = connection.execute("SELECT number, name FROM topics").fetchall()
        erased = sum(self._erase_in(number, name, list(keys)) for number, name in topics)
        if not self._file.scrub():
            raise RetryError(
                f"消息日志 {self._file.path} 正被读取，日志暂时清不空。请稍后再做一遍。"
            )
        return erased

    def _erase_in(self, number: int, name: str, keys: list[str]) -> int:
        ids = json.dumps(keys)
        table = f"records_{number}"
        with self._file.writing() as connection:
            erased = connection.execute(
                f"DELETE FROM {table} WHERE key IN (SELECT value FROM json_each(?))",  # noqa: S608
                (ids,),
            ).rowcount
            if name not in (SIGNALS, DEAD):
                return erased
            # Few records, and what they hold has to be read.
            for offset, value in connection.execute(
                f"SELECT offset, value FROM {table}"  # noqa: S608
            ).fetchall():
                if name == DEAD and buried_signal(value, keys):
                    erased += 1
                    connection.execute(f"DELETE FROM {table} WHERE offset = ?", (offset,))  # noqa: S608
                fresh = erased_from_signal(value, keys) if name == SIGNALS else None
                if fresh is not None:
                    connection.execute(
                        f"UPDATE {table} SET value = ? WHERE offset = ?",  # noqa: S608
                        (fresh, offset),
                    )
            return erased

    def close(self) -> None:
        """Release files and connections, those of the consumers too."""
        for consumer in list(self._consumers):
            consumer.close()
        self._file.close()

    def _prune_topic(self, number: int, name: str, before: int) -> int:
        removed = 0
        while True:
            with self._file.writing() as connection:
                horizon = _horizon(connection, number, name, before)
                count = connection.execute(
                    f"DELETE FROM records_{number} WHERE offset IN (SELECT offset "  # noqa: S608
                    f"FROM records_{number} WHERE offset < ? ORDER BY offset LIMIT ?)",
                    (horizon, _PRUNE_CHUNK),
                ).rowcount
                if count < _PRUNE_CHUNK:
                    # The batch that the horizon lies in keeps its time for what is left of it.
                    connection.execute(
                        "DELETE FROM batches WHERE topic = ?1 AND first < (SELECT max(first) "
                        "FROM batches WHERE topic = ?1 AND first <= ?2)",
                        (number, horizon),
                    )
            removed += count
            if count < _PRUNE_CHUNK:
                return removed


def _create(connection: sqlite3.Connection) -> None:
    connection.execute(
        "CREATE TABLE topics (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, "
        "next INTEGER NOT NULL)"
    )
    connection.execute(
        "CREATE TABLE groups (topic INTEGER NOT NULL, name TEXT NOT NULL, "
        "committed INTEGER NOT NULL, PRIMARY KEY (topic, name)) WITHOUT ROWID"
    )
    connection.execute(
        "CREATE TABLE batches (topic INTEGER NOT NULL, first INTEGER NOT NULL, "
        "at INTEGER NOT NULL, PRIMARY KEY (topic, first)) WITHOUT ROWID"
    )
    for topic in TOPICS:
        _topic(connection, topic)


def _topic(connection: sqlite3.Connection, name: str) -> tuple[int, int]:
    """The topic's number and next offset; made if it is new (within a write transaction)."""
    found = connection.execute("SELECT number, next FROM topics WHERE name = ?", (name,)).fetchone()
    if found is not None:
        return int(found[0]), int(found[1])
    number = connection.execute("INSERT INTO topics (name, next) VALUES (?, 0)", (name,)).lastrowid
    connection.execute(
        f"CREATE TABLE records_{number} (offset INTEGER PRIMARY KEY, key TEXT NOT NULL, "
        "value BLOB NOT NULL)"
    )
    return int(number or 0), 0


def _oldest(connection: sqlite3.Connection, number: int, start: int = 0) -> int:
    """The offset of the oldest record from ``start`` on, or the next one where none is."""
    row = connection.execute(
        f"SELECT coalesce((SELECT min(offset) FROM records_{number} "  # noqa: S608 - an integer
        "WHERE offset >= ?), (SELECT next FROM topics WHERE number = ?))",
        (start, number),
    ).fetchone()
    return int(row[0])


def _horizon(connection: sqlite3.Connection, number: int, name: str, before: int) -> int:
    """The offset below which every record is old enough and committed by every group."""
    by_age = connection.execute(
        "SELECT coalesce((SELECT min(first) FROM batches WHERE topic = ?1 AND at >= ?2), "
        "(SELECT next FROM topics WHERE number = ?1))",
        (number, before),
    ).fetchone()[0]
    by_group = connection.execute(
        "SELECT min(committed) FROM groups WHERE topic = ?", (number,)
    ).fetchone()[0]
    if by_group is None:
        return int(by_age) if name == DEAD else 0
    return min(int(by_age), int(by_group))


def _micros(instant: datetime) -> int:
    return (instant - _EPOCH) // timedelta(microseconds=1)
