"""Groups of near-duplicates, so that a copy of a text never stands on both sides of a fold."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_NOISE = re.compile(r"@[^\s:：]*|//|O网页链接|https?://\S+|#[^#]*#|[\s\W_]+")
_SHINGLE = 4
_BANDS = 12
_ROWS = 4
_SIMILAR = 0.5
"""Share of equal minima from which two texts count as copies; generous, since it only groups."""


def near_duplicates(texts: Sequence[str], *, seed: int = 0) -> NDArray[np.int64]:
    """For each text the number of its group: MinHash over runs of 4 characters, joined by bands."""
    dice = np.random.default_rng(seed)
    count = _BANDS * _ROWS
    factors = dice.integers(1, 1 << 61, size=count, dtype=np.uint64) | np.uint64(1)
    salts = dice.integers(0, 1 << 61, size=count, dtype=np.uint64)
    minima = np.empty((len(texts), count), dtype=np.uint64)
    for at, text in enumerate(texts):
        shingles = _shingles(text)
        mixed = (shingles[:, None] * factors + salts) >> np.uint64(20)
        minima[at] = mixed.min(axis=0)
    leaders = np.arange(len(texts))
    for band in range(_BANDS):
        _join(leaders, minima, slice(band * _ROWS, (band + 1) * _ROWS))
    return np.array([_leader(leaders, at) for at in range(len(texts))])


def folds(groups: NDArray[np.int64], count: int, *, seed: int = 0) -> NDArray[np.int64]:
    """For each text its fold, a whole group in one."""
    names, inverse = np.unique(groups, return_inverse=True)
    order = np.random.default_rng(seed).permutation(len(names))
    return (order % count)[inverse]


def _shingles(text: str) -> NDArray[np.uint64]:
    plain = _NOISE.sub("", text.lower()) or text or " "
    points = np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    size = min(_SHINGLE, len(points))
    hashed = np.zeros(len(points) - size + 1, dtype=np.uint64)
    for offset in range(size):
        hashed = hashed * np.uint64(0x100000001B3) + points[offset : offset + len(hashed)]
    return hashed


def _join(leaders: NDArray[np.int64], minima: NDArray[np.uint64], rows: slice) -> None:
    keys = np.zeros(len(minima), dtype=np.uint64)
    for column in range(rows.start, rows.stop):
        keys = keys * np.uint64(0x100000001B3) ^ minima[:, column]
    for left, right in _alike(keys):
        if (minima[left] == minima[right]).mean() >= _SIMILAR:
            leaders[_leader(leaders, right)] = _leader(leaders, left)


def _alike(keys: NDArray[Any]) -> list[tuple[int, int]]:
    """Neighbours with the same key, in the order of the keys."""
    order = np.argsort(keys, kind="stable")
    same = np.flatnonzero(keys[order[1:]] == keys[order[:-1]])
    return list(zip(order[same].tolist(), order[same + 1].tolist(), strict=True))


def _leader(leaders: NDArray[np.int64], at: int) -> int:
    while leaders[at] != at:
        leaders[at] = leaders[leaders[at]]
        at = leaders[at]
    return int(at)


def joined(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """The groups that come of two groupings together: what is alike in either is in one."""
    count = len(first)
    leaders = np.arange(count)
    for groups in (first, second):
        for left, right in _alike(groups):
            leaders[_leader(leaders, right)] = _leader(leaders, left)
    return np.array([_leader(leaders, at) for at in range(count)])
