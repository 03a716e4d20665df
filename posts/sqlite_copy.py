"""A consistent copy of an embedded log or index that is in use.

The positions of the readers are noted before anything else of a backup is copied, and put into the
copy of the log: what the rest of the backup has not seen yet is read again after a restore. All
sinks take the same thing twice, none can do without.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from posts.errors import FatalError, RetryError

Positions = dict[tuple[int, str], int]


def copy(source: Path, target: Path) -> None:
    """One snapshot of the file as a new file; writers go on. Raises RetryError or FatalError."""
    with _opened(source) as reading, contextlib.closing(sqlite3.connect(target)) as writing:
        try:
            reading.backup(writing)
            writing.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
        except sqlite3.OperationalError as error:
            raise RetryError(
                f"复制 {source} 到 {target} 没有成功：{error}。请稍后再试。"
            ) from error
        except sqlite3.DatabaseError as error:
            raise FatalError(f"{source} 已损坏，复制不了：{error}。") from error


def positions(log: Path) -> Positions:
    """How far each group has committed, by topic number and name."""
    with _opened(log) as reading:
        rows = reading.execute("SELECT topic, name, committed FROM groups").fetchall()
    return {(topic, name): done for topic, name, done in rows}


def set_positions(log: Path, noted: Positions) -> None:
    """Put readers back to where they were; a group that was not there then begins anew."""
    with contextlib.closing(sqlite3.connect(log)) as writing, writing:
        for topic, name in writing.execute("SELECT topic, name FROM groups").fetchall():
            if (topic, name) in noted:
                writing.execute(
                    "UPDATE groups SET committed = min(committed, ?) WHERE topic = ? AND name = ?",
                    (noted[topic, name], topic, name),
                )
            else:
                writing.execute("DELETE FROM groups WHERE topic = ? AND name = ?", (topic, name))


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    try:
        connection = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, timeout=10)
    except sqlite3.OperationalError as error:
        raise RetryError(f"打不开 {file}：{error}。请检查权限。") from error
    with contextlib.closing(connection):
        yield connection
