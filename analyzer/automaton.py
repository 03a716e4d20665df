"""Many names at once in a text: one automaton, linear in the text, flat in the number of names."""

from __future__ import annotations

import re
from collections.abc import Sequence

import ahocorasick_rs

_SURROGATE = re.compile("[\ud800-\udfff]")


def find_all(automaton: ahocorasick_rs.AhoCorasick, text: str) -> list[tuple[int, int, int]]:
    """(pattern, start, end) by code points. A lone surrogate, which UTF-8 lacks, matches none."""
    try:
        return automaton.find_matches_as_indexes(text)
    except UnicodeEncodeError:
        return automaton.find_matches_as_indexes(_SURROGATE.sub("\ufffd", text))


def make_automaton(names: Sequence[str]) -> ahocorasick_rs.AhoCorasick:
    """Leftmost-longest, so that 瑞丽市 is not also 瑞丽. Compact: a few bytes a name."""
    return ahocorasick_rs.AhoCorasick(
        names,
        matchkind=ahocorasick_rs.MatchKind.LeftmostLongest,
        store_patterns=False,
        implementation=ahocorasick_rs.Implementation.ContiguousNFA,
    )
