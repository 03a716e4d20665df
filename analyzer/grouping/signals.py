"""A crossing as the Signal that the responder reads, with the reason in words."""

from __future__ import annotations

import hashlib
from datetime import datetime

from analyzer.grouping.windows import Window, distinct, instant
from posts.identity import SHANGHAI
from posts.log.quotations import QUOTATION
from posts.model import Signal
from registry.alert_rules import AlertRule

COLOURS = ("blue", "yellow", "orange", "red")
HOT = 3
"""From so many times the threshold on, the heat is one colour up."""

_MAX_POSTS = 50
_MAX_NAMES = 20
_HOUR, _DAY = 3_600, 86_400


def heat(rule: AlertRule, count: int) -> str:
    """The rule's colour, or the next one where the count is three times the threshold."""
    if rule.heat not in COLOURS or count < HOT * rule.min_count:
        return rule.heat
    return COLOURS[min(COLOURS.index(rule.heat) + 1, len(COLOURS) - 1)]


def make_signal(rule: AlertRule, window: Window, now: datetime) -> Signal:
    """The signal. Its id follows from rule, posts and count: the same crossing, the same id.

    The fingerprint is the rule's id: one rule is one matter, and its signals one alert.
    """
    posts = window.entries
    count = len(posts)
    newest = posts[-1]
    text = f"{rule.id}\x1f{window.late}\x1f{posts[0].id}\x1f{newest.id}\x1f{count}"
    return Signal(
        id=hashlib.sha256(text.encode()).hexdigest()[:32],
        rule=str(rule.id),
        fingerprint=f"rule:{rule.id}",
        title=rule.name,
        reason=_reason(rule, window),
        heat=heat(rule, count),
        count=count,
        threshold=rule.min_count,
        window_start=instant(window.start),
        window_end=instant(window.end),
        first_post_at=instant(posts[0].at),
        newest_post_at=instant(newest.at),
        newest_arrival_at=instant(max(one.arrived for one in posts)),
        areas=distinct([area for one in posts for area in one.areas], _MAX_NAMES),
        sources=distinct([one.source for one in posts], _MAX_NAMES),
        posts=tuple(one.id for one in reversed(posts[-_MAX_POSTS:])),
        late=window.late,
        created_at=now,
    )


def _reason(rule: AlertRule, window: Window) -> str:
    posts = window.entries
    sources = len({one.source for one in posts})
    said = (
        f"{_length(rule.window_s)}内 {len(posts)} 条（阈值 {rule.min_count} 条），"
        f"来自 {sources} 个来源，{_when(posts[0].at)} 至 {_when(posts[-1].at)}"
    )
    if posts[-1].title:
        said += QUOTATION + posts[-1].title
    return f"补录：{said}" if window.late else said


def _length(seconds: int) -> str:
    if seconds % _DAY == 0:
        return f"{seconds // _DAY} 天"
    if seconds % _HOUR == 0:
        return f"{seconds // _HOUR} 小时"
    return f"{max(1, seconds // 60)} 分钟"


def _when(seconds: float) -> str:
    return instant(seconds).astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
