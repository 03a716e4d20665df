"""What PostgreSQL adds: writers on other machines, a server that dies, a client that is frozen."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DBAPIError
from support.service import until
from support.stores import Postgres, address

from registry import accounts, approvals, audit, changes, lease, secrets, sightings, users
from registry.db import Database, revisions
from registry.db_postgresql import SILENT_S, failure
from registry.errors import ConflictError, DeskError, InvalidInputError, UnavailableError
from registry.passwords import Hasher

soon = functools.partial(until, deadline_s=60, every_s=0.01)

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.needs("postgres")


@pytest.fixture
def database(postgres: Postgres) -> Iterator[Database]:
    url = postgres.make()
    made = Database(url)
    yield made
    made.dispose()
    postgres.drop(url)


def together(*work: Callable[[], object]) -> list[BaseException]:
    """Run them at once, each in a thread; what they raised."""
    raised: list[BaseException] = []
    barrier = threading.Barrier(len(work))

    def run(one: Callable[[], object]) -> None:
        barrier.wait()
        try:
            one()
        except DeskError as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def process(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


class TestAddresses:
    @pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
    def test_each_way_of_writing_it_means_the_one_driver(self, scheme: str):
        database = Database(f"{scheme}://u:secret@host:5432/desk")
        assert database.url.drivername == "postgresql+psycopg"
        assert "secret" not in database.place

    @pytest.mark.parametrize("url", ["mysql://u@h/x", "postgresql+asyncpg://u@h/x", "desk", ""])
    def test_another_database_is_refused_in_plain_words(self, url: str):
        with pytest.raises(InvalidInputError, match="数据库"):
            Database(url)

    def test_nobody_listens(self):
        with pytest.raises(UnavailableError, match=r"连不上数据库 .*127\.0\.0\.1:9/") as told:
            Database("postgresql://u:secret@127.0.0.1:9/desk").migrate()
        assert "secret" not in told.value.message

    def test_no_such_database_or_a_wrong_password(self, postgres: Postgres, database: Database):
        wrong = database.url.set(database="no_such")
        with pytest.raises(UnavailableError, match="没有这个数据库"):
            Database(wrong).migrate()
        wrong = database.url.set(password="wrong")
        with pytest.raises(UnavailableError, match="不接受这个账号或密码"):
            Database(wrong).migrate()


def test_processes_that_start_together_on_nothing_all_come_up(postgres: Postgres):
    url = postgres.make(template="template0")
    code = (
        "import sys; from registry.db import Database;"
        "d = Database(sys.argv[1]); print('ready', flush=True); sys.stdin.readline(); d.migrate()\n"
        "from registry import changes\n"
        "with d.transaction() as s: print('last', changes.last(s))"
    )
    started = [process(code, url) for _ in range(4)]
    for one in started:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    for one in started:
        out, err = one.communicate(timeout=60)
        assert one.returncode == 0, err
        assert "last 0" in out
    with psycopg.connect(url) as connection:
        found = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    assert found == [(revisions()[-1],)]
    postgres.drop(url)


class TestOneWriterAtATime:
    def test_a_change_that_commits_late_is_not_missed(self, database: Database, now: datetime):
        """A sequence gives its number before the commit: without the lock 2 is seen before 1."""
        order: list[str] = []
        inside, go_on = threading.Event(), threading.Event()

        def slow() -> None:
            with database.transaction() as session:
                changes.note(session, "stage", "slow", now=now)
                inside.set()
                go_on.wait(60)
                order.append("slow")

        def quick() -> None:
            inside.wait(60)
            with database.transaction() as session:
                changes.note(session, "stage", "quick", now=now)
                order.append("quick")

        threads = [threading.Thread(target=work) for work in (slow, quick)]
        for thread in threads:
            thread.start()
        inside.wait(60)
        seen: list[changes.Change] = []
        with database.reading() as session:  # while both are under way
            seen += changes.since(session, 0)
        go_on.set()
        for thread in threads:
            thread.join()
        with database.reading() as session:
            seen += changes.since(session, seen[-1].id if seen else 0)
        assert order == ["slow", "quick"]
        assert [change.subject for change in seen] == ["slow", "quick"]

    def test_a_reader_that_follows_never_misses_one(self, database: Database, now: datetime):
        stop = threading.Event()
        seen: list[int] = []

        def follow() -> None:
            while True:
                last_round = stop.is_set()
                with database.reading() as session:
                    seen.extend(c.id for c in changes.since(session, seen[-1] if seen else 0))
                if last_round:
                    return

        def write(name: str) -> None:
            for number in range(25):
                with database.transaction() as session:
                    changes.note(session, "stage", f"{name}{number}", now=now)
                    if number % 3 == 0:  # a number that is used and thrown away leaves a gap
                        changes.note(session, "stage", "x", now=now)
                        session.rollback()

        reader = threading.Thread(target=follow)
        reader.start()
        together(*(lambda name=name: write(name) for name in "abcd"))
        stop.set()
        reader.join()
        with database.reading() as session:
            there = [change.id for change in changes.since(session, 0)]
        assert seen == there
        assert len(there) == 4 * 16

    def test_the_audit_chain_stays_whole_under_many_writers(
        self, database: Database, now: datetime
    ):
        def write() -> None:
            for number in range(15):
                with database.transaction() as session:
                    audit.record(session, who="x", action="y", subject=f"{number}", now=now)

        assert together(*[write] * 5) == []
        with database.reading() as session:
            assert audit.verify(session) == []
            assert audit.entries(session, limit=1)[0].id == 75

    def test_of_two_who_confirm_at_once_one_does(self, database: Database, now: datetime):
        with database.transaction() as session:
            people = [
                users.create(
                    session,
                    name=name,
                    password="correct horse",
                    roles={users.Role.SIGNER},
                    display_name=name,
                    now=now,
                    hasher=Plain(),
                ).id
                for name in ("proposer", "first", "second")
            ]
            number = approvals.propose(
                session, action="x", subject="s", body={}, by=people[0], now=now
            )

        def confirm(by: int) -> None:
            with database.transaction() as session:
                approvals.confirm(session, number, by=by, now=now)

        raised = together(lambda: confirm(people[1]), lambda: confirm(people[2]))
        assert [type(error) for error in raised] == [ConflictError]

    def test_of_many_that_take_a_lease_or_make_a_key_one_does(
        self, database: Database, now: datetime
    ):
        held: list[bool] = []
        keys: list[bytes] = []

        def take(name: str) -> None:
            with database.transaction() as session:
                held.append(lease.acquire(session, "x", holder=name, now=now, ttl_s=5))
            with database.transaction() as session:
                keys.append(secrets.key(session, "author"))

        assert together(*(lambda name=name: take(name) for name in "abcde")) == []
        assert sorted(held) == [False] * 4 + [True]
        assert len(set(keys)) == 1

    def test_two_crawlers_remember_the_same_post(self, database: Database, now: datetime):
        def remember(mark: str) -> None:
            for number in range(20):
                post = sightings.Sighting(f"p{number}", mark, now, "2026-11")
                with database.transaction() as session:
                    sightings.remember(session, [post], now=now)

        assert together(lambda: remember("a"), lambda: remember("b")) == []
        with database.reading() as session:
            assert len(sightings.known(session, [f"p{number}" for number in range(20)])) == 20

    def test_failures_of_signing_in_are_all_counted(self, database: Database, now: datetime):
        def guess() -> None:
            with database.transaction() as session:
                users.authenticate(session, name="nobody", password="x", now=now, hasher=Plain())

        raised = together(*[guess] * 6)
        said = [error.message for error in raised if isinstance(error, DeskError)]
        assert sum("锁定到" in sentence for sentence in said) == 2  # the fifth, and who came after


class Plain(Hasher):
    """Quick, and no hash at all."""

    __hash__ = object.__hash__

    def hash(self, password: str) -> str:
        return f"plain:{password}"

    def verify(self, password: str, expected: str) -> bool:
        return expected == f"plain:{password}"


FROZEN = """
import signal, sys
from datetime import datetime, UTC
from registry.db import Database
from registry import changes
database = Database(sys.argv[1])
with database.transaction() as session:
    changes.note(session, "stage", "frozen", now=datetime.now(UTC))
    print("inside", flush=True)
    sys.stdin.readline()
print("committed", flush=True)
"""


def test_a_writer_that_is_frozen_is_thrown_out_and_is_told(database: Database, now: datetime):
    frozen = process(FROZEN, address(database))
    assert frozen.stdout is not None
    assert frozen.stdout.readline() == "inside\n"
    os.kill(frozen.pid, signal.SIGSTOP)
    began = time.monotonic()
    with database.transaction() as session:
        changes.note(session, "stage", "other", now=now)
    waited = time.monotonic() - began
    os.kill(frozen.pid, signal.SIGCONT)
    out, err = frozen.communicate("\n", timeout=30)
    assert waited < SILENT_S + 20
    assert "committed" not in out
    assert "UnavailableError" in err.splitlines()[-1]
    assert "没有保存" in err.splitlines()[-1]
    with database.reading() as session:
        assert [change.subject for change in changes.since(session, 0)] == ["other"]


def test_after_kill_9_of_the_server_it_goes_on_and_nothing_acknowledged_is_lost(
    own_server, now: datetime
):
    server = own_server("postgres")
    database = Database(server.address, busy_timeout_s=3)
    database.migrate()
    acknowledged: list[str] = []
    refused: list[str] = []
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            try:
                with database.transaction() as session:
                    changes.note(session, "stage", f"{number}", now=now)
            except UnavailableError as error:
                refused.append(error.message)
                stop.wait(0.02)
            else:
                acknowledged.append(f"{number}")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(2):
            before = len(acknowledged)
            soon(lambda b=before: len(acknowledged) > b + 20, what="writing goes on")
            server.kill()
            told = len(refused)
            soon(lambda t=told: len(refused) > t, what="the writer is told")
            server.start()
        before = len(acknowledged)
        soon(lambda b=before: len(acknowledged) > b + 20, what="writing goes on")
    finally:
        stop.set()
        writer.join()
    with database.reading() as session:
        there = {change.subject for change in changes.since(session, 0, limit=100_000)}
    database.dispose()
    assert set(acknowledged) <= there
    assert len(there) <= len(acknowledged) + 2, "at most the one under way at each kill"
    assert any("连接断了" in sentence or "连不上" in sentence for sentence in refused)


def test_after_an_erasure_the_files_of_the_tables_hold_nothing(database: Database, now: datetime):
    secret = "某某某13800000000"
    with database.transaction() as session:
        number = audit.record(session, who="x", action="y", subject="s", after=secret, now=now)
    assert secret.encode() in file_of(database, "audit_entries")
    with database.transaction() as session:
        audit.erase(session, number, reason="到期", signer="乙", now=now)
    assert database.scrub()
    assert secret.encode() not in file_of(database, "audit_entries")
    with database.reading() as session:
        assert audit.verify(session) == []


def test_a_reader_that_holds_on_puts_the_scrubbing_off(
    database: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("registry.db_postgresql.SCRUB_PATIENCE_S", 0.1)
    with database.reading() as session:
        changes.last(session)
        with database.transaction() as writing:
            changes.note(writing, "stage", "x", now=now)
        assert not database.scrub()
    assert database.scrub()


def file_of(database: Database, table: str) -> bytes:
    with psycopg.connect(address(database).replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        found = connection.execute(
            "SELECT pg_read_binary_file(pg_relation_filepath(%s))", (table,)
        ).fetchone()
    assert found is not None
    return found[0]


@pytest.mark.parametrize(
    ("state", "kind", "said"),
    [
        ("55P03", UnavailableError, "等待超时"),
        ("40001", ConflictError, "请重试"),
        ("40P01", ConflictError, "请重试"),
        ("53100", UnavailableError, "磁盘已满"),
        ("53300", UnavailableError, "连接已用完"),
        ("25006", UnavailableError, "只读的"),
        ("42501", UnavailableError, "权限不够"),
        ("57P01", UnavailableError, "连接断了"),
        ("57P03", UnavailableError, "正在启动"),
        ("08006", UnavailableError, "连接断了"),
        ("XX001", UnavailableError, "已损坏"),
    ],
)
def test_each_state_is_told_in_plain_words(state: str, kind: type[DeskError], said: str):
    class Said(psycopg.Error):
        sqlstate = state

    found = failure(DBAPIError("x", {}, Said("in English")), "host/desk")
    assert found is not None
    assert found.kind is kind
    assert said in found.sentence
    assert "host/desk" in found.sentence


@pytest.mark.parametrize("state", ["42P01", "23505", "42601"])
def test_our_own_mistakes_stay_what_they_are(state: str):
    class Said(psycopg.Error):
        sqlstate = state

    assert failure(DBAPIError("x", {}, Said("relation does not exist")), "host/desk") is None


def test_what_is_too_long_or_too_large_is_the_input_s_fault(database: Database, now: datetime):
    with pytest.raises(InvalidInputError, match="太长"), database.transaction() as session:
        changes.note(session, "x" * 17, "s", now=now)
    with pytest.raises(InvalidInputError, match="太大"), database.transaction() as session:
        accounts.get(session, 2**40)
    with pytest.raises(InvalidInputError, match="NUL"), database.transaction() as session:
        changes.note(session, "stage", "a\0b", now=now)


def test_instants_come_back_to_the_microsecond(database: Database, now: datetime):
    at = now + timedelta(microseconds=123457)
    with database.transaction() as session:
        changes.note(session, "stage", "x", now=at)
    with database.reading() as session:
        assert changes.since(session, 0)[0].at == at
