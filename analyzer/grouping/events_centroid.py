"""One centroid: the sum of its posts' vectors. Those at rest take a tenth of the memory.

A table of 100 terms takes some 8 KB as Python holds it, 800 bytes packed: the numbers of the terms
as 32-bit integers, then their weights as 32-bit floats. A centroid is opened when a post comes near
and packed again when others were opened since.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from math import sqrt

from analyzer.grouping.events_vectors import Vector


class Cluster:
    """A centroid: its terms, its length (``square``), its posts, and when it was last joined.

    ``open`` are the terms while they are held as a table, None while they are packed.
    """

    __slots__ = ("_packed", "id", "newest", "open", "size", "square")

    def __init__(self, number: int, newest: float, size: int = 0, packed: bytes = b"") -> None:
        self.id, self.newest, self.size = number, newest, size
        self._packed = packed
        self.open: Vector | None = None
        self.square = 0.0
        if packed:
            self.square = sum([weight * weight for weight in self.terms.values()])

    @property
    def terms(self) -> Vector:
        """The terms, to be read: packed ones stay packed."""
        return _unpacked(self._packed) if self.open is None else self.open

    @property
    def packed(self) -> bytes:
        """The terms in the packed form."""
        return self._packed or pack(self.terms)

    def put(self, terms: Vector, square: float) -> None:
        """Let these be its terms; they are held open."""
        self.open, self.square, self._packed = terms, square, b""

    def unpack(self) -> Vector:
        """Hold the terms open."""
        self.open = _unpacked(self._packed)
        return self.open

    def rest(self) -> None:
        """Hold them packed."""
        if self.open is not None:
            self._packed = self._packed or pack(self.open)
            self.open = None


def pack(terms: Vector) -> bytes:
    """The form in which terms are kept and saved."""
    return array("I", terms).tobytes() + array("f", terms.values()).tobytes()


def cosine(vector: Vector, terms: Vector, square: float) -> float:
    """Of a vector of length 1 and a centroid of that length, squared."""
    near = sum([weight * terms[term] for term, weight in vector.items() if term in terms])
    return near / (sqrt(square) or 1.0)


def heaviest(vector: Mapping[int, float], count: int) -> list[int]:
    """So many terms, the heaviest first."""
    return sorted(vector, key=vector.__getitem__, reverse=True)[:count]


def _unpacked(packed: bytes) -> Vector:
    half = len(packed) // 2
    both = memoryview(packed)
    return dict(zip(both[:half].cast("I"), both[half:].cast("f"), strict=True))
