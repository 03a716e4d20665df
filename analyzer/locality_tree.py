"""Which divisions there are, what lies in what, and what of it is the own area."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.division_codes import LEVELS, parent_of
from registry.gazetteer import Division
from registry.own_names import Area


class Tree:
    """``known``: code → name; ``parents``: code → code, of what people keep themselves."""

    def __init__(self, divisions: Sequence[Division], areas: Sequence[Area]) -> None:
        self.parents = {area.code: area.parent for area in areas if area.parent}
        self.known = {d.code: d.name for d in divisions} | {a.code: a.name for a in areas}
        self._own = frozenset(area.code for area in areas if area.own)
        self._own_lengths = tuple(sorted({len(code) for code in self._own}))
        self._chains: dict[str, tuple[str, ...]] = {}

    def is_own(self, code: str) -> bool:
        """Whether the division is an own area or lies in one."""
        own = self._own
        for length in self._own_lengths:
            if code[:length] in own:
                return True
        return code in self.parents and any(above in own for above in self.above(code))

    def above(self, code: str) -> tuple[str, ...]:
        """The code itself and those above it, nearest first; follows the areas' own parents."""
        known = self._chains.get(code)
        if known is not None:
            return known
        chain = [code]
        while len(chain) <= len(LEVELS) * 2:
            parent = self.parents.get(chain[-1]) or parent_of(chain[-1])
            if not parent or parent in chain:
                break
            chain.append(parent)
        if code in self.known:  # a place is named again and again
            self._chains[code] = tuple(chain)
        return tuple(chain)

    def rollup(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The codes and every known division above them, sorted."""
        given = set(codes)
        found = {above for code in given for above in self.above(code) if above in self.known}
        return tuple(sorted(found | given))

    def name(self, code: str) -> str:
        """The division's name, or the code where it is unknown."""
        return self.known.get(code, code)

    def own_among(self, codes: Sequence[str]) -> Sequence[str]:
        """Those of the codes that are own ones."""
        return [code for code in codes if self.is_own(code)] if self._own else ()

    def is_full(self, name: str, codes: Sequence[str]) -> bool:
        """Whether it is the full name of all of the divisions, and longer than 芒市."""
        full = all(code.isdigit() and name == self.known.get(code) for code in codes)
        return full and len(name) > len("芒市")
