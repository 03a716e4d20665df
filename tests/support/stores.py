"""The relational database of a test, on both engines: each test runs over SQLite and PostgreSQL.

A conftest takes the fixtures with ``from support.stores import database, postgres``.
"""

from __future__ import annotations

import itertools
import os
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


class Postgres:
    """A server on which tests have databases of their own, copied from one that is migrated."""

    def __init__(self, server_url: str) -> None:
        self._server = urlsplit(server_url)
        self._template = f"yuqing_template_{os.getpid()}_{next(_numbers)}"
        self._made: list[str] = []
        url = self.make(self._template, template="template0")
        database = Database(url)
        database.migrate()
        database.dispose()

    def make(self, name: str = "", *, template: str = "") -> str:
        """A migrated database of that name or any; its URL. ``template0``: an empty one."""
        name = name or f"yuqing_test_{os.getpid()}_{next(_numbers)}"
        self.tell(f"CREATE DATABASE {name} TEMPLATE {template or self._template}")
        self._made.append(name)
        return urlunsplit(self._server._replace(path=f"/{name}"))

    def drop(self, url: str) -> None:
        """End it and whoever still uses it."""
        name = urlsplit(url).path[1:]
        self.tell(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        self._made.remove(name)

    def tell(self, statement: str) -> None:
        """One statement to the server's own database."""
        with psycopg.connect(urlunsplit(self._server), autocommit=True) as connection:
            connection.execute(statement)

    def close(self) -> None:
        """Drop all that is left."""
        for name in list(self._made):
            self.drop(f"//x/{name}")


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
