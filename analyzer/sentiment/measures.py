"""Figures of a binary head: how well it ranks, decides and knows its own chances. Pure numpy."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

BINS = 15
PRECISION = 0.9
_HALF = 0.5
_FAR = 40.0
_LIFTED = 0.7
_MOST_LIFTED = 0.4
_SENSIBLE = (0.35, 0.65)


def chance(margins: Floats) -> Floats:
    """The logistic function; far out it is as good as 0 or 1."""
    p: Floats = 1 / (1 + np.exp(-np.clip(margins, -_FAR, _FAR)))
    return p


def lifted(margins: Floats, lift: Floats | float) -> Floats:
    """Log odds of which those near 0 are raised by up to ``lift`` (below .8), in the same order.

    A calibrated chance of the rarer class decides best for macro-F1 somewhat below one half; with
    this it does so at one half, and chances below .2 or above .8 stay what they are.
    """
    raised: Floats = margins + lift * np.exp(-((margins / _LIFTED) ** 2))
    return raised


def lift(p: Floats) -> float:
    """The lift by which one half is where macro-F1 is to be expected highest, if ``p`` is true."""
    best = np.clip(best_threshold(p, p), *_SENSIBLE)
    odds = float(np.log(best / (1 - best)))
    return float(np.clip(-odds * np.exp((odds / _LIFTED) ** 2), -_MOST_LIFTED, _MOST_LIFTED))


def auc(target: Floats, score: Floats) -> float:
    """The chance that a positive stands above a negative, ties counted half."""
    positives = target.sum()
    negatives = len(target) - positives
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    wins = ranks[target > 0].sum() - positives * (positives + 1) / 2
    return float(wins / (positives * negatives))


def macro_f1(target: Floats, said: NDArray[np.bool_]) -> float:
    """The mean of F1 for the class and F1 for the rest."""
    values = []
    for wanted, found in ((target > 0, said), (target == 0, ~said)):
        both = (wanted & found).sum()
        values.append(2 * both / max(wanted.sum() + found.sum(), 1))
    return float(np.mean(values))


def best_threshold(target: Floats, score: Floats) -> float:
    """From which score on saying yes gives the highest macro-F1."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(target[order])
    said = np.arange(1, len(target) + 1)
    wanted = target.sum()
    right_no = len(target) - wanted - (said - hits)
    of_yes = 2 * hits / np.maximum(said + wanted, 1)
    of_no = 2 * right_no / np.maximum(2 * len(target) - said - wanted, 1)
    return float(score[order][(of_yes + of_no).argmax()])


def recall_at(target: Floats, score: Floats, precision: float = PRECISION) -> float:
    """The highest recall at which precision is at least so much; 0 where it never is."""
    order = np.argsort(-score, kind="stable")
    hits = np.cumsum(target[order])
    said = np.arange(1, len(target) + 1)
    # A threshold can't part equal scores.
    last = np.append(np.diff(score[order]) != 0, True)
    good = (hits / said >= precision) & last
    return float(hits[good].max() / max(target.sum(), 1)) if good.any() else 0.0


def reliability(target: Floats, p: Floats, bins: int = BINS) -> list[tuple[float, float, int]]:
    """Mean probability, share of positives and size of bins of equal count."""
    order = np.argsort(p, kind="stable")
    return [
        (float(p[part].mean()), float(target[part].mean()), len(part))
        for part in np.array_split(order, bins)
        if len(part)
    ]


def calibration_error(target: Floats, p: Floats, bins: int = BINS) -> float:
    """The mean distance of probability and share over the bins."""
    table = reliability(target, p, bins)
    total = sum(size for *_, size in table)
    return float(sum(abs(mean - share) * size for mean, share, size in table) / max(total, 1))


def figures(target: Floats, p: Floats) -> dict[str, float]:
    """All of them, by name, rounded to four digits."""
    said = p >= _HALF
    found = {
        "count": float(len(target)),
        "share": float(target.mean()),
        "accuracy": float((said == (target > 0)).mean()),
        "macro_f1": macro_f1(target, said),
        "auc": auc(target, p),
        "recall_at_precision_90": recall_at(target, p),
        "calibration_error": calibration_error(target, p),
    }
    return {name: round(value, 4) for name, value in found.items()}


def intervals(
    target: Floats, p: Floats, *, rounds: int = 200, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """The middle 95 of 100 of the figures when the texts are drawn again."""
    dice = np.random.default_rng(seed)
    drawn = []
    for _ in range(rounds):
        which = dice.integers(0, len(target), len(target))
        drawn.append(figures(target[which], p[which]))
    return {
        name: (
            float(np.nanquantile([one[name] for one in drawn], 0.025)),
            float(np.nanquantile([one[name] for one in drawn], 0.975)),
        )
        for name in drawn[0]
    }


def sentence(found: dict[str, Any]) -> str:
    """The figures in one line."""
    return (
        f"AUC {found['auc']:.3f}，宏 F1 {found['macro_f1']:.3f}，"
        f"查准 .90 时查全 {found['recall_at_precision_90']:.3f}，"
        f"校准误差 {found['calibration_error']:.3f}"
    )


def full(target: Floats, p: Floats) -> dict[str, Any]:
    """The figures with their intervals and the reliability curve."""
    return {
        **figures(target, p),
        "intervals": {
            name: [round(low, 4), round(high, 4)]
            for name, (low, high) in intervals(target, p).items()
            if name not in {"count", "share"}
        },
        "reliability": [
            [round(mean, 4), round(share, 4), size] for mean, share, size in reliability(target, p)
        ],
    }
