"""What is the SQLite index's own: threads, a full disk, space, a strange file."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest
from support.posts import NOON, make_scored

from posts.errors import FatalError, PoisonError, RetryError
from posts.index.port import Query
from posts.index.sqlite import SqliteIndex


def test_a_locked_file_is_a_reason_to_retry_that_names_it(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.db", busy_timeout_s=0.05)
    other = sqlite3.connect(tmp_path / "index.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RetryError, match=r"index\.db.*占用"):
        index.write([make_scored("1")])
    assert index.count(Query()) == 0, "readers go on meanwhile"
    other.execute("ROLLBACK")
    other.close()
    assert index.write([make_scored("1")]).created == 1
    index.close()


def test_a_full_disk_is_a_reason_to_retry_and_leaves_nothing_of_the_batch(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.db")
    (connection,) = index._file._idle
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count={pages + 3}")
    batch = [make_scored(str(n)) for n in range(500)]
    with pytest.raises(RetryError, match=r"index\.db.*磁盘已满"):
        index.write(batch)
    assert index.count(Query()) == index.count(Query(text="停水")) == 0
    assert index.write(batch).created == 500
    assert index.count(Query(text="停水")) == 500
    index.close()


def test_a_file_of_a_later_release_is_left_alone(tmp_path: Path) -> None:
    SqliteIndex(tmp_path / "index.db").close()
    connection = sqlite3.connect(tmp_path / "index.db")
    connection.execute("PRAGMA user_version=7")
    connection.close()
    with pytest.raises(FatalError, match=r"index\.db.*更新的版本"):
        SqliteIndex(tmp_path / "index.db")


def test_what_was_written_is_there_for_whoever_opens_the_file_next(tmp_path: Path) -> None:
    first = SqliteIndex(tmp_path / "index.db")
    first.write([make_scored("1")])
    second = SqliteIndex(tmp_path / "index.db")
    assert second.count(Query(text="停水")) == 1
    first.write([make_scored("2")])
    assert second.count(Query(text="停水")) == 2
    first.close()
    second.close()


def test_many_threads_read_while_one_writes(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.db", busy_timeout_s=30)
    done = threading.Event()
    seen: list[tuple[int, int]] = []
    errors: list[BaseException] = []

    def read() -> None:
        try:
            while not done.is_set():
                page = index.search(Query(text="停水"), limit=1000)
                seen.append((page.total, len(page.items)))
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            errors.append(error)

    readers = [threading.Thread(target=read) for _ in range(6)]
    for reader in readers:
        reader.start()
    for part in range(20):
        index.write([make_scored(f"{part}-{n}") for n in range(20)])
    done.set()
    for reader in readers:
        reader.join()
    assert errors == []
    assert all(total == items and total % 20 == 0 for total, items in seen), "whole batches only"
    assert index.count(Query()) == 400
    index.close()


def test_words_of_old_versions_leave_nothing_behind(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.db")
    for version in range(1, 30):
        index.write(
            [make_scored(str(n), version=version, text=f"第{version}次停水") for n in range(5)]
        )
    with index._file.writing() as connection:
        connection.execute("INSERT INTO words (words) VALUES ('integrity-check')")
        connection.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, words, row)")
        rows = connection.execute("SELECT term, doc FROM temp.terms").fetchall()
    left = {term: count for term, count in rows if term.startswith(("第", "29", "28"))}
    assert left == {"第": 5, "29": 5}
    assert index.count(Query(text="第29次")) == 5
    index.close()


def test_a_page_is_the_same_whichever_way_sqlite_looks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = SqliteIndex(tmp_path / "index.db")
    index.write(
        [
            make_scored(
                str(n),
                areas=("53", f"53{n % 3}"),
                text="停水" if n % 2 else "停电",
                title="",
                published_at=NOON.replace(hour=n % 5),
            )
            for n in range(60)
        ]
    )
    queries = [Query(text=t, area=a) for t in ("", "停水", "-停水", "水") for a in (None, "531")]
    for query in queries:
        first = index.search(query, limit=7)
        gathered = [first, index.search(query, limit=7, cursor=first.next)]
        with monkeypatch.context() as patch:
            patch.setattr("posts.index.sqlite._LARGE_RESULT", -1)
            walked = [
                index.search(query, limit=7),
                index.search(query, limit=7, cursor=first.next),
            ]
        assert walked == gathered
        assert first.total
    index.close()


def test_a_version_beyond_64_bits_is_poison(tmp_path: Path) -> None:
    index = SqliteIndex(tmp_path / "index.db")
    with pytest.raises(PoisonError, match="64 bits"):
        index.write([make_scored("1", version=1 << 63)])
    index.close()
