"""The logical dump: any engine into any other, every value as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text
from support.stores import Postgres

from registry import audit, changes, db_dump, jobs, lease, outbox, secrets, sessions, users
from registry.db import Database, revisions
from registry.errors import InvalidInputError, UnavailableError
from registry.passwords import cheap

ODD = {"标题": "停水\x00“”\u2028", "n": [1.5, None, True, 10**15], "": {"a": "\\u0000'"}}


@pytest.fixture
def empty(postgres: Postgres, tmp_path) -> Iterator[Callable[[str], Database]]:
    """A new database without tables."""
    made: list[Database] = []
    urls: list[str] = []

    def make(engine: str) -> Database:
        if engine == "sqlite":
            url = f"sqlite:///{tmp_path}/new-{len(made)}.db"
        else:
            url = postgres.make(template="template0")
            urls.append(url)
        made.append(Database(url))
        return made[-1]

    yield make
    for one in made:
        one.dispose()
    for url in urls:
        postgres.drop(url)


@pytest.fixture
def filled(database: Database, now: datetime) -> Database:
    with database.transaction() as session:
        user = users.create(
            session,
            name="zhang",
            password="翠湖边上的三棵老柳树",
            roles={users.Role.ADMIN},
            display_name="张三",
            now=now,
            hasher=cheap(),
        )
        secrets.key(session, "author")
        sessions.start(session, user.id, now=now, agent="x")
        lease.acquire(session, "responder", holder="x", now=now, ttl_s=5)
        jobs.add(session, kind="x", subject="s", body=ODD, now=now, limit_s=5)
        outbox.put(session, kind="x", key="k", payload=ODD, due_at=now, now=now)
        for number in range(3):
            at = now + timedelta(microseconds=number)
            changes.note(session, "stage", f"{number}", now=at)
            audit.record(session, who="x", action="y", subject="z", after=ODD, now=now)
        audit.erase(session, 1, reason="到期", signer="乙", now=now)
    with database.transaction() as session:
        changes.prune(session, before=now + timedelta(microseconds=2))
    return database


def dumped(database: Database) -> tuple[str, dict[str, list[str]], dict[str, int]]:
    with database.reading() as session:
        tables = {
            table: list(db_dump.lines(session, table))
            for table in db_dump.tables(session)
            if table not in db_dump.PASSING
        }
        return db_dump.revision(session), tables, db_dump.counters(session)


def load(database: Database, dump: tuple[str, dict[str, list[str]], dict[str, int]]) -> None:
    revision, tables, counters = dump

    def fill(session) -> None:
        for table, lines in tables.items():
            assert db_dump.fill(session, table, lines) == len(lines) - 1
        db_dump.settle(session, counters)

    database.rebuild(revision, fill)


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_every_value_comes_back_as_it_was(
    filled: Database, empty: Callable[[str], Database], engine: str, now: datetime
):
    there = empty(engine)
    load(there, dumped(filled))
    assert dumped(there)[:2] == dumped(filled)[:2]
    with there.reading() as session, filled.reading() as was:
        assert outbox.recent(session, 9) == outbox.recent(was, 9)
        assert jobs.get(session, 1) == jobs.get(was, 1)
        assert secrets.key(session, "author") == secrets.key(was, "author")
        assert audit.head(session) == audit.head(was)
        assert audit.verify(session) == []
        assert users.everything(session) == users.everything(was)


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_numbers_go_on_and_nobody_is_at_work_or_signed_in(
    filled: Database, empty: Callable[[str], Database], engine: str, now: datetime
):
    there = empty(engine)
    load(there, dumped(filled))
    with filled.reading() as session:
        last = changes.last(session)
    with there.transaction() as session:
        changes.note(session, "stage", "new", now=now)
        assert changes.last(session) > last + 1000, "whoever follows has seen smaller ones"
        assert jobs.add(session, kind="x", subject="s", body={}, now=now, limit_s=5) == 2
        assert lease.holder(session, "responder") is None
        assert session.execute(text("SELECT count(*) FROM sign_ins")).scalar() == 0
        audit.record(session, who="x", action="y", subject="z", now=now)
        assert audit.verify(session) == []


@pytest.mark.needs("postgres")
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_is_there_is_replaced_as_a_whole_or_not_at_all(
    filled: Database, empty: Callable[[str], Database], engine: str, now: datetime
):
    there = empty(engine)
    there.migrate()
    with there.transaction() as session:
        audit.record(session, who="old", action="y", subject="z", now=now)
        head = audit.head(session)
    revision, tables, counters = dumped(filled)
    broken = {**tables, "audit_entries": [*tables["audit_entries"], "[1]\n"]}
    with pytest.raises(InvalidInputError, match="audit_entries 读不懂"):
        load(there, (revision, broken, counters))
    with there.reading() as session:
        assert audit.head(session) == head
    load(there, (revision, tables, counters))
    assert dumped(there)[1] == tables


@pytest.mark.needs("postgres")
def test_data_of_an_earlier_revision_is_brought_up_to_date(empty: Callable[[str], Database]):
    there = empty("postgresql")
    there.rebuild("0003_seeds", lambda session: None)
    with there.reading() as session:
        assert db_dump.revision(session) == revisions()[-1]
    with pytest.raises(UnavailableError, match="比本程序认识的"):
        there.rebuild("9999_future", lambda session: None)


def test_tables_come_after_those_they_refer_to(database: Database):
    with database.reading() as session:
        names = db_dump.tables(session)
    assert names.index("users") < names.index("approvals")
    assert names.index("erasures") < names.index("erased")
    assert "alembic_version" not in names


def test_a_dump_sees_one_snapshot(database: Database, now: datetime):
    with database.reading() as session:
        before = list(db_dump.lines(session, "changes"))
        with database.transaction() as writing:
            changes.note(writing, "stage", "x", now=now)
        assert list(db_dump.lines(session, "changes")) == before


@pytest.mark.parametrize(
    "lines", [[], ["nonsense"], ['["id","nothing"]\n', "[1,2]\n"], ["{}", "1"]]
)
def test_lines_that_do_not_fit_are_told(database: Database, lines: list[str]):
    with (
        pytest.raises(InvalidInputError, match="changes"),
        database.transaction() as session,
    ):
        db_dump.fill(session, "changes", lines)
