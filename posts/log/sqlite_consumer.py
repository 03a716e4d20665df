"""A reader of the embedded log: polls, commits, and waits for what is appended."""

from __future__ import annotations

import sqlite3
import threading
import time

from posts.errors import FatalError
from posts.log.port import Record
from posts.sqlite_file import SqliteFile

_POLL_BYTES = 32 * 1024 * 1024  # a poll's records are held in memory at once
_WAIT_S = 0.05  # how soon an append of another process is seen


class SqliteConsumer:
    """One reader. Several of one group read the same records; the furthest commit counts."""

    def __init__(
        self,
        file: SqliteFile,
        appended: threading.Condition,
        topic: str,
        number: int,
        group: str,
    ) -> None:
        self._file = file
        self._appended = appended
        self._topic = topic
        self._number = number
        self._group = group
        self._position: int | None = None
        with file.translated():
            self._connection = file.connect()

    def poll(self, max_records: int = 500, timeout: float = 0.0) -> list[Record]:
        """Up to that many next records, and at most about 32 MB of them."""
        deadline = time.monotonic() + timeout
        with self._file.translated():
            while True:
                seen = self._data_version()
                records = self._read(max_records)
                if records or time.monotonic() >= deadline:
                    return records
                self._wait(seen, deadline)

    def commit(self) -> None:
        """Commit what was polled; a commit never moves the group back."""
        if self._position is None:
            return
        with self._file.translated():
            self._connection.execute(
                "UPDATE groups SET committed = ?1 "
                "WHERE topic = ?2 AND name = ?3 AND committed < ?1",
                (self._position, self._number, self._group),
            )

    def rewind(self) -> None:
        """The next poll starts at the committed position again."""
        self._position = None

    def close(self) -> None:
        """Close this reader's connection."""
        self._connection.close()

    def _read(self, max_records: int) -> list[Record]:
        done = committed(self._connection, self._number, self._group)
        if done is None:
            raise FatalError(f"消息日志 {self._file.path} 中没有读者组 {self._group}。")
        start = max(done, self._position or 0)
        records: list[Record] = []
        size = 0
        rows = self._connection.execute(
            f"SELECT offset, key, value FROM records_{self._number} "  # noqa: S608 - an integer
            "WHERE offset >= ? ORDER BY offset LIMIT ?",
            (start, max_records),
        )
        for offset, key, value in rows:
            size += len(value)
            if records and size > _POLL_BYTES:
                break
            records.append(Record(self._topic, offset, key, value))
        rows.close()
        if records:
            self._position = records[-1].offset + 1
        return records

    def _wait(self, seen: int, deadline: float) -> None:
        """Until something was written to the file, or the deadline. The one place that waits."""
        while self._data_version() == seen:
            left = deadline - time.monotonic()
            if left <= 0:
                return
            with self._appended:
                self._appended.wait(min(left, _WAIT_S))

    def _data_version(self) -> int:
        return int(self._connection.execute("PRAGMA data_version").fetchone()[0])


def committed(connection: sqlite3.Connection, number: int, group: str) -> int | None:
    """The offset up to which the group is done; None for a group that was never opened."""
    row = connection.execute(
        "SELECT committed FROM groups WHERE topic = ? AND name = ?", (number, group)
    ).fetchone()
    return None if row is None else int(row[0])
