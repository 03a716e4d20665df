"""What is said in the invented 岚江县 over a day: ordinary talk, an incident, reposts, a rumour.

Pure: the same epoch gives the same posts. Offsets are minutes before (−) or after (+) the start
of the demo; what lies after it appears on the sites when its time has come.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from importlib import resources

from msgspec import Struct

GOV, FORUM, PAPER, HOTLINE = "gov", "forum", "paper", "hotline"

#: Minutes before the start at which the reservoir's trouble began.
OCCURRED_MIN = 100
ORDINARY_COUNT = 112
DAY_MIN = 24 * 60

TOWNS = ("弄坝镇", "芒岭乡", "勐板镇", "城关镇", "回贤乡")
_AUTHORS = ("山里人", "岚江老张", "菌子哥", "小河淌水", "赶街的阿妹", "一碗米线", "边城", "雨季")


class Told(Struct, frozen=True):
    """One post on a demo site."""

    site: str
    number: int
    at: datetime
    author: str
    title: str
    text: str


def tell(epoch: datetime) -> list[Told]:
    """All posts of the story, oldest first; ``epoch`` is the start of the demo (aware)."""
    draw = random.Random(20160629)  # noqa: S311 - a story, no secret
    rows = [line.split("\t") for line in _lines()]
    told = [(float(minute), site, title, text) for minute, site, title, text in rows if minute]
    ordinary = [(row, town) for row in rows if not row[0] for town in TOWNS]
    draw.shuffle(ordinary)
    for (_, site, title, text), town in (ordinary * 2)[:ORDINARY_COUNT]:
        minute = -draw.uniform(5, DAY_MIN)
        told.append((minute, site, title.format(town=town), text.format(town=town)))
    told.sort()
    return [
        Told(site, number, epoch + timedelta(minutes=minute), draw.choice(_AUTHORS), title, text)
        for number, (minute, site, title, text) in enumerate(told, 1)
    ]


def _lines() -> list[str]:
    text = resources.files("yuqing.demo").joinpath("story.tsv").read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]
