"""Reading the names that stand in one text: which are places, which only may be, and why."""

from __future__ import annotations

from analyzer.division_codes import CITY, COUNTY, TOWN, in_common
from analyzer.locality_borders import Borders
from analyzer.locality_gazette import Gazette
from analyzer.locality_index import Found
from analyzer.locality_names import (
    AFTER_CITY,
    FEATURE,
    NOT_A_PLACE,
    PRODUCT,
    STREET,
    Tier,
)
from posts.model import HitCertainty, LocalityHit

MAX_HITS = 500
"""At most so many hits of one text are told: a list of all divisions says nothing of a post."""

_TITLE_OPENS, _TITLE_CLOSES = "《", "》"
_LONGEST_TITLE = 40
_GIVEN_NAME = 2

_Span = tuple[int, int, int, str]  # name, start, end, doubt ("" for none)


class Reader:
    """Decides by the rules; one for all texts."""

    def __init__(self, gazette: Gazette, borders: Borders) -> None:
        self._gazette = gazette
        self._borders = borders
        self._tiers = bytes(gazette.tiers)
        self._checked = gazette.checked
        self._city_stems = gazette.city_stems
        self._near: dict[str, tuple[str, ...]] = {}

    def read(
        self, found: Found, number: int, first: int, last: int, given: str, area: str | None
    ) -> list[LocalityHit]:
        """The hits of text ``number`` among the names from ``first`` until before ``last``."""
        spans = self._spans(found, first, last)
        if not spans:
            return []
        gazette, tiers = self._gazette, self._tiers
        named = {
            code
            for name, _, _, doubt in spans
            if tiers[name] == Tier.SURE and not doubt
            for code in self._with_near(gazette.codes[name][0])
        }
        hits: list[LocalityHit] = []
        before, reached = "", -2
        joined, index = found.joined, number - found.first
        for name, start, end, doubt in spans:
            near = before if start - reached <= 1 else ""
            if doubt:
                sure, why = False, doubt
                code = in_common(self._likely(name), gazette.known)
            elif tiers[name] == Tier.SURE:
                sure, why, code = True, gazette.whys[name], gazette.codes[name][0]
            else:
                code, sure, why = self._resolve(name, named, near, area)
                if not sure and tiers[name] == Tier.FOREIGN:
                    continue
                if sure:
                    named.update(self._with_near(code))
            if sure:
                before, reached = code, end
            a, b = joined.place(index, start, end)
            certainty = HitCertainty.SURE if sure else HitCertainty.UNCERTAIN
            hits.append(
                LocalityHit(code, gazette.known.get(code, code), given[a:b], a, b, certainty, why)
            )
        return hits

    def _spans(self, found: Found, first: int, last: int) -> list[_Span]:
        """What may be told, without what is no place here: the first one, of those the longest."""
        tiers, checked, text = self._tiers, self._checked, found.joined.text
        names, starts, ends = found.names, found.starts, found.ends
        spans: list[_Span] = []
        reached = -2
        for at in range(first, last):
            start = starts[at]
            if start < reached:
                continue
            name, end = names[at], ends[at]
            if tiers[name] == Tier.FOREIGN and start - reached > 1:
                continue
            doubt = ""
            if name in self._city_stems and text[end : end + 1] in AFTER_CITY:
                stem = self._city_stems[name]
                if stem is None:
                    continue
                name, end = stem, end - 1
            if checked[name]:
                told = self._doubt(name, text, start, end)
                if told is None:
                    continue
                doubt = told
            spans.append((name, start, end, doubt))
            reached = end
            if len(spans) == MAX_HITS:
                break
        return spans

    def _doubt(self, name: int, text: str, start: int, end: int) -> str | None:
        """Why a short name may be no place here, "" for no reason, None where it is none."""
        if NOT_A_PLACE.match(text, end) or not self._holds(name, text, start, end):
            return None
        code = self._gazette.codes[name][0]
        of_a_town = len(code) >= TOWN
        reason = ""
        if STREET.match(text, end):
            reason = "后面是路名或楼名，不一定指当地"
        elif PRODUCT.match(text, end):
            reason = "像是商品名，不一定说当地"
        elif end - start == _GIVEN_NAME and self._borders.of_a_person(text, start, end):
            reason = "像是人名"
        elif of_a_town and FEATURE.match(text, end):
            reason = "后面是山川等的名称，不一定指当地"
        elif (len(code) >= COUNTY or self._gazette.is_own(code)) and _in_title(text, start, end):
            reason = "在书名号里，像是作品或刊物"
        return reason

    def _holds(self, name: int, text: str, start: int, end: int) -> bool:
        well_known = len(self._gazette.codes[name][0]) <= CITY
        return self._borders.hold(text, start, end, well_known=well_known)

    def _with_near(self, code: str) -> tuple[str, ...]:
        """The code, and those above it up to the city: a town speaks for the next one."""
        known = self._near.get(code)
        if known is None:
            above = self._gazette.above(code)
            known = (code, *(one for one in above[1:] if len(one) >= CITY))
            self._near[code] = known  # the codes are those of the names
        return known

    def _likely(self, name: int) -> tuple[str, ...]:
        codes = self._gazette.codes[name]
        return tuple(self._gazette.own_among(codes)) or codes

    def _resolve(
        self, name: int, named: set[str], near: str, area: str | None
    ) -> tuple[str, bool, str]:
        """Code, whether it is sure, and the reason, of a name that needs support."""
        gazette = self._gazette
        candidates = gazette.codes[name]
        text = gazette.names[name]
        if self._tiers[name] >= Tier.ORDINARY:
            pool = [c for c in candidates if near and c != near and near in gazette.above(c)]
            why, doubt = f"紧接在“{gazette.name(near)}”之后", f"“{text}”也是常用词"
        else:
            found, why = gazette.supported(candidates, text, named, area)
            pool = list(found)
            doubt = "只有简称或简名，文中没有上级地名"
            if len(candidates) > 1:
                doubt = f"有 {len(candidates)} 处同名，文中没有上级地名"
        if len(pool) == 1:
            return pool[0], True, why
        likely = gazette.own_among(pool or candidates) or pool or candidates
        return in_common(likely, gazette.known), False, doubt


def _in_title(text: str, start: int, end: int) -> bool:
    """Whether the name stands within the marks of a title of at most a line."""
    opened = text.rfind(_TITLE_OPENS, max(0, start - _LONGEST_TITLE), start)
    if opened < 0 or text.find(_TITLE_CLOSES, opened, start) >= 0:
        return False
    return text.find(_TITLE_CLOSES, end, end + _LONGEST_TITLE) >= 0
