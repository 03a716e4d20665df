"""Texts that were seen, by their hash, and the cluster that each went to."""

from __future__ import annotations

from array import array
from collections.abc import Callable

_BITS = 17
_NONE = -1


class Texts:
    """A table of 131,072 places, 2 MB: a text that falls on the place of another takes it.

    What was forgotten so is cut into words again, and then joins by these.
    """

    def __init__(self) -> None:
        self._hashes = array("q", bytes(8 << _BITS))
        self._clusters = array("q", [_NONE]) * (1 << _BITS)

    def get(self, text: int) -> int:
        """The cluster of the text of that hash (of 64 bits, signed); -1 where it is not known."""
        place = text & ((1 << _BITS) - 1)
        return self._clusters[place] if self._hashes[place] == text else _NONE

    def put(self, text: int, cluster: int) -> None:
        """It went to that cluster."""
        place = text & ((1 << _BITS) - 1)
        self._hashes[place], self._clusters[place] = text, cluster

    def forget(self, cluster: int) -> None:
        """Drop the texts of that cluster."""
        self.move(lambda one: _NONE if one == cluster else one)

    def move(self, where: Callable[[int], int]) -> None:
        """The cluster of each is another now."""
        moved = [where(one) if one >= 0 else _NONE for one in self._clusters]
        self._clusters = array("q", moved)
