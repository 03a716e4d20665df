"""Events of a locality and topic (地点、话题、事件), counted against others and against themselves.

A new event has no history: what other events of the place usually get to is its measure
(growth.py). One that began more than 13 hours ago has its own rate besides, by the hours of all.
Bounded: so many events with two posts or more, the newest; of single posts the first is kept.
"""

from __future__ import annotations

import math
from collections import OrderedDict

from msgspec import Struct, field

from analyzer.warning.growth import WINDOWS_S, Growth
from analyzer.warning.rhythm import DAY_HOURS, HOUR, Rhythm, hour_of
from analyzer.warning.series import FEWEST, LAG_H, STEP_S, Point, Told, Unusual, count_step
from analyzer.warning.tails import upper_tail

MOST_MATTERS = 1_000
"""So many events with two posts or more are kept, those with the newest posts."""

_MOST_FIRST = 20_000
_OVER_H = 24
_POINTS = 50
_PRIOR_POSTS, _PRIOR_HOURS = 0.5, 24.0
_SPREAD = 0.3
_TRIES = 3.0


class Matter(Struct, array_like=True):
    """One event in one locality and topic."""

    born: int  # hour of its first post
    closed: int  # hours before this one are history
    past: int = 0  # posts of those
    newest: float = 0.0
    steps: list[list[int]] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    most: list[int] = field(default_factory=lambda: [1] * len(WINDOWS_S))
    told: Told | None = None


class Kept(Struct):
    """What is kept over a restart."""

    growth: Growth = field(default_factory=Growth)
    matters: dict[str, Matter] = field(default_factory=dict)


class Matters:
    """All events that are under way, by the text of their key."""

    def __init__(self, kept: Kept | None = None, *, most: int = MOST_MATTERS) -> None:
        kept = kept or Kept()
        self.growth = kept.growth
        self.all: OrderedDict[str, Matter] = OrderedDict(kept.matters)
        self._firsts: OrderedDict[str, Point] = OrderedDict()
        self._most = most

    def kept(self) -> Kept:
        """What is to be kept."""
        return Kept(self.growth, dict(self.all))

    def add(self, text: str, point: Point) -> bool:
        """Count a post; False where it is the first of its event, which is no event yet."""
        one = self.all.get(text)
        if one is None:
            first = self._firsts.pop(text, None)
            if first is None:
                self._firsts[text] = point
                if len(self._firsts) > _MOST_FIRST:
                    self._firsts.popitem(last=False)
                return False
            begin = min(hour_of(first.at), hour_of(point.at))
            one = self.all[text] = Matter(begin, begin)
            self._count(one, first)
            if len(self.all) > self._most:
                self._end(*self.all.popitem(last=False))
        else:
            self.all.move_to_end(text)
        self._count(one, point)
        return True

    def look(self, text: str, area: str, rhythm: Rhythm) -> Unusual | None:
        """The most unusual window that ends with its newest post, ``per_day`` in the locality."""
        one = self.all[text]
        best: Unusual | None = None
        end = one.points[-1].at
        # More posts of all kinds are more events, too: a source that was added is none.
        rise = max(1.0, rhythm.rise(end, end, len(one.points), 0.0))
        for number, (window, start, count) in enumerate(_windows(one, end)):
            one.most[number] = max(one.most[number], count)
            if count < FEWEST:
                continue
            hours = one.closed - one.born
            mean = rhythm.outlook.between(start, end) or (end - start) / HOUR
            mean *= (_PRIOR_POSTS + one.past) / (_PRIOR_HOURS + max(0, hours))
            own = 0.0
            if hours > 0:
                tries = _TRIES * DAY_HOURS * HOUR / window
                own = tries * upper_tail(count, mean, _SPREAD + 1.0 / (_PRIOR_POSTS + one.past))
            others = rise * self.growth.per_day(area, number, count)
            per_day = max(own, others)
            if best is None or per_day < best.per_day:
                best = Unusual(
                    start=start,
                    end=end,
                    window=window,
                    count=count,
                    baseline=mean,
                    spread=_SPREAD,
                    chance=per_day,
                    per_day=per_day,
                )
        return best

    def needed(self, area: str, found: Unusual, per_day: float) -> int:
        """The count from which on others get to so seldom, if never fewer than was told from."""
        number = WINDOWS_S.index(found.window)
        count = FEWEST
        while count < found.count and self.growth.per_day(area, number, count) > per_day:
            count += 1
        return count

    def curve(self, text: str, hours: int, rhythm: Rhythm) -> list[tuple[int, int, float]]:
        """Of each of the last hours: its number, the posts, and how many its past lets expect."""
        one = self.all[text]
        last, by_hour = hour_of(one.newest), dict[int, int]()
        for step, count in one.steps:
            hour = step * STEP_S // HOUR
            by_hour[hour] = by_hour.get(hour, 0) + count
        level = (_PRIOR_POSTS + one.past) / (_PRIOR_HOURS + max(0, one.closed - one.born))
        return [
            (hour, by_hour.get(hour, 0), level * rhythm.factors.of(hour))
            for hour in range(max(one.closed, last - hours + 1), last + 1)
        ]

    def move(self, gone: str, into: str) -> None:
        """An event went into another: its posts count there from now on."""
        for text in [text for text in self.all if text.endswith("\x1f" + gone)]:
            one = self.all.pop(text)
            fresh = text[: -len(gone)] + into
            other = self.all.get(fresh)
            self.all[fresh] = one if other is None else _united(other, one)

    def close(self, until: int) -> None:
        """Make history of the hours before that one."""
        for one in self.all.values():
            limit = until * HOUR // STEP_S
            past = next((i for i, (step, _) in enumerate(one.steps) if step >= limit), None)
            gone = one.steps[:past]
            one.past += sum(count for _, count in gone)
            del one.steps[:past]
            one.closed = max(one.closed, until)

    def look_over(self, until: int) -> None:
        """Once a day: what nobody wrote of for a day is over, and is a measure from now on."""
        self.growth.fade(until)
        over = [
            text for text, one in self.all.items() if hour_of(one.newest) < until + LAG_H - _OVER_H
        ]
        for text in over:
            self._end(text, self.all.pop(text))

    def _end(self, text: str, one: Matter) -> None:
        self.growth.add(text.partition("\x1f")[0], one.most)

    def _count(self, one: Matter, point: Point) -> None:
        count_step(one.steps, int(point.at // STEP_S))
        one.points.append(point)
        one.points.sort(key=lambda point: point.at)
        del one.points[:-_POINTS]
        one.newest = max(one.newest, point.at)


def _united(one: Matter, other: Matter) -> Matter:
    for step, count in other.steps:
        for _ in range(count):
            count_step(one.steps, step)
    points = sorted([*one.points, *other.points], key=lambda point: point.at)
    one.points = points[-_POINTS:]
    one.born, one.newest = min(one.born, other.born), max(one.newest, other.newest)
    one.past += other.past
    one.most = [max(pair) for pair in zip(one.most, other.most, strict=True)]
    told = [each for each in (one.told, other.told) if each is not None]
    one.told = max(told, key=lambda each: each.end) if told else None
    return one


def _windows(one: Matter, end: float) -> list[tuple[int, float, int]]:
    """Length, begin and posts of each window that ends then."""
    found, last = [], int(end // STEP_S)
    index, count = len(one.steps) - 1, 0
    for window in WINDOWS_S:
        first = math.floor((end - window) / STEP_S)
        while index >= 0 and one.steps[index][0] >= first:
            count += one.steps[index][1] if one.steps[index][0] <= last else 0
            index -= 1
        found.append((window, float(first * STEP_S), count))
    return found
