"""The roster as it is kept (值班表): read, planned, overridden; every change is audited."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from posts.identity import SHANGHAI
from registry import audit, changes, users
from registry.duty import DutyRole, Gap, Hours, Kind, Shift, gaps_of, on
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.statements import clean
from registry.tables import DutyShiftRow
from registry.users import User

ROSTER, OVERRIDE, SWAP = "roster", "override", "swap"
_INSTANT = timedelta(microseconds=1)
_LONGEST = timedelta(days=31)
_TOPIC = "duty"


def shifts(session: Session, start: datetime, end: datetime) -> list[Shift]:
    """The shifts that are not withdrawn and touch the time from ``start`` up to ``end``."""
    rows = session.scalars(
        select(DutyShiftRow)
        .where(
            DutyShiftRow.withdrawn_at.is_(None),
            DutyShiftRow.ends_at > start,
            DutyShiftRow.starts_at < end,
        )
        .order_by(DutyShiftRow.starts_at, DutyShiftRow.id)
    )
    return [_shift(row) for row in rows]


def who_is_on(session: Session, now: datetime, role: DutyRole | None = None) -> list[Shift]:
    """Who is on duty at that instant; [] where nobody is."""
    return on(shifts(session, now, now + _INSTANT), now, role)


def gaps(
    session: Session,
    start: datetime,
    end: datetime,
    roles: Sequence[DutyRole] = tuple(DutyRole),
) -> list[Gap]:
    """The stretches in which nobody of a role is on, by begin."""
    rows = shifts(session, start, end)
    found = [gap for role in roles for gap in gaps_of(rows, start, end, role)]
    return sorted(found, key=lambda gap: (gap.start, gap.role))


def rostered(session: Session) -> bool:
    """Whether there ever was a roster: a desk that keeps none is not told of each gap."""
    found = select(DutyShiftRow.id).where(DutyShiftRow.withdrawn_at.is_(None)).limit(1)
    return session.scalar(found) is not None


def last_end(session: Session, now: datetime, role: DutyRole) -> datetime | None:
    """When the last shift of that role before now ended; None where there was none."""
    ended = (
        select(DutyShiftRow.ends_at)
        .where(
            DutyShiftRow.withdrawn_at.is_(None),
            DutyShiftRow.role == role,
            DutyShiftRow.ends_at <= now,
        )
        .order_by(DutyShiftRow.ends_at.desc())
        .limit(1)
    )
    return session.scalar(ended)


def get(session: Session, shift: int) -> Shift:
    """The shift. Raises NotFoundError, also where it was withdrawn."""
    return _shift(_row(session, shift))


def find(session: Session, shift: int) -> Shift | None:
    """The shift, also where it was withdrawn; None where there never was one."""
    row = session.get(DutyShiftRow, shift)
    return None if row is None else _shift(row)


def person(session: Session, name: str) -> User | None:
    """The active user of that login or display name; None for somebody without an account.

    Raises InvalidInputError where two people have that display name.
    """
    wanted = name.strip()
    active = [user for user in users.everything(session) if user.active]
    by_login = [user for user in active if user.name == wanted]
    named = by_login or [user for user in active if user.display_name == wanted]
    if len(named) > 1:
        logins = "、".join(user.name for user in named)
        raise InvalidInputError(f"“{wanted}”有 {len(named)} 位（{logins}），请改写登录名。")
    return named[0] if named else None


def plan(
    session: Session,
    *,
    day: date,
    kind: Kind,
    role: DutyRole,
    name: str,
    by: str,
    now: datetime,
    hours: Hours,
    note: str = "",
) -> Shift:
    """Put a person on a shift of the roster. Raises ConflictError for who is on it already."""
    start, end = hours.span(day, kind)
    user = person(session, name)
    on = select(DutyShiftRow.id).where(
        DutyShiftRow.day == day,
        DutyShiftRow.kind == kind,
        DutyShiftRow.role == role,
        DutyShiftRow.source == ROSTER,
        DutyShiftRow.withdrawn_at.is_(None),
        DutyShiftRow.user_id == user.id if user else DutyShiftRow.name == clean(name.strip(), 64),
    )
    if session.scalar(on.limit(1)) is not None:
        raise ConflictError(f"{name.strip()}已经排在 {day} 的{kind.value}（{role.value}）。")
    made = _add(
        session,
        day,
        kind,
        role,
        name,
        (start, end),
        ROSTER,
        by=by,
        now=now,
        replaces=None,
        note=note,
    )
    _told(session, "排班", made, by=by, now=now)
    return made


def override(
    session: Session,
    *,
    name: str,
    by: str,
    now: datetime,
    replaces: int | None = None,
    role: DutyRole | None = None,
    start: datetime | None = None,
    end: datetime | None = None,
    note: str = "",
    source: str = OVERRIDE,
) -> Shift:
    """Another person for a shift or a part of it (替班); without ``replaces`` one more (增派).

    What is past stays: an override begins now at the earliest. Raises InvalidInputError,
    NotFoundError, ConflictError where somebody else has taken that time over already.
    """
    if replaces is None:
        if role is None or start is None or end is None:
            raise InvalidInputError("增派要写明角色、开始和结束时间。", field="start")
        day, kind = start.astimezone(SHANGHAI).date(), Kind.EXTRA
    else:
        old = get(session, replaces)
        role, day, kind = old.role, old.day, old.kind
        start, end = max(start or old.starts_at, now), end or old.ends_at
        if not old.starts_at <= start < end <= old.ends_at:
            raise InvalidInputError("替班时间要在原班次之内、现在之后。", field="start")
        taken = [one for one in _replacing(session, replaces) if _overlap(one, start, end)]
        if taken:
            raise ConflictError(f"这一班已由{taken[0].name}替班，请先撤销那一条或对它换人。")
    if not start < end or end <= now or end - start > _LONGEST:
        raise InvalidInputError(
            "结束要晚于开始和现在，最长 31 天。请检查开始和结束时间。", field="end"
        )
    made = _add(
        session,
        day,
        kind,
        role,
        name,
        (start, end),
        source,
        by=by,
        now=now,
        replaces=replaces,
        note=note,
    )
    _told(session, {OVERRIDE: "替班", SWAP: "换班"}[source], made, by=by, now=now)
    return made


def withdraw(session: Session, shift: int, *, by: str, now: datetime) -> None:
    """Take a shift back; one that is running ends now, one that ended stays (ConflictError)."""
    row = _row(session, shift)
    if row.ends_at <= now:
        raise ConflictError("这一班已经结束，记录保留，不能撤销。")
    gone = _shift(row)
    if row.starts_at < now:
        row.ends_at = now
    else:
        row.withdrawn_at, row.withdrawn_by = now, by
    session.flush()
    _told(session, "撤销班次", gone, by=by, now=now)


def _replacing(session: Session, shift: int) -> list[Shift]:
    rows = session.scalars(
        select(DutyShiftRow).where(
            DutyShiftRow.replaces == shift, DutyShiftRow.withdrawn_at.is_(None)
        )
    )
    return [_shift(row) for row in rows]


def _overlap(shift: Shift, start: datetime, end: datetime) -> bool:
    return shift.starts_at < end and start < shift.ends_at


def _add(
    session: Session,
    day: date,
    kind: Kind,
    role: DutyRole,
    name: str,
    span: tuple[datetime, datetime],
    source: str,
    *,
    by: str,
    now: datetime,
    replaces: int | None,
    note: str,
) -> Shift:
    name = clean(name.strip(), 64)
    if not name:
        raise InvalidInputError("请写明值班人。", field="name")
    user = person(session, name)
    row = DutyShiftRow(
        day=day,
        kind=kind,
        role=role,
        user_id=user.id if user else None,
        name=user.display_name if user else name,
        starts_at=span[0],
        ends_at=span[1],
        source=source,
        replaces=replaces,
        note=clean(note.strip(), 300),
        made_by=by,
        made_at=now,
        withdrawn_by="",
        withdrawn_at=None,
    )
    session.add(row)
    session.flush()
    return _shift(row)


def _told(session: Session, action: str, shift: Shift, *, by: str, now: datetime) -> None:
    audit.record(session, who=by, action=action, subject=f"duty:{shift.id}", after=shift, now=now)
    changes.note(session, _TOPIC, shift.id, now=now)


def _row(session: Session, shift: int) -> DutyShiftRow:
    row = session.get(DutyShiftRow, shift)
    if row is None or row.withdrawn_at is not None:
        raise NotFoundError(f"没有编号为 {shift} 的班次，或已撤销。")
    return row


def _shift(row: DutyShiftRow) -> Shift:
    return Shift(
        id=row.id,
        day=row.day,
        kind=Kind(row.kind),
        role=DutyRole(row.role),
        user=row.user_id,
        name=row.name,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        source=row.source,
        replaces=row.replaces,
        note=row.note,
        made_by=row.made_by,
        made_at=row.made_at,
    )
