"""Which incidents a look takes up (轮巡): those whose instant has come, changed or unknown ones.

What rests until its next instant costs nothing. A look takes a bounded time, whatever there is to
look at: after a start, or when thousands fall due at once, what is left comes with the next looks,
and what is found leaves in between.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime

_AT_ONCE = 50


class Rounds:
    """Remembers when each incident is to be looked at again; all of it can be lost at any time."""

    def __init__(self, *, budget_s: float) -> None:
        """``budget_s``: how long one look may take; it takes up some incidents in any case."""
        self._budget_s = budget_s
        self._next: dict[int, tuple[str, datetime | None]] = {}
        self._seen: dict[int, tuple[str, datetime | None]] = {}
        #: Whether the last look left something for the next one.
        self.more = False

    def forget(self) -> None:
        """All is to be looked at again; what was known still says what comes first."""
        self._next = {number: ("", at) for number, (_, at) in self._next.items()}

    def take(self, heads: Mapping[int, str], now: datetime) -> Iterator[list[int]]:
        """Incidents to look at now, some at a time; :meth:`seen` is told of each.

        ``heads`` are the open incidents with what changes whenever they change. First come those
        that are due, the longest first, then what changed, then what is not known yet.
        """
        self._seen = {}
        self._next = {number: known for number, known in self._next.items() if number in heads}
        wanted = self._wanted(heads, now)
        until = time.monotonic() + self._budget_s
        taken = 0
        while taken < len(wanted) and (not taken or time.monotonic() < until):
            some = wanted[taken : taken + _AT_ONCE]
            taken += len(some)
            # An incident of which nothing is to be said rests until it changes.
            self._seen.update((number, (heads[number], None)) for number in some)
            yield some
        self.more = taken < len(wanted)

    def seen(self, incident: int, head: str, at: datetime | None) -> None:
        """It was looked at as it stood at ``head``; again at that instant, or when it changes."""
        self._seen[incident] = (head, at)

    def done(self) -> None:
        """What was found is committed: those incidents rest."""
        self._next.update(self._seen)
        self._seen = {}

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
