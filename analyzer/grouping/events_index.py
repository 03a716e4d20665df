"""Which centroids a term leads to: the newest few. Most terms lead to one or none."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

POSTINGS = 12
"""A term leads to so many centroids, the newest."""

Ids = tuple[int, ...]

Packed = tuple[bytes, bytes, bytes]
"""Terms as 32-bit numbers, to how many each leads, and to which, as 32-bit numbers."""


class Index(Protocol):
    """Terms to ids of clusters."""

    def __len__(self) -> int:
        """How many terms there are."""

    def of(self, terms: Iterable[int]) -> list[Ids]:
        """What each of the terms leads to, where it leads anywhere."""

    def put(self, terms: Iterable[int], one: int) -> None:
        """Let the terms lead to this cluster too."""

    def take_out(self, terms: Iterable[int], one: int) -> None:
        """They no longer do."""

    def tidy(self) -> None:
        """Many were taken out: give back their room."""

    def begin_anew(self) -> None:
        """No term leads anywhere."""


class OfAny:
    """The index of terms that are any numbers. Terms of one post share what holds its id."""

    def __init__(self) -> None:
        self._ids: dict[int, Ids] = {}
        self.touched: set[int] = set()
        """The terms that changed, for who saves them and then clears this."""

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def of(self, terms: Iterable[int]) -> list[Ids]:
        """As the protocol says."""
        table = self._ids
        return [ids for term in terms if (ids := table.get(term))]

    def put(self, terms: Iterable[int], one: int) -> None:
        """As the protocol says."""
        table, alone = self._ids, (one,)
        terms = list(terms)
        self.touched.update(terms)
        for term in terms:
            ids = table.get(term)
            if ids is None:
                table[term] = alone
            elif one not in ids:
                table[term] = (ids if len(ids) < POSTINGS else ids[1:]) + alone

    def take_out(self, terms: Iterable[int], one: int) -> None:
        """As the protocol says."""
        table, touched = self._ids, self.touched
        for term in terms:
            ids = table.get(term)
            if ids is not None and one in ids:
                touched.add(term)
                if len(ids) > 1:
                    table[term] = tuple([other for other in ids if other != one])
                else:
                    del table[term]

    def tidy(self) -> None:
        """As the protocol says: a table that churns grows to twice the size that it needs."""
        self._ids = dict(self._ids)

    def begin_anew(self) -> None:
        """No term leads anywhere."""
        self.touched.update(self._ids)
        self._ids = {}

    def packed(self, terms: Iterable[int]) -> Packed:
        """Where these terms lead."""
        some = array("I", terms)
        ids = [self._ids.get(term, ()) for term in some]
        return some.tobytes(), bytes(map(len, ids)), array("I", chain.from_iterable(ids)).tobytes()

    def take_up(self, packed: Packed) -> None:
        """Let terms lead to where it says, and nowhere else."""
        terms, counts, ids = packed
        every, at = memoryview(ids).cast("I"), 0
        alone: dict[int, Ids] = {}
        for term, count in zip(memoryview(terms).cast("I"), counts, strict=True):
            if count == 1:
                one = every[at]
                self._ids[term] = alone.setdefault(one, (one,))
            elif count:
                self._ids[term] = tuple(every[at : at + count])
            else:
                self._ids.pop(term, None)
            at += count


class OfKnown:
    """The index of terms that are the numbers below ``count``."""

    def __init__(self, count: int) -> None:
        self._ids: list[Ids] = [()] * count

    def __len__(self) -> int:
        return len(self._ids)

    def of(self, terms: Iterable[int]) -> list[Ids]:
        """As the protocol says."""
        table = self._ids
        return [ids for term in terms if (ids := table[term])]

    def put(self, terms: Iterable[int], one: int) -> None:
        """As the protocol says."""
        table, alone = self._ids, (one,)
        for term in terms:
            ids = table[term]
            if not ids:
                table[term] = alone
            elif one not in ids:
                table[term] = (ids if len(ids) < POSTINGS else ids[1:]) + alone

    def take_out(self, terms: Iterable[int], one: int) -> None:
        """As the protocol says."""
        table = self._ids
        for term in terms:
            ids = table[term]
            if one in ids:
                table[term] = tuple([other for other in ids if other != one])

    def tidy(self) -> None:
        """As the protocol says; there is nothing to give back."""

    def begin_anew(self) -> None:
        """As the protocol says."""
        self._ids = [()] * len(self._ids)
