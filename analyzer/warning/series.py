"""One series (序列): the posts of one topic in one locality, its history, and what is unusual now.

Now: counts in steps of five minutes over the last day and more. History: a faded count over faded
watched hours, the series' own hours and weekdays as far as it has enough posts for them, and how
much more than Poisson it varies. History ends 13 hours ago: what is going on now is never its own
measure. Of a burst only so much enters it as chance could have brought.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from msgspec import Struct, field

from analyzer.warning.rhythm import (
    DAY_HOURS,
    FADE,
    HOUR,
    KEPT_H,
    Factors,
    Outlook,
    Rhythm,
    Shape,
    factors,
    hour_of,
    outlook,
)
from analyzer.warning.tails import least_count, upper_tail

STEP_S = 300
WINDOWS_S = (HOUR // 2, HOUR, 3 * HOUR)
"""A window is whole steps and the step that is running: up to five minutes longer."""

LAG_H = 13
"""So many hours ago history ends: a burst of half a day is not its own measure."""

FEWEST = 2
"""Fewer posts in a window are never told; two are, where hardly anything is ever written."""

_UNCLIPPED = 3

LEAST_SPREAD = 0.1
MOST_SPREAD = 0.3
_PRIOR_POSTS = 0.5
_PRIOR_HOURS = 24.0
_LIKE_ALL = 5.0  # posts' worth of belief in each hour that it has the rhythm of all posts
_LIKE_POOL = 20.0  # squared posts' worth of belief that it varies as the others do
_CLIP = 6.0  # standard deviations that enter history
_TRIES = 1.5
"""Windows of a length that count as tried: those side by side in a day, times this for all lengths
and their sliding. Measured (docs/evaluation.md): what is stated is more than what happens.
"""

_POINTS = 50


class Point(Struct, array_like=True):
    """A post that counted: seconds since 1970, id, source."""

    at: float
    id: str
    source: str


class Told(Struct, array_like=True):
    """What was told last: the end of the window, its length in seconds, its count."""

    end: float
    window: int
    count: int


class Spread(Struct, array_like=True):
    """Faded sums by which counts vary beyond Poisson: of squared surprise, of squared means."""

    extra: float = 0.0
    square: float = 0.0


class Series(Struct, array_like=True):
    """What is remembered of a series; hours are numbered since 1970."""

    closed: int  # hours before this one are history
    weight: float = 0.0
    exposure: float = 0.0
    spread: Spread = field(default_factory=Spread)
    shape: Shape = field(default_factory=Shape)
    factors: Factors = field(default_factory=Factors)
    steps: list[list[int]] = field(default_factory=list)  # [number, posts], in order
    outlook: Outlook = field(default_factory=Outlook)
    points: list[Point] = field(default_factory=list)  # the newest, by time
    told: Told | None = None
    newest: float = 0.0


class Unusual(Struct, frozen=True, kw_only=True):
    """What is unusual now. ``per_day``: how many such a day chance brings in this series."""

    start: float
    end: float
    window: int
    count: int
    baseline: float
    spread: float
    chance: float
    per_day: float


def add(series: Series, point: Point) -> bool:
    """Count a post; False where its hour is history already."""
    if hour_of(point.at) < series.closed:
        return False
    count_step(series.steps, int(point.at // STEP_S))
    points = series.points
    points.append(point)
    if len(points) > 1 and points[-2].at > point.at:
        points.sort(key=_at)
    if len(points) > _POINTS:
        del points[0]
    series.newest = max(series.newest, point.at)
    return True


def begin(rhythm: Rhythm) -> Series:
    """A series at its first post: watched as long as everything, without a post until now."""
    return Series(
        closed=rhythm.closed,
        exposure=rhythm.common,
        factors=rhythm.factors,
        outlook=rhythm.outlook,
    )


def close(series: Series, rhythm: Rhythm, pool: Spread) -> None:
    """Make history of the hours that are history for all posts."""
    until = rhythm.closed
    if until <= series.closed:
        return
    counts: dict[int, int] = {}
    limit = until * HOUR // STEP_S
    past = next((i for i, (step, _) in enumerate(series.steps) if step >= limit), None)
    for step, count in series.steps[:past]:
        hour = step * STEP_S // HOUR
        counts[hour] = counts.get(hour, 0) + count
    del series.steps[:past]
    spread = spread_of(series, pool)
    for hour in range(max(series.closed, until - KEPT_H), until):
        count = counts.get(hour, 0)
        usual = series.factors.of(hour)
        level = rate(series)
        share = usual * rhythm.tide(hour, count, level * usual)
        mean = level * share
        clipped = float(count)
        if count > _UNCLIPPED:
            most = mean + _CLIP * math.sqrt(mean + spread * mean * mean)
            clipped = min(clipped, max(float(_UNCLIPPED), most))
        series.spread.extra = series.spread.extra * FADE + (clipped - mean) ** 2 - mean
        series.spread.square = series.spread.square * FADE + mean * mean
        series.weight = series.weight * FADE + clipped
        series.exposure = series.exposure * FADE + share
        if count:
            series.shape.add(hour, clipped)
    series.shape.fade(rhythm.hours.at)
    series.factors = factors(series.shape, rhythm.hours, rhythm.factors, _LIKE_ALL)
    series.outlook = outlook(series.factors, until)
    series.closed = until


def rate(series: Series) -> float:
    """Posts in an hour of factor 1, by history; never 0."""
    return (_PRIOR_POSTS + series.weight) / (_PRIOR_HOURS + series.exposure)


def spread_of(series: Series, pool: Spread) -> float:
    """How much its rate varies (squared variation coefficient), drawn towards that of all."""
    common = pool.extra / pool.square if pool.square > 0 else LEAST_SPREAD
    common = min(MOST_SPREAD, max(LEAST_SPREAD, common))
    own = (series.spread.extra + _LIKE_POOL * common) / (series.spread.square + _LIKE_POOL)
    return min(MOST_SPREAD, max(LEAST_SPREAD, own))


def look(
    series: Series,
    rhythm: Rhythm,
    pool: Spread,
    *,
    per_day: float,
    windows: Sequence[int] = WINDOWS_S,
) -> Unusual | None:
    """The most unusual window that ends with the newest post, where chance brings such less often.

    ``per_day``: so many false ones a day are borne in this series.
    """
    if not series.points:
        return None
    end = series.points[-1].at
    best: Unusual | None = None
    for window, start, count, mean, wide in _windows(series, rhythm, pool, end, windows):
        if count <= mean + math.sqrt(mean + wide * mean * mean):
            continue  # nowhere near: not worth a tail
        # The chance that one of a day's windows of all lengths is so full.
        tries = _TRIES * DAY_HOURS * HOUR / window
        chance = upper_tail(count, mean, wide)
        if best is None or chance * tries < best.per_day:
            best = Unusual(
                start=start,
                end=end,
                window=window,
                count=count,
                baseline=mean,
                spread=wide,
                chance=chance,
                per_day=chance * tries,
            )
    return best if best is not None and best.per_day <= per_day else None


def needed(found: Unusual, per_day: float) -> int:
    """The count from which on that window would have been told."""
    chance = found.chance * per_day / found.per_day if found.per_day > 0 else per_day
    return least_count(found.baseline, found.spread, min(chance, 0.5), at_least=FEWEST)


def curve(series: Series, hours: int) -> list[tuple[int, int, float]]:
    """Of each of the last hours: its number, the posts, and how many were to be expected.

    Only hours that are not history yet are known, at most 13 or 14.
    """
    last = hour_of(series.newest)
    level = rate(series)
    by_hour: dict[int, int] = {}
    for step, count in series.steps:
        hour = step * STEP_S // HOUR
        by_hour[hour] = by_hour.get(hour, 0) + count
    first = max(series.closed, last - hours + 1)
    return [
        (hour, by_hour.get(hour, 0), level * series.factors.of(hour))
        for hour in range(first, last + 1)
    ]


def _windows(
    series: Series, rhythm: Rhythm, pool: Spread, end: float, windows: Sequence[int]
) -> Iterator[tuple[int, float, int, float, float]]:
    """Of each window that has posts enough: length, begin, posts, posts expected, their spread."""
    steps, last = series.steps, int(end // STEP_S)
    if sum(count for _, count in steps) < FEWEST:
        return
    level = rate(series)
    # What is uncertain about the rate itself widens the tail, too.
    wide = spread_of(series, pool) + 1.0 / (_PRIOR_POSTS + series.weight)
    index, count = len(steps) - 1, 0
    for window in windows:
        first = math.floor((end - window) / STEP_S)
        while index >= 0 and steps[index][0] >= first:
            count += steps[index][1] if steps[index][0] <= last else 0
            index -= 1
        if count >= FEWEST:
            start = float(first * STEP_S)
            mean = level * series.outlook.between(start, end)
            yield window, start, count, mean * rhythm.rise(start, end, count, mean), wide


def count_step(steps: list[list[int]], step: int) -> None:
    """Count a post in its step; steps stay in order."""
    index = len(steps)
    while index and steps[index - 1][0] > step:
        index -= 1
    if index and steps[index - 1][0] == step:
        steps[index - 1][1] += 1
    else:
        steps.insert(index, [step, 1])


def _at(point: Point) -> float:
    return point.at
