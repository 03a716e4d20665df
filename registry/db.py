"""The one relational database: opening, migrating, transactions, and its failures in plain words.

All SQL that only SQLite understands stands in this module.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
import time
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker

from posts.errors import is_full, reason_of
from registry.errors import DeskError, InvalidInputError, UnavailableError

# Session is given on, so that who takes one need not name SQLAlchemy.
__all__ = ["MIGRATIONS", "Database", "Session", "revisions"]

MIGRATIONS = Path(__file__).resolve().parent / "migrations"

log = structlog.get_logger()


@cache
def revisions() -> tuple[str, ...]:
    """The known revisions, oldest first. A migration's file is named after its revision."""
    found = (MIGRATIONS / "versions").glob("[0-9]*.py")
    return tuple(sorted(path.stem for path in found))


class Database:
    """The relational database at ``url`` (``sqlite:///…/registry.db``, ``postgresql+psycopg://…``).

    Nothing is opened before the first use. May be shared by threads; not across a fork.
    """

    def __init__(self, url: str, *, busy_timeout_s: float = 10.0) -> None:
        self.url = make_url(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._engine = self._make_engine(busy_timeout_s)
        modes = {"writing": False, "reading": True}
        self._makers = {
            mode: sessionmaker(
                self._engine.execution_options(yuqing_reading=reading),
                expire_on_commit=False,
                info={"reading": reading},
            )
            for mode, reading in modes.items()
        }

    @property
    def place(self) -> str:
        """Where the data is, for messages: the file, or the address without the password."""
        if self.sqlite:
            return self.url.database or ":memory:"
        return self.url.render_as_string(hide_password=True)

    def migrate(self) -> None:
        """Bring the tables to the newest revision; makes the file and its folder where missing.

        Quick when there is nothing to do (one query, Alembic is not even imported). Raises
        UnavailableError where the file can't be used, or was written by a newer version.
        """
        if self.sqlite and self.url.database:
            self._make_folder(Path(self.url.database).parent)
        with self._plainly():
            if self._due():
                self._upgrade()

    @contextmanager
    def transaction(self) -> Generator[Session]:
        """A session that may write; it commits at the end and rolls back on any error.

        On SQLite it holds the write lock from its begin, so that what was read stays true until
        the commit: keep it short. An error with ``commits = True`` (a failed sign-in, which must
        be counted) commits before it is raised on. A database that is locked, full, read-only or
        no database raises UnavailableError that says what to do.
        """
        with self._plainly(), self._makers["writing"]() as session:
            try:
                yield session
            except DeskError as error:
                if error.commits:
                    session.commit()
                raise
            session.commit()

    @contextmanager
    def reading(self) -> Generator[Session]:
        """A session that sees one snapshot and can't write; it never waits for a writer."""
        with self._plainly(reading=True), self._makers["reading"]() as session:
            yield session

    def scrub(self) -> bool:
        """After an erasure: empty the write-ahead log of SQLite; False where a reader held on.

        What is deleted is overwritten at once in the file itself (``secure_delete``).
        """
        if not self.sqlite:
            return True
        with self._plainly(), self._engine.connect() as connection:
            raw = connection.connection.driver_connection
            assert raw is not None
            return not raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]

    def dispose(self) -> None:
        """Close the connections. The database may be used again afterwards."""
        self._engine.dispose()

    def _make_engine(self, busy_timeout_s: float) -> Engine:
        arguments: dict[str, Any] = {"timeout": busy_timeout_s} if self.sqlite else {}
        engine = create_engine(
            self.url,
            connect_args=arguments,
            pool_size=4,
            max_overflow=60,
            pool_timeout=busy_timeout_s,
            json_serializer=_to_json,
        )
        if self.sqlite:
            event.listen(
                engine, "connect", lambda connection, _: _prepare(connection, busy_timeout_s)
            )
            event.listen(engine, "begin", _on_begin)
        return engine

    def _said(self, error: DBAPIError) -> str:
        said = str(error.orig)
        # Without room for its side files SQLite says that it can't open or read the database.
        if self.sqlite and _NO_ROOM_TOO.search(said) and is_full(Path(self.place)):
            return "disk is full"
        return said

    def _make_folder(self, folder: Path) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(
                f"建不了数据目录 {folder}：{reason_of(error)}。请检查路径和权限。"
            ) from error

    def _due(self) -> bool:
        with self._engine.execution_options(yuqing_reading=True).connect() as connection:
            current = _revision(connection)
        known = revisions()
        if current is not None and current not in known:
            raise UnavailableError(
                f"数据库 {self.place} 的版本是 {current}，比本程序认识的 {known[-1]} 新。"
                "请换用写下它的那个版本或更新的程序，不要用旧程序打开。"
            )
        return current != known[-1]

    def _upgrade(self) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        # The transaction takes the write lock first: of two processes that start together, the
        # second waits here and then finds nothing left to do.
        with self._engine.begin() as connection:
            before = _revision(connection)
            if before == revisions()[-1]:
                return
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
        log.info("database_migrated", before=before, after=revisions()[-1])

    @contextmanager
    def _plainly(self, *, reading: bool = False) -> Generator[None]:
        try:
            yield
        except UnicodeEncodeError as error:
            # Half a surrogate pair, as JSON input may hold one: no database keeps it.
            raise InvalidInputError(
                "文字里有无法保存的字符（半个代理对），请去掉后再试。"
            ) from error
        except PoolTimeoutError as error:
            raise UnavailableError("同时使用数据库的请求太多，请稍后再试。") from error
        except DBAPIError as error:
            sentence = _sentence(self._said(error), self.place)
            # A write inside reading() is our own fault, to be mended here: it stays as it is.
            if sentence is None or (reading and sentence.startswith(_READ_ONLY)):
                raise
            log.warning("database_unavailable", error=str(error.orig))
            raise UnavailableError(sentence) from error


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _revision(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


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
    reading = connection.get_execution_options().get("yuqing_reading", False)
    connection.exec_driver_sql(f"PRAGMA query_only={int(reading)}")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


_NO_ROOM_TOO = re.compile("disk i/o error|unable to open", re.IGNORECASE)
_READ_ONLY = "数据库是只读的"
_SENTENCES = (
    ("readonly", _READ_ONLY + "，写不进去：{place}。请检查文件和目录的权限。"),
    (
        "locked",
        "数据库 {place} 正被另一个进程占用，等待超时。请稍后再试，或查看是否有备份等程序开着它。",
    ),
    ("disk is full", "写不进数据库 {place}：磁盘已满。请清出空间后再试，已写入的数据没有丢失。"),
    ("disk i/o error", "读写数据库 {place} 时磁盘出错。请检查磁盘和剩余空间。"),
    ("not a database", "{place} 不是数据库文件。请确认路径没有指错；若文件被改坏，请从备份恢复。"),
    ("malformed", "数据库 {place} 已损坏。请停止服务，从备份恢复。"),
    ("unable to open", "打不开数据库 {place}。请检查目录是否存在、是否有读写权限。"),
    ("connection failed", "连不上数据库 {place}。请检查地址、账号和数据库服务。"),
)


def _sentence(error: str, place: str) -> str | None:
    """What a person needs to know of a driver's error; None where it is a programming error."""
    lowered = error.lower()
    for needle, sentence in _SENTENCES:
        if needle in lowered:
            return sentence.format(place=place)
    return None
