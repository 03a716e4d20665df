"""Two names beside each other: what of it is in the other, or another one's (武汉天河机场)."""

from __future__ import annotations

from analyzer.division_codes import CITY, TOWN
from analyzer.locality_context import is_a_thing, ways_between
from analyzer.locality_gazette import Gazette
from analyzer.locality_names import Tier

Span = tuple[int, int, int, str]
"""A name by number, its start and end in the text as compared, and a doubt ("" for none)."""

_NATURE = frozenset("山河江湖海岭原")


class Beside:
    """Knows what lies in what."""

    def __init__(self, gazette: Gazette) -> None:
        self._gazette = gazette

    def is_below(self, before: Span, name: int) -> bool:
        """Whether the name may be a place in the sure one before it: no word crosses there."""
        number, _, _, doubt = before
        codes = self._gazette.codes
        if doubt or self._gazette.tiers[number] != Tier.SURE:
            return False
        return any(codes[number][0] in self._gazette.above(code)[1:] for code in codes[name])

    def of_another(self, last: Span, name: int, text: str, start: int, end: int) -> str:
        """The doubt about an own short name right behind a place elsewhere (武汉天河机场), or "".

        Own roads, schools and stems of towns are doubted behind a county or town, too.
        """
        before, _, reached, doubt = last
        gazette = self._gazette
        there, here = gazette.codes[before][0], gazette.likely(name)[0]
        tier = self._gazette.tiers[before]
        if doubt or (tier and (len(here) < TOWN or not self._may_hold(before))):
            return ""
        if not there.isdigit() and gazette.is_own(there):
            return ""
        small = not here.isdigit() or len(here) >= TOWN
        if text[reached:start] not in ({"", "·", "的"} if small else {"", "·"}):
            return ""
        if (
            (len(there) > CITY and (not small or gazette.is_own(there)))
            or (len(here) <= CITY and not is_a_thing(text, end))
            or any(there in gazette.above(code) for code in gazette.codes[name])
            or ways_between(text, end)
        ):
            return ""
        return f"紧接在“{gazette.name(there)}”之后，像是那里的"

    def _may_hold(self, number: int) -> bool:
        """Whether a name that needs support is that of a place elsewhere, not of a mountain."""
        gazette = self._gazette
        if self._gazette.tiers[number] > Tier.CONTEXT or gazette.names[number][-1] in _NATURE:
            return False
        return not gazette.own_among(gazette.codes[number])
