"""Which incidents a look takes up (轮巡): those whose instant has come, changed or unknown ones.

What rests until its next instant costs nothing. A look takes a bounded time, whatever there is to
look at: after a start, or when thousands fall due at once, what is left comes with the next looks,
and what is found leaves in between.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

_AT_ONCE = 30  # a look ends within the time of so many after its own is over
_RANKED_FOR = timedelta(seconds=1)  # what a look leaves is not ranked anew before


class Rounds:
    """Remembers when each incident is to be looked at again; all of it can be lost at any time."""

    def __init__(self, *, budget_s: float) -> None:
        """``budget_s``: how long one look may take; it takes up some incidents in any case."""
        self._budget_s = budget_s
        self._next: dict[int, tuple[str, datetime | None]] = {}
        self._seen: dict[int, tuple[str, datetime | None]] = {}
        #: Whether the last look left something for the next one.
        self.more = False
        self._heads: Mapping[int, str] = {}
        self._left: list[int] = []
        self._ranked: tuple[datetime, float] | None = None  # for which instant, and when

    def forget(self) -> None:
        """All is to be looked at again; what was known still says what comes first."""
        self._next = {number: ("", at) for number, (_, at) in self._next.items()}
        self._ranked = None

    def take(self, heads: Callable[[], Mapping[int, str]], now: datetime) -> Iterator[list[int]]:
        """Incidents to look at now, some at a time; :meth:`seen` is told of each.

        ``heads`` gives the open incidents with what changes whenever they change; it is asked
        once a second while there is more to look at. First come those that are due, the longest
        first, then what changed, then what is not known yet.
        """
        self._seen = {}
        until = time.monotonic() + self._budget_s
        if not (self.more and self._ranked_lately(now)):
            self._heads = heads()
            self._next = {n: known for n, known in self._next.items() if n in self._heads}
            self._left = self._wanted(self._heads, now)
            self._ranked = now, time.monotonic()
        taken = 0
        while taken < len(self._left) and (not taken or time.monotonic() < until):
            some = self._left[taken : taken + _AT_ONCE]
            taken += len(some)
            # An incident of which nothing is to be said rests until it changes.
            self._seen.update((number, (self._heads[number], None)) for number in some)
            yield some
        self._left = self._left[taken:]
        self.more = bool(self._left)

    def seen(self, incident: int, at: datetime | None) -> None:
        """It was looked at, at least as it stood when it was taken; again then, or on a change."""
        self._seen[incident] = (self._heads[incident], at)

    def done(self) -> None:
        """What was found is committed: those incidents rest."""
        self._next.update(self._seen)
        self._seen = {}

    def _ranked_lately(self, now: datetime) -> bool:
        if self._ranked is None:
            return False
        instant, at = self._ranked
        lately = time.monotonic() - at < _RANKED_FOR.total_seconds()
        return lately and instant <= now < instant + _RANKED_FOR

    def _wanted(self, heads: Mapping[int, str], now: datetime) -> list[int]:
        ranked: list[tuple[int, float, int]] = []
        for number, head in heads.items():
            known = self._next.get(number)
            if known is None:
                ranked.append((2, 0.0, -number))  # the newest first: it is the most pressing
            elif known[1] is not None and known[1] <= now:
                ranked.append((0, known[1].timestamp(), -number))
            elif known[0] != head:
                ranked.append((1, 0.0, -number))
        return [-minus for _, _, minus in sorted(ranked)]
