"""What several promises share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.bundling import Bundling
from support.sizes import size
from support.stores import database, postgres

__all__ = ["bundling", "database", "postgres", "size"]


@pytest.fixture(scope="session")
def bundling(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bundling]:
    """The offline bundle; P38 asks for it, and who only waits before that may begin it."""
    made = Bundling(tmp_path_factory.mktemp("offline"))
    yield made
    made.close()
