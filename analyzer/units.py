"""Units (部门, 单位) named in a text: a second index, over names and curated aliases.

An alias that stands inside a longer name, or behind another place, is none: 昆明市水务局.
Offsets are code points of the text as given.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from analyzer.locality_index import MIN_NAME, Found, NameIndex
from analyzer.locality_points import normal_each
from registry.own_names import Unit

_OTHER_LEVEL = re.compile(
    "(?:全国|国家|中央|国务院|省|自治区|外省|外地|邻县|邻市|隔壁县?|别的县|其他县|美国|日本|韩国|英国|缅甸)$"
)
_NAMED_PLACE = re.compile("([\u4e00-\u9fff]{2,3})[省市县区州旗镇乡]$")
_OWN = re.compile("(?:[我本全各该贵咱]|咱们|我们|俺们|你们)[省市县区州旗镇乡]$")
_OTHERS = re.compile("(?:[全各邻外]|隔壁|别的|其他|某)$")
_LEVELS = frozenset("省市县区州旗镇乡")
_LONGER = re.compile(
    "路(?![上口灯费])|街(?!上|头)|巷|站牌|小区|家属院|家属区|宿舍|公交站|餐厅|酒店|宾馆|股份|集团|有限"
)
_REACH = 6


class UnitMatcher:
    """Finds the units that a text names."""

    def __init__(self, units: Sequence[Unit] = ()) -> None:
        ids: dict[str, str] = {}
        for unit in units:
            for name in (unit.name, *unit.aliases):
                if len(name.strip()) >= MIN_NAME:
                    ids.setdefault(name.strip(), str(unit.id))
        self._names = normal_each(list(ids)) if ids else []
        self._ids = tuple(ids.values())
        self._places = _places(self._names)
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
            if self._holds(text, max(starts[at], start - _REACH), start, end):
                told.setdefault(found.first + at, {})[self._ids[name]] = None
            reached = end  # what is part of a longer name is none, either
        return told

    def _holds(self, text: str, begin: int, start: int, end: int) -> bool:
        """Whether the name stands for the unit, not for a part of another name."""
        if _LONGER.match(text, end):
            return False
        before = text[begin:start]
        beyond = _OTHERS if text[start] in _LEVELS else _OTHER_LEVEL
        if beyond.search(before):
            return False
        place = _NAMED_PLACE.search(before)
        if place is None or _OWN.search(before):
            return True
        # 昆明市水务局 is another one's, unless the place is one that the units' own names have.
        return any(place[1].endswith(own) for own in self._places)


def _places(names: Sequence[str]) -> frozenset[str]:
    """The places that the units' own names begin with: 岚江 of 岚江县水务局."""
    found = (re.match("([\u4e00-\u9fff]{2,4}?)(?:省|市|县|区|州|旗|镇|乡)", name) for name in names)
    return frozenset(place[1] for place in found if place)
