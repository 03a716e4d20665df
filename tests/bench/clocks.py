"""The responder: a long incident, and a tick over many open clocks."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from registry.db import Database
from responder import incidents, ledger, query
from responder.clocks import clocks
from responder.drafts import draft
from responder.reminders import Planner
from responder.rules import national
from responder.tables import IncidentRow
from responder.watchkeeper import Watchkeeper
from responder.workdays import load_calendar
from responder.worker import ENOUGH_S, Plan

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
        shown = _several(lambda: query.incident(session, number, NOON))
    replayed = _several(
        lambda: clocks(entries, rules=national(), calendar=load_calendar(), now=NOON)
    )
    yield f"replay of {len(entries):,} entries: {replayed} (goal 50)"
    yield f"opening an incident with {len(entries):,} entries: {shown} (goal 150)"


def _tick(database: Database) -> Iterator[str]:
    """What the ticks of a service do about clocks: reminders, then escalation."""
    with database.transaction() as session:
        for number in range(OPEN):
            _open(session, number)
    first = [_begin(database) for _ in range(3)]
    looks, longest, wholes = zip(*first, strict=True)
    yield (
        f"the first looks over {2 * OPEN:,} open clocks after a start: all in "
        f"{_said(wholes)} and {looks[0]} ticks, the longest "
        f"{_said(longest)} (goal 200)"
    )
    plans = [Planner(), Watchkeeper().on(("console",))]
    now = NOON + timedelta(minutes=1)
    while _look(database, plans, now)[1]:
        pass
    calm = [_look(database, plans, now + timedelta(seconds=n))[0] for n in range(1, 16)]
    yield f"a tick over {2 * OPEN:,} open clocks: {_said(calm)} (goal 200)"
    due = [_look(database, plans, NOON + timedelta(hours=2.5))]
    while due[-1][1]:
        due.append(_look(database, plans, NOON + timedelta(hours=2.5)))
    yield (
        f"{OPEN:,} of them reach a threshold at once: looked at in {len(due)} ticks, "
        f"none of them over {max(ms for ms, _ in due):.0f} ms"
    )


def _begin(database: Database) -> tuple[int, float, float]:
    """From a start until all is known: how many ticks, the longest, all together (ms)."""
    plans = [Planner(), Watchkeeper().on(("console",))]
    ticks = [_look(database, plans, NOON + timedelta(minutes=1))]
    while ticks[-1][1]:
        ticks.append(_look(database, plans, NOON + timedelta(minutes=1)))
    return len(ticks), max(ms for ms, _ in ticks), sum(ms for ms, _ in ticks)


def _look(database: Database, plans: Sequence[Plan], now: datetime) -> tuple[float, bool]:
    """One tick's looks without anything to write: ms, and whether there is more to look at."""
    start = time.perf_counter()

    def look() -> bool:
        for plan in plans:
            if time.perf_counter() - start > ENOUGH_S:
                return True
            with database.reading() as session:
                plan.wanted(session, now)
            if plan.done():
                return True
        return False

    more = look()
    return (time.perf_counter() - start) * 1000, more


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


def _said(took: Sequence[float]) -> str:
    """Median and least."""
    return f"{median(took):.1f} ms (least {min(took):.1f})"


def _several(work: Callable[[], object], rounds: int = 7) -> str:
    return _said([_once(work) for _ in range(rounds)])
