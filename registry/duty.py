"""Who is on duty (值班): shifts, what replaces what, who is on at an instant, and the gaps.

All of it is pure: functions of shifts that :mod:`registry.roster` reads and writes. A shift keeps
its own begin and end, so that a change of the hours never rewrites what was.

What holds at an instant: a shift is off while another one that ``replaces`` it is on (替班, 换班);
day and night shifts are off while a holiday shift of the same role is on. 重大事件值守 and 增派
come on top.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from msgspec import Struct

from posts.identity import SHANGHAI
from registry.errors import InvalidInputError

Span = tuple[datetime, datetime]


class DutyRole(StrEnum):
    """What a person does on a shift."""

    OFFICER = "值班员"
    LEADER = "带班领导"


class Kind(StrEnum):
    """The kinds of shift."""

    DAY = "白班"
    NIGHT = "夜班"
    HOLIDAY = "节假日班"  # the whole day, in place of day and night
    MAJOR = "重大事件值守"  # the whole day, on top
    EXTRA = "增派"


class Shift(Struct, frozen=True, kw_only=True):
    """One person on one shift, from ``starts_at`` up to ``ends_at``.

    ``user`` is None for a person without an account. ``source``: roster, override or swap.
    """

    id: int
    day: date
    kind: Kind
    role: DutyRole
    user: int | None
    name: str
    starts_at: datetime
    ends_at: datetime
    source: str
    replaces: int | None = None
    note: str = ""
    made_by: str = ""
    made_at: datetime | None = None


class Stretch(Struct, frozen=True):
    """A shift, and a part of it that really holds."""

    shift: Shift
    start: datetime
    end: datetime


class Gap(Struct, frozen=True):
    """Nobody of that role is on, from ``start`` up to ``end``."""

    role: DutyRole
    start: datetime
    end: datetime


class Hours(Struct, frozen=True, kw_only=True):
    """When the shifts change, in Asia/Shanghai: 白班 08:00–20:00, 夜班 20:00–08:00 by default."""

    day: time = time(8)
    night: time = time(20)

    def span(self, day: date, kind: Kind) -> Span:
        """From when until when a shift of that kind on that day is (UTC)."""
        following = day + timedelta(days=1)
        if kind is Kind.DAY:
            return _at(day, self.day), _at(day, self.night)
        if kind is Kind.NIGHT:
            return _at(day, self.night), _at(following, self.day)
        return _at(day, self.day), _at(following, self.day)

    def current(self, now: datetime) -> tuple[date, Kind, datetime, datetime]:
        """The day or night shift that is running: its day, kind, begin and end."""
        today = now.astimezone(SHANGHAI).date()
        for day, kind in ((today, Kind.NIGHT), (today, Kind.DAY)):
            start, end = self.span(day, kind)
            if start <= now < end:
                return day, kind, start, end
        before = today - timedelta(days=1)
        return before, Kind.NIGHT, *self.span(before, Kind.NIGHT)


USUAL = Hours()


def hours(day: str, night: str) -> Hours:
    """Hours from ``08:00`` and ``20:00``. Raises InvalidInputError."""
    try:
        made = Hours(day=time.fromisoformat(day), night=time.fromisoformat(night))
    except ValueError:
        raise InvalidInputError(
            f"交接班时间“{day}”“{night}”读不懂，请写成 08:00 和 20:00 的样子。"
        ) from None
    if made.day >= made.night or made.day.tzinfo or made.night.tzinfo:
        raise InvalidInputError(f"白班开始（{day}）要早于夜班开始（{night}），且不写时区。")
    return made


def stretches(rows: Iterable[Shift]) -> list[Stretch]:
    """What really holds of the shifts, by begin; a shift that is cut in two comes twice."""
    rows = list(rows)
    off: dict[int, list[Span]] = {}
    holidays: dict[DutyRole, list[Span]] = {}
    for row in rows:
        if row.replaces is not None:
            off.setdefault(row.replaces, []).append((row.starts_at, row.ends_at))
        if row.kind is Kind.HOLIDAY:
            holidays.setdefault(row.role, []).append((row.starts_at, row.ends_at))
    found = []
    for row in rows:
        cuts = off.get(row.id, [])
        if row.kind in {Kind.DAY, Kind.NIGHT}:
            cuts = cuts + holidays.get(row.role, [])
        found += [Stretch(row, *part) for part in _without((row.starts_at, row.ends_at), cuts)]
    return sorted(found, key=lambda one: (one.start, one.shift.role, one.shift.id))


def on(rows: Iterable[Shift], at: datetime, role: DutyRole | None = None) -> list[Shift]:
    """Who is on at that instant, each person once."""
    found: dict[tuple[str, int | str], Shift] = {}
    for one in stretches(rows):
        shift = one.shift
        if one.start <= at < one.end and role in {None, shift.role}:
            found.setdefault((shift.role, shift.user or shift.name), shift)
    return list(found.values())


def gaps_of(rows: Iterable[Shift], start: datetime, end: datetime, role: DutyRole) -> list[Gap]:
    """The stretches from ``start`` up to ``end`` in which nobody of that role is on."""
    covered = [(one.start, one.end) for one in stretches(rows) if one.shift.role is role]
    return [Gap(role, *part) for part in _without((start, end), covered)]


def _without(span: Span, cuts: Sequence[Span]) -> list[Span]:
    """What is left of the span."""
    left: list[Span] = []
    at, end = span
    for cut_start, cut_end in sorted(cuts):
        if cut_end <= at or cut_start >= end:
            continue
        if cut_start > at:
            left.append((at, cut_start))
        at = max(at, cut_end)
    if at < end:
        left.append((at, end))
    return left


def _at(day: date, clock: time) -> datetime:
    return datetime.combine(day, clock, SHANGHAI).astimezone(UTC)
