"""How far events usually get (事件的常态): a new one has no history, the others are its measure.

Of each event that is over it is kept how many posts it had at most in a window of each length, in
one locality and topic; and how many events a day a locality has. From both follows how many
events a day reach a count there by themselves. What is still going on is never its own measure.
"""

from __future__ import annotations

from msgspec import Struct, field

from analyzer.warning.rhythm import FADE

WINDOWS_S = (600, 1_800, 3_600, 10_800)
"""Lengths of the windows in which the posts of an event are counted, in seconds."""

_MOST = 40
"""Counts beyond this are taken to be as this one is to those before it."""

_RATIO = 0.6  # of the events that reached a count so many reach the next, before anything is known
_BELIEF = 10.0  # events' worth of it
_LIKE_ALL = 10.0  # events' worth of belief that those of a locality grow as all do
_GONE = 1e-3
_FEWEST_HOURS = 72.0
_FIRST = 1  # every event has one post


Table = list[list[float]]
"""For each window: how many events reached that count or more."""


def _table() -> Table:
    return [[0.0] * (_MOST + 1) for _ in WINDOWS_S]


class Growth(Struct, array_like=True):
    """Faded sums: events by the largest count in each window, in all and by locality."""

    at: int = 0  # hour
    hours: float = 0.0  # that were watched
    every: Table = field(default_factory=_table)
    areas: dict[str, Table] = field(default_factory=dict)

    def fade(self, hour: int) -> None:
        """Weigh as of that hour; all hours since the last call were watched."""
        passed = max(0, hour - self.at) if self.at else 0
        by = FADE**passed
        self.hours = self.hours * by + passed
        self.every = _faded(self.every, by)
        faded = {area: _faded(one, by) for area, one in self.areas.items()}
        self.areas = {area: one for area, one in faded.items() if one[0][_FIRST] > _GONE}
        self.at = max(self.at, hour)

    def add(self, area: str, most: list[int]) -> None:
        """An event that is over, with its largest count in each window."""
        own = self.areas.setdefault(area, _table())
        for table in (self.every, own):
            for row, count in zip(table, most, strict=True):
                for at in range(min(count, _MOST) + 1):
                    row[at] += 1.0

    def per_day(self, area: str, window: int, count: int) -> float:
        """How many events a day reach that count in the window of that number, by themselves."""
        every = self.every[window]
        own = self.areas[area][window] if area in self.areas else [0.0] * len(every)
        begun = 24.0 * (own[_FIRST] + 1.0) / (self.hours + _FEWEST_HOURS)
        share = ratio = 1.0
        for at in range(_FIRST, min(count, _MOST)):
            ratio = (every[at + 1] + _BELIEF * _RATIO) / (every[at] + _BELIEF)
            ratio = (own[at + 1] + _LIKE_ALL * ratio) / (own[at] + _LIKE_ALL)
            share *= ratio
        return begun * share * ratio ** max(0, count - _MOST)


def _faded(table: Table, by: float) -> Table:
    return [[one * by for one in row] for row in table]
