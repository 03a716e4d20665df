"""How many posts when, as an own SVG: numbers as attributes, no inline style."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct

from api.console import words
from posts.index.port import PostIndex, Query

_WIDTH, _BASE, _HEIGHT, _GAP = 1000.0, 46.0, 44.0, 2.0
_MOST_BARS = 120
_HOURS_FOR_DAYS = 96


class Bar(Struct, frozen=True):
    """One bar; ``part`` is the step that isn't over yet."""

    x: float
    y: float
    width: float
    height: float
    part: bool


class Histogram(Struct, frozen=True):
    """Bars, ticks (x, anchor, text), the same as a table, and a sentence for readers."""

    bars: tuple[Bar, ...]
    ticks: tuple[tuple[float, str, str], ...]
    rows: tuple[tuple[str, int], ...]
    unit: str
    label: str


def histogram(index: PostIndex, query: Query, now: datetime) -> Histogram | None:
    """The distribution of what the query finds; hours, or days where it spans more than four."""
    counted = index.histogram(query, step="hour")
    if not counted:
        return None
    step: Literal["hour", "day"] = "hour"
    if (counted[-1][0] - counted[0][0]) > timedelta(hours=_HOURS_FOR_DAYS):
        step, counted = "day", index.histogram(query, step="day")
    return draw(counted, step, now)


def draw(
    counted: list[tuple[datetime, int]], step: Literal["hour", "day"], now: datetime
) -> Histogram:
    """Bars of counts by hour or day, oldest first; at least one is needed."""
    length = timedelta(hours=1) if step == "hour" else timedelta(days=1)
    last = counted[-1][0]
    first = max(counted[0][0], last - length * (_MOST_BARS - 1))
    shown = [(start, number) for start, number in counted if start >= first]
    slots = int((last - first) / length) + 1
    slot = _WIDTH / slots
    most = max(number for _, number in shown)
    bars = tuple(
        Bar(
            x=round(((start - first) / length) * slot, 1),
            y=round(_BASE - number / most * _HEIGHT, 1),
            width=round(max(1.0, min(slot - _GAP, 60.0)), 1),
            height=round(number / most * _HEIGHT, 1),
            part=start <= now < start + length,
        )
        for start, number in shown
    )
    peak = max(shown, key=lambda pair: pair[1])
    earlier = "（只画最近一段）" if first > counted[0][0] else ""
    return Histogram(
        bars=bars,
        ticks=((0.0, "start", _name(first, step, now)), (_WIDTH, "end", _name(last, step, now))),
        rows=tuple((_name(start, step, now), number) for start, number in shown),
        unit="日期" if step == "day" else "时段起",
        label=f"结果随时间的分布{earlier}，最多的是 {_name(*peak[:1], step, now)}，{peak[1]} 条",
    )


def _name(at: datetime, step: str, now: datetime) -> str:
    return words.day(at, now) if step == "day" else words.when(at, now)
