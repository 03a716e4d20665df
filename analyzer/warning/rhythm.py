"""The rhythm of a day and a week (时段与星期), and which hours were watched at all.

Learnt from all posts that are counted, halved in weight every two weeks. How many times the usual
came in all, its *tide*, is taken out of every series: a source that is added or falls silent (信源
中断) moves them all, and is no event. An hour in which nothing at all came though much was to be
expected was blind: it is no history.
"""

from __future__ import annotations

from itertools import accumulate

from msgspec import Struct, field

HOUR = 3_600
DAY_HOURS = 24
WEEK_DAYS = 7
SHANGHAI_S = 8 * HOUR
HALF_LIFE_H = 14 * DAY_HOURS
FADE = 0.5 ** (1 / HALF_LIFE_H)
"""What an hour's weight is multiplied with as each further hour passes."""

KEPT_H = 40 * DAY_HOURS
_LIKE_ANY = 2.0  # posts' worth of belief in each hour of the day that all are alike
_LIKE_DAYS = 2.0
_BLIND_FROM = 10.0  # posts to be expected
_BLIND_SHARE = 0.1
_CALM = 50.0  # posts' worth of belief that as many come as usual
_TIDE_H = 6
_MOST_TIDE = 2.0
"""A rise in all posts lowers what is unusual in one series, at most by so much: it may be the
same event that fills them all."""

OUTLOOK_H = 36
_THURSDAY = 3  # of 1970-01-01, Monday being 0


def hour_of(seconds: float) -> int:
    """The number of the hour since 1970."""
    return int(seconds // HOUR)


def day_hour(hour: int) -> int:
    """The hour of the day in Asia/Shanghai."""
    return (hour + SHANGHAI_S // HOUR) % DAY_HOURS


def week_day(hour: int) -> int:
    """The day of the week in Asia/Shanghai, Monday being 0."""
    return ((hour + SHANGHAI_S // HOUR) // DAY_HOURS + _THURSDAY) % WEEK_DAYS


class Shape(Struct, array_like=True):
    """Faded counts by hour of the day and by day of the week, as they weigh in hour ``at``."""

    at: int = 0
    by_hour: list[float] = field(default_factory=lambda: [0.0] * DAY_HOURS)
    by_day: list[float] = field(default_factory=lambda: [0.0] * WEEK_DAYS)

    def add(self, hour: int, count: float) -> None:
        """Count posts of that hour; hours come in order."""
        self.fade(hour)
        self.by_hour[day_hour(hour)] += count
        self.by_day[week_day(hour)] += count

    def fade(self, hour: int) -> None:
        """Weigh as of that hour."""
        if hour > self.at:
            by = FADE ** (hour - self.at)
            self.by_hour = [one * by for one in self.by_hour]
            self.by_day = [one * by for one in self.by_day]
            self.at = hour


class Factors(Struct, array_like=True):
    """How much of the mean each hour of the day and each day of the week has; mean 1 each."""

    hours: list[float] = field(default_factory=lambda: [1.0] * DAY_HOURS)
    days: list[float] = field(default_factory=lambda: [1.0] * WEEK_DAYS)

    def of(self, hour: int) -> float:
        """The factor of that hour."""
        return self.hours[day_hour(hour)] * self.days[week_day(hour)]


def factors(shape: Shape, watched: Shape, like: Factors, belief: float) -> Factors:
    """The factors of a shape, given how many hours were watched, drawn towards ``like``.

    With the weight of ``belief`` posts in each hour of the day, and for the days of the week of
    two days besides: days differ for many reasons.
    """
    hours = sum(watched.by_hour)
    mean = sum(shape.by_hour) / hours if hours else 0.0
    every_day = belief + _LIKE_DAYS * DAY_HOURS * mean
    return Factors(
        _drawn(shape.by_hour, watched.by_hour, like.hours, mean, belief),
        _drawn(shape.by_day, watched.by_day, like.days, mean, every_day),
    )


def _drawn(
    counts: list[float], hours: list[float], like: list[float], mean: float, belief: float
) -> list[float]:
    found = [
        (count + belief * other) / (mean * watched + belief)
        for count, watched, other in zip(counts, hours, like, strict=True)
    ]
    scale = len(found) / sum(found)
    return [one * scale for one in found]


class Outlook(Struct, array_like=True):
    """What factors let one expect over the hours that are not history yet: sums, hour by hour."""

    first: int = 0
    sums: list[float] = field(default_factory=lambda: [0.0])

    def between(self, start: float, end: float) -> float:
        """The hours between two instants (seconds since 1970) in the measure of the factors."""
        return self._until(end) - self._until(start)

    def _until(self, at: float) -> float:
        place = min(max(0.0, at / HOUR - self.first), len(self.sums) - 1.0)
        whole = int(place)
        if whole >= len(self.sums) - 1:
            return self.sums[-1]
        return self.sums[whole] + (place - whole) * (self.sums[whole + 1] - self.sums[whole])


def outlook(made: Factors, first: int) -> Outlook:
    """The outlook from that hour over the next day and a half."""
    return Outlook(
        first, [0.0, *accumulate(made.of(hour) for hour in range(first, first + OUTLOOK_H))]
    )


class Rhythm(Struct):
    """All posts together: their shape, their level, and how many came in each of the last hours."""

    shape: Shape = field(default_factory=Shape)
    hours: Shape = field(default_factory=Shape)  # that were watched
    factors: Factors = field(default_factory=Factors)
    counts: dict[int, int] = field(default_factory=dict)
    closed: int = 0  # hours before this one are history
    weight: float = 0.0
    exposure: float = 0.0  # hours in the measure of their factors
    common: float = 0.0  # the same, and of how much came in all
    watched: int = 0  # hours, not faded, at most KEPT_H
    outlook: Outlook = field(default_factory=Outlook)
    tides: dict[int, tuple[int, float]] = field(default_factory=dict)  # posts, expected

    def add(self, at: float) -> None:
        """Count a post of that instant (seconds since 1970); a closed hour changes no more."""
        hour = hour_of(at)
        if hour >= self.closed:
            self.counts[hour] = self.counts.get(hour, 0) + 1

    def close(self, until: int) -> None:
        """Make history of the hours before that one."""
        if until <= self.closed:
            return
        known = [hour for hour in self.counts if self.closed <= hour < until]
        first = max(self.closed or min(known, default=until), until - KEPT_H)
        for hour in range(first, until):
            count = self.counts.pop(hour, 0)
            factor = self.factors.of(hour)
            expected = self.level * factor
            self.tides[hour] = (count, expected)
            tide = _tide(count, expected)
            self.weight *= FADE
            self.exposure *= FADE
            self.common = self.common * FADE + factor * tide
            if expected < _BLIND_FROM or count > _BLIND_SHARE * expected:
                self.weight += count
                self.exposure += factor
                self.watched = min(KEPT_H, self.watched + 1)
                self.shape.add(hour, count)
                self.hours.add(hour, 1.0)
            if day_hour(hour) == 0:
                self.shape.fade(hour)
                self.hours.fade(hour)
                self.factors = factors(self.shape, self.hours, Factors(), _LIKE_ANY)
        self.closed = until
        self.outlook = outlook(self.factors, until)
        oldest = until - KEPT_H
        self.tides = {hour: one for hour, one in self.tides.items() if hour >= oldest}

    @property
    def level(self) -> float:
        """Posts in an hour of factor 1."""
        return self.weight / self.exposure if self.exposure else 0.0

    @property
    def days(self) -> float:
        """How many days were watched, at most 40."""
        return self.watched / DAY_HOURS

    def tide(self, hour: int, own: int, share: float) -> float:
        """How many times the usual all other posts were in a closed hour, see :meth:`rise`."""
        count, expected = self.tides.get(hour, (0, 0.0))
        return _tide(max(0, count - own), max(0.0, expected - share))

    def rise(self, start: float, end: float, own: int, share: float) -> float:
        """How many times the usual all posts are between two instants.

        Without the ``own`` posts of a series, of which ``share`` was to be expected. Looks back
        six hours or more: less says little.
        """
        since = min(start, end - _TIDE_H * HOUR)
        first, last = hour_of(since), hour_of(end)
        count = sum(self.counts.get(hour, 0) for hour in range(first, last + 1))
        expected = self.level * self.outlook.between(float(first * HOUR), end)
        return _tide(max(0, count - own), max(0.0, expected - share))


def _tide(count: int, expected: float) -> float:
    return min(_MOST_TIDE, (_CALM + count) / (_CALM + expected))
