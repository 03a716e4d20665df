"""Units (部门, 单位) named in a text: a second index, over names and curated aliases.

An alias that stands inside a longer name or word, or behind another place, is none: 昆明市水务局,
围城管理. A unit whose name begins with its place is found with the level alone, too: 岚江县水务局
as 县水务局. Offsets are code points of the text as given.
"""

from __future__ import annotations

import re
from collections.abc import Container, Sequence
from functools import cached_property

from analyzer.locality_borders import Borders
from analyzer.locality_index import MIN_NAME, Found, NameIndex
from analyzer.locality_points import normal_each
from registry.own_names import Unit

_OTHER_LEVEL = re.compile(
    "(?:全国|国家|中央|国务院|省|自治区|外省|外地|邻县|邻市|隔壁县?|别的县|其他县|美国|日本|韩国|英国|缅甸"
    "|高速|铁路|高铁|森林|机场|民航|航空|武警|边防|港口|海上|大学|学校|校园|集团|企业|工厂|我司|专职|志愿|义务|智慧|数字|掌上)$"
)
_NAMED_PLACE = re.compile("([\u4e00-\u9fff]{2,3})[省市县区州旗镇乡]$")
_OWN = re.compile("(?:[我本全各该贵咱]|咱们|我们|俺们|你们)[省市县区州旗镇乡]$")
_OTHERS = re.compile(
    "(?:[全各邻外小某每x×*]|隔壁|别的|其他|某个?|哪个|有的|贫困|每个|一个|两个|多个|不少)$"
)
_NEXT_DOOR = re.compile("隔壁|邻近|兄弟|别的|其他|外地|附近")
_LEVELS = frozenset("省市县区州旗镇乡")
_RUNS_ON = re.compile(
    "(?<=局)(?:面(?![临对向积试谈])|势(?!必)|限(?![期时行号量电高速购])|域|外人)|(?<=院)落"
    "|(?<=队)[伍列]|(?<=办)(?:[法理学案]|公[^室开]|事[^处])"
)
"""What makes another word of the name's last character: 农业农村局面."""
_IN_FICTION = re.compile(
    "(?:电视剧|电影|剧[里中集情]|小说|综艺|游戏[里中]|美国|日本|韩国|英国|法国|德国|欧洲|国外|外国|海外|古代)"
    "[^，。！？、；：,.!?;:\\s\\0]{0,5}$"
)
"""What stands before a name without a level, of which there are many: 电视剧里那个城管."""
_LONGER = re.compile(
    "路(?![上口灯费])|街(?!上|头)|巷|站牌|小区|家属[院区楼]|宿舍|公交站|餐厅|酒店|宾馆|股份|集团|有限"
)
_PLACE = re.compile("([\u4e00-\u9fff]{2,4}?)(省|市|县|区|州|旗|镇|乡)(?=([\u4e00-\u9fff]{3,}))")
_REACH, _FAR = 6, 10
_CHECKED = 4
"""Names so short, or shorter, may be parts of other words: 城管 of 围城管理."""
_LEAST_PLACE = 2
_WEIGHT = 9  # a length of code below that of a county: the word list gives such names little weight


class UnitMatcher:
    """Finds the units that a text names.

    ``elsewhere`` holds names of places that are not the own ones: a unit right behind is theirs.
    """

    def __init__(self, units: Sequence[Unit] = (), elsewhere: Container[str] = ()) -> None:
        ids: dict[str, str] = {}
        for unit in units:
            for name in (unit.name, *unit.aliases):
                if len(name.strip()) >= MIN_NAME:
                    ids.setdefault(name.strip(), str(unit.id))
        for unit in units:
            for name in _without_place(unit.name.strip()):
                ids.setdefault(name, str(unit.id))
        self._names = normal_each(list(ids)) if ids else []
        self._ids = tuple(ids.values())
        self._places = _places(self._names)
        self._placed = [name.startswith(tuple(self._places)) for name in self._names]
        self._levels = frozenset(
            place[2] for unit in units if (place := _PLACE.match(unit.name.strip())) is not None
        )
        self._elsewhere = elsewhere
        self._index = NameIndex(self._names) if ids else None

    def find(self, text: str) -> tuple[str, ...]:
        """The ids of the units named, each once, in the order of first mention."""
        return self.find_many([text])[0]

    def find_many(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """What :meth:`find` gives for each of the texts, in their order."""
        told: list[tuple[str, ...]] = [()] * len(texts)
        if self._index is None:
            return told
        for found in self._index.find(texts):
            for number, ids in self._of_chunk(found).items():
                told[number] = tuple(ids)
        return told

    def _of_chunk(self, found: Found) -> dict[int, dict[str, None]]:
        told: dict[int, dict[str, None]] = {}
        starts, text = found.joined.starts, found.joined.text
        at, reached = 0, -1
        for name, start, end in zip(found.names, found.starts, found.ends, strict=True):
            if start < reached:
                continue
            while starts[at + 1] <= start:
                at += 1
            office = text[end - 1 : end + 2] == "办公室"
            if end - start <= _CHECKED and not office and self._is_half_a_word(text, start, end):
                continue
            # A name that begins with its place needs no more: 云南岚江县水务局.
            holds = self._placed[name] or self._holds(text, max(starts[at], start - _REACH), start)
            goes_on = _LONGER.match(text, end) or (not office and _RUNS_ON.match(text, end))
            if holds and not goes_on:
                told.setdefault(found.first + at, {})[self._ids[name]] = None
            reached = end  # what is part of a longer name is none, either
        return told

    @cached_property
    def _borders(self) -> Borders:
        short = [(name, _WEIGHT, False) for name in self._names if len(name) <= _CHECKED]
        return Borders(lambda: short)

    def _is_half_a_word(self, text: str, start: int, end: int) -> bool:
        """Whether another word lies across a border of the name."""
        borders = self._borders
        if any(text.endswith(place, 0, start) for place in self._places):
            return False  # 岚江城管: no 江城
        return borders.may_cross(text, start, end) and not borders.hold(
            text, start, end, well_known=True
        )

    def _holds(self, text: str, begin: int, start: int) -> bool:
        """Whether what stands before the name does not make it another one's."""
        before = text[begin:start]
        levelled = text[start] in _LEVELS
        if not levelled and _IN_FICTION.search(text, max(0, start - _FAR), start):
            return False
        if (_OTHERS if levelled else _OTHER_LEVEL).search(before):
            return False
        if levelled and _NEXT_DOOR.search(before):
            return False
        place = _NAMED_PLACE.search(before)
        if place is not None and not _OWN.search(before):
            # 昆明市水务局 is another one's, unless the place is one that the units' own names have.
            return any(place[1].endswith(own) for own in self._places)
        if place is None and self._levels and before[-1:] in _LEVELS - self._levels:
            return False  # 市水务局 of the city, where ours is of the county
        return not self._behind_another(before + text[start] if levelled else before)

    def _behind_another(self, before: str) -> bool:
        """Whether the text ends with the name of a place elsewhere: 成都 in 成都水务局."""
        return any(
            before[at:] in self._elsewhere for at in range(len(before) - _LEAST_PLACE, -1, -1)
        )


def _places(names: Sequence[str]) -> frozenset[str]:
    """The places that the units' own names begin with: 岚江 of 岚江县水务局."""
    found = (re.match("([\u4e00-\u9fff]{2,4}?)(?:省|市|县|区|州|旗|镇|乡)", name) for name in names)
    return frozenset(place[1] for place in found if place)


def _without_place(name: str) -> tuple[str, ...]:
    """The forms of a unit's full name with the level or the place alone: 县水务局, 岚江水务局."""
    place = _PLACE.match(name)
    if place is None:
        return ()
    stem, level, rest = place.groups()
    return (level + rest, stem + rest)
