"""Several incidents in one transaction: merge (并入), split (拆分), and opening again (重启).

Merging takes the earliest basis and the strictest level; what the other one published counts for
the whole only where it is marked so. A part that is split off inherits basis, level and releases.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from msgspec.structs import replace
from sqlalchemy.orm import Session

from registry import audit, changes
from registry.errors import ConflictError, InvalidInputError
from registry.statements import clean
from responder import incidents, ledger
from responder.entries import (
    Entry,
    EventTyped,
    FalseClaim,
    Instant,
    LevelSet,
    MayGrow,
    Merge,
    MergedInto,
    Moment,
    Opened,
    Order,
    Reopen,
    Settled,
    Split,
    is_stop,
)
from responder.facts import Facts, Stop, corrections, gather, in_order, relevant
from responder.incidents import Incident
from responder.rulebook import Rulebook, in_force
from responder.tables import IncidentRow
from responder.writing import OPEN, meanwhile, write


def merge(
    session: Session,
    into: int,
    other: int,
    *,
    by: str,
    now: datetime,
    reason: str,
    whole: Collection[int] = (),
    expected: int | None = None,
) -> Incident:
    """Take ``other`` into ``into``: both keep their record, ``other`` ends, ``into`` runs on.

    ``whole``: numbers of entries of ``other`` (published, held, sent) that count for the whole.
    ``expected`` is the number of the newest entry of ``into`` that the person saw.
    Raises NotFoundError, ConflictError where one of them is closed or somebody wrote meanwhile,
    InvalidInputError.
    """
    reason = clean(reason.strip())
    if into == other:
        raise InvalidInputError("事件不能并入自己", field="other")
    if not reason:
        raise InvalidInputError("并入须写明理由", field="reason")
    # Always in the order of their numbers, so that two people merging at once don't cross.
    rows = {number: incidents.row_of(session, number) for number in sorted((into, other))}
    _unchanged(session, rows[into], expected)
    for number, row in rows.items():
        if row.state != OPEN:
            raise ConflictError(f"事件 {number} 已办结，不能并入；确需继续，请先重启")
    book = in_force(session)
    entries = ledger.load(session, other)
    facts = _facts(entries)
    stops = {stop.entry.seq: stop for found in facts.stops.values() for stop in found}
    stray = [seq for seq in whole if not _joins(entries, seq)]
    if stray:
        raise InvalidInputError(
            f"事件 {other} 的第 {min(stray)} 条不是已发布、已召开或已报的记录，不能标为对整体有效",
            field="whole",
        )
    standing = facts.standings[-1] if facts.standings else None
    occurred, estimated = _occurred(facts)
    common: dict[str, Any] = {"at": now, "written_at": now, "by": by}
    taken = Merge(
        other=other,
        occurred=occurred,
        estimated=estimated,
        detected=_moment(facts, Moment.DETECTED),
        reported=_moment(facts, Moment.REPORTED),
        level=standing.level if standing else None,
        event_type=standing.event_type if standing else None,
        growing=standing.growing if standing else False,
        reason=reason,
        **common,
    )
    _write(session, rows[into], taken, book, now)
    settled = {entry.order for entry in entries if isinstance(entry, Settled)}
    for entry in entries:
        if _joins(entries, entry.seq):
            stop = stops.get(entry.seq)
            moved = replace(
                _as_settled(entry, stop),
                written_at=now,
                by=by,
                origin=other,
                whole=entry.seq in whole,
            )
            _write(session, rows[into], moved, book, now)
        elif (isinstance(entry, Order) and entry.seq not in settled) or isinstance(
            entry, FalseClaim
        ):
            _write(session, rows[into], replace(entry, written_at=now, by=by), book, now)
    _write(session, rows[other], MergedInto(other=into, reason=reason, **common), book, now)
    for number, what in ((into, f"事件 {other} 并入"), (other, f"并入事件 {into}")):
        _told(session, by, number, "事件并入", f"{what}：{reason}", now)
    return incidents.incident_of(rows[into])


def split(
    session: Session,
    incident: int,
    *,
    title: str,
    by: str,
    now: datetime,
    reason: str,
    expected: int | None = None,
) -> Incident:
    """Make a part of an open incident its own, which inherits basis, level and releases.

    ``expected`` is the number of the newest entry that the person saw. Raises NotFoundError,
    ConflictError where it is closed or somebody wrote meanwhile, InvalidInputError.
    """
    title, reason = clean(title.strip(), 300), clean(reason.strip())
    if not title:
        raise InvalidInputError("请写明拆分出的事件名称", field="title")
    if not reason:
        raise InvalidInputError("拆分须写明理由", field="reason")
    row = incidents.row_of(session, incident)
    _unchanged(session, row, expected)
    if row.state != OPEN:
        raise ConflictError(f"事件 {incident} 已办结，不能拆分；确需继续，请先重启")
    book = in_force(session)
    # Judged by the rules that hold for the whole: a part must not fall under other ones.
    entries = ledger.load(session, incident)
    facts = _facts(entries)
    book = Rulebook(book.rules.pinned(facts.pin), book.calendar)
    common: dict[str, Any] = {"at": now, "written_at": now, "by": by}
    part = incidents.new_row(session, title=title, by=by, now=now)
    opened = Opened(title=title, summary=reason, split_from=incident, **common)
    for entry in (opened, *_inherited(facts, incident, entries, common)):
        _write(session, part, entry, book, now)
    _write(session, row, Split(other=part.id, reason=reason, **common), in_force(session), now)
    for number, what in ((incident, f"拆分出事件 {part.id}"), (part.id, f"自事件 {incident} 拆分")):
        _told(session, by, number, "事件拆分", f"{what}：{reason}", now)
    return incidents.incident_of(part)


def reopen(
    session: Session,
    incident: int,
    *,
    basis: datetime,
    by: str,
    now: datetime,
    reason: str,
    expected: int | None = None,
) -> Incident:
    """A new cycle, which runs from ``basis``; the results of the earlier ones stay."""
    entry = Reopen(at=now, written_at=now, by=by, basis=basis, reason=clean(reason.strip()))
    incidents.add(session, incident, entry, now=now, expected=expected)
    return incidents.get(session, incident)


def _unchanged(session: Session, row: IncidentRow, expected: int | None) -> None:
    if expected is not None and expected != row.count:
        raise ConflictError(meanwhile(session, row, expected))


def _inherited(
    facts: Facts, incident: int, entries: list[Entry], common: dict[str, Any]
) -> list[Entry]:
    made: list[Entry] = []
    said = f"自事件 {incident} 沿用"
    if facts.reopened is not None:
        basis = facts.reopened.basis
        made.append(
            Instant(which=Moment.OCCURRED, value=basis, said_by=f"{said}（重启）", **common)
        )
    else:
        for which, known in facts.moments.items():
            made.append(
                Instant(
                    which=which,
                    value=known.value,
                    estimated=known.estimated,
                    said_by=said,
                    **common,
                )
            )
    standing = facts.standings[-1] if facts.standings else None
    if standing is not None:
        decided = {**common, "at": standing.at}
        if standing.event_type is not None:
            made.append(EventTyped(event_type=standing.event_type, **decided))
        if standing.level is not None:
            made.append(LevelSet(level=standing.level, criteria=said, **decided))
        if standing.growing:
            made.append(MayGrow(reason=said, **decided))
    stops = {stop.entry.seq: stop for found in facts.stops.values() for stop in found}
    for entry in entries:
        if entry.seq in stops and _joins(entries, entry.seq):
            settled = _as_settled(entry, stops[entry.seq])
            kept = {**common, "at": settled.at}
            made.append(replace(settled, origin=incident, whole=True, **kept))
    return made


def _as_settled(entry: Entry, stop: Stop | None) -> Entry:
    """The entry at its time as confirmed or corrected, which needs no page to confirm it again."""
    if stop is None or stop.settled is None:
        return entry
    evidence = entry.evidence
    return replace(
        entry, at=stop.at, evidence=replace(evidence, unverified=False) if evidence else None
    )


def _facts(entries: list[Entry]) -> Facts:
    ordered = relevant(in_order(entries))
    return gather(ordered, corrections(ordered))[-1]


def _joins(entries: list[Entry], seq: int) -> bool:
    """Whether that entry is something published, held or sent that can go with another incident."""
    entry = next((one for one in entries if one.seq == seq), None)
    return entry is not None and is_stop(entry) and hasattr(entry, "whole")


def _occurred(facts: Facts) -> tuple[datetime | None, bool]:
    """From when R1 runs in that incident, and whether that is an estimate."""
    if facts.reopened is not None:
        return facts.reopened.basis, False
    known = facts.moments.get(Moment.OCCURRED)
    if known is not None:
        return known.value, known.estimated
    guesses = [
        facts.moments[which].value
        for which in (Moment.FIRST_POST, Moment.REPORTED, Moment.DETECTED)
        if which in facts.moments
    ]
    return min(guesses, default=None), True


def _moment(facts: Facts, which: Moment) -> datetime | None:
    known = facts.moments.get(which)
    return known.value if known is not None else None


def _write(
    session: Session, row: IncidentRow, entry: Entry, book: Rulebook, now: datetime
) -> Entry:
    return write(session, row, entry, rules=book.rules, calendar=book.calendar, now=now)


def _told(session: Session, by: str, incident: int, action: str, what: str, now: datetime) -> None:
    subject = f"incident:{incident}"
    audit.record(session, who=by, action=action, subject=subject, after=what, now=now)
    changes.note(session, "incident", incident, now=now)
