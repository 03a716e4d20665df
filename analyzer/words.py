"""Whether a word is one of everyday speech: as somebody's name it would catch everything."""

from __future__ import annotations

from functools import cache
from typing import Any

from analyzer import word_list
from analyzer.locality_names import ORDINARY

_BODIES = ("局", "委", "厅", "院", "所", "站", "队", "处", "中心", "公司", "办公室")
"""Longer words with these ends name a body: 教育局 is in dictionaries, and means one here."""

_SHORT = 2
_NAMES = ("nr", "ns", "nt", "nz")
"""Parts of speech of proper names: persons, places, bodies, others."""


def is_ordinary(word: str) -> bool:
    """Whether it is an ordinary word (发展, 市场): in our list, or no proper name by dictionary."""
    if word in ORDINARY:
        return True
    cutter = _cutter()
    if not cutter.has_word(word):
        return False
    tagged = cutter.tag(word)
    is_body = len(word) > _SHORT and word.endswith(_BODIES)
    return len(tagged) == 1 and not is_body and not tagged[0][1].startswith(_NAMES)


@cache
def _cutter() -> Any:
    return word_list.words()
