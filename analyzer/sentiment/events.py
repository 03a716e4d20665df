"""Words for grave events, in three grades: what they are in must never read as good news.

Own list (``events.txt``), written for this service. Grade 3 is death and violence against life, 2
injury, disaster, pollution, clash and crime, 1 what troubles people. Phrases of grade 0 take a word
out of its gravity (*无人员伤亡*, *笑死*): the longest phrase at the leftmost place counts. Each
word counts in traditional characters, too (*遇難*).
"""

from __future__ import annotations

import functools
import itertools
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from ahocorasick_rs import AhoCorasick
from numpy.typing import NDArray

from analyzer.automaton import find_all, make_automaton

GRADES = 4
Points = NDArray[np.uint32]
_ROLL = np.uint32(0x9E3779B1)
_PAIR_BITS = 18
_MOST_WAYS = 64
_FEW = 1_000
"""Points that the automaton has read before pairs are looked up."""

_SHIFT = np.uint32(32 - _PAIR_BITS)


def _read() -> dict[str, int]:
    lines = (Path(__file__).parent / "events.txt").read_text("utf-8").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    given = {word: int(grade) for grade, *words in rows for word in words}
    forms = _traditional()
    for word, grade in list(given.items()):
        if len(word) == 1:
            continue  # each is looked for by itself, in all points
        ways = itertools.product(*(forms.get(one, one) for one in word))
        for way in itertools.islice(ways, _MOST_WAYS):
            given.setdefault("".join(way), grade)
    return given


def _traditional() -> dict[str, str]:
    """The traditional characters of each simplified one."""
    text = (Path(__file__).parents[1] / "traditional.txt").read_text("utf-8")
    forms: dict[str, str] = {}
    for line in text.splitlines():
        for pair in line.split() if not line.startswith("#") else ():
            forms[pair[1]] = forms.get(pair[1], "") + pair[0]
    return forms


_GRADE_OF = _read()
_NAMES = tuple(_GRADE_OF)
_LONGEST = max(map(len, _NAMES))
_SINGLE = tuple(name for name in _NAMES if len(name) == 1)
_GRADES = np.array([_GRADE_OF[word] for word in _NAMES], dtype=np.int64)


def grade(text: str) -> int:
    """The gravest grade of the events that the text names; 0 where it names none."""
    return max((int(_GRADES[which]) for which, _, _ in _found(text)), default=0)


def named(text: str) -> list[tuple[str, int, int, int]]:
    """The words found, with grade, start and end (code points)."""
    return [
        (_NAMES[which], int(_GRADES[which]), start, end)
        for which, start, end in _found(text)
        if _GRADES[which]
    ]


def grades(points: Points, owners: NDArray[np.uint32], count: int) -> NDArray[np.int64]:
    """The grade of each of ``count`` texts in a chunk of normalised code points.

    The chunk ends with separators, so that no word begins at its last point.
    """
    starts, gravest = _words(points)
    told = np.zeros(count, dtype=np.int64)
    np.maximum.at(told, owners.take(starts), gravest)
    return told


class _Pairs(NamedTuple):
    """What words begin with: their first two code points.

    By the hash of a pair whether it may be one, and its number; of each its points and its grade
    where it is itself a word (else -1). ``longer`` has by the hash of a pair's number and of a
    point whether a word goes on so.
    """

    mix: np.uint32
    begin: NDArray[np.bool_]
    numbers: NDArray[np.uint16]
    first: Points
    second: Points
    grade: NDArray[np.int64]
    longer: NDArray[np.bool_]


def _words(points: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the words in a chunk of points start, none over another, and their grades.

    As the automaton finds them; pairs are looked up all at once, so that hardly anything is left
    to be read one by one.
    """
    if len(points) < _FEW or any((points == ord(one)).any() for one in _SINGLE):
        return _words_of_any_length(points)
    pairs = _pairs()
    hashed = _hashed(points[:-1], points[1:], pairs.mix)
    at = np.flatnonzero(pairs.begin.take(hashed, mode="clip"))
    number = pairs.numbers.take(hashed.take(at))
    same = pairs.first.take(number) == points.take(at)
    same &= pairs.second.take(number) == points.take(at + 1)
    at, number = at[same], number[same]
    grade, ends = pairs.grade.take(number), at + 2
    following = _hashed(number, points.take(at + 2, mode="clip"), pairs.mix)
    longer = np.flatnonzero(pairs.longer.take(following, mode="clip"))
    runs = points.take(at[longer][:, None] + np.arange(_LONGEST), mode="clip")
    text = runs.tobytes().decode("utf-32-le", "surrogatepass")
    for place, which in enumerate(longer.tolist()):
        run = text[place * _LONGEST : (place + 1) * _LONGEST]
        for size in range(_LONGEST, 2, -1):
            if run[:size] in _GRADE_OF:
                grade[which], ends[which] = _GRADE_OF[run[:size]], at[which] + size
                break
    words = np.flatnonzero(grade >= 0)
    at, grade, ends = at[words], grade[words], ends[words]
    over = np.flatnonzero(at[1:] < np.maximum.accumulate(ends)[:-1]) + 1
    if len(over):
        kept = _without_those_over_others(over.tolist(), at, ends)
        at, grade = at[kept], grade[kept]
    return at, grade


def _without_those_over_others(
    which: list[int], starts: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Which words remain where the leftmost goes first; ``which`` of them may be over another."""
    kept = np.ones(len(starts), dtype=bool)
    reached, before = 0, -1
    for one in which:
        if one - 1 != before:
            reached = ends[one - 1]
        if starts[one] < reached:
            kept[one] = False
        else:
            reached = ends[one]
        before = one
    return kept


def _words_of_any_length(points: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    found = _found(points.tobytes().decode("utf-32-le", "surrogatepass"))
    starts = np.array([start for _, start, _ in found], dtype=np.int64)
    return starts, _GRADES[[which for which, _, _ in found]]


def _hashed(first: NDArray[Any], second: Points, mix: np.uint32) -> Points:
    hashed: Points = first * mix
    hashed += second
    hashed *= _ROLL
    hashed >>= _SHIFT
    return hashed


@functools.cache
def _pairs() -> _Pairs:
    begun = dict.fromkeys(name[:2] for name in _NAMES if len(name) > 1)
    pairs = {pair: number for number, pair in enumerate(begun)}
    points = np.array([[ord(one) for one in pair] for pair in pairs], dtype=np.uint32)
    mix = _ROLL
    while len(set((hashed := _hashed(points[:, 0], points[:, 1], mix)).tolist())) < len(pairs):
        mix += np.uint32(2)  # until no two have the same hash; over 3,000 pairs need more bits
    numbers = np.zeros(1 << _PAIR_BITS, dtype=np.uint16)
    numbers[hashed] = np.arange(len(pairs), dtype=np.uint16)
    longer = np.zeros(1 << _PAIR_BITS, dtype=bool)
    triples = [(pairs[name[:2]], ord(name[2])) for name in _NAMES if len(name) > 2]  # noqa: PLR2004
    which, third = np.array(triples, dtype=np.uint32).T
    longer[_hashed(which, third, mix)] = True
    begin = np.zeros(1 << _PAIR_BITS, dtype=bool)
    begin[hashed] = True
    return _Pairs(
        mix,
        begin,
        numbers,
        points[:, 0].copy(),
        points[:, 1].copy(),
        np.array([_GRADE_OF.get(pair, -1) for pair in pairs], dtype=np.int64),
        longer,
    )


def _found(text: str) -> list[tuple[int, int, int]]:
    return find_all(_automaton(), text)


@functools.cache
def _automaton() -> AhoCorasick:
    return make_automaton(_NAMES)
