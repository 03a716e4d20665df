"""The written sentences with places: reading them, the desks they are for, and figures."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from msgspec import Struct

from analyzer.locality import Matcher
from posts.model import HitCertainty
from registry import gazetteer
from registry.areas import Area

FILE = Path(__file__).resolve().parents[1] / "analyzer" / "localities.txt"
BLIND = FILE.with_name("localities_blind.txt")  # written without reading the rules
THIRD = FILE.with_name("localities_third.txt")  # likewise, later
_MARKED = re.compile(r"\[([^\[\]|]+)\|([0-9a-z-]+)\]")
_HELD_OUT = 3  # one sentence in so many is looked at for the figure only


class Sentence(Struct, frozen=True):
    """A text, and its sure places in the own area: (start, end, code)."""

    desk: str
    kind: str
    text: str
    places: tuple[tuple[int, int, str], ...]
    source_area: str | None = None

    @property
    def held_out(self) -> bool:
        """Whether the sentence is one of the third that nothing is tuned on."""
        return zlib.crc32(self.text.encode("utf-8", "surrogatepass")) % _HELD_OUT == 0

    @property
    def half(self) -> int:
        """Which half of the sentences it is in by lot: rules were mended on half 0 alone."""
        return lot(self.text)


def lot(text: str) -> int:
    """0 or 1, by lot."""
    return zlib.crc32(b"lot" + text.encode("utf-8", "surrogatepass")) % 2


class Figures(Struct, frozen=True):
    """Sure hits in the own area against the marked ones."""

    right: int
    claimed: int
    marked: int
    wrong: tuple[str, ...]

    @property
    def precision(self) -> float:
        """Share of the claimed ones that are right."""
        return self.right / max(self.claimed, 1)

    @property
    def recall(self) -> float:
        """Share of the marked ones that are found."""
        return self.right / max(self.marked, 1)


def unmarked(line: str) -> tuple[str, tuple[tuple[int, int, str], ...]]:
    """The text without marks, and what they say."""
    text, places, at = "", [], 0
    for mark in _MARKED.finditer(line):
        text += line[at : mark.start()]
        places.append((len(text), len(text) + len(mark[1]), mark[2]))
        text += mark[1]
        at = mark.end()
    return text + line[at:], tuple(places)


@cache
def sentences(file: Path = FILE) -> tuple[Sentence, ...]:
    """All of the file."""
    found = []
    desk = ""
    for line in file.read_text("utf-8").split("\n"):
        kind, _, body = line.partition("\t")
        if kind == "desk":
            desk = body
        elif body and not line.startswith("#"):
            text, places = unmarked(body)
            name, _, area = kind.partition("@")
            found.append(Sentence(desk, name, text, places, area or None))
    return tuple(found)


@cache
def desk(name: str) -> Matcher:
    """The matcher of a desk, with names as its settings file would have them."""
    code, aliases, places = {
        "dehong": (
            "5331",
            {
                "5331": ("傣乡", "孔雀之乡"),
                "533102": ("姐告", "勐卯城", "瑞城", "瑞丽CBD", "姐告边境贸易区", "瑞丽海关"),
                "533103": ("边城芒市", "黎明之城"),
            },
            {
                "姐岗路": ("533102", ()),
                "弄莫湖公园": ("533102", ("弄莫湖",)),
                "瑞丽第一中学": ("533102", ("瑞丽一中",)),
                "国门书社": ("533102", ()),
                "勐焕路": ("533103", ()),
                "团结大街": ("533103", ()),
                "德宏职业学院": ("5331", ()),
            },
        ),
        "yuzhong": ("620123", {}, {}),
        "lanjiang": (
            "990101",
            {
                "990101": ("岚江县", "岚江"),
                "990101101": ("弄坝镇", "弄坝"),
                "990101102": ("芒岭乡", "芒岭"),
                "990101103": ("勐板镇", "勐板"),
                "990101104": ("城关镇",),
                "990101105": ("回贤乡", "回贤"),
            },
            {"弄坝水库": ("990101101", ())},
        ),
        "gulou": (
            "320106",
            {"320106": ("南京鼓楼",)},
            {
                "湖南路": ("320106003", ("狮子桥",)),
                "中山北路": ("320106", ()),
                "阅江楼": ("320106", ()),
                "金陵中学": ("320106", ()),
                "拉萨路小学": ("320106", ("拉小",)),
                "南京师范大学附属中学": ("320106", ("南师附中",)),
                "清凉山公园": ("320106", ()),
                "江苏省人民医院": ("320106", ("省人医",)),
                "南京鼓楼医院": ("320106", ()),
            },
        ),
        "pingyi": (
            "371326",
            {},
            {
                "蒙山大道": ("371326", ()),
                "莲花山路": ("371326", ()),
                "九间棚村": ("371326106", ("九间棚",)),
                "浚河公园": ("371326", ()),
                "平邑县第一中学": ("371326", ("平邑一中",)),
            },
        ),
        "zhongshan": (
            "4420",
            {"442000118": ("小榄",), "442000003": ("火炬开发区",)},
            {
                "孙文西路": ("4420", ()),
                "岐江公园": ("4420", ()),
                "中山市第一中学": ("4420", ("中山一中",)),
            },
        ),
        "zhangqiu": (
            "370114",
            {},
            {
                "百脉泉公园": ("370114", ("百脉泉",)),
                "章丘区第四中学": ("370114", ("章丘四中",)),
                "朱家峪古村": ("370114009", ("朱家峪",)),
                "明水古城": ("370114", ()),
                "汇泉路": ("370114", ()),
            },
        ),
        "shandong": ("37", {}, {}),
        "chaoyang": (
            "110105",
            {"110105004": ("三里屯",), "110105026": ("望京",)},
            {"朝阳路": ("110105", ()), "北京朝阳医院": ("110105", ())},
        ),
        "xiangfang": ("230110", {}, {"香坊万达广场": ("230110", ("香坊万达",))}),
        "qingan": (
            "231224",
            {},
            {
                "庆安县第一中学": ("231224", ("庆安一中",)),
                "庆安火车站": ("231224", ()),
                "柳河水库": ("231224108", ()),
            },
        ),
        "baiyun": (
            "440111",
            {"440111": ("广州白云",), "440111002": ("三元里",)},
            {
                "白云山风景区": ("440111", ("白云山",)),
                "广东外语外贸大学": ("440111", ("广外",)),
                "机场路": ("440111", ()),
                "白云万达广场": ("440111", ("白云万达",)),
            },
        ),
        "datong": (
            "1402",
            {},
            {
                "云冈石窟": ("140214", ()),
                "华严寺": ("140213", ()),
                "御河西路": ("140213", ()),
                "悬空寺": ("140225", ()),
                "大同古城": ("140213", ()),
                "大同市第一中学": ("1402", ("大同一中",)),
                "山西大同大学": ("1402", ("大同大学",)),
            },
        ),
    }[name]
    divisions = gazetteer.load()
    own = [d for d in divisions if d.code.startswith(code)]
    areas = [
        Area(
            code=d.code,
            name=d.name,
            level=d.level,
            parent=d.parent,
            own=True,
            aliases=(*gazetteer.common_names(d), *aliases.get(d.code, ())),
        )
        for d in own
    ]
    if not own:
        areas = [
            Area(
                code=one,
                name=names[0],
                level="town" if one != code else "county",
                parent=code if one != code else "",
                own=True,
                aliases=names[1:],
            )
            for one, names in aliases.items()
        ]
    areas += [
        Area(
            code=f"{parent}-p{number}",
            name=place,
            level="place",
            parent=parent,
            own=True,
            aliases=others,
        )
        for number, (place, (parent, others)) in enumerate(places.items(), 1)
    ]
    return Matcher(divisions, areas)


def figures(chosen: Iterable[Sentence], matcher_of: Callable[[str], Matcher] = desk) -> Figures:
    """What the matchers of the desks claim, against what is marked.

    A place of one's own below a division (533102-p1) counts as the division, where only that is
    marked.
    """
    right = claimed = marked = 0
    wrong = []
    for one in chosen:
        matcher = matcher_of(one.desk)
        hits = [
            (hit.start, hit.end, hit.code.partition("-")[0])
            for hit in matcher.find(one.text, one.source_area)
            if hit.certainty is HitCertainty.SURE and matcher.is_own(hit.code)
        ]
        places = [(start, end, code.partition("-")[0]) for start, end, code in one.places]
        good = [p for p in places if any(_same(p, hit) for hit in hits)]
        right += len(good)
        marked += len(places)
        claimed += len(good) + len([h for h in hits if not any(_same(h, p) for p in places)])
        if len(good) < len(places) or len(hits) > len(good):
            wrong.append(f"{one.kind}: {one.text} → {hits}")
    return Figures(right, claimed, marked, tuple(wrong))


def _same(one: tuple[int, int, str], other: tuple[int, int, str]) -> bool:
    return one[2] == other[2] and one[0] < other[1] and other[0] < one[1]
