"""The smallest change of a linear model over n-grams that fits some texts: ridge, numpy alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import features, measures

Floats = NDArray[np.float64]
_RIDGE = 1.0
_NEWTON = 12
_CONJUGATE = 60
_CLOSE = 1e-6


class Problem(Struct, frozen=True):
    """Rows as places in ``names`` (slots), with their bounds; corrections before other posts."""

    names: NDArray[np.int64]
    slots: NDArray[np.int64]
    bounds: NDArray[np.int64]
    margins: Floats
    target: Floats
    weight: Floats


def rows_of(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The slots of all texts, and where those of each begin."""
    slots, bounds = [np.zeros(0, dtype=np.int64)], [np.zeros(1, dtype=np.int64)]
    offset = 0
    for chunk in features.chunks(texts):
        slots.append(chunk.slots.astype(np.int64))
        bounds.append(chunk.starts[1:] + offset)
        offset += len(chunk.slots)
    return np.concatenate(slots), np.concatenate(bounds)


def sums(problem: Problem, weights: Floats) -> Floats:
    """Of each row the sum of its slots' weights over √n; slot 0 weighs nothing."""
    sizes = np.diff(problem.bounds)
    found: Floats = np.add.reduceat(weights[problem.slots], problem.bounds[:-1]) / np.sqrt(sizes)
    return found


def solved(problem: Problem, learnt: NDArray[np.int64]) -> tuple[Floats, float]:
    """The smallest change of weights and offset that fits these rows (Newton, conjugate steps)."""
    share = np.zeros(len(problem.margins))
    share[learnt] = problem.weight[learnt]
    sizes = np.diff(problem.bounds)
    factor = 1 / np.sqrt(sizes)
    moved: Floats = np.zeros(len(problem.names))
    shift = 0.0

    def back(of_rows: Floats) -> tuple[Floats, float]:
        by_row = np.repeat(of_rows * factor, sizes)
        found = np.bincount(problem.slots, by_row).astype(np.float64)
        found[0] = 0  # slot 0, which each row has
        return found, float(of_rows.sum())

    for _ in range(_NEWTON):
        p = measures.chance(problem.margins + sums(problem, moved) + shift)
        slope, slope_of_shift = back(share * (p - problem.target))
        slope, slope_of_shift = slope + _RIDGE * moved, slope_of_shift + _RIDGE * shift
        curve = share * p * (1 - p)

        def bent(step: Floats, by: float, curve: Floats = curve) -> tuple[Floats, float]:
            found, of_shift = back(curve * (sums(problem, step) + by))
            return found + _RIDGE * step, of_shift + _RIDGE * by

        step, by = _conjugate(bent, slope, slope_of_shift)
        moved, shift = moved - step, shift - by
        if float(np.abs(step).max()) + abs(by) < _CLOSE:
            break
    return moved, shift


def _conjugate(
    bent: Callable[[Floats, float], tuple[Floats, float]], slope: Floats, slope_of_shift: float
) -> tuple[Floats, float]:
    """Solve bent(x) = slope by conjugate gradients; the offset rides along as one more number."""
    x, y = np.zeros_like(slope), 0.0
    rest, rest_y = slope.copy(), slope_of_shift
    way, way_y = rest.copy(), rest_y
    size = float(rest @ rest) + rest_y * rest_y
    for _ in range(_CONJUGATE):
        if size < _CLOSE**2:
            break
        curved, curved_y = bent(way, way_y)
        length = size / (float(way @ curved) + way_y * curved_y)
        x, y = x + length * way, y + length * way_y
        rest, rest_y = rest - length * curved, rest_y - length * curved_y
        new = float(rest @ rest) + rest_y * rest_y
        way, way_y = rest + new / size * way, rest_y + new / size * way_y
        size = new
    return x, y
