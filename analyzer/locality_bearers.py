"""What else bears the names of places, told by the words beside it: firms, persons, by-names.

The words of things are in ``locality_bearers.txt``.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path

from analyzer.locality_borders import SURNAMES
from analyzer.locality_signs import is_of_the_place

FILE = Path(__file__).resolve().parent / "locality_bearers.txt"
BETWEEN = 4
"""At most so many characters stand between the name and the thing that bears it."""

ANYWHERE, THERE = 2, 1

_BRAND = 2  # characters of a brand between the name and its goods: 后谷咖啡
_NO_NAME = frozenset("的了在是有和与到去来从把被给让说要能会不没很都也就还又这那哪谁个为_")
"""Characters that are in no name of a shop or house."""


class Things:
    """Knows what bears names ``ANYWHERE``, and what does behind a place elsewhere (``THERE``).

    ``begins``: one of these characters is among the first five behind the name.
    """

    def __init__(self) -> None:
        anywhere, goods, there, only, between = (
            _section(name) for name in ("anywhere", "goods", "there", "there only", "not between")
        )
        patterns = [_by_first(words) for words in (anywhere, there, between)]
        self._only, self._goods = _by_first(only), _by_first(goods)
        self._words = {
            first: tuple(one.get(first) for one in patterns)
            for first in frozenset().union(*patterns)
        }
        self.begins = frozenset().union(*patterns[:2], self._only, self._goods)

    def of(self, text: str, end: int, until: int) -> int:
        """What bears the name that ends at ``end``; 0 for nothing.

        The thing must begin no later than at ``until``, where another name begins.
        """
        bears = THERE if self._is_only_there(text, end) else 0
        words = self._words
        for at in range(end, min(end + BETWEEN, until, len(text) - 1) + 1):
            one = text[at]
            known = words.get(one)
            if known is not None:
                anywhere, there, no = known
                if anywhere and anywhere.match(text, at) and not _BRANCH.match(text, end):
                    return ANYWHERE
                if there and there.match(text, at):
                    bears = THERE
                if no and no.match(text, at):
                    break
            if one in _NO_NAME or not one.isalpha():
                break
            if at == end + _BRAND - 1 and self._is_goods(text, at + 1):
                return ANYWHERE
        return bears

    def _is_goods(self, text: str, at: int) -> bool:
        goods = self._goods.get(text[at : at + 1])
        found = goods.match(text, at) if goods else None
        return found is not None and not is_of_the_place(text, found.end())

    def _is_only_there(self, text: str, end: int) -> bool:
        at = end + (text[end : end + 1] in _SIDES)
        thing = self._only.get(text[at : at + 1])
        return thing is not None and thing.match(text, at) is not None


_SIDES = frozenset("大新东西南北中前后")
_BRANCH = re.compile("店|分店|门店|支|分公")
"""The shop or office there of what stands before the name: 吉野家芒市店."""


@functools.cache
def things() -> Things:
    """The things of the file."""
    return Things()


def _section(name: str) -> list[str]:
    _, _, rest = FILE.read_text("utf-8").partition(f"[{name}]\n")
    lines = rest.partition("\n[")[0].splitlines()
    return [word for line in lines if not line.startswith("#") for word in line.split()]


def _by_first(words: list[str]) -> dict[str, re.Pattern[str]]:
    """For each first character what matches the words that begin with it."""
    parts: dict[str, list[str]] = {}
    for word in words:
        thing, _, not_behind = word.partition("!")
        parts.setdefault(word[0], []).append(thing + (f"(?![{not_behind}])" if not_behind else ""))
    return {first: re.compile("|".join(some)) for first, some in parts.items()}


def _any(section: str) -> str:
    return "|".join(map(re.escape, _section(section)))


_PERSON = re.compile(f'(?:{_any("before")}|(?:{_any("credits")})[:：/])[ “"]?$')
_NAMED = re.compile(f'(?:{_any("called")})[“"]?$')
PERSON_ENDS = frozenset(':：/“" ').union(w[-1] for w in (*_section("before"), *_section("called")))
"""One of these stands right before the name of a person that :func:`is_a_person` knows …"""
TEACHERS = frozenset("老医同教师导(生哥姐妹弟宝小")
"""… or one of these behind it."""
_OF_PLACES = re.compile("地方|城市|[小边古老县][城镇]|[个座片][城县市镇乡州村区站山河湖岛]")
_CITYLIKE = re.compile("城市|美食|景点|打卡|小城|县城|人(?!说)|籍|市|县|州|区|镇")
_TEACHER = re.compile(
    "(?:老师|医生|同学|教练|师傅|导演|教授)(?:今天|昨天|说|讲|的课|[你您]好|好|没|真|[,。!?~]|$|\0)"
)
ADDRESSED = frozenset(
    ("阿姨", "大姐", "大叔", "大爷", "大妈", "大娘", "奶奶", "爷爷", "叔叔", "老师", "女士", "先生")
)
"""What may stand behind a given name that begins inside a name: 章凤|英阿姨."""
_ALIAS = re.compile("[(]化名|生日快乐|(?:[哥姐]|[妹弟]{2}|宝宝|小朋友)(?!们|妹|夫)")
_BEFORE = 10


def is_addressed(text: str, start: int, end: int) -> bool:
    """Whether the name is a surname and the begin of a given name: 章凤|英阿姨."""
    addressed = text[end + 1 : end + 3] in ADDRESSED
    return addressed and text[start] in SURNAMES and text[end] != "的"


def is_a_person(text: str, start: int, end: int) -> bool:
    """Whether the name is that of a person or what somebody is called: 演员庆安, 取名瑞丽."""
    if text[start - 1 : start] not in PERSON_ENDS and text[end : end + 1] not in TEACHERS:
        return False
    before = text[max(0, start - _BEFORE) : start]
    if _PERSON.search(before):
        return not _CITYLIKE.match(text, end)
    called = _ALIAS.match(text, end) or _TEACHER.match(text, end)
    if called and not before[-1:].isalpha():
        return True
    named = _NAMED.search(before)
    return named is not None and not _OF_PLACES.search(before[: named.start()])


_BY_NAME = re.compile(
    "(?:又叫做?|也叫做?|又称|也称|别称|被?称[为作]|被?誉为|自称|号称|人称|堪称|俗称|美称|称号|素有|享有|叫做|叫)[“‘\"'「《]?$"
)
_CALLED_SO = re.compile("[”’\"'」》]?(?:之称|的?美[称誉]|的?称号|的?名号|一称)")


def is_called_so(text: str, start: int, end: int) -> bool:
    """Whether something is said to be called by the by-name: 又叫黎明之城, 有玉都之称."""
    before = text[max(0, start - _BEFORE) : start]
    return bool(_BY_NAME.search(before) or _CALLED_SO.match(text, end))
