"""A crossing as the Signal that the responder reads: one sentence, and the figures behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

from analyzer.grouping.windows import distinct, instant
from analyzer.warning.rhythm import DAY_HOURS, HOUR, Rhythm
from analyzer.warning.state import Crossing
from analyzer.warning.watch import Watch
from posts.identity import SHANGHAI
from posts.log.quotations import QUOTATION
from posts.model import Basis, Signal

RULE = "early-warning"
_WEEK = "一二三四五六日"
_MOST_SOURCES = 20
_CURVE_H = 13
_RARE_DAYS = 100.0
_MANY = 10
_MOST_SAID_DAYS = 9_999.0


def make_signal(
    crossing: Crossing,
    watch: Watch,
    *,
    area: str,
    topic: str,
    event: str,
    also: Sequence[str],
    now: datetime,
) -> Signal:
    """The signal. ``area``, ``topic``, ``event`` ("": of no one event) and ``also`` are names."""
    found, key = crossing.found, crossing.key
    points = crossing.points
    text = f"{key.text}\x1f{found.end}\x1f{found.window}\x1f{found.count}"
    hours = watch.curve(key, _CURVE_H)
    least = watch.needed(crossing)
    days = once_in_days(found.per_day)
    return Signal(
        id=hashlib.sha256(text.encode()).hexdigest()[:32],
        rule=RULE,
        fingerprint=":".join(part for part in ("warn", key.area, key.topic, key.event) if part),
        title=f"{area}“{topic}”{'中一件事' if event else ''}异常增多",
        reason=sentence(crossing, watch.rhythm, event=event, also=also),
        heat="orange" if days >= _RARE_DAYS and found.count >= _MANY else "yellow",
        count=found.count,
        threshold=least,
        window_start=instant(found.start),
        window_end=instant(found.end),
        first_post_at=instant(points[0].at),
        newest_post_at=instant(points[-1].at),
        newest_arrival_at=instant(points[-1].at),
        areas=(key.area,) if key.area else (),
        sources=distinct([one.source for one in points], _MOST_SOURCES),
        posts=tuple(one.id for one in reversed(points)),
        created_at=now,
        basis=Basis(
            window_s=int(found.end - found.start),
            value=found.count,
            baseline=round(found.baseline, 3),
            needed=least,
            once_in_days=round(days, 2),
            history_days=round(watch.rhythm.days, 1),
            curve_start=instant(hours[0][0] * HOUR) if hours else None,
            curve=tuple((count, round(expected, 3)) for _, count, expected in hours),
        ),
    )


def sentence(
    crossing: Crossing, rhythm: Rhythm, *, event: str = "", also: Sequence[str] = ()
) -> str:
    """Window, value, baseline and confidence in one sentence; the name of the event at its end.

    The name is made of words of posts: it stands where quotations stand, and goes with them when
    the posts are destroyed by law.
    """
    found = crossing.found
    at = instant(found.end).astimezone(SHANGHAI)
    length, rare = length_of(found.window), days_of(once_in_days(found.per_day))
    if event:
        said = (
            f"近 {length} {found.count} 条说同一件事，"
            f"按此事自身的往常应有{number(found.baseline)}条；"
            f"按前 {rhythm.days:.0f} 天当地各件事的往常，{rare}才有一件这样快"
        )
    else:
        said = (
            f"近 {length} {found.count} 条，"
            f"按前 {rhythm.days:.0f} 天周{_WEEK[at.weekday()]} {at.hour} 时前后的往常水平"
            f"应有{number(found.baseline)}条；"
            f"这样多若出于偶然，{rare}才有一次"
        )
    if also:
        said += f"（同一批帖文也使{'、'.join(also)}增多）"
    return f"{said}{QUOTATION}“{event}”一事" if event else said


def once_in_days(per_day: float) -> float:
    """Days between two such by chance."""
    return min(_MOST_SAID_DAYS, 1.0 / max(per_day, 1e-9))


def days_of(days: float) -> str:
    """Those days in words."""
    if days >= _MOST_SAID_DAYS:
        return "一万天以上"
    return f"约 {days:.0f} 天" if days >= 2 else f"约 {days * DAY_HOURS:.0f} 小时"  # noqa: PLR2004


def length_of(seconds: int) -> str:
    """The length of a window."""
    return f"{seconds // HOUR} 小时" if seconds >= HOUR else f"{seconds // 60} 分钟"


def number(value: float) -> str:
    """A mean count: no more digits than it is worth."""
    if value >= _MANY:
        return f" {value:.0f} "
    return f" {value:.1f} " if value >= 0.05 else "不到 0.1 "  # noqa: PLR2004
