"""The roster as the console shows it (值班表): a week of rows, who is on, what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct
from sqlalchemy.orm import Session

from api.console import words
from api.console.words import SHANGHAI
from registry import handovers, roster, swaps, users
from registry.duty import DutyRole, Gap, Hours, Kind, Shift, Stretch, gaps_of, stretches
from registry.swaps import Swap
from responder import duty_alarm
from responder.rulebook import in_force
from responder.workdays import Calendar

_COLUMNS = (Kind.DAY, Kind.NIGHT)
_MARKS = {roster.OVERRIDE: "替班", roster.SWAP: "换班"}
_DAYS = 7
_WEEKDAYS = "一二三四五六日"


class Person(Struct, frozen=True):
    """A person in a cell; ``times`` where it is not the whole shift."""

    role: str
    name: str
    mark: str
    times: str


class Cell(Struct, frozen=True):
    """One shift of one day."""

    people: list[Person]
    gaps: list[str]


class Day(Struct, frozen=True, kw_only=True):
    """One row of the week: day, night, and what comes on top or instead."""

    title: str
    note: str
    today: bool
    cells: list[Cell]
    others: list[Person]


class Week(Struct, frozen=True, kw_only=True):
    """Seven days from a Monday."""

    days: list[Day]
    heads: list[str]
    title: str
    before: str
    after: str


class Banner(Struct, frozen=True):
    """What is wrong with the roster now."""

    state: str
    title: str
    text: str


class SwapView(Struct, frozen=True, kw_only=True):
    """A swap that waits for an answer."""

    id: int
    text: str
    reason: str
    mine: bool  # it is the person's to accept
    asked: bool  # the person asked for it


def week_of(session: Session, day: date, now: datetime, *, hours: Hours) -> Week:
    """The week in which the day lies."""
    monday = day - timedelta(days=day.weekday())
    start, _ = hours.span(monday, Kind.DAY)
    _, end = hours.span(monday + timedelta(days=_DAYS - 1), Kind.NIGHT)
    rows = roster.shifts(session, start - timedelta(days=1), end + timedelta(days=1))
    held = stretches(rows)
    current, *_ = hours.current(now)
    calendar = in_force(session).calendar
    return Week(
        days=[
            _day(
                monday + timedelta(days=n),
                rows,
                held,
                hours=hours,
                today=current,
                calendar=calendar,
            )
            for n in range(_DAYS)
        ],
        heads=[_head(kind, hours) for kind in _COLUMNS],
        title=f"{monday:%Y-%m-%d} 至 {monday + timedelta(days=_DAYS - 1):%m-%d}",
        before=(monday - timedelta(days=_DAYS)).isoformat(),
        after=(monday + timedelta(days=_DAYS)).isoformat(),
    )


def line(session: Session, now: datetime, *, hours: Hours) -> str:
    """白班 08:00–20:00 · 07:52 接班已签收 · 值班员 张三 · 带班领导 王主任; "" without a roster."""
    found = handovers.standing(session, now, hours=hours)
    on = roster.who_is_on(session, now)
    if not on and found.signed_at is None and not roster.rostered(session):
        return ""
    signed = f"{words.clock(found.signed_at)} 接班已签收" if found.signed_at else "接班未签收"
    parts = [_head(Kind(found.shift), hours), signed]
    for role in DutyRole:
        names = "、".join(shift.name for shift in on if shift.role is role)
        parts += [f"{role.value} {names}"] if names else []
    return " · ".join(parts)


def banners(session: Session, now: datetime) -> list[Banner]:
    """Posts that are empty now, or will be soon."""
    found = duty_alarm.standing(session, now)
    why = f"事件 {found.major[0]} 处置期间须 24 小时值班。" if found.major else ""
    made = [
        Banner(
            "blind",
            f"{gap.role.value}自{words.when(gap.start, now)} 起无人在班。",
            f"提醒和升级改发给全体有此角色的人。请立即补排。{why}",
        )
        for gap in found.open
    ]
    return made + [
        Banner("slow", f"{gap.role.value}{_between(gap, now)}没有排班。", f"请补排。{why}")
        for gap in found.ahead
    ]


def options(rows: Sequence[Shift], now: datetime) -> list[tuple[str, str]]:
    """Shifts that can still be changed, for a select."""
    return [
        (str(shift.id), f"{_short(shift.day)} {shift.kind.value} {shift.role.value} {shift.name}")
        for shift in rows
        if shift.ends_at > now
    ]


def swap_views(session: Session, user: int, now: datetime) -> list[SwapView]:
    """The swaps that wait, in words."""
    return [_swap(session, swap, user, now) for swap in swaps.waiting(session)]


def _swap(session: Session, swap: Swap, user: int, now: datetime) -> SwapView:
    asker, asked = (users.get(session, one).display_name for one in (swap.asked_by, swap.asked_of))
    text = f"{asker}请{asked}代 {_named(session, swap.shift)}"
    if swap.other is not None:
        text = f"{asker}的 {_named(session, swap.shift)} 换{asked}的 {_named(session, swap.other)}"
    return SwapView(
        id=swap.id,
        text=f"{text}（{words.when(swap.asked_at, now)} 申请）",
        reason=swap.reason,
        mine=swap.asked_of == user,
        asked=swap.asked_by == user,
    )


def _named(session: Session, shift: int) -> str:
    found = roster.find(session, shift)
    return f"{_short(found.day)} {found.kind.value}" if found else "（班次已撤销）"


def titled(day: date) -> str:
    """3 月 2 日（周一）."""
    return f"{_short(day)}（周{_WEEKDAYS[day.weekday()]}）"


def note_of(day: date, calendar: Calendar) -> str:
    """What the calendar says of the day: 节假日, 调休上班, or nothing."""
    if day in calendar.holidays:
        return "节假日"
    return "调休上班" if day in calendar.workdays else ""


def _day(
    day: date,
    rows: Sequence[Shift],
    held: Sequence[Stretch],
    *,
    hours: Hours,
    today: date,
    calendar: Calendar,
) -> Day:
    cells = []
    for kind in _COLUMNS:
        start, end = hours.span(day, kind)
        mine = [one for one in held if one.shift.day == day and one.shift.kind is kind]
        known = [role for role in DutyRole if any(row.role is role for row in rows)]
        missing = [gap for role in known for gap in gaps_of(rows, start, end, role)]
        cells.append(
            Cell(
                [_person(one, (start, end)) for one in mine],
                [
                    f"{gap.role.value}{_times(gap.start, gap.end, (start, end))} 无人"
                    for gap in missing
                ],
            )
        )
    others = [one for one in held if one.shift.day == day and one.shift.kind not in _COLUMNS]
    return Day(
        title=titled(day),
        note=note_of(day, calendar),
        today=day == today,
        cells=cells,
        others=[_person(one, hours.span(day, one.shift.kind)) for one in others],
    )


def _person(one: Stretch, whole: tuple[datetime, datetime]) -> Person:
    shift = one.shift
    mark = _MARKS.get(shift.source, "")
    if shift.kind not in _COLUMNS:
        mark = shift.kind.value
    return Person(shift.role.value, shift.name, mark, _times(one.start, one.end, whole).strip())


def _times(start: datetime, end: datetime, whole: tuple[datetime, datetime]) -> str:
    return "" if (start, end) == whole else f" {words.clock(start)}–{words.clock(end)}"


def _between(gap: Gap, now: datetime) -> str:
    return f"{words.when(gap.start, now)} 至 {words.when(gap.end, now)} "


def _head(kind: Kind, hours: Hours) -> str:
    spans = {Kind.DAY: (hours.day, hours.night), Kind.NIGHT: (hours.night, hours.day)}
    start, end = spans[kind]
    return f"{kind.value} {start:%H:%M}–{end:%H:%M}"


def _short(day: date) -> str:
    return f"{day.month} 月 {day.day} 日"


def day_of(text: str, now: datetime) -> date:
    """The day of the address; today where it is none."""
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return now.astimezone(SHANGHAI).date()
    far = timedelta(days=3660)
    today = now.astimezone(SHANGHAI).date()
    return found if today - far < found < today + far else today


def midnight(day: date) -> datetime:
    """00:00 of that day in Asia/Shanghai."""
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
