"""Which known article is looked at again: pages are corrected in their first day, threads grow."""

from __future__ import annotations

from datetime import datetime, timedelta

_FRESH = timedelta(hours=24)
_PAUSE = timedelta(minutes=10)
_MOST = 20_000


class Revisits:
    """An article is due again ten minutes after it was looked at, later at half its age.

    After a day it is left alone. Looks are remembered in the process; the first sight stands for
    one that it does not remember.
    """

    def __init__(self) -> None:
        self._looked: dict[str, datetime] = {}

    def due(self, key: str, first_seen_at: datetime, now: datetime) -> bool:
        """Whether the article, first seen then, is to be looked at again now."""
        age = now - first_seen_at
        looked = self._looked.get(key, first_seen_at)
        return age <= _FRESH and now - looked >= max(_PAUSE, age / 2)

    def looked(self, key: str, now: datetime) -> None:
        """It is being looked at now."""
        self._looked.pop(key, None)
        while len(self._looked) >= _MOST:
            del self._looked[next(iter(self._looked))]
        self._looked[key] = now
