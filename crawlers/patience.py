"""Memory of what just failed, so that a dead link in a list is not asked for in every round."""

from __future__ import annotations

import time
from collections.abc import Callable

_FIRST_S = 60.0
_LONGEST_S = 24 * 3600.0
_MOST = 20_000


class Patience:
    """Keys that failed are left alone: a minute, then twice as long each time, a day at most."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[str, tuple[float, float]] = {}

    def allows(self, key: str) -> bool:
        """Whether it may be tried (again) now."""
        return self._until.get(key, (0.0, 0.0))[0] <= self._clock()

    def failed(self, key: str) -> None:
        """It failed, or gave nothing."""
        pause = min(self._until.pop(key, (0.0, _FIRST_S / 2))[1] * 2, _LONGEST_S)
        while len(self._until) >= _MOST:
            del self._until[next(iter(self._until))]
        self._until[key] = (self._clock() + pause, pause)
