"""A roster by turns (轮值): people one after the other over the shifts from a day until a day.

The turn goes by shifts, not by days, so that day and night fall on everyone alike. On a holiday
of the calendar one 节假日班 takes the place of day and night.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct
from sqlalchemy.orm import Session

from registry import roster_import
from registry.duty import DutyRole, Hours, Kind
from registry.errors import InvalidInputError
from registry.roster_import import Imported, Line

LONGEST = timedelta(days=366)
MOST_PEOPLE = 100
USUAL = (Kind.DAY, Kind.NIGHT)
_NO_TURN = {Kind.HOLIDAY, Kind.EXTRA}


class Turns(Struct, frozen=True, kw_only=True):
    """What to plan. ``until`` is a day of it; ``first``: whose turn the first shift is."""

    people: tuple[str, ...]
    since: date
    until: date
    role: DutyRole = DutyRole.OFFICER
    kinds: tuple[Kind, ...] = USUAL
    first: str = ""


def lines(turns: Turns, *, holiday: Callable[[date], bool]) -> list[Line]:
    """The shifts in order of time. ``holiday``: whether the calendar has that day as one.

    Raises InvalidInputError that names what is wrong.
    """
    people = _people(turns)
    if not turns.since <= turns.until <= turns.since + LONGEST:
        raise InvalidInputError("结束日期要在开始日期之后，最长一年。", field="until")
    if not turns.kinds or set(turns.kinds) & _NO_TURN:
        raise InvalidInputError(
            "轮值的班次可写 白班、夜班、重大事件值守；节假日班由工作日历决定。", field="kinds"
        )
    found: list[Line] = []
    for number in range((turns.until - turns.since).days + 1):
        day = turns.since + timedelta(days=number)
        # 重大事件值守 comes on top of whatever day it is.
        usual = any(kind in USUAL for kind in turns.kinds)
        kinds = (Kind.HOLIDAY,) if usual and holiday(day) else tuple(dict.fromkeys(turns.kinds))
        for kind in kinds:
            found.append(Line(day, kind, turns.role, people[len(found) % len(people)]))
    return found


def bring_in(
    session: Session, made: Sequence[Line], *, by: str, now: datetime, hours: Hours
) -> Imported:
    """Make it the roster of its role; other roles, overrides and swaps stay."""
    return roster_import.bring_in(
        session, list(made), by=by, now=now, hours=hours, role=made[0].role
    )


def _people(turns: Turns) -> tuple[str, ...]:
    """In turn, the first one first."""
    people = tuple(name.strip() for name in turns.people if name.strip())
    if not people:
        raise InvalidInputError("请写明轮到哪些人，至少一位。", field="people")
    if len(people) > MOST_PEOPLE:
        raise InvalidInputError(f"一次最多排 {MOST_PEOPLE} 个人。", field="people")
    twice = next((name for name in people if people.count(name) > 1), "")
    if twice:
        raise InvalidInputError(f"“{twice}”写了两次，每人只写一次。", field="people")
    first = turns.first.strip()
    if first and first not in people:
        raise InvalidInputError(f"“{first}”不在轮值的人里。", field="first")
    start = people.index(first) if first else 0
    return people[start:] + people[:start]
