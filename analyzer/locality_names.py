"""What a name of a place needs before it counts: tiers of names, and names that deceive.

The lists are short and local to the task: each word was seen to deceive in everyday posts.
What stands beside a name is judged in :mod:`analyzer.locality_signs`.
"""

from __future__ import annotations

import re
from collections.abc import Container
from enum import IntEnum
from pathlib import Path

from registry.gazetteer import Division, common_names


class Tier(IntEnum):
    """What a name needs to be surely the place."""

    SURE = 0  # nothing
    CONTEXT = 1  # a division above it in the text, the own area, or the source's area
    ORDINARY = 2  # a division above it directly before it
    FOREIGN = 3  # the same, outside the own area: without it, it is not told at all


MANY = 3
"""A full name that so many places bear is not the own town without more."""

SOME_TOWNS = 60
"""The stem of an own town needs the place above it, or words around it, in so large an area."""

MANY_TOWNS = 250
"""The stem of an own town is not sure by itself if the own area has more towns: of so many stems
some are in every text by chance (高塔, 天宫, 安墩公司)."""

MARKS = frozenset("省市县区镇乡州旗盟")
CHECKED = 3
"""Names so short, or shorter, may be parts of other words, persons, brands or streets."""


def _words(text: str) -> list[str]:
    return text.split()


WORDS = Path(__file__).resolve().parent / "locality_words.txt"


def listed(section: str) -> frozenset[str]:
    """The words of a section of the file of words."""
    _, _, rest = WORDS.read_text("utf-8").partition(f"[{section}]\n")
    return frozenset(rest.partition("\n[")[0].split())


ORDINARY = listed("ordinary") | listed("nouns")
"""Ordinary words, and stems that many places share: never sure by themselves. Outside the own area
they are told only where the division above stands directly before."""

KNOWN = listed("known")
"""Short names of counties that are the county wherever they stand, if only one bears the name."""

GENERIC = frozenset(
    _words("""
    城区 郊区 矿区 新区 东区 西区 南区 北区 中区 市区 县城 开发区 经济开发区 经济技术开发区
    工业园区 高新区 高新技术产业开发区 工业园 产业园 产业园区 管理区 办事处 林场 农场 牧场 渔场
    茶场 监狱 火车站 水库 景区 风景区 保税区 示范区 度假区 新城 街道 机场 园区 种畜场 良种场
    新城区 老城区 新市区 地质大队 原种场 园艺场 市辖区 工业区 科技园 物流园 农科所 劳改农场 国营农场
    社区服务中心 社会事务局 工业集中区 产业集聚区 集聚区 高新技术产业园区 分乡镇
    """)
)
"""Names of divisions that are common nouns: not looked for."""

NEVER = frozenset(("公安", "比如"))
"""Words of which what stands beside them says nothing: 感谢公安交警, 比如今天."""

BELONGS = {
    "市": frozenset("场民面价值容级"),
    "县": frozenset("级际"),
    "区": frozenset("域间"),
    "州": frozenset("际"),
    "旗": frozenset("舰下帜袍"),
}
"""Characters that belong with the last one of a name (市场, 县级), so that it ends before that."""
GOES_ON = frozenset().union(*BELONGS.values())


def spoken_forms(division: Division) -> tuple[str, ...]:
    """The full name and what people say beside it, the stem last: 德宏州, 德宏."""
    if "族" in division.name or "自治" in division.name:
        common = common_names(division) or (division.short,)
        stem = (division.short,) if division.level == "town" else ()
        return (division.name, *dict.fromkeys((*common, *stem)))
    return (division.name, division.short)


def without_parent(division: Division, parent: str) -> tuple[str, ...]:
    """The name of a town that begins with the name above it, without that: 芒市勐焕街道."""
    rest = division.name.removeprefix(parent)
    if rest == division.name or rest[:1] in MARKS or rest in GENERIC:
        return ()  # 马鞍山市经济技术开发区
    return (rest,) if len(rest) > len("街道") + 1 else ()


def has_place_ending(name: str) -> bool:
    """Whether it ends like the name of a road, a school, a water: then it is no short name."""
    return bool(_PLACE_ENDING.search(name))


def is_a_count(name: str) -> bool:
    """Whether the stem of a town is a number of things, too: 五百户, 八颗."""
    return bool(_COUNT.fullmatch(name))


def distinctive_town(name: str) -> bool:
    """Whether a town's full name can stand alone: 勐卯街道 can, 城乡 and 东街道 can't."""
    if name.endswith("街道"):
        return len(name) >= len("二字街道")
    return len(name) >= len("二字") + 1 and name[-1] in "镇乡" and not name.endswith("城乡")


ONLY_ITS_END, BEGINS_WITH_A_WORD = 1, 2


def goes_on_as(name: str, *, own: bool) -> int:
    """What is asked of a full name, 0 for nothing.

    :data:`ONLY_ITS_END`: whether its end belongs to what follows (白云区分);
    :data:`BEGINS_WITH_A_WORD`: besides, whether it is a word and the begin of another (幸福镇静剂).
    """
    if name[-1] in ("镇乡区县市旗" if own else "镇乡") and name[:-1] in ORDINARY:
        return BEGINS_WITH_A_WORD
    return ONLY_ITS_END if own and len(name) > len("二字") and name[-1] in "镇乡区县市" else 0


_PLACE_ENDING = re.compile(
    "(?:大道|大街|[东西南北中前后]?路|街|巷|小学|中学|一中|二中|三中|幼儿园|学校|医院|公园|广场"
    "|小区|花园|水库|大桥|市场|新村|村|社区|车站|收费站|服务区)$"
)
_COUNT = re.compile("[一二三四五六七八九十百千]+[户家人颗棵条只头匹件张块亩]")
_NUMBERED = re.compile(
    "第?[一二三四五六七八九十]+|[东西南北中]+|中心|实验|人民|民族|职业|妇幼|中医"
)


def common_place(name: str, own: Container[str] = ()) -> bool:
    """Whether a place of one's own bears a name that places everywhere bear: 人民路, 第一中学.

    A school called after what is in ``own`` is none of those: 中山一中 in 中山.
    """
    stem = _PLACE_ENDING.sub("", name)
    if stem == name:
        return False
    if stem in own and name[-1] in "学中":
        return False
    return len(stem) < len("二字") or stem in ORDINARY or bool(_NUMBERED.fullmatch(stem))
