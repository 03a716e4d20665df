"""The responder: a long incident, and a tick over many open clocks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from registry.db import Database
from responder import incidents, ledger, query
from responder.clocks import clocks
from responder.drafts import draft
from responder.reminders import Planner
from responder.rules import national
from responder.tables import IncidentRow
from responder.workdays import load_calendar

LONG = 5_000
OPEN = 5_000  # incidents, of two clocks each
NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)


def bench() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{Path(folder) / 'registry.db'}")
        database.migrate()
        yield from _long(database)
        yield from _tick(database)
        database.dispose()


def _long(database: Database) -> Iterator[str]:
    with database.transaction() as session:
        number = _open(session, 0)
        row = session.get(IncidentRow, number)
        assert row is not None
        bodies = (
            {"type": "note", "text": "记事" * 20},
            {"type": "fact", "text": "事实" * 20, "status": "待核实"},
            {"type": "release", "status": "drafted", "text": "稿" * 100},
            {"type": "acknowledgement", "rule": "R1", "threshold": 50},
        )
        while row.count < LONG:
            entry = draft(bodies[row.count % 4], by="张三", now=NOON)
            seq = row.count + 1
            ledger.append(session, row, type(entry)(**{**_fields(entry), "seq": seq}))
    with database.reading() as session:
        entries = ledger.load(session, number)
        shown = _best(lambda: query.incident(session, number, NOON))
    replayed = _best(lambda: clocks(entries, rules=national(), calendar=load_calendar(), now=NOON))
    yield f"replay of {len(entries):,} entries: {replayed:.1f} ms (goal 50)"
    yield f"opening an incident with {len(entries):,} entries: {shown:.1f} ms (goal 150)"


def _tick(database: Database) -> Iterator[str]:
    with database.transaction() as session:
        for number in range(OPEN):
            _open(session, number)
    planner = Planner()
    now = NOON + timedelta(minutes=1)
    with database.reading() as session:
        first = _once(lambda: planner.wanted(session, now))
        planner.done()
        tick = _best(lambda: planner.wanted(session, now))
    yield (
        f"tick over {2 * OPEN:,} open clocks: {tick:.1f} ms (goal 200); "
        f"the first after a start {first:.0f}"
    )


def _open(session, number: int) -> int:
    return incidents.open_incident(
        session, title=f"事件 {number}", by="张三", now=NOON, occurred=NOON, level="重大"
    ).id


def _fields(entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in entry.__struct_fields__}


def _once(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def _best(work: Callable[[], object], rounds: int = 5) -> float:
    return min(_once(work) for _ in range(rounds))
