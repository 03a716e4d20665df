"""The one relational database: opening, migrating, transactions, and its failures in plain words.

SQLite and PostgreSQL behave the same here: one writer at a time, so that what a transaction has
read stays true until its commit, and readers on snapshots that never wait. What only one of them
understands stands in registry/db_sqlite.py and registry/db_postgresql.py.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import structlog
from sqlalchemy import URL, Connection, MetaData, event, inspect, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

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

    def __init__(self, url: str | URL, *, busy_timeout_s: float = 10.0) -> None:
        self.url = _known(url)
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self._kind = _kind(sqlite=self.sqlite)
        self._engine = self._kind.make_engine(self.url, busy_timeout_s, json_serializer=_to_json)
        self._disposed = 0  # times
        event.listen(self._engine, "connect", self._opened)
        event.listen(self._engine, "checkin", self._given_back)
        self._makers = {
            mode: sessionmaker(
                self._engine.execution_options(**self._kind.options(mode)),
                expire_on_commit=False,
                info={"reading": mode == "reading"},
            )
            for mode in ("writing", "reading")
        }

    def again(self, *, busy_timeout_s: float) -> Database:
        """The same database, opened apart, with another patience for other writers."""
        return Database(self.url, busy_timeout_s=busy_timeout_s)

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
        self._kind.make_place(self.url)
        with self._plainly():
            if self._due():
                self._upgrade()

    def rebuild(self, revision: str, fill: Callable[[Session], None]) -> None:
        """Make all tables anew, as they were at ``revision``; fill them; bring them up to date.

        One transaction: on any error all is as before. Raises UnavailableError for a revision that
        this program does not know.
        """
        if revision not in revisions():
            raise UnavailableError(_too_new(self.place, revision))
        self._kind.make_place(self.url)
        with self._plainly(), self._engine.begin() as connection:
            there = MetaData()
            there.reflect(connection)
            there.drop_all(connection)
            _alembic(connection, revision)
            with Session(connection, join_transaction_mode="rollback_only") as session:
                fill(session)
                session.flush()
            _alembic(connection, "head")

    @property
    def empty(self) -> bool:
        """Whether there is no table yet."""
        with self._plainly(), self._engine.connect() as connection:
            return not inspect(connection).get_table_names()

    @contextmanager
    def transaction(self) -> Generator[Session]:
        """A session that may write; it commits at the end and rolls back on any error.

        It holds the one write lock from its begin, so that what was read stays true until the
        commit: keep it short. An error with ``commits = True`` (a failed sign-in, which must be
        counted) commits before it is raised on. A database that is locked, full, read-only, out
        of reach or no database raises UnavailableError that says what to do.
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
        """After an erasure: leave nothing of what was deleted; False where a reader held on."""
        with self._plainly():
            return bool(self._kind.scrub(self._engine))

    def dispose(self) -> None:
        """Close the connections. The database may be used again afterwards.

        A connection that another thread still uses is closed when that thread gives it back.
        """
        self._disposed += 1
        self._engine.dispose()

    def _opened(self, _connection: Any, entry: ConnectionPoolEntry) -> None:
        entry.info["disposed"] = self._disposed

    def _given_back(self, connection: Any, entry: ConnectionPoolEntry) -> None:
        # It would go back to the pool that was disposed of, which nobody empties any more.
        if connection is not None and entry.info.get("disposed") != self._disposed:
            entry.invalidate()

    def _due(self) -> bool:
        with self._engine.execution_options(
            **self._kind.options("reading")
        ).connect() as connection:
            current = _revision(connection)
        known = revisions()
        if current is not None and current not in known:
            raise UnavailableError(_too_new(self.place, current))
        return current != known[-1]

    def _upgrade(self) -> None:
        # The transaction takes the write lock first: of two processes that start together, the
        # second waits here and then finds nothing left to do.
        with self._engine.begin() as connection:
            before = _revision(connection)
            if before == revisions()[-1]:
                return
            _alembic(connection, "head")
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
            failure = self._kind.failure(error, self.place)
            # A write inside reading() is our own fault, to be mended here: it stays as it is.
            if failure is None or (reading and failure.read_only):
                raise
            log.warning("database_failed", error=str(error.orig))
            raise failure.kind(failure.sentence) from error


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode()


def _revision(connection: Connection) -> str | None:
    """The revision of the tables; None where there are none yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def _alembic(connection: Connection, target: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, target)


def _too_new(place: str, revision: str) -> str:
    return (
        f"数据库 {place} 的版本是 {revision}，比本程序认识的 {revisions()[-1]} 新。"
        "请换用写下它的那个版本或更新的程序，不要用旧程序打开。"
    )


def _known(url: str | URL) -> URL:
    """The address, told what driver it takes. Raises InvalidInputError."""
    try:
        made = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise InvalidInputError(
            "看不懂数据库地址。应写成 postgresql://用户:密码@主机:5432/库名。", field="database_url"
        ) from error
    if made.drivername == "sqlite":
        return made
    if made.drivername in {"postgresql", "postgres", "postgresql+psycopg"}:
        return _kind(sqlite=False).driver_url(made)  # type: ignore[no-any-return]
    raise InvalidInputError(
        f"不支持 {made.drivername} 数据库。请用 postgresql://…，或不写而用内置的 SQLite。",
        field="database_url",
    )


def _kind(*, sqlite: bool) -> ModuleType:
    """The module of that database; the driver of the other one is not loaded."""
    if sqlite:
        from registry import db_sqlite

        return db_sqlite
    from registry import db_postgresql

    return db_postgresql
