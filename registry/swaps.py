"""Swaps of shifts (换班): one person asks, the other accepts; only then the roster changes."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit, changes, roster, users
from registry.duty import Shift
from registry.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from registry.statements import clean
from registry.tables import DutySwapRow

ASKED, ACCEPTED, DECLINED, TAKEN_BACK = "待对方同意", "已换班", "对方不同意", "已撤回"


class Swap(Struct, frozen=True, kw_only=True):
    """``asked_by`` gives ``shift`` to ``asked_of``, for ``other`` or for nothing (代班)."""

    id: int
    shift: int
    other: int | None
    asked_by: int
    asked_of: int
    reason: str
    state: str
    asked_at: datetime
    decided_at: datetime | None


def ask(
    session: Session,
    *,
    shift: int,
    by: int,
    now: datetime,
    of: int | None = None,
    other: int | None = None,
    reason: str = "",
) -> Swap:
    """Ask for a swap against the shift ``other``, or ask the user ``of`` to stand in."""
    mine = _ahead(session, shift, now)
    if mine.user != by:
        raise ForbiddenError("只能换自己的班。")
    theirs = None if other is None else _ahead(session, other, now)
    if theirs is not None:
        if theirs.role != mine.role:
            raise InvalidInputError("只能与同一角色的班次对换。", field="other")
        if theirs.user is None:
            raise InvalidInputError("对方没有账号，不能在这里换班，请由排班人替班。", field="other")
        of = theirs.user
    if of is None or of == by:
        raise InvalidInputError("请写明与谁换班，不能是自己。", field="of")
    if not users.get(session, of).active:
        raise InvalidInputError("对方的账号已停用。", field="of")
    row = DutySwapRow(
        shift=shift,
        other=other,
        asked_by=by,
        asked_of=of,
        reason=clean(reason.strip(), 300),
        state=ASKED,
        asked_at=now,
        decided_at=None,
    )
    session.add(row)
    session.flush()
    _told(session, "申请换班", row, by, now)
    return _swap(row)


def accept(session: Session, swap: int, *, by: int, now: datetime) -> Swap:
    """The other person agrees; from now on the shifts are exchanged."""
    row = _asked(session, swap)
    if row.asked_of != by:
        raise ForbiddenError("须由对方本人同意换班。")
    parts = [(row.shift, row.asked_of, row.asked_by)]
    if row.other is not None:
        parts.append((row.other, row.asked_by, row.asked_of))
    for number, taker, giver in parts:
        shift = _ahead(session, number, now)
        if shift.user != giver:
            raise ConflictError("班次已有变动，请重新申请换班。")
        roster.override(
            session,
            name=users.get(session, taker).name,
            by=users.get(session, row.asked_by).display_name,
            now=now,
            replaces=number,
            note=row.reason or "换班",
            source=roster.SWAP,
        )
    return _decide(session, row, ACCEPTED, "同意换班", by, now)


def decline(session: Session, swap: int, *, by: int, now: datetime) -> Swap:
    """The other person does not agree, or who asked takes it back."""
    row = _asked(session, swap)
    if by == row.asked_of:
        return _decide(session, row, DECLINED, "不同意换班", by, now)
    if by == row.asked_by:
        return _decide(session, row, TAKEN_BACK, "撤回换班", by, now)
    raise ForbiddenError("只有申请人和对方可以了结这次换班。")


def waiting(session: Session) -> list[Swap]:
    """What waits for an answer, oldest first."""
    rows = session.scalars(
        select(DutySwapRow).where(DutySwapRow.state == ASKED).order_by(DutySwapRow.id)
    )
    return [_swap(row) for row in rows]


def _ahead(session: Session, shift: int, now: datetime) -> Shift:
    found = roster.get(session, shift)
    if found.ends_at <= now:
        raise ConflictError("这一班已经结束，不能再换。")
    return found


def _asked(session: Session, swap: int) -> DutySwapRow:
    row = session.get(DutySwapRow, swap)
    if row is None:
        raise NotFoundError(f"没有编号为 {swap} 的换班申请。")
    if row.state != ASKED:
        raise ConflictError(f"这次换班已了结：{row.state}。")
    return row


def _decide(
    session: Session, row: DutySwapRow, state: str, action: str, by: int, now: datetime
) -> Swap:
    row.state, row.decided_at = state, now
    session.flush()
    _told(session, action, row, by, now)
    return _swap(row)


def _told(session: Session, action: str, row: DutySwapRow, by: int, now: datetime) -> None:
    audit.record(
        session,
        who=users.get(session, by).name,
        action=action,
        subject=f"swap:{row.id}",
        after=_swap(row),
        now=now,
    )
    changes.note(session, "duty", f"swap:{row.id}", now=now)


def _swap(row: DutySwapRow) -> Swap:
    return Swap(**{name: getattr(row, name) for name in Swap.__struct_fields__})
