"""A second look at the own area's names that seem sure: firms, houses, persons, other cities.

What bears the name of a place is often elsewhere: 瑞丽裙装旗舰店, 新源小区, a person called 庆安.
Such a hit is *uncertain* unless the text or its source speaks of the own area otherwise; behind
the name of a place elsewhere it is so in any case. Only texts with an own name are looked at.
"""

from __future__ import annotations

import re

from msgspec import structs

from analyzer.division_codes import CITY, COUNTY
from analyzer.locality_bearers import (
    ADDRESSED,
    ANYWHERE,
    BETWEEN,
    PERSON_ENDS,
    TEACHERS,
    is_a_person,
    is_addressed,
    is_called_so,
    things,
)
from analyzer.locality_beside import Span
from analyzer.locality_foreign import abroad_in
from analyzer.locality_gazette import Gazette
from analyzer.locality_names import MARKS
from posts.model import HitCertainty, LocalityHit

Doubt = tuple[bool, str] | None
"""Whether nothing else in the text helps, and what is doubtful; None for no doubt."""

_REACH = BETWEEN + 1
_GOVERNS = 12  # characters between a place elsewhere and what lies there
_SURE, _UNCERTAIN = HitCertainty.SURE, HitCertainty.UNCERTAIN

_PART = re.compile(
    "[，。！？；!?;\n\0#【】《》…~]|[,.:：](?![0-9])"
    "|[到至和与及、去来回往飞从比跟同或经离赴由返给向对在把被让→—/-]|逛|游|参观|打卡|走进|客人|市民|记者|专家|支援|运|寄|发|还是|不是|老家"
)
"""Between two places: the second is not in the first."""


class Review:
    """Looks at the hits of one text after the other."""

    def __init__(self, gazette: Gazette) -> None:
        self._gazette = gazette
        self._things = things()

    def look(self, hits: list[LocalityHit], told: list[Span], text: str, area: str | None) -> None:
        """Make those of the own ``hits`` uncertain that may be something else.

        ``told`` says where in ``text``, as compared, each of the hits stands.
        """
        mine, by_name, begins = self._gazette.mine, self._gazette.by_name, self._things.begins
        doubts = {
            at: doubt
            for at, (name, start, end, _) in enumerate(told)
            if mine[name]
            and (
                not begins.isdisjoint(text[end : end + _REACH])
                or text[start - 1 : start] in PERSON_ENDS
                or text[end : end + 1] in TEACHERS
                or by_name[name]
                or not self._gazette.codes[name][0].isdigit()
                or text[end + 1 : end + 3] in ADDRESSED
            )
            and (doubt := self._doubt(at, hits, told, text))
        }
        known = bool(doubts and area and self._gazette.is_own(area))
        for at, (firm, why) in doubts.items():
            if firm or not (known or self._established(at, hits, doubts)):
                hits[at] = structs.replace(hits[at], certainty=_UNCERTAIN, why=why)

    def _doubt(self, at: int, hits: list[LocalityHit], told: list[Span], text: str) -> Doubt:
        hit, (_, start, end, _) = hits[at], told[at]
        if hit.certainty is not _SURE or not self._gazette.is_own(hit.code):
            return None
        until = told[at + 1][1] - 1 if at + 1 < len(told) else len(text)
        bears = self._things.of(text, end, until)
        if firm := self._surely(at, hits, told, text, bears=bool(bears)):
            return True, firm
        if bears == ANYWHERE and hit.code.isdigit():
            return False, "像是店铺、企业、楼盘等的名称，不一定在当地"
        return (False, "像是人名或昵称") if is_a_person(text, start, end) else None

    def _surely(
        self, at: int, hits: list[LocalityHit], told: list[Span], text: str, *, bears: bool
    ) -> str:
        """The doubt that nothing else in the text takes away, or ""."""
        name, start, end, _ = told[at]
        by_name, place = self._gazette.by_name[name], not hits[at].code.isdigit()
        if by_name and is_called_so(text, start, end) and not self._named_before(at, hits):
            return "像是在说别处的别称"
        if (bears or by_name or place) and self._elsewhere(at, hits, told, text):
            return "前面是外地，像是那里的店铺、道路、地方或别称"
        return "像是人名" if is_addressed(text, start, end) else ""

    def _named_before(self, at: int, hits: list[LocalityHit]) -> bool:
        """Whether the place, what it is in, or what is in it, is surely named before."""
        above = self._gazette.above
        code, chain = hits[at].code, above(hits[at].code)
        return any(
            hit.certainty is _SURE and (hit.code in chain or code in above(hit.code))
            for hit in hits[:at]
        )

    def _elsewhere(self, at: int, hits: list[LocalityHit], told: list[Span], text: str) -> bool:
        """Whether a place elsewhere stands before the name in its clause and governs it."""
        gazette = self._gazette
        start, code = told[at][1], hits[at].code
        first = max(0, start - _GOVERNS)
        for other in range(at - 1, -1, -1):
            name, _, reached, _ = told[other]
            if reached < first:
                break
            there = hits[other].code
            if _PART.search(text, reached, start):
                return False
            if there in gazette.above(code) or gazette.is_own(there):
                return False
            full = gazette.names[name][-1] in MARKS
            if len(there) <= COUNTY and (hits[other].certainty is _SURE or full):
                return True
        reached = abroad_in(text, first, start)
        return reached >= 0 and not _PART.search(text, reached, start)

    def _established(
        self, at: int, hits: list[LocalityHit], doubts: dict[int, tuple[bool, str]]
    ) -> bool:
        """Whether another sure hit speaks of the same city, or of what lies above the place."""
        above = self._gazette.above
        chain = above(hits[at].code)
        for other, hit in enumerate(hits):
            if other in doubts or hit.certainty is not _SURE:
                continue
            if hit.code in chain or any(
                one in chain for one in above(hit.code) if len(one) >= CITY
            ):
                return True
        return False
