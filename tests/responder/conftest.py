from collections.abc import Iterator

import pytest
from support.registry import make_database
from support.responder import Office

from registry.db import Database


@pytest.fixture
def database(tmp_path) -> Iterator[Database]:
    made = make_database(tmp_path)
    yield made
    made.dispose()


@pytest.fixture
def session(database):
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def office(database) -> Office:
    return Office(database)
