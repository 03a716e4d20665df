"""SQLite: one file, one writer at a time, readers on snapshots. All that only SQLite understands.

See registry/db.py for what each of these functions has to hold.
"""

from __future__ import annotations

import random
import re
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError

from posts.errors import is_full, reason_of
from registry.db_failures import READ_ONLY, Failure
from registry.errors import UnavailableError

MODE = "yuqing_mode"


def make_engine(url: URL, busy_timeout_s: float, **settings: Any) -> Engine:
    """An engine whose transactions begin as their mode says."""
    engine = create_engine(
        url,
        connect_args={"timeout": busy_timeout_s},
        pool_size=4,
        max_overflow=60,
        pool_timeout=busy_timeout_s,
        **settings,
    )
    event.listen(engine, "connect", lambda connection, _: _prepare(connection, busy_timeout_s))
    event.listen(engine, "begin", _on_begin)
    return engine


def options(mode: str) -> dict[str, Any]:
    """Execution options of the engine for ``writing`` or ``reading``."""
    return {MODE: mode}


def make_place(url: URL) -> None:
    """The folder of the file. Raises UnavailableError."""
    if not url.database:
        return
    folder = Path(url.database).parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnavailableError(
            f"建不了数据目录 {folder}：{reason_of(error)}。请检查路径和权限。"
        ) from error


def scrub(engine: Engine) -> bool:
    """Empty the write-ahead log; ``secure_delete`` overwrote the rest in the file itself."""
    with engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        return not raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]


def failure(error: DBAPIError, place: str) -> Failure | None:
    """What a person needs to know of the driver's error; None where it is a programming error."""
    said = str(error.orig)
    # Without room for its side files SQLite says that it can't open or read the database.
    if _NO_ROOM_TOO.search(said) and is_full(Path(place)):
        said = "disk is full"
    return sentence_of(said, place)


def sentence_of(said: str, place: str) -> Failure | None:
    """By the words of the driver."""
    lowered = said.lower()
    for needle, sentence in _SENTENCES:
        if needle in lowered:
            return Failure(UnavailableError, sentence.format(place=place))
    return None


_NO_ROOM_TOO = re.compile("disk i/o error|unable to open", re.IGNORECASE)
_SENTENCES = (
    ("readonly", READ_ONLY + "，写不进去：{place}。请检查文件和目录的权限。"),
    (
        "locked",
        "数据库 {place} 正被另一个进程占用，等待超时。请稍后再试，或查看是否有备份等程序开着它。",
    ),
    ("disk is full", "写不进数据库 {place}：磁盘已满。请清出空间后再试，已写入的数据没有丢失。"),
    ("disk i/o error", "读写数据库 {place} 时磁盘出错。请检查磁盘和剩余空间。"),
    ("not a database", "{place} 不是数据库文件。请确认路径没有指错；若文件被改坏，请从备份恢复。"),
    ("malformed", "数据库 {place} 已损坏。请停止服务，从备份恢复。"),
    ("unable to open", "打不开数据库 {place}。请检查目录是否存在、是否有读写权限。"),
)


def _prepare(connection: Any, busy_timeout_s: float) -> None:
    connection.isolation_level = None  # the driver must not begin by itself, see _on_begin
    cursor = connection.cursor()
    _to_wal(cursor, busy_timeout_s)
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _to_wal(cursor: Any, busy_timeout_s: float) -> None:
    """Switch a new file to the write-ahead log.

    Processes that start together on a new file get in each other's way here: each holds a lock
    that the others wait for. So nobody waits long inside SQLite, all try again for a while.
    """
    deadline = time.monotonic() + busy_timeout_s
    cursor.execute("PRAGMA busy_timeout=20")
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            break
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(random.uniform(0.005, 0.03))  # noqa: S311 (to get out of step)
    cursor.execute(f"PRAGMA busy_timeout={int(busy_timeout_s * 1000)}")


def _on_begin(connection: Any) -> None:
    reading = connection.get_execution_options().get(MODE) == "reading"
    connection.exec_driver_sql(f"PRAGMA query_only={int(reading)}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
