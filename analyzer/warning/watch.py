"""All series together: which there are, how many at most, and which of them is unusual now.

The false alarms that are borne are stated per day *and locality*: the more topics a locality has,
the rarer a count must be in each of them. What several series tell of the same posts is one
matter: it is told once, by the closest locality and the narrowest topic.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import chain

import msgspec

from analyzer.warning.matters import Matter, Matters
from analyzer.warning.rhythm import DAY_HOURS, HOUR, KEPT_H, hour_of
from analyzer.warning.series import (
    LAG_H,
    Point,
    Series,
    Spread,
    Told,
    Unusual,
    add,
    begin,
    close,
    curve,
    look,
    needed,
)
from analyzer.warning.state import Crossing, Key, State

MOST_SERIES = 2_000
"""So many series are kept, those with the newest posts."""

LEARN_DAYS = 3.0
"""So many days are watched before anything is told."""

OF_EVENTS = 0.5
"""This part of the false alarms that are borne falls to events, the other to topics."""

COOL_S = 6 * HOUR
GROWTH = 2
_REMEMBERED = 20_000
_SAME = 0.6
LATE_AFTER = timedelta(hours=24)


class Watch:
    """Counts posts and finds what is unusual. ``per_day``: false alarms a day and locality.

    Posts come about in order of publication; one that is 13 hours older than the newest is left
    out. Nothing here knows the time of day: posts alone move it, so that a replay is like life.
    """

    def __init__(
        self,
        state: State | None = None,
        *,
        per_day: float = 1.0,
        most: int = MOST_SERIES,
        of_events: float = OF_EVENTS,
    ) -> None:
        self.per_day, self._of_events = per_day, of_events
        self._most = most
        state = state or State()
        self.rhythm = state.rhythm
        self.pool = state.pool
        self.series: OrderedDict[str, Series] = OrderedDict(state.series)
        self.matters = Matters(state.matters)
        self._topics: dict[str, int] = {}
        for text in self.series:
            self._count_topic(text, 1)
        self._seen: deque[str] = deque(state.seen, maxlen=_REMEMBERED)
        self._known = set(state.seen)
        self._touched: dict[str, Key] = {}
        self.changed = False

    def state(self) -> State:
        """What is to be kept."""
        return State(
            rhythm=self.rhythm,
            pool=self.pool,
            series=dict(self.series),
            seen=list(self._seen),
            matters=self.matters.kept(),
        )

    def count(self, point: Point, keys: Iterable[Key]) -> bool:
        """Count a post in its series; False where it was counted before, or is too old."""
        if point.id in self._known or hour_of(point.at) < self.rhythm.closed:
            return False
        if len(self._seen) == _REMEMBERED:
            self._known.discard(self._seen[0])
        self._seen.append(point.id)
        self._known.add(point.id)
        self.changed = True
        self.rhythm.add(point.at)
        self._close(hour_of(point.at) - LAG_H)
        for key in keys:
            text = key.text
            if key.event:
                if self.matters.add(text, point):
                    self._touched[text] = key
                continue
            one = self.series.get(text)
            if one is None:
                one = self._begin(text)
            else:
                self.series.move_to_end(text)
                close(one, self.rhythm, self.pool)
            if add(one, point):
                self._touched[text] = key
        return True

    def topics(self, area: str) -> int:
        """How many series that locality has."""
        return max(1, self._topics.get(area, 1))

    def part(self, key: Key) -> float:
        """Which part of its locality's false alarms falls to a series: all events share one."""
        if key.event:
            return self._of_events
        return (1.0 - self._of_events) / self.topics(key.area)

    def borne(self, key: Key) -> float:
        """How many false alarms a day are borne there."""
        return self.per_day * self.part(key)

    def needed(self, crossing: Crossing) -> int:
        """The count from which on that window would have been told."""
        found, borne = crossing.found, self.borne(crossing.key)
        if crossing.key.event:
            return self.matters.needed(crossing.key.area, found, borne)
        return needed(found, borne)

    def curve(self, key: Key, hours: int) -> list[tuple[int, int, float]]:
        """Of each of the last hours: its number, the posts, and how many were to be expected."""
        if key.event:
            return self.matters.curve(key.text, hours, self.rhythm)
        return curve(self.series[key.text], hours)

    def unusual(self) -> list[tuple[Key, Series | Matter, Unusual]]:
        """Of the series that got posts since the last call, those that cross; told ones too."""
        touched, self._touched = self._touched, {}
        if self.rhythm.days < LEARN_DAYS:
            return []
        found: list[tuple[Key, Series | Matter, Unusual]] = []
        for text, key in touched.items():
            if key.event:
                matter = self.matters.all.get(text)
                unusual = self.matters.look(text, key.area, self.rhythm) if matter else None
                if matter and unusual and unusual.per_day <= self.borne(key):
                    found.append((key, matter, unusual))
                continue
            one = self.series.get(text)
            unusual = look(one, self.rhythm, self.pool, per_day=self.borne(key)) if one else None
            if one is not None and unusual is not None:
                found.append((key, one, unusual))
        return found

    def crossings(self, raised: dict[str, float] | None = None) -> list[Crossing]:
        """What is to be told now, each matter once; it counts as told.

        ``raised`` has, by :attr:`Key.text`, how many times rarer a count must be.
        """
        candidates = []
        for key, one, unusual in self.unusual():
            rarer = (raised or {}).get(key.text, 1.0)
            if unusual.per_day * rarer <= self.borne(key) and _is_news(one.told, unusual):
                candidates.append((key, one, unusual))
        candidates.sort(key=lambda one: (_breadth(one[0]), one[2].per_day))
        told: list[Crossing] = []
        for key, one, unusual in candidates:
            one.told = Told(unusual.end, unusual.window, unusual.count)
            points = tuple(point for point in one.points if point.at >= unusual.start)
            same = self._same_matter(told, points, unusual)
            if same is None:
                if not self._was_told(key, points, unusual):
                    told.append(Crossing(key=key, found=unusual, points=points))
                continue
            before = told[same]
            told[same] = msgspec.structs.replace(before, also=(*before.also, key))
        self.changed = self.changed or bool(candidates)
        return told

    def _same_matter(
        self, told: Sequence[Crossing], points: Sequence[Point], unusual: Unusual
    ) -> int | None:
        ids = {point.id for point in points}
        for index, before in enumerate(told):
            shared = sum(point.id in ids for point in before.points)
            enough = shared >= _SAME * len(ids) or shared >= _SAME * len(before.points)
            if enough and unusual.count <= GROWTH * before.found.count:
                return index
        return None

    def _was_told(self, key: Key, points: Sequence[Point], unusual: Unusual) -> bool:
        """Whether a closer or narrower series has told these posts within the cool-down."""
        ids = {point.id for point in points}
        others: Iterable[tuple[str, Series | Matter]] = chain(
            self.matters.all.items(), self.series.items()
        )
        for text, other in others:
            if other.told is None or unusual.end - other.told.end > COOL_S:
                continue
            own = Key(*text.split("\x1f"))
            if own == key or not _is_narrower(own, key):
                continue
            shared = sum(point.id in ids for point in other.points)
            if shared >= _SAME * len(ids) and unusual.count <= GROWTH * other.told.count:
                return True
        return False

    def _begin(self, text: str) -> Series:
        if len(self.series) >= self._most:
            gone, _ = self.series.popitem(last=False)
            self._touched.pop(gone, None)
            self._count_topic(gone, -1)
        one = self.series[text] = begin(self.rhythm)
        self._count_topic(text, 1)
        return one

    def _count_topic(self, text: str, by: int) -> None:
        area = text.partition("\x1f")[0]
        self._topics[area] = self._topics.get(area, 0) + by

    def _close(self, until: int) -> None:
        before = self.rhythm.closed
        self.rhythm.close(until)
        if until > before:
            self.matters.close(until)
        if until > before and until // DAY_HOURS != before // DAY_HOURS:
            self._look_over(until)

    def _look_over(self, until: int) -> None:
        """Once a day: how much series vary in common; those without a post for long go."""
        old = [text for text, one in self.series.items() if hour_of(one.newest) < until - KEPT_H]
        for text in old:
            del self.series[text]
            self._count_topic(text, -1)
        self.matters.look_over(until)
        self.pool = Spread(
            sum(one.spread.extra for one in self.series.values()),
            sum(one.spread.square for one in self.series.values()),
        )


def _is_news(told: Told | None, found: Unusual) -> bool:
    """Anew after the cool-down, or grown to twice what was told."""
    if told is None or found.end > told.end + COOL_S:
        return True
    return found.count >= GROWTH * told.count


def _breadth(key: Key) -> tuple[bool, int, bool]:
    """The narrowest first: an event, then the closest locality, then a topic of words."""
    return not key.event, -len(key.area), key.topic.startswith(":")


def _is_narrower(one: Key, other: Key) -> bool:
    return one.area.startswith(other.area) and _breadth(one) <= _breadth(other)
