"""P13: a receiver that is down, slow or resets is tried again with backoff and delays nobody."""

from __future__ import annotations

import gc
import threading
import time
import tracemalloc
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from support.receivers import receiving
from support.registry import make_database
from support.respond_process import office
from support.responder import Office, Pager

from registry import outbox
from registry.db import Database

BAD = ("hang", "reset", "trickle", "nonsense", "broken", "refuse")
MESSAGES = 100
PATIENCE_S = 5.0  # with a bad receiver: longer than the willing one may ever be kept waiting


def put(database: Database, channels, number: int, now: datetime) -> None:
    with database.transaction() as session:
        for channel in channels:
            outbox.put(
                session,
                kind="test",
                key=f"{number}:{channel}",
                payload={"channel": channel, "text": "x" * 300},
                due_at=now,
                now=now,
            )


@pytest.mark.promise("P13")
def test_one_willing_receiver_among_six_bad_ones_and_one_that_is_gone(tmp_path: Path, figure):
    database = make_database(tmp_path)
    with ExitStack() as stack:
        receivers = {mood: stack.enter_context(receiving()) for mood in ("ok", *BAD)}
        for mood, receiver in receivers.items():
            receiver.mood = mood
        channels = [
            {"name": mood, "url": one.url, "timeout_s": PATIENCE_S}
            for mood, one in receivers.items()
        ]
        with receiving() as gone:
            channels.append({"name": "gone", "url": gone.url, "timeout_s": PATIENCE_S})
        at = stack.enter_context(office(tmp_path, str(database.url), channels, ttl_s=2.0))
        pid = at.start("one")
        put_at = {}
        names = [channel["name"] for channel in channels]
        grew: list[int] = []
        began = time.monotonic()
        for number in range(MESSAGES):
            now = datetime.now(UTC)
            put_at[str(number)] = time.monotonic()
            put(database, names, number, now)
            threading.Event().wait(0.05)
            grew.append(psutil.Process(pid).memory_info().rss)
        deadline = time.monotonic() + 60
        while len(receivers["ok"].got) < MESSAGES:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        ok = receivers["ok"]
        delays = sorted(arrived - put_at[key] for arrived, key in zip(ok.at, ok.keys, strict=True))
        assert ok.keys == [str(number) for number in range(MESSAGES)], "in order, each once"
        p99 = delays[int(len(delays) * 0.99) - 1]
        assert p99 < PATIENCE_S, "nobody waits for one who hangs"
        with database.reading() as session:
            rows = outbox.recent(session, 2000)
        rests = (time.monotonic() - began) // 10
        tries = {mood: receivers[mood].tried for mood in BAD}
        # After a connection that failed the channel rests for 10 s, then longer.
        for mood in ("hang", "reset", "trickle", "nonsense"):
            assert 1 <= tries[mood] <= 2 + rests, tries
        assert tries["broken"] <= 4 + rests  # it answers: three in a row, then it rests
        failed = [row for row in rows if row.channel == "gone" and row.attempts]
        assert failed
        assert all(row.try_at >= row.created_at + timedelta(seconds=9) for row in failed)
        refused = [row for row in rows if row.channel == "refuse" and row.state == "failed"]
        assert refused, "what is refused for good is given up, and says so"
        grown = (max(grew[-10:]) - max(grew[20:30])) / 1e6
        assert grown < 8
    database.dispose()
    figure(
        f"{MESSAGES} messages each to 8 receivers, 7 of them bad: the willing one in order, "
        f"p99 {p99 * 1000:.0f} ms; a bad one tried at most {max(tries[m] for m in BAD[:4])} times "
        f"in {MESSAGES * 0.05:.0f} s; memory {grown:+.1f} MB"
    )


@pytest.mark.promise("P13")
def test_a_receiver_down_for_an_hour(tmp_path: Path, figure):
    """Ticks of 20 s, a message each; the clock is the test's."""
    database = make_database(tmp_path)
    desk = Office(database)
    dead, fine = Pager("dead"), Pager("fine")
    tries = 0
    send = dead.send

    def counted(notice):
        nonlocal tries
        tries += 1
        return send(notice)

    dead.send, dead.down = counted, True
    desk.responder.close()
    desk.responder = desk.start("two", dead, fine)
    for number in range(30):  # what any process needs once
        put(database, ("dead", "fine"), -1 - number, desk.watch())
        desk.tick(seconds=1)
    tracemalloc.start()
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(180):
        put(database, ("dead", "fine"), number, desk.watch())
        desk.tick(seconds=20)
        assert fine.keys[-1] == str(number), "the other one is told in the same tick"
        fine.got[:-1] = []
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert grown < 1_000_000
    assert tries < 40, "with backoff, not at each tick"
    tried, dead.down = tries, False
    for _ in range(100):
        desk.tick(seconds=10)
    assert [key for key in dead.keys if int(key) >= 0] == [str(number) for number in range(180)]
    assert dead.got[-1].text.startswith("【迟发，应于 ")
    database.dispose()
    figure(
        f"down for an hour: {tried} tries, then all 180 in order, late and marked; "
        f"the other told at once; memory {grown / 1000:+.0f} kB"
    )
