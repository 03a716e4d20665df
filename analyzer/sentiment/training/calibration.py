"""From margins to probabilities: a slope and an offset (Platt), the offset by the gravest event."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analyzer.sentiment import events, features, measures
from analyzer.sentiment.training.linear import Floats

_STEPS = 50
_LITTLE = 1e-2
_PRIOR = 2.0
"""How strongly the offsets of grades are held near the general one: rare grades say little."""


def grades_of(texts: list[str]) -> NDArray[np.int64]:
    """The grade of the gravest event that each text names."""
    found = [
        events.grades(chunk.points, chunk.owners, len(chunk.starts) - 1)
        for chunk in features.chunks(texts)
    ]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)


def platt(margins: Floats, grades: NDArray[np.int64], target: Floats) -> tuple[float, Floats]:
    """Slope and the offset of each grade, by Newton's method on the logistic loss."""
    columns = np.column_stack(
        [margins, np.ones(len(margins)), *(grades == grade for grade in range(1, events.GRADES))]
    ).astype(np.float64)
    prior = np.array([_LITTLE, _LITTLE] + [_PRIOR] * (events.GRADES - 1))
    x = np.zeros(columns.shape[1])
    x[0] = 1.0
    for _ in range(_STEPS):
        chance = measures.chance(columns @ x)
        gradient = columns.T @ (chance - target) + prior * x
        curvature = (columns.T * (chance * (1 - chance))) @ columns + np.diag(prior)
        step = np.linalg.solve(curvature, gradient)
        x -= np.clip(step, -1, 1)
        if np.abs(step).max() < 1e-9:  # noqa: PLR2004 - converged
            break
    offsets = np.full(events.GRADES, x[1])
    offsets[1:] += x[2:]
    return float(x[0]), offsets
