"""Why a short name that was found may be no place: another word, a brand, a person, a street."""

from __future__ import annotations

from analyzer.division_codes import CITY, COUNTY, TOWN
from analyzer.locality_borders import Borders
from analyzer.locality_foreign import by_tail, is_abroad_before
from analyzer.locality_gazette import Gazette
from analyzer.locality_names import BEGINS_WITH_A_WORD, ONLY_ITS_END
from analyzer.locality_signs import (
    BEHIND,
    BRAND,
    COMPANY,
    DOUBLES,
    FEATURE,
    FIRM_BEGINS,
    HAMLET,
    NAMESAKES,
    NOT_A_PLACE,
    STREET,
    THIS,
    in_a_handle,
    is_double,
    is_namesake,
    is_of_goods,
    is_within_a_number,
    runs_on,
)

TITLE_OPENS, _TITLE_CLOSES = "《", "》"
_LONGEST_TITLE = 40
_GIVEN_NAME = 2
_AROUND = 2
_KEPT = 1 << 16
_BEHIND_ABROAD = "紧接在外国名之后，不一定指国内"
_DIVISIONS = frozenset("省市县区州旗")


class Doubts:
    """Looks at what stands beside a short name; names are given by number.

    ``clean`` holds names with the two characters on both sides that left no doubt.
    """

    def __init__(self, gazette: Gazette, borders: Borders) -> None:
        self._borders = borders
        self._names = gazette.names
        self._worded, self._whole = gazette.worded, gazette.whole
        self._gazette = gazette
        self._abroad = by_tail()
        self.clean: set[str] = set()

    def of(self, name: int, text: str, start: int, end: int) -> str | None:
        """Why a short name may be no place here, "" for no reason, None where it is none."""
        borders, given = self._borders, self._names[name]
        if self._worded[name] or self._whole[name]:
            return self._of_whole(name, text, start, end)
        one = text[end : end + 1]
        behind = one in BEHIND
        if not behind and one in FIRM_BEGINS:
            behind = bool(COMPANY.match(text, end) or HAMLET.match(text, end))
        crossed = borders.may_cross(text, start, end)
        abroad = text[start - 2 : start] in self._abroad and is_abroad_before(text, start)
        namesake = given in NAMESAKES
        double = given[0] in DOUBLES and is_double(given, text, start, end)
        if not (behind or crossed or abroad or namesake or double):
            if not borders.may_be_a_person(text, start, end):
                self._remember(text, start, end)
                return ""
        elif (
            double
            or (behind and NOT_A_PLACE.match(text, end))
            or (namesake and is_namesake(given, text, start, end))
        ):
            return None
        length = len(self._gazette.codes[name][0])
        if crossed and not borders.hold(text, start, end, well_known=length <= CITY):
            return None
        if abroad:
            return _BEHIND_ABROAD
        of_town = length >= TOWN and self._gazette.codes[name][0].isdigit()
        return self._reason(of_town, text, start, end, behind=behind, crossed=crossed)

    def _of_whole(self, name: int, text: str, start: int, end: int) -> str | None:
        """Why a full name, or a longer own one, may be no place here; as :meth:`of`."""
        if self._worded[name]:
            if self._is_just_the_word(name, text, start, end):
                return None
            return _BEHIND_ABROAD if is_abroad_before(text, start) else ""
        given = self._names[name]
        if is_within_a_number(given, text, start) or runs_on(text, end) or BRAND.match(text, end):
            return None
        if is_abroad_before(text, start - (text[start - 1 : start] == "的"), near=True):
            return _BEHIND_ABROAD
        return "像是商品名，不一定说当地" if is_of_goods(text, end) else ""

    def _is_just_the_word(self, name: int, text: str, start: int, end: int) -> bool:
        """Whether of the full name of a town only the word it begins with is meant: 幸福镇静剂."""
        if runs_on(text, end):
            return True
        if self._worded[name] != BEGINS_WITH_A_WORD:
            before = text[start - 1 : start]
            return before not in _DIVISIONS and self._borders.begins_inside_a_word(text, start, end)
        if THIS.search(text[max(0, start - 2) : start]):
            return True
        if text[start - 1 : start] in _DIVISIONS:
            return False  # 陇川县城子镇: the word 县城 is none there
        borders = self._borders
        return borders.may_cross(text, start, end) and not borders.hold(
            text, start, end, well_known=False
        )

    def within(self, name: int, text: str, start: int, end: int) -> str:
        """The doubt about a name within the marks of a title or in a user's name, or ""."""
        worded, code = self._worded[name], self._gazette.codes[name][0]
        plain = worded and self._names[name][-1] not in "镇乡"
        if worded == ONLY_ITS_END or (plain and self._gazette.is_own(code)):
            return ""  # the full name of an own division
        titled = len(code) >= COUNTY or self._gazette.is_own(code)
        if titled and _in_a_title(text, start, end):
            return "在书名号里，像是作品或刊物"
        return "在@后面，是用户的名字" if in_a_handle(text, start, end) else ""

    def _reason(
        self, of_town: bool, text: str, start: int, end: int, *, behind: bool, crossed: bool
    ) -> str:
        borders = self._borders
        reason = ""
        if behind and STREET.match(text, end):
            reason = "后面是路名或楼名，不一定指当地"
        elif behind and is_of_goods(text, end):
            reason = "像是商品名，不一定说当地"
        elif behind and COMPANY.match(text, end):
            reason = "像是企业、商品或楼盘的名称，不一定说当地"
        elif end - start == _GIVEN_NAME and borders.of_a_person(text, start, end):
            reason = "像是人名"
        elif of_town and crossed and borders.falls_apart(text, start, end):
            reason = "像是两个词各一半"
        elif of_town and behind and FEATURE.match(text, end):
            reason = "后面是山川、小区等的名称，不一定指当地"
        elif not of_town and behind and HAMLET.match(text, end):
            reason = "后面是村组、小区等的名称，不一定指当地"
        return reason

    def _remember(self, text: str, start: int, end: int) -> None:
        """The two characters on both sides leave no doubt, whatever is farther off."""
        if start >= _AROUND:
            if len(self.clean) > _KEPT:
                self.clean.clear()
            self.clean.add(text[start - 2 : end + 2])


def _in_a_title(text: str, start: int, end: int) -> bool:
    """Whether the name is within the marks of a title of at most a line."""
    opened = text.rfind(TITLE_OPENS, max(0, start - _LONGEST_TITLE), start)
    if opened < 0 or text.find(_TITLE_CLOSES, opened, start) >= 0:
        return False
    return text.find(_TITLE_CLOSES, end, end + _LONGEST_TITLE) >= 0
