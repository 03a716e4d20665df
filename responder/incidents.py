"""Incidents (事件): opened, written to entry by entry, closed, opened again.

``by`` is the person as shown in the records. Nothing is changed or deleted; what is wrong is
answered by another entry. Corrections and 不适用 need a second person: responder/signing.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit, changes, notice_log
from registry.chain import GENESIS
from registry.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from registry.statements import clean
from responder import ledger, stop_pages, writing
from responder.checks import check_future
from responder.drafts import draft
from responder.entries import (
    KIND_NAMES,
    Acknowledgement,
    Confirmation,
    Correction,
    Entry,
    EventType,
    Instant,
    LevelSet,
    Merge,
    MergedInto,
    Moment,
    NotApplicable,
    Opened,
    Split,
    kind,
)
from responder.ledger_check import check, check_all
from responder.rulebook import in_force
from responder.rules import RuleSet
from responder.tables import IncidentRow
from responder.whatif import check_order, parse_level
from responder.workdays import Calendar
from responder.writing import meanwhile, write

OPEN, CLOSED = writing.OPEN, writing.CLOSED
TWO_PERSONS = (Correction, NotApplicable)
SEVERAL = (Merge, MergedInto, Split)  # written by responder.joining only


class Incident(Struct, frozen=True, kw_only=True):
    """An incident as lists show it. ``count`` is the number of its newest entry."""

    id: int
    title: str
    state: str  # open | closed
    level: str  # "" until a person set one
    event_type: str  # "" until a person set one
    alert: int | None
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None
    cycle: int
    count: int
    head: str


def open_incident(
    session: Session,
    *,
    title: str,
    by: str,
    now: datetime,
    summary: str = "",
    occurred: datetime | None = None,
    detected: datetime | None = None,
    reported: datetime | None = None,
    first_post: datetime | None = None,
    event_type: str | None = None,
    level: str | None = None,
    criteria: str = "",
    from_alert: int | None = None,
) -> Incident:
    """Open an incident, by hand or from an alert, with what is known of it.

    Where nobody says when it was found or reported, it was found now. Raises InvalidInputError
    for an empty title, an unknown level, or instants in the wrong order or in the future.
    """
    title = clean(title.strip(), 300)
    if not title:
        raise InvalidInputError("请写明事件名称", field="title")
    if detected is None and reported is None:
        detected = now
    given = {
        Moment.OCCURRED: occurred,
        Moment.DETECTED: detected,
        Moment.REPORTED: reported,
        Moment.FIRST_POST: first_post,
    }
    known = {which: value for which, value in given.items() if value is not None}
    row = new_row(session, title=title, by=by, now=now, alert=from_alert)
    book = in_force(session)
    common: dict[str, Any] = {"at": now, "written_at": now, "by": by}
    entries: list[Entry] = [Opened(title=title, alert=from_alert, summary=clean(summary), **common)]
    check_future(known, now)
    check_order(known)
    entries += [Instant(which=which, value=value, **common) for which, value in known.items()]
    if event_type:
        entries.append(draft({"type": "event_type", "event_type": event_type}, by=by, now=now))
    if level:
        entries.append(
            LevelSet(
                level=parse_level(level, book.rules.levels),
                criteria=clean(criteria),
                signer=by,
                **common,
            )
        )
    for entry in entries:
        write(session, row, entry, rules=book.rules, calendar=book.calendar, now=now)
    audit.record(
        session, who=by, action="新建事件", subject=f"incident:{row.id}", after=title, now=now
    )
    changes.note(session, "incident", row.id, now=now)
    return incident_of(row)


def new_row(
    session: Session, *, title: str, by: str, now: datetime, alert: int | None = None
) -> IncidentRow:
    """An incident without entries; the caller writes the first ones in the same transaction."""
    row = IncidentRow(
        title=title,
        state=OPEN,
        level="",
        event_type="",
        alert=alert,
        opened_by=by,
        opened_at=now,
        closed_at=None,
        cycle=0,
        count=0,
        head=GENESIS,
    )
    session.add(row)
    session.flush()
    return row


def add(
    session: Session,
    incident: int,
    entry: Entry,
    *,
    now: datetime,
    expected: int | None = None,
    rules: RuleSet | None = None,
    calendar: Calendar | None = None,
) -> Entry:
    """Append the entry (see :func:`responder.drafts.draft`) and return it as it was kept.

    ``expected`` is the number of the newest entry that the writer saw. Raises NotFoundError,
    InvalidInputError, ConflictError (somebody wrote meanwhile; the state does not allow it), and
    ForbiddenError for what a second person has to confirm.
    """
    if isinstance(entry, TWO_PERSONS):
        name = KIND_NAMES[kind(entry)]
        raise ForbiddenError(f"{name}须由第二人确认：请先提出，再由另一人签署")
    if isinstance(entry, SEVERAL):
        name = KIND_NAMES[kind(entry)]
        raise InvalidInputError(f"{name}涉及几个事件，请用“并入”或“拆分”办理", field="type")
    if isinstance(entry, Confirmation):
        raise InvalidInputError(
            "时间核实由系统按抓取到的页面记入；时间有误请用“更正”，由第二人确认", field="type"
        )
    return append(session, incident, entry, now=now, expected=expected, rules=rules, cal=calendar)


def set_level(
    session: Session,
    incident: int,
    level: str,
    *,
    by: str,
    now: datetime,
    criteria: str = "",
    signer: str = "",
    at: datetime | None = None,
    expected: int | None = None,
) -> Entry:
    """A person sets the level; ``at`` is when it was decided (认定), by default now."""
    entry = LevelSet(
        at=at or now,
        written_at=now,
        by=by,
        level=parse_level(level, in_force(session).rules.levels),
        criteria=clean(criteria),
        signer=clean(signer) or by,
    )
    return add(session, incident, entry, now=now, expected=expected)


def acknowledge(
    session: Session, incident: int, *, rule: str, threshold: int, by: str, now: datetime
) -> Entry:
    """A reminder was seen (确认): ends the repeats of that threshold (percent) only."""
    entry = Acknowledgement(at=now, written_at=now, by=by, rule=clean(rule), threshold=threshold)
    return add(session, incident, entry, now=now)


def append(
    session: Session,
    incident: int,
    entry: Entry,
    *,
    now: datetime,
    expected: int | None = None,
    rules: RuleSet | None = None,
    cal: Calendar | None = None,
) -> Entry:
    """Append what may be written as it is: :func:`add` and responder/signing.py ask first."""
    row = _row(session, incident, lock=True)
    if expected is not None and expected != row.count:
        raise ConflictError(meanwhile(session, row, expected))
    book = in_force(session)
    entry = stop_pages.unverified(entry)
    kept = write(
        session, row, entry, rules=rules or book.rules, calendar=cal or book.calendar, now=now
    )
    name = KIND_NAMES[kind(kept)]
    audit.record(
        session,
        who=kept.by,
        action=f"事件记录：{name}",
        subject=f"incident:{incident}#{kept.seq}",
        after={"hash": row.head},
        now=now,
    )
    changes.note(session, "incident", incident, now=now)
    if isinstance(kept, Acknowledgement):
        said = f"{kept.by}确认事件 {incident} 的 {kept.rule} {kept.threshold}% 提醒"
        notice_log.write(session, notice_log.ACKNOWLEDGED, said, now=now, incident=incident)
    return kept


def get(session: Session, incident: int) -> Incident:
    """The incident. Raises NotFoundError."""
    return incident_of(_row(session, incident))


def entries(session: Session, incident: int) -> list[Entry]:
    """All its entries by number. Raises NotFoundError."""
    _row(session, incident)
    return ledger.load(session, incident)


def verify(session: Session, incident: int) -> list[str]:
    """What is broken in its chain, in Chinese sentences; [] where it is whole."""
    _row(session, incident)
    return list(check(session, incident).problems)


def verify_all(session: Session) -> Iterator[tuple[int, list[str]]]:
    """Each incident with what is broken in its chain."""
    for checked in check_all(session):
        yield checked.incident, list(checked.problems)


def _row(session: Session, incident: int, *, lock: bool = False) -> IncidentRow:
    wanted = select(IncidentRow).where(IncidentRow.id == incident)
    row = session.scalar(wanted.with_for_update() if lock else wanted)
    if row is None:
        raise NotFoundError(f"没有编号为 {incident} 的事件")
    return row


def row_of(session: Session, incident: int) -> IncidentRow:
    """The row of the incident, locked until the transaction ends. Raises NotFoundError."""
    return _row(session, incident, lock=True)


def incident_of(row: IncidentRow) -> Incident:
    """The incident that the row holds."""
    return Incident(**{name: getattr(row, name) for name in Incident.__struct_fields__})


def event_types() -> tuple[str, ...]:
    """The types of events, for pickers."""
    return tuple(value.value for value in EventType)
