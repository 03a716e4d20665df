"""Nobody on duty is itself an alarm (值班空缺): now, soon, and all day in a major incident.

A desk that never kept a roster is alarmed only by a major incident; its console says so anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import roster
from registry.duty import DutyRole, Gap
from registry.outbox import Message
from responder import incidents
from responder.entries import Level
from responder.tables import IncidentRow
from responder.wording import instant

AGAIN = timedelta(hours=1)
AHEAD = timedelta(hours=2)
AHEAD_MAJOR = timedelta(hours=24)
_KNOWN = timedelta(days=7)
_MAJOR = (Level.EXTREME.value, Level.MAJOR.value)
_TO = ("角色:管理员", "角色:分管领导")

Planned = tuple[str, tuple[str, ...], str, dict[str, Any]]


class Standing(Struct, frozen=True, kw_only=True):
    """How the posts are manned. ``open``: empty now; ``ahead``: the next gap of each role.

    ``major``: the incidents that ask for 24-hour duty, since ``major_since``.
    """

    rostered: bool
    open: tuple[Gap, ...]
    ahead: tuple[Gap, ...]
    major: tuple[int, ...]
    major_since: datetime | None


def standing(session: Session, now: datetime) -> Standing:
    """How it stands now. A gap that is open begins when the last shift ended."""
    rows = session.execute(
        select(IncidentRow.id, IncidentRow.opened_at)
        .where(IncidentRow.state == incidents.OPEN, IncidentRow.level.in_(_MAJOR))
        .order_by(IncidentRow.id)
    ).all()
    since = min((row.opened_at for row in rows), default=None)
    rostered = roster.rostered(session)
    open_, ahead = [], []
    if rostered or rows:
        until = now + (AHEAD_MAJOR if rows else AHEAD)
        for role in _posts(session, now, major=bool(rows)):
            for gap in roster.gaps(session, now, until, [role])[:2]:
                if gap.start > now:
                    ahead.append(gap)
                    break
                began = roster.last_end(session, now, role) or since
                if began is not None:
                    open_.append(Gap(role, began, gap.end))
    return Standing(
        rostered=rostered,
        open=tuple(open_),
        ahead=tuple(ahead),
        major=tuple(row.id for row in rows),
        major_since=since,
    )


def planned(session: Session, now: datetime) -> list[Planned]:
    """The alarms that are due: key, targets, text, payload."""
    found = standing(session, now)
    why = f"事件 {found.major[0]} 处置期间须 24 小时值班。" if found.major else ""
    made: list[Planned] = []
    for gap in found.open:
        number = max(now - gap.start, timedelta(0)) // AGAIN
        text = f"值班空缺：{gap.role.value}自 {instant(gap.start)} 起无人在班，请立即补排。{why}"
        made.append((f"duty:gap:{gap.role}:{_stamp(gap.start)}:{number}", _TO, text, _of(gap)))
    for gap in found.ahead:
        text = (
            f"值班空缺：{gap.role.value}在 {instant(gap.start)} 至 {instant(gap.end)} "
            f"没有排班，请补排。{why}"
        )
        made.append((f"duty:ahead:{gap.role}:{_stamp(gap.start)}", _TO, text, _of(gap)))
    return made


def stale(session: Session, message: Message, now: datetime) -> str:
    """Why an alarm is not to be sent any more; "" where it still is."""
    role = DutyRole(message.payload["role"])
    at = max(now, datetime.fromisoformat(message.payload["start"]))
    on = roster.who_is_on(session, at, role)
    return f"已有人在班：{'、'.join(shift.name for shift in on)}" if on else ""


def _posts(session: Session, now: datetime, *, major: bool) -> Sequence[DutyRole]:
    """The roles that have to be filled: those that the roster knows, all in a major incident."""
    if major:
        return tuple(DutyRole)
    rows = roster.shifts(session, now - _KNOWN, now + _KNOWN)
    return [role for role in DutyRole if any(row.role is role for row in rows)]


def _of(gap: Gap) -> dict[str, Any]:
    return {
        "title": "值班空缺",
        "role": gap.role.value,
        "start": gap.start.isoformat(),
        "end": gap.end.isoformat(),
    }


def _stamp(at: datetime) -> str:
    return at.strftime("%Y%m%dT%H%M")
