from __future__ import annotations

from pathlib import Path

import pytest
from support.registry import make_database

from crawlers.admission import Admission
from posts.log.memory import MemoryLog
from registry.db import Database


@pytest.fixture
def database(tmp_path: Path):
    database = make_database(tmp_path)
    yield database
    database.dispose()


@pytest.fixture
def log():
    return MemoryLog()


@pytest.fixture
def admission(log: MemoryLog, database: Database) -> Admission:
    return Admission(log, database)
