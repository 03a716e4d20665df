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

from registry.db import Database
from responder import incidents
from yuqing.stages import IDLE_S

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
        with office(folder, str(database.url), channels, ttl_s=6.0, idle_s=IDLE_S) as at:
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
    """Ten thousand reminders due at once: planned, each checked again, sent in bundles.

    Beside a receiver that is gone. After 12.5 h two clocks of an incident remind.
    """
    database = _database(folder)
    occurred = datetime.now(UTC) - timedelta(hours=12.5)
    with database.transaction() as session:
        for _ in range(MANY // 2):
            incidents.open_incident(
                session, title="塌陷", by="张三", now=occurred, occurred=occurred, level="重大"
            )
    with receiving() as pack:
        with receiving() as gone:
            dead = gone.url
        channels = [
            {"name": "pack", "url": pack.url, "bundle_most": 20},
            {"name": "gone", "url": dead},
        ]
        with office(folder, str(database.url), channels, ttl_s=6.0, idle_s=IDLE_S) as at:
            began = time.monotonic()
            process = psutil.Process(at.start("bench"))
            _wait(lambda: len(pack.keys) >= MANY / 10, 120)
            first = pack.at[0] - began
            early = process.memory_info().rss
            _wait(lambda: len(pack.keys) >= MANY, 300)
            told = time.monotonic() - began
            grown = (process.memory_info().rss - early) / 1e6
        assert len(set(pack.keys)) == len(pack.keys)
    database.dispose()
    yield (
        f"{len(pack.keys):,} reminders due at a start, planned and checked: the first after "
        f"{first:.1f} s, all in {told:.1f} s in {len(pack.got):,} messages"
    )
    yield f"memory from the first tenth to the last, beside a receiver gone: {grown:+.1f} MB"


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
