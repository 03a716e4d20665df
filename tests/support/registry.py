"""Migrated databases for tests, made once for each run and copied from then on."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from registry.db import Database


@cache
def _template() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "registry.db"
        database = Database(f"sqlite:///{path}")
        database.migrate()
        database.dispose()  # the last connection moves the write-ahead log into the file
        return path.read_bytes()


def make_database(folder: Path, name: str = "registry.db", **settings: float) -> Database:
    """A migrated database in a new file of the folder (give ``tmp_path``); call dispose() after.

    >>> database = make_database(tmp_path)
    """
    path = folder / name
    path.write_bytes(_template())
    return Database(f"sqlite:///{path}", **settings)


def copy_database(database: Database, target: Path) -> Database:
    """The same data in another file, opened."""
    database.dispose()
    shutil.copyfile(database.place, target)
    return Database(f"sqlite:///{target}")
