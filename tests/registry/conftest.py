from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.registry import make_database


@pytest.fixture
def database(tmp_path: Path):
    """A migrated database in a file of its own."""
    made = make_database(tmp_path)
    yield made
    made.dispose()


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
