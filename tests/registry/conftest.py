from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.stores import database, postgres

__all__ = ["database", "postgres"]


@pytest.fixture
def now() -> datetime:
    return datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
