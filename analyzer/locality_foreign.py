"""Names of places abroad: what stands right behind one is hardly the place here of that name."""

from __future__ import annotations

import functools
import re
from pathlib import Path

FILE = Path(__file__).resolve().parent / "locality_abroad.txt"


def is_abroad(name: str) -> bool:
    """Whether the name is that of a place abroad, or contains one: 迈阿密海滩."""
    names = _names()
    return name in names or any(part in name for part in names if len(part) > 1)


_NEXT_DOOR = frozenset(
    ("缅甸", "越南", "老挝", "俄罗斯", "蒙古国", "哈萨克", "尼泊尔", "吉尔吉斯", "曼德勒", "仰光")
)
_TAIL = 2


def is_abroad_before(text: str, end: int, *, near: bool = False) -> bool:
    """Whether the text before ``end`` closes with a name of a place abroad: 美国|德州, 韩国|光州.

    Neighbours of China count only where ``near``: 缅甸瑞丽 are two places beside each other.
    """
    names = by_tail().get(text[end - _TAIL : end]) if end >= _TAIL else None
    return names is not None and any(
        text.endswith(name, 0, end) and (near or name not in _NEXT_DOOR) for name in names
    )


def abroad_in(text: str, start: int, end: int) -> int:
    """Where the last name of a place abroad between ``start`` and ``end`` closes; -1 for none.

    Neighbours of China do not count.
    """
    last = -1
    for found in _pattern().finditer(text, start, end):
        last = found.end()
    return last


@functools.cache
def _pattern() -> re.Pattern[str]:
    far = sorted(name for name in _names() - _NEXT_DOOR if len(name) >= _TAIL)
    return re.compile("|".join(map(re.escape, sorted(far, key=len, reverse=True))))


@functools.cache
def by_tail() -> dict[str, tuple[str, ...]]:
    """The names by their last two characters."""
    tails: dict[str, tuple[str, ...]] = {}
    for name in _names():
        if len(name) >= _TAIL:
            tails[name[-_TAIL:]] = (*tails.get(name[-_TAIL:], ()), name)
    return tails


@functools.cache
def _names() -> frozenset[str]:
    _, _, listed = FILE.read_text("utf-8").partition("\n")
    return frozenset(listed.split())
