"""From margins to probabilities: a slope and an offset (Platt), the offset by the gravest event."""

from __future__ import annotations

from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import events, features, measures
from analyzer.sentiment.training.linear import Floats

_STEPS = 50
_LITTLE = 1e-2
_MOVED_BY_LIFTING = ("accuracy", "macro_f1", "calibration_error")
_PRIOR = 2.0
"""How strongly the offsets of grades are held near the general one: rare grades say little."""


class Calibration(Struct, frozen=True):
    """Slope, the offset of each grade, and how far chances near one half are raised."""

    slope: float
    offsets: Floats
    lift: float

    def chances(self, margins: Floats, grades: NDArray[np.int64]) -> Floats:
        """Of margins and the gravest events of their texts."""
        odds = margins * self.slope + self.offsets[grades]
        return measures.chance(measures.lifted(odds, self.lift))


def found(
    margins: Floats, grades: NDArray[np.int64], target: Floats, *, lifted: bool
) -> Calibration:
    """The calibration of these; ``lifted``: so that one half is where macro-F1 is best."""
    slope, offsets = platt(margins, grades, target)
    lift = measures.lift(measures.chance(margins * slope + offsets[grades])) if lifted else 0.0
    return Calibration(slope, offsets, lift)


def by_folds(
    margins: Floats,
    grades: NDArray[np.int64],
    target: Floats,
    fold: NDArray[np.int64],
    *,
    own: NDArray[np.bool_],
    lifted: bool,
) -> Floats:
    """The chances of all texts, each calibrated by the own texts of the other folds."""
    chance = np.zeros(len(margins))
    for one in np.unique(fold):
        mine = fold == one
        rest = own & ~mine
        fitted = found(margins[rest], grades[rest], target[rest], lifted=lifted)
        chance[mine] = fitted.chances(margins[mine], grades[mine])
    return chance


def figures(
    margins: Floats,
    grades: NDArray[np.int64],
    target: Floats,
    fold: NDArray[np.int64],
    own: NDArray[np.bool_],
) -> dict[str, Any]:
    """Of the own texts, chances lifted; and what those would be that are not."""
    given = (margins, grades, target, fold)
    found = measures.full(target[own], by_folds(*given, own=own, lifted=True)[own])
    plain = measures.figures(target[own], by_folds(*given, own=own, lifted=False)[own])
    found["before_lifting"] = {name: plain[name] for name in _MOVED_BY_LIFTING}
    return found


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
