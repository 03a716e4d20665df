import pytest
from support.responder import Office
from support.stores import database, postgres

__all__ = ["database", "postgres"]


@pytest.fixture
def session(database):
    with database.transaction() as opened:
        yield opened


@pytest.fixture
def office(database) -> Office:
    return Office(database)
