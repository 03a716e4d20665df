"""Too many tries at signing in: a sliding minute per name and address, beside the lock of names."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from registry.errors import TooManyRequestsError

MINUTE = timedelta(minutes=1)
MAX_KEYS = 10_000


class TryLimit:
    """Counts tries in memory; the oldest keys are forgotten first, so memory is bounded."""

    def __init__(self, *, per_name: int, per_address: int) -> None:
        self.per_name = per_name
        self.per_address = per_address
        self._tries: OrderedDict[bytes, deque[datetime]] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, name: str, address: str, *, now: datetime) -> None:
        """Count this try. Raises TooManyRequestsError, which says when to come back."""
        keys = ((_key(name, address), self.per_name), (_key("", address), self.per_address))
        with self._lock:
            for key, most in keys:
                tries = self._tries.setdefault(key, deque())
                self._tries.move_to_end(key)
                while tries and now - tries[0] >= MINUTE:
                    tries.popleft()
                if len(tries) >= most:
                    wait = max(1, round((tries[0] + MINUTE - now).total_seconds()))
                    raise TooManyRequestsError(f"登录尝试过于频繁，请在 {wait} 秒后再试。")
                tries.append(now)
            while len(self._tries) > MAX_KEYS:
                self._tries.popitem(last=False)


def _key(name: str, address: str) -> bytes:
    # hashed: what a person typed into the name field may be a password
    text = f"{name.casefold()}\0{address}".encode("utf-8", "replace")
    return hashlib.blake2b(text, digest_size=16).digest()
