"""The working-day calendar that people keep: packaged years, and notices confirmed by two.

A confirmed notice is a row; the calendar in force is the packaged one with all rows, adopted under
a name that holds the digest of its days. What entries pinned before stays readable
(:mod:`responder.rulebook`), so no frozen verdict changes; what runs on becomes firm.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date, datetime

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import approvals, changes, users
from registry.approvals import Approval
from registry.errors import ConflictError, ForbiddenError, NotFoundError
from registry.users import User
from responder import rulebook
from responder.calendar_amendment import read
from responder.calendar_compose import compose
from responder.calendar_effect import Changed, changed
from responder.calendar_notice import Notice
from responder.tables_calendar import CalendarNoticeRow
from responder.workdays import SHANGHAI, Calendar, load_calendar

ACTION = "工作日历"
TWO_PERSONS = approvals.two_person(ACTION)
PACKAGED, CONFIRMED = "随软件提供", "双人确认"


class Year(Struct, frozen=True, kw_only=True):
    """A year that the calendar covers, and who says so."""

    year: int
    number: str
    source: str  # 随软件提供 | 双人确认
    holidays: int
    workdays: int
    digest: str = ""
    proposed_by: str = ""
    confirmed_by: str = ""
    confirmed_at: datetime | None = None


class Preview(Struct, frozen=True, kw_only=True):
    """What a notice says and what it would do; ``same``: these days hold already."""

    notice: Notice
    version: str
    same: bool
    changed: tuple[Changed, ...]


class Waiting(Struct, frozen=True, kw_only=True):
    """A notice that waits for the second person, with what it would change now."""

    approval: int
    proposed_by: int
    proposed_at: datetime
    preview: Preview


def years(session: Session) -> list[Year]:
    """The years covered, newest first."""
    packaged = load_calendar()
    found = {
        year: Year(
            year=year,
            number=number,
            source=PACKAGED,
            holidays=sum(day.year == year for day in packaged.holidays),
            workdays=sum(day.year == year for day in packaged.workdays),
        )
        for year, number in packaged.notices
    }
    for row in _rows(session):
        found[row.year] = Year(
            year=row.year,
            number=row.number,
            source=CONFIRMED,
            holidays=len(row.holidays),
            workdays=len(row.workdays),
            digest=row.digest,
            proposed_by=row.proposed_by,
            confirmed_by=row.confirmed_by,
            confirmed_at=row.confirmed_at,
        )
    return [found[year] for year in sorted(found, reverse=True)]


def missing(session: Session, now: datetime) -> list[int]:
    """This year and the next, where no notice is there yet: their working days are provisional."""
    covered = rulebook.in_force(session).calendar.years
    this = now.astimezone(SHANGHAI).year
    return [year for year in (this, this + 1) if year not in covered]


def provisional_sentence(year: int) -> str:
    """What pages say of a year without a notice."""
    return (
        f"{year} 年的放假安排还没有录入：涉及 {year} 年的工作日时限先按周一至周五推算，标为暂定。"
        f"国务院办公厅通知发布后，请在此粘贴全文。"
    )


def composed(session: Session, more: Sequence[Notice] = ()) -> Calendar:
    """The packaged calendar with all confirmed notices, and ``more`` on top."""
    notices = [_notice(row) for row in _rows(session)] + list(more)
    return compose(load_calendar(), notices)


def preview(session: Session, text: str, *, number: str = "", now: datetime) -> Preview:
    """What the pasted notice says and which running deadlines it changes; keeps nothing.

    Raises InvalidInputError that quotes the sentence that can't be read.
    """
    return _preview(session, read(text, number=number, base=composed(session)), now)


def propose(
    session: Session, text: str, *, by: User, now: datetime, number: str = ""
) -> tuple[int, Preview]:
    """Put the notice forward; returns the number under which another person confirms it."""
    seen = preview(session, text, number=number, now=now)
    if seen.same:
        raise ConflictError(
            f"{seen.notice.year} 年的安排（{seen.notice.number}）已经有了，没有变化。"
        )
    waits = next((one for one in waiting(session, now) if one.preview.notice == seen.notice), None)
    if waits is not None:
        raise ConflictError(f"这份通知已经提出（第 {waits.approval} 号），等另一人确认。")
    body = {"year": seen.notice.year, "number": seen.notice.number, "text": text, "given": number}
    subject = f"calendar:{seen.notice.year}"
    approval = TWO_PERSONS.propose(session, subject=subject, body=body, by=by.id, now=now)
    changes.note(session, "calendar", subject, now=now)
    return approval, seen


def confirm(session: Session, approval: int, *, by: User, now: datetime) -> Year:
    """The second person agrees: the notice is kept and its calendar in force at once.

    Raises ForbiddenError for the person who proposed it, ConflictError where it was decided.
    """
    asked = TWO_PERSONS.confirm(session, approval, by=by.id, now=now)
    first = _named(users.get(session, asked.proposed_by))
    second = _named(by)
    if first == second:
        raise ForbiddenError("提出和确认须是两个人。")
    notice = _asked_for(session, asked)
    if _preview(session, notice, now).same:
        raise ConflictError(f"{notice.year} 年的安排已由别的申请录入，没有变化；请退回这一份。")
    session.add(
        CalendarNoticeRow(
            year=notice.year,
            number=notice.number,
            digest=_digest_of(notice, approval),
            holidays=[day.isoformat() for day in notice.holidays],
            workdays=[day.isoformat() for day in notice.workdays],
            text=asked.body["text"],
            approval=approval,
            proposed_by=first,
            confirmed_by=second,
            confirmed_at=now,
        )
    )
    session.flush()
    rulebook.adopt(session, composed(session), who=f"{first}、{second}", now=now)
    changes.note(session, "calendar", notice.year, now=now)
    return next(year for year in years(session) if year.year == notice.year)


def refuse(session: Session, approval: int, *, by: User, reason: str, now: datetime) -> None:
    """Send it back with a reason. NotFoundError where it is no notice."""
    _asked(session, approval)
    approvals.refuse(session, approval, by=by.id, reason=reason, now=now)
    changes.note(session, "calendar", approval, now=now)


def waiting(session: Session, now: datetime) -> list[Waiting]:
    """Notices that wait for a second person, oldest first, with what they change now."""
    return [
        Waiting(
            approval=one.id,
            proposed_by=one.proposed_by,
            proposed_at=one.proposed_at,
            preview=_preview(session, _asked_for(session, one), now),
        )
        for one in approvals.pending(session)
        if one.action == ACTION
    ]


def _preview(session: Session, notice: Notice, now: datetime) -> Preview:
    calendar = composed(session, [notice])
    current = rulebook.in_force(session).calendar
    return Preview(
        notice=notice,
        version=calendar.version,
        same=_days(calendar) == _days(current) and calendar.notices == current.notices,
        changed=tuple(changed(session, calendar, now)),
    )


def _asked_for(session: Session, asked: Approval) -> Notice:
    # Earlier releases kept the number as it was read, which did for notices of a whole year.
    number = asked.body.get("given", asked.body["number"])
    return read(asked.body["text"], number=number, base=composed(session))


def _asked(session: Session, approval: int) -> Approval:
    found = approvals.get(session, approval)
    if found.action != ACTION:
        raise NotFoundError(f"没有编号为 {approval} 的放假安排申请。")
    return found


def _rows(session: Session) -> Sequence[CalendarNoticeRow]:
    return session.scalars(select(CalendarNoticeRow).order_by(CalendarNoticeRow.id)).all()


def _notice(row: CalendarNoticeRow) -> Notice:
    return Notice(
        year=row.year,
        number=row.number,
        holidays=tuple(date.fromisoformat(day) for day in row.holidays),
        workdays=tuple(date.fromisoformat(day) for day in row.workdays),
        by_festival=(),
    )


def _days(calendar: Calendar) -> tuple[object, ...]:
    return calendar.years, calendar.holidays, calendar.workdays


def _digest_of(notice: Notice, approval: int) -> str:
    said = [approval, notice.year, notice.number, notice.holidays, notice.workdays]
    return hashlib.sha256(msgspec.json.encode(said)).hexdigest()


def _named(user: User) -> str:
    shown = user.display_name or user.name
    return shown if shown == user.name else f"{shown}（{user.name}）"
