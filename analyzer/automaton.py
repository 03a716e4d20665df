"""Many names at once in a text: one automaton, linear in the text, flat in the number of names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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


class NamesInTexts:
    """Which of some names stand in which of many texts: all texts are read in one call.

    Names are of ordinary characters; a NUL stands between two texts.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._automaton = ahocorasick_rs.BytesAhoCorasick(
            [name.encode() for name in names],
            matchkind=ahocorasick_rs.MatchKind.LeftmostLongest,
        )

    def find(self, texts: Sequence[str]) -> Iterator[tuple[int, int]]:
        """(text, name) by their numbers, in the order in which they stand there."""
        joined = "\0".join(texts).encode("utf-8", "surrogatepass")
        if joined.count(b"\0") >= len(texts):
            plain = "\0".join(text.replace("\0", " ") for text in texts)
            joined = plain.encode("utf-8", "surrogatepass")
        text = reached = 0
        for name, start, _ in self._automaton.find_matches_as_indexes(joined):
            text += joined.count(b"\0", reached, start)
            reached = start
            yield text, name
