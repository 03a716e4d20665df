"""Whether a short name that was found stands there as a word of its own.

瑞丽 in 王瑞丽 is a person, 梁河 in 桥梁河段 is nothing, 上海 in 马上海选 is parts of two words. A
word list (rjieba's) is asked only where it has a word across the border of the name.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from analyzer import word_list
from analyzer.division_codes import COUNTY
from analyzer.locality_names import listed

if TYPE_CHECKING:
    from rjieba import Jieba

_REACH = 6  # characters on both sides that are cut into words
_WEIGHT = 300  # how often a name of ours is taken to occur; the list counts 60 million words
_WEIGHT_OF_OWN_WORD = 100  # of a name that the list has: 瑞丽|江, not 瑞|丽江
_WEIGHT_OF_OWN = 20  # so little that 古镇|康养 is read before 古|镇康|养
_WEIGHT_OF_TOWN = 5
_KEPT = 1 << 15
_PAIR = 2
_FIRST, _LAST = "\u4e00", "\u9fff"

PEOPLE = frozenset("人话市省县区州籍站岛港镇乡路江河湖")
"""What may stand behind a name in one word of the list, and the name still is the place."""

SURNAMES = frozenset(
    "王李张刘陈杨赵吴徐孙胡朱林郭罗梁郑谢韩唐冯董萧邓傅沈彭吕苏卢蒋蔡贾丁魏薛阎余潘杜戴钟汪姜范"
    "姚谭廖邹熊陆郝崔邱秦顾侯邵孟尹黎贺赖龚樊殷庞翁窦章俞骆聂倪鲍邢翟柴詹卞耿阮岑"
)
_DOUBTFUL_SURNAMES = frozenset(
    "黄周高何马宋程曹袁许曾叶夏田任方石金孔白康毛江史龙万段雷钱汤易常武乔文葛安祝温游宁向明"
)
_TITLE = re.compile(
    "医生|老师|先生|女士|同志|同学|主任|局长|书记|教授|记者|警官|校长|经理|律师|护士|师傅|阿姨"
    "|大姐|小姐"
)
_TITLES = (
    "记者|教师|老师|同学|医生|医师|大夫|护士|作者|作家|诗人|画家|演员|歌手|艺人|导演|编剧|主播|编辑|摄影|讯员"
    "|选手|球员|教练|冠军|队长|组长|班长|厂长|行长|院长|局长|所长|站长|校长|处长|科长|部长|厅长|社长|会长|店长"
    "|镇长|乡长|县长|区长|市长|州长|省长|书长|事长|护长|村长|书记|主任|主席|总裁|总监|经理|教授|院士|博士|律师"
    "|法官|察官|警官|民警|辅警|战士|烈士|英雄|劳模|师傅|同志|疑人|被告|告人|害人|责人|系人|持人"
)
_CALLED = re.compile(
    f"(?:我叫|名叫|叫做|感谢|恭喜|祝贺|女子|男子|老人|村民|居民|市民|业主|群众|网友|患者|乘客|顾客|司机|店主|老板|学生|员工|工人|{_TITLES})$"
)
_TITLED = frozenset(_TITLES.split("|"))
"""The last two characters of what stands before the name of a person."""
_SAYS = re.compile(
    "(?:表示|介绍|告诉|坦言|认为|回忆|透露|指出|强调|说[，：:道]|称[，：:]|摄影?报道|摄[）)\\s]|[（(，,][男女][，,、）)]|因涉嫌)"
)
_LADY = re.compile("女士|小姐|先生|阿姨|太太|同志|师傅|[哥姐叔妹弟爷](?=[，,。！!？?、~\\s\\0]|$)")
_LADIES = frozenset("女小先阿太同师哥姐叔妹弟爷")


KEPT = 0
"""Stands for the length of a code with names that people keep: they are hardly parts of words."""


def _weight(level: int, *, own: bool) -> int:
    if level > COUNTY:
        return _WEIGHT_OF_TOWN
    return _WEIGHT_OF_OWN if own else _WEIGHT


_FULL = frozenset("镇乡区县市")
_KINDS = frozenset("镇乡县市区州城村")
_CENTRES = listed("levels")
"""Words of a place: 芒市中心 is a part of 芒市, 和平县委 an office of 和平县."""
_PREPOSITIONS, _FULL_OR_CITY = frozenset("从往向到在"), _FULL | {"城"}
_WATERS, _EDGES = frozenset("湖河江山海溪塘"), frozenset("边畔里底岸堤")


class Borders:
    """Knows the words that stand across the borders of names.

    ``names`` gives names with the length of their code and whether they are of the own area. It
    is asked, and the word list loaded, at the first question (:mod:`analyzer.word_list`).
    """

    def __init__(self, names: Callable[[], Iterable[tuple[str, int, bool]]]) -> None:
        self._names = names
        self._across = functools.lru_cache(_KEPT)(self._look)

    def hold(self, text: str, start: int, end: int, *, well_known: bool) -> bool:
        """Whether no other word lies across the borders of the name, where :meth:`may_cross`.

        A longer word that begins with a well-known name and goes on with a word holds it, too.
        """
        if self._goes_before_a_word(text, start, end):
            return False
        kind = not well_known and start > 0 and text[start] in _KINDS
        if kind and self._is_word(text[start - 1 : start + 1]):
            return False  # 古镇|康养
        first = max(0, start - _REACH)
        at = first
        for word in self._jieba.cut(text[first : end + _REACH], False):
            after = at + len(word)
            if at < start < after or (
                at < end < after
                and word != "市中心"
                and (end - start == _PAIR or word not in _CENTRES)
            ):
                rest = text[end:after]
                goes_on = rest in PEOPLE or (well_known and len(rest) > 1 and self._is_word(rest))
                if not (at == start and goes_on):
                    return False
            at = after
        return True

    def may_cross(self, text: str, start: int, end: int) -> bool:
        """Whether the list has a word of up to four characters across a border of the name."""
        first, last = max(0, start - 2), end + 2
        return self._across(text[first:last], start - first, end - first)

    def begins_inside_a_word(self, text: str, start: int, end: int) -> bool:
        """Whether the first character of a full name belongs to a word before it: 西南|山区."""
        if not start or not self._is_word(text[start - 1 : start + 1]):
            return False
        first = at = max(0, start - _REACH)
        for word in self._jieba.cut(text[first : end + _REACH], False):
            if at < start < at + len(word):
                return True
            at += len(word)
        return False

    def _goes_before_a_word(self, text: str, start: int, end: int) -> bool:
        """Whether the name is a preposition and the begin of a word: 从|江门, 往|洞里."""
        if end - start != _PAIR or text[start] not in _PREPOSITIONS:
            return False
        return text[end : end + 1] not in _FULL_OR_CITY and self._is_word(text[start + 1 : end + 1])

    def falls_apart(self, text: str, start: int, end: int) -> bool:
        """Whether the name falls into two words of the list with what is beside it: 王子|树下."""
        is_word = self._is_word
        if text[end - 1 : end] in _WATERS and text[end : end + 1] in _EDGES:
            return False  # 西丽湖边 is no 湖边
        return any(
            (is_word(text[start:cut]) and is_word(text[cut : end + 1]))
            or (end - cut > 1 and is_word(text[start - 1 : cut]) and is_word(text[cut:end]))
            for cut in range(start + 2, end)
        ) or (
            end - start > _PAIR
            and is_word(text[start - 1 : start + 1])
            and is_word(text[start + 1 : end])
        )

    def may_be_a_person(self, text: str, start: int, end: int) -> bool:
        """Whether what stands right beside the name is a surname, or begins a title."""
        before, behind = text[start - 1 : start], text[end : end + 1]
        if text[start - 2 : start] in _TITLED:
            return True
        return before in SURNAMES or before in _DOUBTFUL_SURNAMES or behind in _LADIES

    @functools.cached_property
    def _jieba(self) -> Jieba:
        words = word_list.words()
        for name, level, own in self._names():
            if words.has_word(name):
                if level == KEPT or (own and level <= COUNTY and name[-1] not in _FULL):
                    words.add_word(name, _WEIGHT_OF_OWN_WORD, "ns")
            else:
                full = own and name[-1] in _FULL
                words.add_word(name, _WEIGHT_OF_TOWN if full else _weight(level, own=own), "ns")
        return words

    @functools.cached_property
    def _is_word(self) -> Callable[[str], bool]:
        return functools.lru_cache(_KEPT)(self._jieba.has_word)

    def _look(self, window: str, start: int, end: int) -> bool:
        """Whether a word of 2 to 4 characters crosses a border of the name, or begins with it.

        Words are Chinese characters alone: a third of the borders need no question.
        """
        is_word = self._is_word
        if start and _FIRST <= window[start - 1] <= _LAST:
            if is_word(window[start - 1 : start + 1]) or is_word(window[start - 1 : start + 2]):
                return True
            if start > 1 and _FIRST <= window[start - 2] <= _LAST:
                begin = start - 2
                if is_word(window[begin : start + 1]) or is_word(window[begin : start + 2]):
                    return True
        if end == len(window) or not _FIRST <= window[end] <= _LAST:
            return False
        if is_word(window[end - 1 : end + 1]) or is_word(window[start : end + 1]):
            return True
        if end + 1 == len(window) or not _FIRST <= window[end + 1] <= _LAST:
            return False
        return is_word(window[end - 1 :]) or is_word(window[start:])

    def of_a_person(self, text: str, start: int, end: int) -> bool:
        """Whether a name of two characters looks like the given name of a person, or like both."""
        if _LADY.match(text, end):
            return True
        before, first = text[start - 1 : start], text[start]
        if text[start - 2 : start] in _TITLED:
            return first in SURNAMES or first in _DOUBTFUL_SURNAMES
        if before not in SURNAMES and before not in _DOUBTFUL_SURNAMES:
            return False
        if start > 1 and self._is_word(text[start - 2 : start]):
            return bool(_TITLE.match(text, end))
        if before in SURNAMES:
            return True
        return bool(
            _TITLE.match(text, end)
            or _SAYS.match(text, end)
            or _CALLED.search(text[max(0, start - 5) : start - 1])
        )
