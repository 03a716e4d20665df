"""Texts that were seen, by their hash, and the cluster that each went to."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable
from hashlib import blake2b

_BITS = 17
_NONE = -1

Packed = tuple[bytes, bytes, bytes]
"""Places as 32-bit numbers, hashes and clusters as signed ones of 64 bits."""


def same(title: str, text: str) -> int:
    """The hash of a post's text: the same in every process, 64 bits, signed."""
    said = f"{title}\x1f{text}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(said, digest_size=8).digest(), "little", signed=True)


class Texts:
    """A table of 131,072 places, 2 MB: a text that falls on the place of another takes it.

    What was forgotten so is cut into words again, and then joins by these.
    """

    def __init__(self) -> None:
        self._hashes = array("q", bytes(8 << _BITS))
        self._clusters = array("q", [_NONE]) * (1 << _BITS)
        self.touched: set[int] = set()
        """The places that changed, for who saves them and then clears this."""

    def get(self, text: int) -> int:
        """The cluster of the text of that hash (of 64 bits, signed); -1 where it is not known."""
        place = text & ((1 << _BITS) - 1)
        return self._clusters[place] if self._hashes[place] == text else _NONE

    def put(self, text: int, cluster: int) -> None:
        """It went to that cluster."""
        place = text & ((1 << _BITS) - 1)
        self._hashes[place], self._clusters[place] = text, cluster
        self.touched.add(place)

    def forget(self, cluster: int) -> None:
        """Drop the texts of that cluster."""
        for place, one in enumerate(self._clusters):
            if one == cluster:
                self._clusters[place] = _NONE
                self.touched.add(place)

    def move(self, where: Callable[[int], int]) -> None:
        """The cluster of each is another now."""
        moved = [where(one) if one >= 0 else _NONE for one in self._clusters]
        self._clusters = array("q", moved)

    def known(self) -> list[int]:
        """The places at which a text stands."""
        return [place for place, one in enumerate(self._clusters) if one >= 0]

    def packed(self, places: Iterable[int]) -> Packed:
        """What stands at these places."""
        some = array("I", places)
        hashes = array("q", [self._hashes[place] for place in some])
        clusters = array("q", [self._clusters[place] for place in some])
        return some.tobytes(), hashes.tobytes(), clusters.tobytes()

    def take_up(self, packed: Packed) -> None:
        """Let that stand at those places."""
        places, hashes, clusters = packed
        for place, text, one in zip(
            memoryview(places).cast("I"),
            memoryview(hashes).cast("q"),
            memoryview(clusters).cast("q"),
            strict=True,
        ):
            self._hashes[place], self._clusters[place] = text, one
