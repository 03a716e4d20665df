"""Heat of an event (热度): an open formula over counts, with its factors. Pure.

    heat = 10 · (0.30 posts + 0.30 sources + 0.20 reposts + 0.20 engagement) · growth · decay

Each of the four is a logarithm, so that the hundredth post adds less than the tenth. What the
numbers mean is ours, not an official scale: heat orders a list, it decides no level.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from math import log2, log10

from msgspec import Struct

VERSION = "heat-1"
"""Changes with every change of the formula; kept with each value."""

_HALF_LIFE_H = 24.0
_NOW_H, _BEFORE_H = 6, 18
_LEAST_GROWTH, _MOST_GROWTH = 0.7, 1.6
_HOUR = 3_600


class Counts(Struct, frozen=True, kw_only=True):
    """What heat is computed from.

    ``posts`` counts originals, ``copies`` exact repeats of a text, ``sources`` distinct sources;
    ``reposts`` to ``reads`` are sums of what the sources show; ``hours`` has the posts (copies
    too) by hour, as hours since 1970; ``newest`` is the newest publication.
    """

    posts: int
    copies: int = 0
    sources: int = 1
    reposts: int = 0
    comments: int = 0
    likes: int = 0
    reads: int = 0
    hours: dict[int, int] = {}
    newest: datetime


class Factor(Struct, frozen=True):
    """One factor: its name, its value, and what it was made from, in Chinese."""

    name: str
    value: float
    said: str


class Heat(Struct, frozen=True):
    """The value (0 is cold, some 30 a lively matter, no upper end), its factors, its version."""

    value: float
    factors: tuple[Factor, ...]
    version: str = VERSION


def heat(counts: Counts, now: datetime) -> Heat:
    """The heat at that instant. Counts below 0 count as 0."""
    posts = log2(1.0 + max(0, counts.posts))
    sources = log2(1.0 + max(0, counts.sources))
    spread = max(0, counts.copies) + max(0, counts.reposts)
    reposts = log2(1.0 + spread)
    answers = max(0, counts.comments) + 0.2 * max(0, counts.likes) + 0.001 * max(0, counts.reads)
    engagement = 2.0 * log10(1.0 + answers)
    recent, before, growth = _growth(counts.hours, now)
    idle = max(0.0, (now - counts.newest).total_seconds() / _HOUR)
    decay = 0.5 ** (idle / _HALF_LIFE_H)
    base = 0.30 * posts + 0.30 * sources + 0.20 * reposts + 0.20 * engagement
    return Heat(
        round(10.0 * base * growth * decay, 1),
        (
            Factor("帖文", round(posts, 2), f"{counts.posts} 条"),
            Factor("来源", round(sources, 2), f"{counts.sources} 个来源"),
            Factor("转发", round(reposts, 2), f"{counts.copies} 条重复、{counts.reposts} 次转发"),
            Factor(
                "互动",
                round(engagement, 2),
                f"{counts.comments} 评论、{counts.likes} 赞、{counts.reads} 阅读",
            ),
            Factor(
                "增速",
                round(growth, 2),
                f"近 {_NOW_H} 小时 {recent} 条，此前 {_BEFORE_H} 小时 {before} 条",
            ),
            Factor("衰减", round(decay, 2), f"最新一条在 {idle:.0f} 小时前，每 24 小时减半"),
        ),
    )


def _growth(hours: Mapping[int, int], now: datetime) -> tuple[int, int, float]:
    """Posts of the last 6 hours, of the 18 before, and their ratio by hour, tamed and bounded."""
    current = int(now.timestamp()) // _HOUR
    recent = sum(n for hour, n in hours.items() if current - _NOW_H < hour <= current)
    before = sum(
        n for hour, n in hours.items() if current - _NOW_H - _BEFORE_H < hour <= current - _NOW_H
    )
    ratio = (recent + 1.0) / (before * _NOW_H / _BEFORE_H + 1.0)
    return recent, before, min(_MOST_GROWTH, max(_LEAST_GROWTH, ratio**0.5))
