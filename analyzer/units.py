"""Units (部门, 单位) named in a text: a second automaton, over names and curated aliases."""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.automaton import find_all, make_automaton
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
        self._automaton = make_automaton(tuple(ids)) if ids else None

    def find(self, text: str) -> tuple[str, ...]:
        """The ids of the units named, each once, in the order of first mention."""
        if self._automaton is None:
            return ()
        return tuple(dict.fromkeys(self._ids[i] for i, _, _ in find_all(self._automaton, text)))

    def find_many(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """What :meth:`find` gives for each of the texts, in their order."""
        return [self.find(text) for text in texts]
