"""The heads of feeling of ``ngram``: taught by folds, distilled, merged, calibrated."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import measures, ngram
from analyzer.sentiment.training import calibration, embedding, groups, linear
from analyzer.sentiment.training.calibration import Calibration
from analyzer.sentiment.training.corpora import Corpora
from analyzer.sentiment.training.teacher import VIEWS, Teacher

Floats = NDArray[np.float64]
Linear = tuple[Floats, float]
Tell = Callable[[str], None]
_PENALTY = 1.0
_STEPS = 42
_NEGATIVE = "负面"


class Head(Struct, frozen=True):
    """One head as it was trained; ``teacher`` has the figures of the slow stack before it."""

    weights: Floats
    bias: float
    calibration: Calibration
    figures: dict[str, Any]
    teacher: dict[str, Any] = {}


class Posts(Struct, frozen=True):
    """The labelled posts first, then the unlabelled ones, as features."""

    polarity: NDArray[np.int64]
    own: NDArray[np.bool_]
    fold: NDArray[np.int64]
    grades: NDArray[np.int64]
    rows: linear.Sparse
    scale: NDArray[np.float32]
    teacher: Teacher

    @property
    def labelled(self) -> int:
        """How many are labelled."""
        return len(self.polarity)

    @property
    def folds(self) -> int:
        """How many folds there are."""
        return int(self.fold.max()) + 1


def posts_of(given: Corpora, everything: list[str], *, folds: int, seed: int) -> Posts:
    """``everything``: all labelled texts, and after them those without labels."""
    texts = [one.text for one in given.labelled]
    scale = linear.idf_scale(linear.rows_of(everything))
    rows = linear.rows_of(everything, scale)
    vectors = embedding.train(everything, seed=seed).of(everything)
    fold = groups.folds(groups.near_duplicates(texts), folds, seed=seed)
    return Posts(
        polarity=np.array([one.polarity for one in given.labelled]),
        own=np.array([one.own for one in given.labelled]),
        fold=fold,
        grades=calibration.grades_of(texts),
        rows=rows,
        scale=scale,
        teacher=Teacher(rows, vectors, given.labelled, seed=seed),
    )


def negative(posts: Posts, tell: Tell) -> Head:
    """Teach by folds, stack, distil, merge what is linear, calibrate."""
    target = (posts.polarity < 0).astype(np.float64)
    count, folds = posts.labelled, posts.folds
    free = np.arange(count, posts.rows.shape[0])
    own = np.flatnonzero(posts.own)
    views = np.zeros((count, VIEWS))
    of_free = []
    by_fold: list[list[Linear]] = []
    for fold in range(folds):
        learnt = np.flatnonzero(posts.fold != fold)
        asked = np.flatnonzero(posts.fold == fold)
        by_fold.append([posts.teacher.plain(-1, learnt), posts.teacher.by_ratio(-1, learnt)])
        margins = posts.teacher.margins(-1, by_fold[-1], learnt, np.concatenate([asked, free]))
        views[asked] = margins[: len(asked)]
        of_free.append(margins[len(asked) :].astype(np.float32))
        tell(f"负面：第 {fold + 1}/{folds} 折的老师已训练")
    stack, offset = linear.fit_dense(views[own], target[own])
    stacked = measures.full(target[own], measures.chance(views[own] @ stack + offset))
    tell(f"负面：慢速叠加 {measures.sentence(stacked)}")
    for fold, fits in enumerate(by_fold):
        learnt = np.flatnonzero(posts.fold != fold)
        soft = measures.chance(of_free[fold] @ stack + offset)
        fits.append(_distilled(posts, learnt, target, soft))
        tell(f"负面：第 {fold + 1}/{folds} 折已蒸馏")
    every = np.arange(count)
    soft = measures.chance(np.mean([one @ stack + offset for one in of_free], axis=0))
    last = [
        posts.teacher.plain(-1, every),
        posts.teacher.by_ratio(-1, every),
        _distilled(posts, every, target, soft),
    ]
    head = _merged(_NEGATIVE, posts, target, by_fold, last, tell)
    return msgspec.structs.replace(head, teacher=stacked)


def positive(posts: Posts, tell: Tell) -> Head:
    """The teacher's linear views alone: no one decides by praise, so it is not distilled."""
    target = (posts.polarity > 0).astype(np.float64)
    parts = [np.flatnonzero(posts.fold != fold) for fold in range(posts.folds)]
    *by_fold, last = (
        [posts.teacher.plain(1, learnt), posts.teacher.by_ratio(1, learnt)]
        for learnt in [*parts, np.arange(posts.labelled)]
    )
    return _merged("正面", posts, target, by_fold, last, tell)


def _merged(
    name: str,
    posts: Posts,
    target: Floats,
    by_fold: list[list[Linear]],
    last: list[Linear],
    tell: Tell,
) -> Head:
    """Several linear models of one kind of features are one: a sum of their weights.

    What each counts is fitted, for a fold on the others, and ``last`` is what all posts taught.
    """
    said = np.zeros((posts.labelled, len(last)))
    for fold, fits in enumerate(by_fold):
        asked = np.flatnonzero(posts.fold == fold)
        rows = posts.rows[asked]
        said[asked] = np.column_stack([rows @ weights + bias for weights, bias in fits])
    margins = np.zeros(posts.labelled)
    for fold, fits in enumerate(by_fold):
        asked = np.flatnonzero(posts.fold == fold)
        others = np.flatnonzero((posts.fold != fold) & posts.own)
        weights, bias = _summed(fits, *linear.fit_dense(said[others], target[others]))
        margins[asked] = posts.rows[asked] @ as_shipped(weights, posts.scale) + bias
    own = np.flatnonzero(posts.own)
    weights, bias = _summed(last, *linear.fit_dense(said[own], target[own]))
    return _calibrated(name, margins, posts, target, weights * posts.scale, bias, tell)


def _summed(fits: list[Linear], shares: Floats, offset: float) -> Linear:
    weights = np.sum([one * share for (one, _), share in zip(fits, shares, strict=True)], axis=0)
    bias = sum(one * share for (_, one), share in zip(fits, shares, strict=True))
    return weights, float(bias + offset)


def _distilled(
    posts: Posts, learnt: NDArray[np.int64], target: Floats, soft: Floats
) -> tuple[Floats, float]:
    free = np.arange(posts.labelled, posts.rows.shape[0])
    which = np.concatenate([learnt, free])
    is_own = np.concatenate([posts.own[learnt], np.ones(len(free), dtype=bool)])
    return linear.fit(
        posts.rows[which],
        np.concatenate([target[learnt], soft]),
        own=np.flatnonzero(is_own),
        penalty=_PENALTY,
        steps=_STEPS,
    )


def as_shipped(weights: Floats, scale: NDArray[np.float32]) -> Floats:
    """The weights after they were rounded to what the file holds: figures are of those."""
    whole, worth = ngram.in_eight_bits(weights * scale)
    return whole * worth / np.maximum(scale, 1e-9)


def _calibrated(
    name: str,
    margins: Floats,
    posts: Posts,
    target: Floats,
    weights: Floats,
    bias: float,
    tell: Tell,
) -> Head:
    own, lifted = posts.own, name == _NEGATIVE
    chance = calibration.by_folds(margins, posts.grades, target, posts.fold, own=own, lifted=lifted)
    told = measures.full(target[own], chance[own])
    tell(f"{name}：{measures.sentence(told)}")
    fitted = calibration.found(margins[own], posts.grades[own], target[own], lifted=lifted)
    return Head(weights, bias, fitted, told)
