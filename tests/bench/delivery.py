"""Delivery with real processes and receivers: due to told, ten thousand at once."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.receivers import Receiver, receiving
from support.respond_process import office

from registry import outbox
from registry.db import Database
from responder import incidents

OPEN, REMINDED = 1_000, 200
DUE_WITHIN_S = 20.0
MANY = 10_000
R1 = timedelta(hours=5)


def bench() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield from _reminders(Path(folder))
    with tempfile.TemporaryDirectory() as folder:
        yield from _many(Path(folder))


def _reminders(folder: Path) -> Iterator[str]:
    """Thresholds that fall due one after another, among many open clocks."""
    database = _database(folder)
    with receiving() as one, receiving() as two:
        channels = [{"name": name, "url": to.url} for name, to in (("one", one), ("two", two))]
        with office(folder, str(database.url), channels, ttl_s=6.0) as at:
            began = datetime.now(UTC) + timedelta(seconds=25)
            for number in range(OPEN):
                # The first ones reach 50 % of R1 within the time measured, the others later.
                share = number / REMINDED * DUE_WITHIN_S if number < REMINDED else 3600.0
                occurred = began + timedelta(seconds=share) - R1 / 2
                with database.transaction() as session:
                    incidents.open_incident(
                        session, title="塌陷", by="张三", now=occurred, occurred=occurred,
                        level="重大",
                    )  # fmt: skip
            at.start("bench")
            _wait(lambda: min(_told(one), _told(two)) >= REMINDED, 120)
        started = datetime.now(UTC).timestamp() - time.monotonic()
        delays = sorted(
            started + arrived - datetime.fromisoformat(item["planned"]).timestamp()
            for receiver in (one, two)
            for arrived, got in zip(receiver.at, receiver.got, strict=True)
            for item in got["items"]
            if (item["rule"], item["threshold"]) == ("R1", 50)
        )
    database.dispose()
    p99 = delays[int(len(delays) * 0.99) - 1]
    yield (
        f"{len(delays)} reminders among {OPEN:,} incidents, due to told: median "
        f"{delays[len(delays) // 2] * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms (goal 2000)"
    )


def _many(folder: Path) -> Iterator[str]:
    """Ten thousand messages due at once, to a receiver that is willing and to one that is gone."""
    database = _database(folder)
    now = datetime.now(UTC)
    with database.transaction() as session:
        for number in range(MANY):
            for channel in ("one", "pack", "gone"):
                payload = {"channel": channel, "text": f"提醒 {number}"}
                outbox.put(
                    session, kind="test", key=f"{number}:{channel}", payload=payload,
                    due_at=now, now=now,
                )  # fmt: skip
    with receiving() as one, receiving() as pack:
        with receiving() as gone:
            dead = gone.url
        channels = [
            {"name": "one", "url": one.url},
            {"name": "pack", "url": pack.url, "bundle_most": 20},
            {"name": "gone", "url": dead},
        ]
        with office(folder, str(database.url), channels, ttl_s=6.0) as at:
            began = time.monotonic()
            process = psutil.Process(at.start("bench"))
            _wait(lambda: len(one.got) >= MANY / 50, 120)
            early = process.memory_info().rss
            _wait(lambda: len(pack.keys) >= MANY, 300)
            packed = time.monotonic() - began
            singly = len(one.got) / packed
            grown = (process.memory_info().rss - early) / 1e6
    database.dispose()
    yield f"{MANY:,} due at once: {packed:.1f} s in bundles of 20, {singly:.0f} a second one by one"
    yield f"memory from the first to the last, beside a receiver that is gone: {grown:+.1f} MB"


def _told(receiver: Receiver) -> int:
    found = [item for got in list(receiver.got) for item in got["items"]]
    return sum((item["rule"], item["threshold"]) == ("R1", 50) for item in found)


def _database(folder: Path) -> Database:
    database = Database(f"sqlite:///{folder / 'registry.db'}")
    database.migrate()
    return database


def _wait(look, deadline_s: float) -> None:
    until = time.monotonic() + deadline_s
    while not look():
        if time.monotonic() > until:
            raise TimeoutError("not delivered in time")
        time.sleep(0.05)
