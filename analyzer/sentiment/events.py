"""Words for grave events, in three grades: what they are in must never read as good news.

Own list (``events.txt``), written for this service. Grade 3 is death and violence against life, 2
injury, disaster, pollution, clash and crime, 1 what troubles people. Phrases of grade 0 take a word
out of its gravity (*无人员伤亡*, *笑死*): the longest phrase at the leftmost place counts.
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
from ahocorasick_rs import AhoCorasick
from numpy.typing import NDArray

from analyzer.automaton import find_all, make_automaton

GRADES = 4
Points = NDArray[np.uint32]
_ROLL = np.uint32(0x9E3779B1)
_PAIR_BITS = 16
_SHIFT = np.uint32(32 - _PAIR_BITS)
_AFTER, _WITHIN = 1, 2


def _read() -> dict[str, int]:
    lines = (Path(__file__).parent / "events.txt").read_text("utf-8").splitlines()
    rows = [line.split() for line in lines if not line.startswith("#")]
    return {word: int(grade) for grade, *words in rows for word in words}


_GRADE_OF = _read()
_NAMES = tuple(_GRADE_OF)
_LONGEST = max(map(len, _NAMES))
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


def grades(points: NDArray[np.uint32], owners: NDArray[np.uint32], count: int) -> NDArray[np.int64]:
    """The grade of each of ``count`` texts in a chunk of normalised code points."""
    near, places = _near_words(points)
    found = _found(near.tobytes().decode("utf-32-le"))
    gravest = np.zeros(count, dtype=np.int64)
    if found:
        which, starts, _ = np.array(found, dtype=np.int64).T
        np.maximum.at(gravest, owners[places[starts]], _GRADES[which])
    return gravest


def _near_words(points: Points) -> tuple[Points, NDArray[np.int64]]:
    """The points where a word may stand, with a separator after each run, and their places.

    Few do, so that the automaton has little left to read.
    """
    alone, pairs = _beginnings()
    begins = alone.take(points, mode="clip")
    begins[:-1] |= pairs.take(_pair(points[:-1], points[1:]))
    at = np.flatnonzero(begins)
    mark = np.zeros(len(points) + _LONGEST + 1, dtype=np.uint8)
    mark[at + _LONGEST] = _AFTER
    for step in range(_LONGEST):
        mark[at + step] = _WITHIN
    places = np.flatnonzero(mark[: len(points)])
    near = points.take(places)
    near *= mark.take(places) == _WITHIN
    return near, places


def _pair(first: Points, second: Points) -> Points:
    hashed = first * _ROLL
    hashed += second
    hashed *= _ROLL
    hashed >>= _SHIFT
    return hashed


@functools.cache
def _beginnings() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """By code point whether it is a word, by hashed pair whether a word begins so."""
    alone = np.zeros(1 << 16, dtype=bool)
    pairs = np.zeros(1 << _PAIR_BITS, dtype=bool)
    for name in _NAMES:
        if len(name) == 1:
            alone[ord(name)] = True
        else:
            pairs[_pair(*np.array([[ord(one)] for one in name[:2]], dtype=np.uint32))] = True
    return alone, pairs


def _found(text: str) -> list[tuple[int, int, int]]:
    return find_all(_automaton(), text)


@functools.cache
def _automaton() -> AhoCorasick:
    return make_automaton(_NAMES)
