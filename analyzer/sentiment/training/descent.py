"""Descent of the small nets: Adam (Kingma and Ba 2015) with decay of weights, drop-out, batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Floats32 = NDArray[np.float32]
_DROPPED = 0.3
_DECAY = 1e-4
_FADE = (0.9, 0.999)
_LITTLE = 1e-8


class Descent:
    """Moves weights, which are changed in place, along their slopes."""

    def __init__(self, weights: dict[str, Floats32]) -> None:
        self._weights = weights
        self._first = {name: np.zeros_like(one) for name, one in weights.items()}
        self._second = {name: np.zeros_like(one) for name, one in weights.items()}
        self._steps = 0

    def step(
        self, slopes: dict[str, Floats32], rate: float, *, longest: float | None = None
    ) -> None:
        """One step; slopes that are together longer than ``longest`` are made shorter."""
        self._steps += 1
        shorter = np.float32(1)
        if longest is not None:
            length = np.sqrt(sum(float((slope * slope).sum()) for slope in slopes.values()))
            shorter = np.float32(min(1.0, longest / max(length, _LITTLE)))
        one, two = (np.float32(1 - fade**self._steps) for fade in _FADE)
        for name, weights in self._weights.items():
            slope = slopes[name].astype(np.float32) * shorter
            if weights.ndim > 1:
                slope = slope + np.float32(_DECAY) * weights
            first, second = self._first[name], self._second[name]
            first += np.float32(1 - _FADE[0]) * (slope - first)
            second += np.float32(1 - _FADE[1]) * (slope * slope - second)
            step = (first / one) / (np.sqrt(second / two) + np.float32(_LITTLE))
            np.subtract(weights, np.float32(rate) * step, out=weights)


def drawn(dice: np.random.Generator, rows: int, columns: int, by: int) -> Floats32:
    """Weights to start from."""
    made: Floats32 = (dice.standard_normal((rows, columns)) / np.sqrt(by)).astype(np.float32)
    return made


def kept(dice: np.random.Generator, shape: tuple[int, ...]) -> Floats32:
    """Drop-out: 0 for what is dropped, a little more than 1 for the rest."""
    return ((dice.random(shape) >= _DROPPED) / (1 - _DROPPED)).astype(np.float32)


def rounds(
    dice: np.random.Generator,
    texts: Sequence[NDArray[np.int64]],
    *,
    times: int,
    size: int,
    jitter: float,
    rate: float,
) -> Iterator[tuple[NDArray[np.int64], float]]:
    """Batches of all texts so many times, each with the rate of its step: down to a hundredth."""
    lengths = np.array([len(text) for text in texts])
    every = [batch for _ in range(times) for batch in _batches(dice, lengths, size, jitter)]
    for at, batch in enumerate(every):
        yield batch, rate * (1 - at / len(every)) + rate / 100


def _batches(
    dice: np.random.Generator, lengths: NDArray[np.int64], size: int, jitter: float
) -> list[NDArray[np.int64]]:
    """All texts once, those of like length together, in any order."""
    order = np.argsort(lengths + dice.random(len(lengths)) * jitter, kind="stable")
    cut = [order[at : at + size] for at in range(0, len(order), size)]
    return [cut[at] for at in dice.permutation(len(cut))]


def joined(hidden: Floats32) -> Floats32:
    """The hidden layer for texts of the own domain, which see both of its parts."""
    half = hidden.shape[0] // 2
    both: Floats32 = hidden[:half] + hidden[half:]
    return both
