from __future__ import annotations

import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.stores import address

from registry import lease
from registry.db import Database

ROOT = Path(__file__).resolve().parents[2]
TTL = 15


def acquire(database: Database, holder: str, now: datetime) -> bool:
    with database.transaction() as session:
        return lease.acquire(session, "responder", holder=holder, now=now, ttl_s=TTL)


def test_one_holder_at_a_time(database: Database, now: datetime):
    assert acquire(database, "a", now)
    assert not acquire(database, "b", now)
    assert acquire(database, "a", now + timedelta(seconds=5)), "the holder renews"
    assert not acquire(database, "b", now + timedelta(seconds=TTL + 4))
    with database.reading() as session:
        assert lease.holder(session, "responder") == "a"


def test_it_is_free_from_the_instant_on_which_it_ends(database: Database, now: datetime):
    acquire(database, "a", now)
    assert not acquire(database, "b", now + timedelta(seconds=TTL, microseconds=-1))
    assert acquire(database, "b", now + timedelta(seconds=TTL))
    assert not acquire(database, "a", now + timedelta(seconds=TTL)), "a late renewal loses"


def test_one_that_ends_in_a_far_future_was_taken_by_a_wrong_clock(database: Database, now):
    assert acquire(database, "a", now + timedelta(hours=5))
    assert acquire(database, "b", now), "its holder may have died with the fast clock"
    assert not acquire(database, "a", now)


def test_giving_back_frees_it_at_once_but_only_by_its_holder(database: Database, now: datetime):
    acquire(database, "a", now)
    with database.transaction() as session:
        lease.release(session, "responder", holder="b")
    assert not acquire(database, "b", now)
    with database.transaction() as session:
        lease.release(session, "responder", holder="a")
    assert acquire(database, "b", now)


def test_leases_of_other_names_are_apart(database: Database, now: datetime):
    acquire(database, "a", now)
    with database.transaction() as session:
        assert lease.acquire(session, "grouping", holder="b", now=now, ttl_s=TTL)


def test_an_ended_lease_has_no_holder_when_the_time_is_asked(database: Database, now: datetime):
    acquire(database, "a", now)
    with database.reading() as session:
        assert lease.holder(session, "responder", now=now) == "a"
        late = now + timedelta(seconds=TTL)
        assert lease.holder(session, "responder", now=late) is None
        assert lease.holder(session, "nothing") is None


def test_a_lease_without_time_is_a_mistake(database: Database, now: datetime):
    with pytest.raises(ValueError, match="0 s"), database.transaction() as session:
        lease.acquire(session, "x", holder="a", now=now, ttl_s=0)


def test_a_tenure_asks_again_when_half_of_it_is_over(database: Database, now: datetime):
    def at(seconds: float) -> datetime:
        return now + timedelta(seconds=seconds)

    one = lease.Tenure("grouping", holder="one", ttl_s=8)
    two = lease.Tenure("grouping", holder="two", ttl_s=8)
    assert one.hold(database, at(0))
    assert not two.hold(database, at(1))
    assert one.sure(at(3.9))
    assert not one.sure(at(4)), "half of it is over"
    assert not one.sure(at(-1)), "the clock was set back"
    assert one.hold(database, at(3)), "not written: it still ends at 8"
    assert two.hold(database, at(8))
    assert one.held, "as a process that was frozen believes"
    with database.transaction() as session:
        assert not one.confirm(session, at(9))
    assert not one.hold(database, at(9))
    assert not one.held
    one.give_back(database)
    assert two.hold(database, at(10)), "what is another's is not given back"
    two.give_back(database)
    assert one.hold(database, at(10))
    assert (one.term, two.term) == (2, 1)


def test_a_tenure_knows_whether_another_came_and_went(database: Database, now: datetime):
    one = lease.Tenure("grouping", holder="one", ttl_s=8)
    two = lease.Tenure("grouping", holder="two", ttl_s=8)
    assert one.hold(database, now)
    assert one.hold(database, now + timedelta(seconds=600))
    assert one.term == 1, "it slept, and nobody else was there"
    assert two.hold(database, now + timedelta(seconds=700))
    two.give_back(database)
    assert one.hold(database, now + timedelta(seconds=701))
    assert one.term == 2


def test_what_a_process_held_that_has_ended_is_free_at_once(database: Database, now: datetime):
    for name in ("grouping", "responder"):
        assert lease.Tenure(name, holder="dead:7", ttl_s=600).hold(database, now)
    assert lease.Tenure("crawl", holder="alive:8", ttl_s=600).hold(database, now)
    with database.transaction() as session:
        assert lease.release_all(session, holder="dead:7") == 2
        assert lease.holder(session, "responder") is None
        assert lease.holder(session, "crawl") == "alive:8"


CODE = """
import sys, signal
from datetime import datetime
from registry.db import Database
from registry import lease
database = Database(sys.argv[1])
now = datetime.fromisoformat(sys.argv[2])
print("ready", flush=True)
sys.stdin.readline()
with database.transaction() as session:
    held = lease.acquire(session, "responder", holder=sys.argv[3], now=now, ttl_s=15)
print(held, flush=True)
signal.pause()
"""


def contender(database: Database, holder: str, now: datetime) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CODE, address(database), now.isoformat(), holder],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def say(process: subprocess.Popen[str]) -> str:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n")
    process.stdin.flush()
    return process.stdout.readline().strip()


def stop(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=30)


@pytest.mark.parametrize("before", ["nobody", "an expired holder"])
def test_of_processes_that_try_at_once_exactly_one_gets_it(
    database: Database, now: datetime, before: str
):
    if before != "nobody":
        acquire(database, "old", now - timedelta(seconds=TTL))
    processes = [contender(database, f"p{number}", now) for number in range(5)]
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("\n")
            process.stdin.flush()
        held = [process.stdout.readline().strip() for process in processes if process.stdout]
    finally:
        stop(processes)
    assert sorted(held) == ["False"] * 4 + ["True"]


def test_a_killed_holder_is_replaced_when_its_time_is_over(database: Database, now: datetime):
    process = contender(database, "first", now)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert say(process) == "True"
    finally:
        stop([process])
    assert not acquire(database, "second", now + timedelta(seconds=TTL - 1))
    assert acquire(database, "second", now + timedelta(seconds=TTL))


def test_a_writer_killed_inside_its_transaction_blocks_nobody(database: Database, now: datetime):
    code = CODE.replace("print(held, flush=True)\nsignal", "signal").replace(
        "ttl_s=15)\n", "ttl_s=15)\n    print(held, flush=True)\n    signal.pause()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, address(database), now.isoformat(), "first"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        assert say(process) == "True"
    finally:
        stop([process])
    assert acquire(database, "second", now), "what was not committed never was"


@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["take", "release"]), st.sampled_from("abc"), st.integers(0, TTL + 2)
        ),
        max_size=25,
    )
)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_it_behaves_like_the_simplest_model(
    database: Database, now: datetime, steps: list[tuple[str, str, int]]
):
    owner, until = None, now
    with database.transaction() as session:
        for name in "abc":
            lease.release(session, "responder", holder=name)
        for action, name, later in steps:
            now += timedelta(seconds=later)
            if action == "release":
                lease.release(session, "responder", holder=name)
                owner = None if owner == name else owner
                continue
            expected = owner in (None, name) or until <= now
            assert lease.acquire(session, "responder", holder=name, now=now, ttl_s=TTL) == expected
            if expected:
                owner, until = name, now + timedelta(seconds=TTL)
