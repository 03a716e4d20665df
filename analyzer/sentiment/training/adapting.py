"""A scorer's weights of n-grams moved a little by officers' corrections: numpy alone, in seconds.

To the log odds of the present model a sum over the text's n-grams is added, as small as it may be
(ridge), so that corrected texts come out as corrected. Corrections are mostly of errors and say
nothing of all that was right: posts that nobody corrected hold the model where it is, with the
present probabilities as their targets. What is said of the new model is by folds of near-duplicates
that it has not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import measures, ngram, stack
from analyzer.sentiment.model_file import Card
from analyzer.sentiment.ngram import HEADS, NgramScorer
from analyzer.sentiment.stack import StackScorer
from analyzer.sentiment.training import groups, ridge
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
    moves, changes = _moves(scorer.log_odds, HEADS, corrections, others, weight=weight, seed=seed)
    state = scorer.state()
    weights = state["weights"].astype(np.float64) * state["scale"][:, None]
    offsets = state["of_grade"].astype(np.float64)
    for move in moves:
        weights[move.at, move.names] += move.weights / state["slope"][move.at]
        offsets[move.at] += move.shift
    arrays = ngram.state(weights, state["bias"], state["slope"], offsets, state["lift"])
    return arrays, changes


def adapted_stack(
    scorer: StackScorer,
    corrections: Sequence[Correction],
    others: Sequence[str],
    *,
    weight: float = WEIGHT,
    seed: int = 0,
) -> tuple[dict[str, NDArray[np.generic]], list[Change]]:
    """The same for ``stack``: of its views the n-grams move, its nets stay as they are.

    Only *negative* is its own; its other heads are those of ``ngram``.
    """

    def log_odds(texts: Sequence[str]) -> Floats:
        return scorer.log_odds(texts)[:, None]

    [move], changes = _moves(log_odds, HEADS[:1], corrections, others, weight=weight, seed=seed)
    arrays = scorer.state()
    linear = arrays["linear"].astype(np.float64) * arrays["linear_scale"]
    linear[move.names] += move.weights / arrays["slope"]
    whole, scale = ngram.in_eight_bits(linear)
    changed = {
        "linear": whole,
        "linear_scale": np.array(scale),
        "of_grade": arrays["of_grade"] + move.shift,
    }
    return {**arrays, **changed}, changes


def by_name(
    name: str,
    folder: Path,
    corrections: Sequence[Correction],
    others: Sequence[str],
    *,
    weight: float,
    seed: int,
) -> tuple[Card, dict[str, NDArray[np.generic]], list[Change]]:
    """The card of the present ``ngram`` or ``stack`` of a folder, and what becomes of it."""
    if name == stack.NAME:
        slow = StackScorer(folder=folder)
        return slow.card, *adapted_stack(slow, corrections, others, weight=weight, seed=seed)
    fast = NgramScorer(folder=folder)
    return fast.card, *adapted(fast, corrections, others, weight=weight, seed=seed)


class _Move(Struct, frozen=True):
    """What is added to the weights of these slots and to the offset of a head, in log odds."""

    at: int
    names: NDArray[np.int64]
    weights: Floats
    shift: float


def _moves(
    log_odds: Callable[[Sequence[str]], Floats],
    heads: Sequence[str],
    corrections: Sequence[Correction],
    others: Sequence[str],
    *,
    weight: float,
    seed: int,
) -> tuple[list[_Move], list[Change]]:
    told = {head: _told(corrections, head) for head in heads}
    enough = {head: rows for head, rows in told.items() if _enough(rows)}
    if not enough:
        raise InvalidInputError(_too_few(told))
    moves, changes = [], []
    for head, rows in enough.items():
        at = HEADS.index(head)
        texts = [text for text, _ in rows]
        margins = log_odds([*texts, *others])[:, at]
        problem = _problem(margins, texts, [goal for _, goal in rows], list(others), weight)
        changes.append(_measured(problem, head, len(rows), texts, seed))
        moves.append(_Move(at, problem.names, *ridge.solved(problem, np.arange(len(margins)))))
    return moves, changes


def _told(corrections: Sequence[Correction], head: str) -> list[tuple[str, float]]:
    found = [(one.text, one.target(head)) for one in corrections]
    return [(text, goal) for text, goal in found if goal is not None]


def _enough(rows: list[tuple[str, float]]) -> bool:
    yes = sum(goal for _, goal in rows)
    return len(rows) >= FEWEST and min(yes, len(rows) - yes) >= FEWEST_OF_A_CLASS


def _too_few(told: dict[str, list[tuple[str, float]]]) -> str:
    names = {"negative": "情感", "appeal": "诉求"}
    have = "，".join(f"{name} {len(told[head])} 条" for head, name in names.items() if head in told)
    return (
        f"更正太少，还不能训练：现有{have}；一项至少要 {FEWEST} 条，"
        f"且两边（如负面与非负面）各至少 {FEWEST_OF_A_CLASS} 条。请在控制台继续更正后再试。"
    )


def _problem(
    margins: Floats,
    texts: list[str],
    goals: list[float],
    others: list[str],
    weight: float,
) -> ridge.Problem:
    every = texts + others
    slots, bounds = ridge.rows_of(every)
    names, slots = np.unique(slots, return_inverse=True)
    return ridge.Problem(
        names,
        slots,
        bounds,
        margins,
        np.concatenate([goals, measures.chance(margins[len(texts) :])]),
        np.concatenate([np.full(len(texts), weight), np.ones(len(others))]),
    )


def _measured(problem: ridge.Problem, head: str, count: int, texts: list[str], seed: int) -> Change:
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
        moved, shift = ridge.solved(problem, np.flatnonzero(fold != one))
        mine = fold == one
        after[mine] += (ridge.sums(problem, moved) + shift)[mine]
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
