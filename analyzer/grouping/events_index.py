"""Which centroids a term leads to: the newest few. Most terms lead to one or none."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

POSTINGS = 12
"""A term leads to so many centroids, the newest."""

Ids = tuple[int, ...]


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


class OfAny:
    """The index of terms that are any numbers. Terms of one post share what holds its id."""

    def __init__(self) -> None:
        self._ids: dict[int, Ids] = {}

    def __len__(self) -> int:
        return len(self._ids)

    def of(self, terms: Iterable[int]) -> list[Ids]:
        """As the protocol says."""
        table = self._ids
        return [ids for term in terms if (ids := table.get(term))]

    def put(self, terms: Iterable[int], one: int) -> None:
        """As the protocol says."""
        table, alone = self._ids, (one,)
        for term in terms:
            ids = table.get(term)
            if ids is None:
                table[term] = alone
            elif one not in ids:
                table[term] = (ids if len(ids) < POSTINGS else ids[1:]) + alone

    def take_out(self, terms: Iterable[int], one: int) -> None:
        """As the protocol says."""
        table = self._ids
        for term in terms:
            ids = table.get(term)
            if ids is not None and one in ids:
                if len(ids) > 1:
                    table[term] = tuple([other for other in ids if other != one])
                else:
                    del table[term]

    def tidy(self) -> None:
        """As the protocol says: a table that churns grows to twice the size that it needs."""
        self._ids = dict(self._ids)


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
