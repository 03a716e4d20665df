"""The relational database of a test, on both engines: each test runs over SQLite and PostgreSQL.

A conftest takes the fixtures with ``from support.stores import database, postgres``.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from support.registry import make_database

from registry import db_postgresql
from registry.db import Database

_numbers = itertools.count(1)
#: For a test of what only SQLite has: its file, its bytes.
ONLY_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
ENGINES = ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgres"))]


def address(database: Database) -> str:
    """The URL with all that it takes to open the database elsewhere."""
    return database.url.render_as_string(hide_password=False)


# What a test may change beside rows: a database that differs in any of this is not used again.
_SHAPE = """
SELECT (SELECT json_agg(x ORDER BY x.oid) FROM
        (SELECT c.oid, relname, relacl, reloptions, relhastriggers, relrowsecurity,
                (SELECT json_agg((attname, atttypid, attnotnull, attisdropped) ORDER BY attnum)
                 FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0)
         FROM pg_class c WHERE relnamespace = 'public'::regnamespace) x)::text
    || (SELECT count(*) FROM pg_trigger)::text || (SELECT count(*) FROM pg_proc)::text
    || (SELECT count(*) FROM pg_namespace WHERE nspname NOT LIKE 'pg_%')::text
    || (SELECT count(*) FROM pg_db_role_setting)::text
"""
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)
_SEQUENCES = (
    "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
)


class Postgres:
    """A server on which tests have databases of their own, as a migration leaves them.

    They are copies of one that is migrated. A copy takes a fifth of a second, so one that a test
    has left is emptied and given to the next, unless its shape was changed.
    """

    def __init__(self, server_url: str) -> None:
        self._server = urlsplit(server_url)
        self._free: list[str] = []
        self._lent: dict[str, str] = {}  # copies of the template, by name: their shape
        self._template = f"yuqing_template_{os.getpid()}_{next(_numbers)}"
        self._made: list[str] = []
        url = self.make(self._template, template="template0")
        database = Database(url)
        database.migrate()
        database.dispose()

    def make(self, name: str = "", *, template: str = "") -> str:
        """A migrated database of that name or any; its URL. ``template0``: an empty one."""
        if not name and not template:
            return self._lend()
        return self._create(name, template)

    def _create(self, name: str = "", template: str = "") -> str:
        name = name or f"yuqing_test_{os.getpid()}_{next(_numbers)}"
        self.tell(f"CREATE DATABASE {name} TEMPLATE {template or self._template}")
        self._made.append(name)
        return self._url(name)

    def _lend(self) -> str:
        """A copy of the template that nobody uses."""
        if self._free:
            return self._url(self._free.pop())
        url = self._create()
        with psycopg.connect(url) as connection:
            [shape] = connection.execute(_SHAPE).fetchone() or [""]
            tables = [_quoted(name) for (name,) in connection.execute(_TABLES)]
            self._seeds = [
                (name, rows)
                for name in tables
                if (
                    rows := connection.execute(
                        f"SELECT row_to_json(t)::text FROM {name} t"
                    ).fetchall()
                )
            ]
            self._which_are_full = " UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables
            )
            self._set_back = "SELECT " + ", ".join(
                f"(SELECT setval('{name}', {last}, {called}))"
                for (sequence,) in connection.execute(_SEQUENCES).fetchall()
                for name in [_quoted(sequence)]
                for last, called in connection.execute(f"SELECT last_value, is_called FROM {name}")
            )
        self._lent[urlsplit(url).path[1:]] = shape
        return url

    def drop(self, url: str) -> None:
        """Take it back; whoever still uses it is disconnected."""
        name = urlsplit(url).path[1:]
        self._end_others(name)
        with contextlib.suppress(psycopg.Error):  # a user who may not empty it may drop it
            if name in self._lent and self._emptied(name):
                self._free.append(name)
                return
        self._remove(name)

    def _end_others(self, name: str) -> None:
        """Disconnect all of them, and wait until they are gone."""
        asked = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = %s"
        end = time.monotonic() + 60
        with psycopg.connect(urlunsplit(self._server), autocommit=True) as connection:
            while connection.execute(asked, [name]).fetchone() != (0,):
                assert time.monotonic() < end, f"{name} is still in use"
                time.sleep(0.01)

    def _emptied(self, name: str) -> bool:
        """All rows as the migration leaves them; False where more than rows was changed."""
        with psycopg.connect(self._url(name)) as connection:
            if connection.execute(_SHAPE).fetchone() != (self._lent[name],):
                return False
            connection.execute("SET session_replication_role = replica")  # no triggers, no keys
            full = connection.execute(self._which_are_full).fetchall()
            if full:
                connection.execute(f"TRUNCATE {', '.join(name for (name,) in full)} CASCADE")
            for table, rows in self._seeds:
                record = f"json_populate_record(NULL::{table}, %s)"
                for row in rows:
                    connection.execute(f"INSERT INTO {table} SELECT * FROM {record}", row)
            connection.execute(self._set_back)
        return True

    def _url(self, name: str) -> str:
        return urlunsplit(self._server._replace(path=f"/{name}"))

    def _remove(self, name: str) -> None:
        self._lent.pop(name, None)
        self.tell(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.remove(name)

    def tell(self, statement: str) -> None:
        """One statement to the server's own database."""
        with psycopg.connect(urlunsplit(self._server), autocommit=True) as connection:
            connection.execute(statement)

    def close(self) -> None:
        """Drop all that is left."""
        for name in list(self._made):
            self._remove(name)


def _quoted(name: str) -> str:
    return f'"{name}"'


@pytest.fixture(scope="session")
def postgres(database_url: str) -> Iterator[Postgres]:
    """The PostgreSQL server of the run."""
    server = Postgres(database_url)
    yield server
    server.close()


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database of its own, on each engine."""
    if request.param == "sqlite":
        made = make_database(tmp_path)
        yield made
        made.dispose()
        return
    server: Postgres = request.getfixturevalue("postgres")
    url = server.make()
    with pytest.MonkeyPatch.context() as patch:
        # On a busy machine a test may stand still for longer than a writer is let wait.
        patch.setattr(db_postgresql, "SILENT_S", 60.0)
        made = Database(url)
    yield made
    made.dispose()
    server.drop(url)
