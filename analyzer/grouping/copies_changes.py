"""Copies of posts, changed the way people and programs change them; the same from the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

PREFIXES = (
    "转发微博：",
    "//@本地生活：",
    "【转】",
    "转发 //@路过的人:",
    "RT @newsroom: ",
    "回复@小镇居民:",
    "[转载]",
)
_PLAIN, _LAST, _FULL = 0x21, 0x7E, 0xFF01
_SENTENCE = re.compile(r"[^。！？!?；;\n]*[。！？!?；;\n]?")


class Changer:
    """Makes changed copies. ``letters``: texts whose letters replace others."""

    def __init__(self, letters: Sequence[str], seed: int = 20) -> None:
        self._random = random.Random(seed)  # noqa: S311 (repeatable, nothing secret)
        self._letters = "".join(char for text in letters for char in text if char.isalpha())

    def substituted(self, text: str, share: float) -> str:
        """So many of the characters, at least one, replaced; a repost prefix before it."""
        chars = list(text)
        wanted = min(len(chars), max(1, round(share * len(chars))))
        for place in self._random.sample(range(len(chars)), wanted):
            chars[place] = self._random.choice(self._letters)
        return self.reposted("".join(chars))

    def reposted(self, text: str) -> str:
        """The text after a repost prefix."""
        return self._random.choice(PREFIXES) + text

    def truncated(self, text: str) -> str:
        """The first 50 to 90 %, with an ellipsis."""
        return text[: max(1, int(len(text) * self._random.uniform(0.5, 0.9)))] + "…"

    def full_width(self, text: str) -> str:
        """Letters, digits and signs in their full-width form."""
        return "".join(
            chr(ord(char) - _PLAIN + _FULL) if _PLAIN <= ord(char) <= _LAST else char
            for char in text
        )

    def shuffled(self, text: str) -> str:
        """The sentences in another order."""
        sentences = [one for one in _SENTENCE.findall(text) if one]
        self._random.shuffle(sentences)
        return "".join(sentences)

    def recipes(self) -> dict[str, Callable[[str], str]]:
        """Every way, by name."""
        return {
            "5%": lambda text: self.substituted(text, 0.05),
            "10%": lambda text: self.substituted(text, 0.10),
            "prefix": self.reposted,
            "truncated": self.truncated,
            "full_width": self.full_width,
            "shuffled": self.shuffled,
        }
