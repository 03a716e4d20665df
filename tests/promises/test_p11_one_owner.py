"""P11: two responders never both own a tick; a dead or stopped one is replaced within the lease."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from support.receivers import receiving
from support.respond_process import Office, office
from support.responder import Office as Desk
from support.stores import address

from registry import lease, outbox
from registry.db import Database, Session
from registry.errors import UnavailableError
from responder.worker import GROUP, Responder

TTL_S = 1.0
ROUNDS = {"sqlite": 10, "postgresql": 6}


@contextmanager
def writing(database: Database) -> Iterator[list[str]]:
    """Put a message into the outbox every 30 ms; gives their keys."""
    stop, keys = threading.Event(), []

    def write() -> None:
        while not stop.wait(0.03):
            now = datetime.now(UTC)
            key = f"m{len(keys)}"
            with database.transaction() as session:
                payload = {"channel": "hook", "text": key}
                outbox.put(session, kind="test", key=key, payload=payload, due_at=now, now=now)
            keys.append(key)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield keys
    finally:
        stop.set()
        thread.join()


def owner(database: Database) -> str | None:
    with database.reading() as session:
        return lease.holder(session, GROUP, now=datetime.now(UTC))


def wait_for(look, what: str, deadline_s: float = 60.0) -> float:
    began = time.monotonic()
    while not look():
        assert time.monotonic() - began < deadline_s, what
        time.sleep(0.01)
    return time.monotonic() - began


def _all_stopped(pid: int) -> bool:
    """Whether no thread runs any more: the signal reaches them one by one."""
    files = Path(f"/proc/{pid}/task").glob("*/stat")

    def state(file: Path) -> str:
        try:
            return file.read_text().rsplit(")", 1)[1].split()[0]
        except OSError:  # that thread has ended meanwhile
            return "X"

    return all(state(file) in "TZX" for file in files)


def freeze(database: Database, pid: int) -> None:
    """SIGSTOP; on SQLite outside of a write: its file lock would stay with the frozen process.

    Then nobody can write until the supervisor ends it, see test_p12_ticks_stop.py. PostgreSQL ends
    the transaction of a client that says nothing for some seconds, so any point will do.
    """
    if not database.sqlite:
        os.kill(pid, signal.SIGSTOP)
        return
    impatient = database.again(busy_timeout_s=0.1)
    while True:
        os.kill(pid, signal.SIGSTOP)
        while not _all_stopped(pid):
            time.sleep(0.002)
        try:
            with impatient.transaction() as session:
                lease.holder(session, GROUP)  # the first statement takes the lock
                break
        except UnavailableError:
            os.kill(pid, signal.SIGCONT)
            time.sleep(0.02)
    impatient.dispose()


def never_both(at: Office) -> int:
    """No tick of one lies within the lease of another; returns how often the owner changed."""
    kinds = ("took over", "owned", "claim")
    lines = [line for kind in kinds for line in at.trace(kind) if line.get("mine", True)]
    lines.sort(key=lambda line: line["at"])
    changes = 0
    for before, after in pairwise(lines):
        if before["holder"] != after["holder"]:
            assert after["what"] == "took over", (before, after)
            changes += 1
    return changes


@pytest.mark.promise("P11")
def test_killed_or_frozen_the_other_takes_over_and_never_both(
    database: Database, tmp_path: Path, figure
):
    rounds = ROUNDS["sqlite" if database.sqlite else "postgresql"]
    took = []
    frozen_sends = 0
    with receiving() as hook:
        channel = {"name": "hook", "url": hook.url}
        with office(tmp_path, address(database), [channel], ttl_s=TTL_S, claim_s=3.0) as at:
            running = {name: at.start(name) for name in ("one", "two")}
            with writing(database) as keys:
                for number in range(rounds):
                    wait_for(lambda: owner(database) in running, "somebody owns the tick")
                    first = owner(database)
                    assert first is not None
                    (other,) = set(running) - {first}
                    seen = len(at.trace("send"))
                    wait_for(lambda seen=seen: len(at.trace("send")) > seen, "the owner sends")
                    if number % 2:
                        freeze(database, running[first])
                    else:
                        at.kill(running.pop(first))
                    took.append(wait_for(lambda o=other: owner(database) == o, "it is taken over"))
                    if number % 2:
                        woken = time.monotonic()
                        os.kill(running[first], signal.SIGCONT)
                        sends = len(at.trace("send"))
                        wait_for(lambda s=sends: len(at.trace("send")) > s, "the other one sends")
                        late = [
                            line
                            for line in at.trace("send")
                            if line["holder"] == first and line["at"] > woken
                        ]
                        frozen_sends += len(late)
                    else:
                        running[f"{first}+"] = at.start(f"{first}+")
            wait_for(lambda: set(keys) <= set(hook.keys), "everything was sent")
            changes = never_both(at)
    assert changes >= rounds
    # One sending may have been past its last look when it was frozen; its claim still held.
    assert frozen_sends <= 1
    twice = len(hook.keys) - len(set(hook.keys))
    assert twice <= rounds
    figure(
        f"{'SQLite' if database.sqlite else 'PostgreSQL'}: "
        f"{rounds} owners killed or frozen, taken over in at most {max(took):.2f} s of a lease of "
        f"{TTL_S:g} s; {changes} changes of owner, never two at once; {len(keys)} messages, "
        f"0 lost, {twice} sent twice, {frozen_sends} by a woken one"
    )


@pytest.mark.promise("P11")
def test_one_that_wakes_up_between_claim_and_sending_sends_nothing(database, figure):
    """The gap that no lease closes: frozen after the last look, awake when all has changed."""
    desk = Desk(database)
    pager, watch = desk.pager, desk.watch
    desk.tick()  # it owns the tick
    with database.transaction() as session:
        payload = {"channel": pager.name, "text": "x"}
        outbox.put(session, kind="t", key="k", payload=payload, due_at=watch(), now=watch())
    lane = desk.responder._courier._lanes[pager.name]
    batch, _ = lane._claim()
    assert [message.key for message in batch] == ["k"]
    watch.forward(seconds=7)
    assert lane._send(batch) == 0
    successor = desk.start("two")
    successor.step()
    assert lane.run() == 0
    assert pager.got == []
    successor.step()
    assert pager.keys == ["k"]
    figure("woken with a claim in hand: 0 sent, the successor sent 1")


class Sleeper:
    """A planner that is frozen while it looks: when it wakes up, another has taken over."""

    def __init__(self, sleep: Callable[[], object]) -> None:
        self._sleep = sleep
        self.written: list[str] = []

    def wanted(self, _session: Session, _now: datetime) -> list[str]:
        self._sleep()
        return ["x"]

    def put(self, _session: Session, wanted: Sequence[str], *, now: datetime) -> int:
        self.written += wanted
        return len(wanted)

    def done(self) -> None:
        """Nothing to remember."""


@pytest.mark.promise("P11")
@pytest.mark.parametrize("asleep_s", [0, 7])
def test_one_that_wakes_up_between_look_and_writing_writes_nothing(database, asleep_s: int, figure):
    desk = Desk(database)
    desk.responder.close()

    def sleep() -> None:
        desk.watch.forward(seconds=asleep_s)
        desk.start("two").step()  # takes over where the lease is over, else stands by

    sleeper = Sleeper(sleep)
    plans = [lambda _channels: sleeper]
    frozen = Responder(desk.log, database, [desk.pager], desk.watch, "one", plans=plans)
    frozen.step()
    assert sleeper.written == ([] if asleep_s else ["x"])
    with database.reading() as session:
        owner = lease.holder(session, GROUP, now=desk.watch())
    assert owner == ("two" if asleep_s else "one")
    figure("woken between look and writing: 0 written, the lease stays the successor's")
