"""Reading the names that stand in one text: which are places, which only may be, and why."""

from __future__ import annotations

from analyzer.division_codes import CITY, COUNTY, TOWN, in_common
from analyzer.locality_borders import Borders
from analyzer.locality_gazette import Gazette
from analyzer.locality_index import Found
from analyzer.locality_names import (
    AFTER_CITY,
    BEHIND,
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
_AROUND = 2
_KEPT = 1 << 16
_SURE, _UNCERTAIN = HitCertainty.SURE, HitCertainty.UNCERTAIN

_Span = tuple[int, int, int, str]  # name, start, end, doubt ("" for none)


class Reader:
    """Decides by the rules; one for all texts."""

    def __init__(self, gazette: Gazette, borders: Borders) -> None:
        self._gazette = gazette
        self._borders = borders
        self._tiers = bytes(gazette.tiers)
        self._checked = gazette.checked
        self._city_stems = gazette.city_stems
        self._sure = [
            (codes[0], gazette.known.get(codes[0], codes[0]), why) if tier == Tier.SURE else None
            for codes, tier, why in zip(gazette.codes, self._tiers, gazette.whys, strict=True)
        ]
        self._near: dict[str, tuple[str, ...]] = {}
        self._clean: set[str] = set()  # names with what stands beside them
        self._titled = bytes(
            len(codes[0]) >= COUNTY or gazette.is_own(codes[0]) for codes in gazette.codes
        )

    def read(
        self, found: Found, number: int, first: int, last: int, given: str, area: str | None
    ) -> list[LocalityHit]:
        """The hits of text ``number`` among the names from ``first`` until before ``last``."""
        spans = self._spans(found, first, last)
        if not spans:
            return []
        known, told, tiers = self._gazette.known, self._sure, self._tiers
        named: set[str] | None = None
        hits: list[LocalityHit] = []
        before, reached = "", -2
        joined, index = found.joined, number - found.first
        shift = joined.starts[index]
        for name, start, end, doubt in spans:
            if joined.origin is None:
                a, b = start - shift, end - shift
            else:
                a, b = joined.place(index, start, end)
            plain = told[name]
            if plain is not None and not doubt:
                code, full, why = plain
                hits.append(LocalityHit(code, full, given[a:b], a, b, _SURE, why))
                before, reached = code, end
                continue
            if doubt:
                sure, why = False, doubt
                code = in_common(self._likely(name), known)
            else:
                named = self._named(spans) if named is None else named
                near = before if start - reached <= 1 else ""
                code, sure, why = self._resolve(name, named, near, area)
                if sure:
                    named.update(self._with_near(code))
                    before, reached = code, end
                elif tiers[name] == Tier.FOREIGN:
                    continue
            certainty = _SURE if sure else _UNCERTAIN
            hits.append(LocalityHit(code, known.get(code, code), given[a:b], a, b, certainty, why))
        return hits

    def _named(self, spans: list[_Span]) -> set[str]:
        """The codes that the names which are sure by themselves speak for."""
        return {
            code
            for name, _, _, doubt in spans
            if self._tiers[name] == Tier.SURE and not doubt
            for code in self._with_near(self._gazette.codes[name][0])
        }

    def _spans(self, found: Found, first: int, last: int) -> list[_Span]:
        """What may be told, without what is no place here: the first one, of those the longest."""
        tiers, checked, text = self._tiers, self._checked, found.joined.text
        names, starts, ends, clean = found.names, found.starts, found.ends, self._clean
        titles = _TITLE_OPENS in text
        spans: list[_Span] = []
        reached = -2
        for at in range(first, last):
            start = starts[at]
            if start < reached:
                continue
            name, end = names[at], ends[at]
            if start - reached > 1 and tiers[name] == Tier.FOREIGN:
                continue
            if text[end : end + 1] in AFTER_CITY and name in self._city_stems:
                name, end = self._city_stems[name], end - 1
                if name < 0:
                    continue
            doubt = ""
            if checked[name]:
                around = text[start - 2 : end + 2] if start >= _AROUND else ""
                told = "" if around in clean else self._doubt(name, text, start, end)
                if told is None:
                    continue
                doubt = told
                if titles and not doubt and self._titled[name]:
                    doubt = _title(text, start, end)
            spans.append((name, start, end, doubt))
            reached = end
            if len(spans) == MAX_HITS:
                break
        return spans

    def _doubt(self, name: int, text: str, start: int, end: int) -> str | None:
        """Why a short name may be no place here, "" for no reason, None where it is none."""
        borders = self._borders
        behind = BEHIND.match(text, end)
        crossed = borders.may_cross(text, start, end)
        if not (behind or crossed or borders.may_be_a_person(text, start, end)):
            # The two characters on both sides leave no doubt, whatever is farther off.
            if start >= _AROUND:
                if len(self._clean) > _KEPT:
                    self._clean.clear()
                self._clean.add(text[start - 2 : end + 2])
            return ""
        code = self._gazette.codes[name][0]
        if behind and NOT_A_PLACE.match(text, end):
            return None
        if crossed and not borders.hold(text, start, end, well_known=len(code) <= CITY):
            return None
        reason = ""
        if behind and STREET.match(text, end):
            reason = "后面是路名或楼名，不一定指当地"
        elif behind and PRODUCT.match(text, end):
            reason = "像是商品名，不一定说当地"
        elif end - start == _GIVEN_NAME and borders.of_a_person(text, start, end):
            reason = "像是人名"
        elif behind and len(code) >= TOWN and FEATURE.match(text, end):
            reason = "后面是山川等的名称，不一定指当地"
        return reason

    def _with_near(self, code: str) -> tuple[str, ...]:
        """The code, and those above it up to the city: a town speaks for the next one."""
        near = self._near.get(code)
        if near is None:
            above = self._gazette.above(code)
            near = (code, *(one for one in above[1:] if len(one) >= CITY))
            self._near[code] = near
        return near

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


def _title(text: str, start: int, end: int) -> str:
    """The doubt about a name within the marks of a title of at most a line, or ""."""
    opened = text.rfind(_TITLE_OPENS, max(0, start - _LONGEST_TITLE), start)
    if opened < 0 or text.find(_TITLE_CLOSES, opened, start) >= 0:
        return ""
    closed = text.find(_TITLE_CLOSES, end, end + _LONGEST_TITLE) >= 0
    return "在书名号里，像是作品或刊物" if closed else ""
