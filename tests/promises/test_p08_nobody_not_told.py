"""P8, P9: kill -9 at random points, a hundred on SQLite; all are told, and duplicates say so."""

from __future__ import annotations

import random
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from support.receivers import Receiver, receiving
from support.respond_process import POINTS, Office, office
from support.stores import address

from registry import outbox
from registry.db import Database
from responder import incidents, ledger, reminders
from responder.rules import national
from responder.rungs import DUE
from responder.timers import timers_of
from responder.workdays import load_calendar

KILLS = {"sqlite": 100, "postgresql": 30}
CHANNELS = ("hook", "pack")


def past_thresholds(database: Database, now) -> set[tuple[int, str, int]]:
    """(incident, rule, threshold) of all that is past by now."""
    with database.reading() as session:
        by_incident = ledger.load_open(session)
    options = {"rules": national(), "calendar": load_calendar(), "every": timedelta(minutes=30)}
    return {
        (number, timer.rule, rung.threshold)
        for number, entries in by_incident.items()
        for timer in timers_of(number, entries, now, **options)
        for rung in timer.past
    }


def told(receiver: Receiver) -> set[tuple[int, str, int]]:
    """What the receiver was told of, by itself or named in a newer one."""
    return {
        (item["incident"], item["rule"], threshold)
        for got in receiver.got
        for item in got["items"]
        for threshold in (item["threshold"], *item["folded"])
    }


def quiet(database: Database, now) -> bool:
    """Nothing to plan, nothing to send."""
    with database.reading() as session:
        if reminders.Planner(channels=CHANNELS).wanted(session, now):
            return False
        waiting = [one for one in outbox.recent(session, 5000) if one.state == "waiting"]
    return not waiting


def open_one(database: Database, at: Office, number: int) -> None:
    now = at.now()
    with database.transaction() as session:
        incidents.open_incident(
            session,
            title=f"事件{number}",
            by="张三",
            now=now,
            occurred=now,
            level="重大" if number % 2 else "一般",
        )


def let_it_finish(database: Database, at: Office) -> None:
    pid = at.start("last")
    deadline = time.monotonic() + 90
    while not quiet(database, at.now()):
        assert time.monotonic() < deadline, "reminders are still waiting"
        time.sleep(0.05)
    at.kill(pid)


class Hunt:
    """Starts a responder and kills it: at a random time, while it sends, or between two steps."""

    def __init__(
        self, at: Office, receivers: tuple[Receiver, ...], seed: int, lives_s: float
    ) -> None:
        self.dice = random.Random(seed)
        self._at = at
        self._receivers = receivers
        self._victim = 0
        self._lives_s = lives_s  # at most; longer while it is sending

    def kill_one(self, holder: str) -> None:
        at, dice = self._at, self.dice
        way = dice.random()
        in_sending, dies = way < 0.3, dice.choice(POINTS) if way > 0.6 else ""
        for receiver in self._receivers:
            receiver.on_request = self._shoot if in_sending else None
        self._victim = at.start(holder, dies=dies)
        longest = self._lives_s
        whole = in_sending or dies
        until = time.monotonic() + (longest + 0.3 if whole else dice.uniform(0.0, longest))
        moves_at = time.monotonic() + dice.uniform(0.0, 0.8)
        while self._victim in at.pids and time.monotonic() < until:
            time.sleep(0.004)
            if time.monotonic() > moves_at:  # the clock goes on under it, too
                moves_at += 1000
                at.forward(dice.uniform(0, 900))
        if self._victim in at.pids:
            at.kill(self._victim)
        for receiver in self._receivers:
            receiver.on_request = None

    def _shoot(self) -> None:
        if self.dice.random() < 0.5 and self._victim in self._at.pids:
            self._at.kill(self._victim)


def duplicates(receiver: Receiver) -> int:
    """How many messages came more than once. Each repeat must say so by its key."""
    for got, headers in zip(receiver.got, receiver.headers, strict=True):
        assert headers["Idempotency-Key"] == got["key"]
    under: dict[str, set[str]] = {}
    for got in receiver.got:
        for key in got["keys"]:
            under.setdefault(key, set()).add(got["key"])
    # A reminder that came twice came under one key, in whatever company it was.
    assert [keys for keys in under.values() if len(keys) > 1] == []
    return sum(count - 1 for count in Counter(got["key"] for got in receiver.got).values())


@pytest.mark.promise("P8", "P9")
def test_kills_lose_nothing_and_double_little(database: Database, tmp_path: Path, figure):
    kills = KILLS["sqlite" if database.sqlite else "postgresql"]
    lives_s = 0.2 if database.sqlite else 0.5  # to connect takes its time, too
    jump_s = 2400 if database.sqlite else 9000  # fewer kills: more is overtaken in each
    with receiving() as hook, receiving() as pack:
        channels = [
            {"name": "hook", "url": hook.url},
            {"name": "pack", "url": pack.url, "bundle_most": 20},
        ]
        with office(tmp_path, address(database), channels, ttl_s=1.0, claim_s=20.0) as at:
            hunt = Hunt(at, (hook, pack), seed=8, lives_s=lives_s)
            for number in range(kills):
                if number % 5 == 0:
                    open_one(database, at, number)
                at.forward(hunt.dice.uniform(60, jump_s))  # past what was due, while it is down
                hunt.kill_one(f"r{number}")
            at.forward(120)
            let_it_finish(database, at)
            expected = past_thresholds(database, at.now())
    for receiver in (hook, pack):
        assert expected <= told(receiver), sorted(expected - told(receiver))[:10]
        assert duplicates(receiver) <= kills
    folded = sum(bool(item["folded"]) for got in hook.got for item in got["items"])
    assert folded, "nothing was overtaken: the test is too tame"
    assert any(threshold == DUE for _, _, threshold in expected)
    figure(
        f"{'SQLite' if database.sqlite else 'PostgreSQL'}: {kills} kills, "
        f"{len(expected)} thresholds, 0 lost, {folded} folded; "
        f"{duplicates(hook) + duplicates(pack)} duplicates in {len(hook.got) + len(pack.got)} "
        "messages, each under its key"
    )
