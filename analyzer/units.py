"""Units (部门, 单位) named in a text: a second automaton, over names and curated aliases."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.automaton import NamesInTexts
from registry.own_names import Unit

_MIN_NAME = 2


class UnitMatcher:
    """Finds the units that a text names."""

    def __init__(self, units: Sequence[Unit] = ()) -> None:
        ids: dict[str, str] = {}
        for unit in units:
            for name in (unit.name, *unit.aliases):
                if len(name.strip()) >= _MIN_NAME:
                    ids.setdefault(name.strip(), str(unit.id))
        self._ids = tuple(ids.values())
        self._names = NamesInTexts(tuple(ids)) if ids else None

    def find(self, text: str) -> tuple[str, ...]:
        """The ids of the units named, each once, in the order of first mention."""
        return self.find_many([text])[0]

    def find_many(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """What :meth:`find` gives for each of the texts, in their order."""
        found: list[tuple[str, ...]] = [()] * len(texts)
        if self._names is not None:
            for text, name in self._names.find(texts):
                if self._ids[name] not in found[text]:
                    found[text] += (self._ids[name],)
        return found
