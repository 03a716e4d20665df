"""How long a message may be (长度上限): in characters, and in bytes as its receiver counts them."""

from __future__ import annotations

import json

from msgspec import Struct

MORE = "…（全文见控制台）"


class Lengths(Struct, frozen=True, kw_only=True):
    """``max_bytes`` 0: no such limit; ``escaped``: of the JSON that carries it, in ASCII only."""

    max_chars: int = 100_000
    max_bytes: int = 0
    escaped: bool = False

    def size(self, text: str) -> int:
        """Its bytes as they are counted."""
        if self.escaped:
            return len(json.dumps(text)) - 2
        return len(text.encode("utf-8", "replace"))

    def fit(self, text: str) -> bool:
        """Whether that is short enough."""
        if len(text) > self.max_chars:
            return False
        return not self.max_bytes or self.size(text) <= self.max_bytes

    def less(self, *texts: str) -> Lengths:
        """What is left when these stand in the same message."""
        return Lengths(
            max_chars=max(0, self.max_chars - sum(len(text) for text in texts)),
            # Never 0, which stands for no limit.
            max_bytes=self.max_bytes and max(1, self.max_bytes - sum(map(self.size, texts))),
            escaped=self.escaped,
        )

    def shortened(self, text: str) -> str:
        """As much of it as there is room for, cut between characters, with a word on the rest."""
        if self.fit(text):
            return text
        room = self.less(MORE)
        low, high = 0, min(len(text), room.max_chars)
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (middle, high) if room.fit(text[:middle]) else (low, middle - 1)
        short = text[:low] + MORE
        return short if self.fit(short) else ""
