"""The embedded log: appends, reads and lag, beside plain SQLite inserts of the same rows."""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from posts.log.port import RAW
from posts.log.sqlite import SqliteLog

RECORDS = 20_000
VALUE = ("停水" * 200).encode()  # 1,200 bytes, about a post of 200 characters on the wire


def bench() -> Iterator[str]:
    """Lines of figures."""
    rows = [(f"{n:032x}", VALUE) for n in range(RECORDS)]
    for size in (50, 500):
        batches = [rows[n : n + size] for n in range(0, RECORDS, size)]
        with tempfile.TemporaryDirectory() as folder:
            plain = _rate(lambda b=batches, f=folder: _plain(Path(f) / "plain.db", b))
            log = SqliteLog(Path(folder) / "log.db")
            mine = _rate(lambda b=batches, to=log: [to.append(RAW, batch) for batch in b])
            yield (
                f"append in batches of {size}: {mine:,.0f} records/s "
                f"({mine / plain:.2f} of plain SQLite's {plain:,.0f}; at least 8,000 wanted)"
            )
            if size == 500:
                yield from _reading(log)
            log.close()


def _reading(log: SqliteLog) -> Iterator[str]:
    consumer = log.consumer(RAW, "bench")

    def read_all() -> None:
        while consumer.poll(500):
            consumer.commit()

    yield f"poll and commit in batches of 500: {_rate(read_all):,.0f} records/s"
    start = time.perf_counter()
    for _ in range(200):
        log.lag(RAW, "another group")
    yield f"lag behind {RECORDS:,} records: {(time.perf_counter() - start) / 200 * 1e6:.0f} µs"
    rate = _rate(lambda: log.prune(before=datetime.now(UTC) + timedelta(days=1)))
    yield f"prune: {rate:,.0f} records/s"


def _rate(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return RECORDS / (time.perf_counter() - start)


def _plain(path: Path, batches: list[list[tuple[str, bytes]]]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE records (n INTEGER PRIMARY KEY, key TEXT, value BLOB)")
    for batch in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO records (key, value) VALUES (?, ?)", batch)
        connection.execute("COMMIT")
    connection.close()
