"""How an entry is written: checked, numbered, chained, and what follows from it."""

from __future__ import annotations

import hashlib
from datetime import datetime

from msgspec.structs import replace
from sqlalchemy.orm import Session

from registry import changes
from registry.errors import ConflictError
from responder import ledger, stop_pages
from responder.checks import check_entry
from responder.clocks import judge
from responder.entries import (
    KIND_NAMES,
    Closed,
    Entry,
    EventTyped,
    Evidence,
    Level,
    LevelSet,
    Merge,
    MergedInto,
    Reopen,
    is_stop,
    kind,
)
from responder.facts import corrections, gather, in_order
from responder.rules import RuleSet
from responder.tables import AlertRow, IncidentRow
from responder.wording import instant
from responder.workdays import Calendar

OPEN, CLOSED = "open", "closed"


def write(
    session: Session,
    row: IncidentRow,
    entry: Entry,
    *,
    rules: RuleSet,
    calendar: Calendar,
    now: datetime,
) -> Entry:
    """Check the entry, add it to the chain, and keep what lists show of it."""
    there = ledger.load(session, row.id) if row.count else []
    entry = _completed(entry, row, rules, calendar)
    entry, now = _after_the_newest(entry, there, now)
    check_entry(entry, there, open_=row.state == OPEN, rules=rules, now=now)
    if isinstance(entry, Closed | MergedInto):
        if isinstance(entry, Closed):
            _check_settled(there, rules, calendar, now)
        row.state, row.closed_at = CLOSED, now
        _settle_alert(session, row, entry, now)
    elif isinstance(entry, Reopen):
        row.state, row.closed_at, row.cycle = OPEN, None, row.cycle + 1
    ledger.append(session, row, entry)
    stop_pages.expect(session, entry)
    if isinstance(entry, LevelSet | EventTyped | Merge):
        ordered = in_order([*there, entry])
        standing = gather(ordered, corrections(ordered))[-1].standings[-1]
        row.level = standing.level.value if standing.level else ""
        row.event_type = standing.event_type.value if standing.event_type else ""
    return entry


def _after_the_newest(entry: Entry, there: list[Entry], now: datetime) -> tuple[Entry, datetime]:
    """The entry in its place where the machine's clock went back, flagged with what it showed.

    The instants that the law looks at stay as they were given.
    """
    newest = max((one.written_at for one in there), default=now)
    if now >= newest:
        return entry, now
    flag = f"写入时系统时钟为 {instant(now)}，早于上一条记录 {instant(newest)}，时钟可能倒退"
    return replace(entry, written_at=newest, flag=flag), newest


def _completed(entry: Entry, row: IncidentRow, rules: RuleSet, calendar: Calendar) -> Entry:
    """The entry with its number, the versions in force, and the hash of a text that was given."""
    entry = replace(
        entry,
        incident=row.id,
        seq=row.count + 1,
        rules=rules.version,
        calendar=calendar.version,
    )
    if isinstance(entry, LevelSet):
        previous = Level(row.level) if row.level else None
        return replace(entry, previous=previous, signer=entry.signer or entry.by)
    text = getattr(entry, "text", "")
    evidence = entry.evidence or Evidence()
    if is_stop(entry) and text and not evidence.text_hash:
        digest = hashlib.sha256(text.encode()).hexdigest()
        return replace(entry, evidence=replace(evidence, text_hash=digest))
    return entry


def _check_settled(there: list[Entry], rules: RuleSet, calendar: Calendar, now: datetime) -> None:
    running = [
        f"{verdict.clock.rule} {verdict.clock.name}"
        for verdict in judge(there, rules=rules, calendar=calendar, now=now)
        if not verdict.silent and not verdict.rule.while_open
    ]
    if running:
        raise ConflictError(
            f"还有没停的时限：{'、'.join(running)}。请先发布或召开并记入，或由两人签署不适用，再办结"
        )


def _settle_alert(
    session: Session, row: IncidentRow, entry: Closed | MergedInto, now: datetime
) -> None:
    """With the incident its alert is settled; what comes up again makes a new one."""
    alert = session.get(AlertRow, row.alert) if row.alert is not None else None
    if alert is not None and alert.closed_at is None:
        alert.state, alert.open_fingerprint = "已解决", None
        alert.closed_by, alert.closed_at, alert.updated_at = entry.by, now, now
        alert.close_reason = f"事件 {row.id} 已办结"
        changes.note(session, "alert", alert.id, now=now)


def meanwhile(session: Session, row: IncidentRow, expected: int) -> str:
    """Who wrote what since the writer looked."""
    newer = [entry for entry in ledger.load(session, row.id) if entry.seq > expected]
    if not newer:
        return f"您看到的是第 {expected} 条，而事件只有 {row.count} 条记录，请刷新后再写"
    last = newer[-1]
    return (
        f"您打开之后，{last.by or '他人'}已于 {instant(last.written_at)} 记入"
        f"{KIND_NAMES[kind(last)]}（第 {last.seq} 条），请刷新看过后再写"
    )
