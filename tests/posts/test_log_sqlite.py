"""What is the SQLite log's own: several processes, a full disk, a strange file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.posts import NOON

from posts.errors import FatalError, RetryError
from posts.log.port import RAW, TOPICS
from posts.log.sqlite import SqliteLog

ROOT = Path(__file__).resolve().parents[2]

WRITER = """
import sys
from posts.log.sqlite import SqliteLog
log = SqliteLog(sys.argv[1], busy_timeout_s=60)
name = sys.argv[2]
for number in range(40):
    log.append("posts.raw", [(f"{name}-{number}-{part}", b"x") for part in range(5)])
"""


def start(script: str, *arguments: object) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_several_processes_open_a_new_file_at_once_and_no_batch_is_mixed_or_lost(
    tmp_path: Path,
) -> None:
    path = tmp_path / "new folder" / "log.db"
    writers = [start(WRITER, path, name) for name in "abcd"]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0, 0, 0]
    log = SqliteLog(path)
    records = log.consumer(RAW, "g").poll(10_000)
    assert [r.offset for r in records] == list(range(4 * 40 * 5))
    batches = [records[n : n + 5] for n in range(0, len(records), 5)]
    for batch in batches:
        assert [r.key.rsplit("-", 1)[1] for r in batch] == ["0", "1", "2", "3", "4"]
        assert len({r.key.rsplit("-", 1)[0] for r in batch}) == 1
    log.close()


def test_a_waiting_poll_sees_what_another_process_appends(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    consumer = log.consumer(RAW, "g")
    writer = start(WRITER, path, "a")
    assert consumer.poll(1, timeout=60)
    assert writer.wait(timeout=60) == 0
    log.close()


def test_a_waiting_poll_does_not_spin(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    consumer = log.consumer(RAW, "g")
    spent = time.process_time()
    assert consumer.poll(1, timeout=0.5) == []
    assert time.process_time() - spent < 0.1
    log.close()


def test_a_locked_file_is_a_reason_to_retry_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = SqliteLog(path, busy_timeout_s=0.05)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RetryError, match=r"log\.db.*占用"):
        log.append(RAW, [("a", b"1")])
    other.execute("ROLLBACK")
    other.close()
    log.append(RAW, [("a", b"1")])
    assert log.lag(RAW, "g") == 1
    log.close()


def test_a_full_disk_is_a_reason_to_retry_and_leaves_nothing_of_the_batch(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    log.append(RAW, [("before", b"1")])
    (connection,) = log._file._idle
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(RetryError, match=r"log\.db.*磁盘已满"):
        log.append(RAW, [(str(n), b"x" * 1000) for n in range(100)])
    assert log.lag(RAW, "g") == 1
    log.append(RAW, [("after", b"2")])  # on a connection without that limit: there is room again
    assert [r.key for r in log.consumer(RAW, "g").poll()] == ["before", "after"]
    log.close()


def test_a_file_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    SqliteLog(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with pytest.raises(FatalError, match=r"log\.db.*更新的版本"):
        SqliteLog(path)


def test_what_is_no_database_is_fatal_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes("这不是数据库。".encode() * 100)
    before = path.read_bytes()
    with pytest.raises(FatalError, match=r"log\.db.*不是数据库"):
        SqliteLog(path)
    assert path.read_bytes() == before


def test_a_path_that_cannot_be_is_fatal_and_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FatalError, match="file"):
        SqliteLog(tmp_path / "file" / "log.db")
    (tmp_path / "folder").mkdir()
    with pytest.raises(FatalError, match="folder"):
        SqliteLog(tmp_path / "folder")


def test_a_closed_log_says_so(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    consumer = log.consumer(RAW, "g")
    log.close()
    log.close()
    with pytest.raises(FatalError, match="已关闭"):
        log.append(RAW, [("a", b"1")])
    with pytest.raises(FatalError):
        consumer.poll()


def test_one_poll_holds_a_bounded_number_of_bytes(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    for name in "abc":
        log.append(RAW, [(name, b"x" * 20_000_000)])
    consumer = log.consumer(RAW, "g")
    assert [[r.key for r in consumer.poll()] for _ in range(4)] == [["a"], ["b"], ["c"], []]
    log.close()


def test_lag_of_a_large_backlog_costs_no_more_than_of_a_small_one(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")

    def steps() -> int:
        """How much work SQLite does for a lag, in its own virtual instructions."""
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        (connection,) = log._file._idle
        connection.set_progress_handler(tick, 1)
        log.lag(RAW, "g")
        connection.set_progress_handler(None, 0)
        return count

    log.append(RAW, [("a", b"1")])
    small = steps()
    log.append(RAW, [(str(n), b"x") for n in range(20_000)])
    assert log.lag(RAW, "g") == 20_001
    assert steps() == small
    log.close()


def test_a_large_prune_lets_writers_in_between(tmp_path: Path) -> None:
    now = NOON
    log = SqliteLog(tmp_path / "log.db", clock=lambda: now)
    log.append(RAW, [(str(n), b"x") for n in range(25_000)])
    consumer = log.consumer(RAW, "g")
    while consumer.poll(10_000):
        consumer.commit()
    now = NOON.replace(year=2027)
    log.append(RAW, [("young", b"x")])
    assert log.prune(before=now) == 25_000
    assert [r.key for r in log.consumer(RAW, "other").poll()] == ["young"]
    log.close()


def test_the_known_topics_are_there_from_the_start(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    with log._file.reading() as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM topics")}
    assert names == set(TOPICS)
    log.close()
