"""The scorer ``ngram`` moved a little by officers' corrections: numpy alone, in seconds.

To the log odds of the present model a sum over the text's n-grams is added, as small as it may be
(ridge), so that corrected texts come out as corrected. Corrections are mostly of errors and say
nothing of all that was right: posts that nobody corrected hold the model where it is, with the
present probabilities as their targets. What is said of the new model is by folds of near-duplicates
that it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import features, measures, ngram
from analyzer.sentiment.ngram import HEADS, NgramScorer
from analyzer.sentiment.training import groups
from analyzer.sentiment.training.corrections import Correction
from registry.errors import InvalidInputError

Floats = NDArray[np.float64]
FEWEST = 40
"""Corrections of a head, below which nothing can be said of what they do."""

FEWEST_OF_A_CLASS = 8
WEIGHT = 1.0
"""What one correction counts; a post that nobody corrected counts 1 as well."""

MOST_MOVED = 0.05
"""How far the mean post that nobody corrected may move, as a probability."""

_FOLDS = 5
_RIDGE = 1.0
_NEWTON = 12
_CONJUGATE = 60
_CLOSE = 1e-6
_ALMOST = 1e-6


class Change(Struct, frozen=True, kw_only=True):
    """What corrections do to a head, on folds that it has not seen."""

    head: str
    count: int
    loss_before: float
    loss_after: float
    figures_before: dict[str, float]
    figures_after: dict[str, float]
    moved: float  # the mean way of an uncorrected post, as a probability

    @property
    def better(self) -> bool:
        """Nearer to what officers say, and still near to itself on the rest."""
        return self.loss_after < self.loss_before and self.moved <= MOST_MOVED


def adapted(
    scorer: NgramScorer,
    corrections: Sequence[Correction],
    others: Sequence[str],
    *,
    weight: float = WEIGHT,
    seed: int = 0,
) -> tuple[dict[str, NDArray[np.generic]], list[Change]]:
    """The arrays of the changed model, and what was changed, head by head.

    ``others`` are texts that nobody corrected. Raises InvalidInputError where corrections are too
    few for any head.
    """
    told = {head: _told(corrections, head) for head in HEADS}
    enough = {head: rows for head, rows in told.items() if _enough(rows)}
    if not enough:
        raise InvalidInputError(_too_few(told))
    state = scorer.state()
    weights = state["weights"].astype(np.float64) * state["scale"][:, None]
    offsets = state["of_grade"].astype(np.float64)
    changes = []
    for head, rows in enough.items():
        at = HEADS.index(head)
        texts = [text for text, _ in rows]
        problem = _problem(scorer, at, texts, [goal for _, goal in rows], list(others), weight)
        changes.append(_measured(problem, head, len(rows), texts, seed))
        moved, shift = _solved(problem, np.arange(len(problem.margins)))
        weights[at, problem.names] += moved / state["slope"][at]
        offsets[at] += shift
    return (
        ngram.state(weights, state["bias"], state["slope"], offsets),
        changes,
    )


class _Problem(Struct, frozen=True):
    """Rows as places in ``names`` (slots), with their bounds; corrections before other posts."""

    names: NDArray[np.int64]
    slots: NDArray[np.int64]
    bounds: NDArray[np.int64]
    margins: Floats
    target: Floats
    weight: Floats


def _told(corrections: Sequence[Correction], head: str) -> list[tuple[str, float]]:
    found = [(one.text, one.target(head)) for one in corrections]
    return [(text, goal) for text, goal in found if goal is not None]


def _enough(rows: list[tuple[str, float]]) -> bool:
    yes = sum(goal for _, goal in rows)
    return len(rows) >= FEWEST and min(yes, len(rows) - yes) >= FEWEST_OF_A_CLASS


def _too_few(told: dict[str, list[tuple[str, float]]]) -> str:
    names = {"negative": "情感", "appeal": "诉求"}
    have = "，".join(f"{name} {len(told[head])} 条" for head, name in names.items())
    return (
        f"更正太少，还不能训练：现有{have}；一项至少要 {FEWEST} 条，"
        f"且两边（如负面与非负面）各至少 {FEWEST_OF_A_CLASS} 条。请在控制台继续更正后再试。"
    )


def _problem(
    scorer: NgramScorer,
    head: int,
    texts: list[str],
    goals: list[float],
    others: list[str],
    weight: float,
) -> _Problem:
    every = texts + others
    slots, bounds = _rows(every)
    names, slots = np.unique(slots, return_inverse=True)
    margins = scorer.log_odds(every)[:, head]
    return _Problem(
        names,
        slots,
        bounds,
        margins,
        np.concatenate([goals, measures.chance(margins[len(texts) :])]),
        np.concatenate([np.full(len(texts), weight), np.ones(len(others))]),
    )


def _rows(texts: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    slots, bounds = [np.zeros(0, dtype=np.int64)], [np.zeros(1, dtype=np.int64)]
    offset = 0
    for chunk in features.chunks(texts):
        slots.append(chunk.slots.astype(np.int64))
        bounds.append(chunk.starts[1:] + offset)
        offset += len(chunk.slots)
    return np.concatenate(slots), np.concatenate(bounds)


def _measured(problem: _Problem, head: str, count: int, texts: list[str], seed: int) -> Change:
    """By folds; copies of corrected texts stay together, the rest is drawn."""
    dice = np.random.default_rng(seed)
    fold = np.concatenate(
        [
            groups.folds(groups.near_duplicates(texts), _FOLDS, seed=seed),
            dice.integers(0, _FOLDS, len(problem.margins) - count),
        ]
    )
    after = problem.margins.copy()
    for one in range(_FOLDS):
        moved, shift = _solved(problem, np.flatnonzero(fold != one))
        mine = fold == one
        after[mine] += (_sums(problem, moved) + shift)[mine]
    before_p, after_p = measures.chance(problem.margins), measures.chance(after)
    target = problem.target[:count]
    way = np.abs(after_p - before_p)[count:]
    return Change(
        head=head,
        count=count,
        loss_before=_loss(target, before_p[:count]),
        loss_after=_loss(target, after_p[:count]),
        figures_before=measures.figures(target, before_p[:count]),
        figures_after=measures.full(target, after_p[:count]),
        moved=float(way.mean()) if len(way) else 0.0,
    )


def _loss(target: Floats, p: Floats) -> float:
    kept = p.clip(_ALMOST, 1 - _ALMOST)
    return float(-(target * np.log(kept) + (1 - target) * np.log(1 - kept)).mean())


def _sums(problem: _Problem, weights: Floats) -> Floats:
    """Of each row the sum of its slots' weights over √n; slot 0 weighs nothing."""
    sizes = np.diff(problem.bounds)
    found: Floats = np.add.reduceat(weights[problem.slots], problem.bounds[:-1]) / np.sqrt(sizes)
    return found


def _solved(problem: _Problem, learnt: NDArray[np.int64]) -> tuple[Floats, float]:
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
        p = measures.chance(problem.margins + _sums(problem, moved) + shift)
        slope, slope_of_shift = back(share * (p - problem.target))
        slope, slope_of_shift = slope + _RIDGE * moved, slope_of_shift + _RIDGE * shift
        curve = share * p * (1 - p)

        def bent(step: Floats, by: float, curve: Floats = curve) -> tuple[Floats, float]:
            found, of_shift = back(curve * (_sums(problem, step) + by))
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
