"""What a name of a place needs before it counts: tiers of names, and words that deceive.

The lists are short and local to the task: each word was seen to deceive in everyday posts.
"""

from __future__ import annotations

import re
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

MARKS = frozenset("省市县区镇乡州旗盟")
CHECKED = 3
"""Names so short, or shorter, may be parts of other words, persons, brands or streets."""


def _words(text: str) -> list[str]:
    return text.split()


WORDS = Path(__file__).resolve().parent / "locality_words.txt"


def _listed(section: str) -> frozenset[str]:
    _, _, rest = WORDS.read_text("utf-8").partition(f"[{section}]\n")
    return frozenset(rest.partition("\n[")[0].split())


ORDINARY = _listed("ordinary")
"""Ordinary words, and stems that many places share: never sure by themselves. Outside the own area
they are told only where the division above stands directly before."""

KNOWN = _listed("known")
"""Short names of counties that are the county wherever they stand, if only one bears the name."""

GENERIC = frozenset(
    _words("""
    城区 郊区 矿区 新区 东区 西区 南区 北区 中区 市区 县城 开发区 经济开发区 经济技术开发区
    工业园区 高新区 高新技术产业开发区 工业园 产业园 产业园区 管理区 办事处 林场 农场 牧场 渔场
    茶场 监狱 火车站 水库 景区 风景区 保税区 示范区 度假区 新城 街道 机场 园区 种畜场 良种场
    原种场 园艺场 市辖区 工业区 科技园 物流园 农科所 劳改农场 国营农场
    """)
)
"""Names of divisions that are common nouns: not looked for."""

NOT_A_PLACE = re.compile(
    "杂志|女性|时尚|伊人|服饰|美容|模特|家居|医美|航空(?!路|港|口)|卫视|日报|晚报|晨报|商报|牌|啤酒|烤鸭|白药"
    "|火腿|拉面|米线|大学(?!城|生|路)|学院(?!路)|银行|现代|大众|人寿|保险|股份|证券|药业|集团|球迷|国安|恒大|申花|富力"
)
"""What makes of the short name before it a brand or an institution (瑞丽杂志, 湖南卫视)."""

PRODUCT = re.compile(
    "小粒|咖啡豆?|坚果|贡米|大米|香米|糯米|茶叶|[红绿白黑]茶|普洱|毛尖|毛峰|龙井|菠萝|香梨|苹果|荔枝|柠檬|芒果|石榴"
    "|蜜桃|葡萄干?|大枣|红枣|枸杞|香菇|火锅|小面|热干面|刀削面|凉皮|臊子面|肉夹馍|烧饼|月饼|粽子|豆瓣|榨菜|香醋|陈醋"
    "|板鸭|烧鸡|扒鸡|羊肉串?|牛肉干?|腊肉|香肠|鱼丸|豆腐|米粉|螺蛳粉|过桥|饵丝|二锅头|老窖|大曲|黄酒|白酒"
    "|翡翠手镯|翡翠吊坠|玉石手镯|葫芦丝|户撒刀|刀(?!下|口|山)|菜刀|剪刀|宝剑|瓷器|丝绸|刺绣|唐卡|年画|黄焖鸡|麻辣烫"
)
"""Goods that are called by where they come from: the text need not be about that place."""

STREET = re.compile(
    "[东西南北中前后]?(?:大道|大街|路(?![灯面段况费过人政网途程])|街(?![上头边坊景舞拍区道办])|巷(?!道战)|胡同|弄堂)"
    "|大厦|大饭店|国际酒店"
)
"""What makes of the short name before it the name of a street or house, wherever that lies."""

FEATURE = re.compile("[山河湖岛寺峡岭峰溪潭泉沟洋塔洞庙](?![里上边区])|江(?!边|畔|堤|水)")
"""What makes of the short name of a town before it the name of something in nature (青城山)."""

BEHIND = re.compile(
    "[杂女时伊服美模家医航卫日晚晨商牌啤烤白火拉米大学银现人保股证药集球国恒申富]"
    "|[小咖坚贡香糯茶红绿黑普毛龙菠苹荔柠芒石蜜葡枣枸热刀凉臊肉烧月粽豆榨陈板扒羊牛腊鱼螺过饵二老黄翡玉葫户菜剪宝瓷丝刺唐年麻]"
    "|[东西南北中前后路街巷胡弄山河湖岛寺峡岭峰溪潭泉沟洋塔洞庙江]"
)
"""Begins all of the above, for a quick look."""

AFTER_CITY = frozenset("场民面价值容")
"""Characters that belong with the 市 before them (市场, 市民), so that the name ends before it."""


def spoken_forms(division: Division) -> tuple[str, ...]:
    """The full name and what people say beside it, the stem last: 德宏州, 德宏."""
    if "族" in division.name or "自治" in division.name:
        return (division.name, *(common_names(division) or (division.short,)))
    return (division.name, division.short)


def without_parent(division: Division, parent: str) -> tuple[str, ...]:
    """The name of a town that begins with the name above it, without that: 芒市勐焕街道."""
    rest = division.name.removeprefix(parent)
    return (rest,) if rest != division.name and len(rest) > len("街道") + 1 else ()


def has_place_ending(name: str) -> bool:
    """Whether it ends like the name of a road, a school, a water: then it is no short name."""
    return bool(_PLACE_ENDING.search(name))


def distinctive_town(name: str) -> bool:
    """Whether a town's full name can stand alone: 勐卯街道 can, 城乡 and 东街道 can't."""
    if name.endswith("街道"):
        return len(name) >= len("二字街道")
    return len(name) >= len("二字") + 1 and name[-1] in "镇乡" and not name.endswith("城乡")


_PLACE_ENDING = re.compile(
    "(?:大道|大街|[东西南北中前后]?路|街|巷|小学|中学|一中|二中|三中|幼儿园|学校|医院|公园|广场"
    "|小区|花园|水库|大桥|市场|新村|村|社区|车站|收费站|服务区)$"
)
_NUMBERED = re.compile(
    "第?[一二三四五六七八九十]+|[东西南北中]+|中心|实验|人民|民族|职业|妇幼|中医"
)


def common_place(name: str) -> bool:
    """Whether a place of one's own bears a name that places everywhere bear: 人民路, 第一中学."""
    stem = _PLACE_ENDING.sub("", name)
    return stem != name and (
        len(stem) < len("二字") or stem in ORDINARY or bool(_NUMBERED.fullmatch(stem))
    )
