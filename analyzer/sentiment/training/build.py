"""Training of the packaged models, from files to weights, card and figures.

The figures of the card are of folds: what scores a text was taught, distilled and calibrated
without it and without its near-duplicates. The model itself is then made from everything.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import bayes, events, features, measures, model_file, ngram
from analyzer.sentiment.training import (
    appeal,
    calibration,
    corpora,
    corrections,
    embedding,
    groups,
    linear,
)
from analyzer.sentiment.training.teacher import VIEWS, Teacher
from registry.errors import InvalidInputError

Floats = NDArray[np.float64]
Tell = Callable[[str], None]

VERSION = "2"
FOLDS = 5
_PENALTY = 1.0
_PENALTY_OF_APPEAL = 0.3
_STEPS = 42
_STEPS_OF_APPEAL = 30
_FEWEST = 200
LIMITS = [
    "训练数据为疫情期间微博与 2010 年代留言板；其他题材、方言、反讽、引语上会错",
    "负面是语气与内容的概率，不是事实真伪；不得用于评价、处理发帖的个人",
    "概率在“不确定”区间的帖子由人判断；不得据此自动处置、自动答复",
]
LICENCE = (
    "权重由研究与竞赛数据训练，各数据的发布者未声明许可；不含原文、词表与例句，仅为散列后的权重"
)


class Plan(Struct, frozen=True):
    """What may be chosen of a training."""

    seed: int = 0
    unlabelled: int = 80_000
    folds: int = FOLDS


class Head(Struct, frozen=True):
    """One head as it was trained; ``teacher`` has the figures of the slow stack before it."""

    weights: Floats
    bias: float
    slope: float
    offsets: Floats
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


def train(
    files: list[Path],
    out: Path,
    plan: Plan,
    tell: Tell,
    corrected: corrections.Corrections = corrections.NONE,
) -> tuple[model_file.Card, model_file.Card]:
    """Train and write ``ngram`` and ``snownlp-retrained``.

    Raises InvalidInputError for what can't be trained on.
    """
    linear.require_libraries()
    given = corpora.read(files)
    corrections.add(given, corrected)
    check(given)
    with linear.one_thread():
        return _train(given, out, plan, tell)


def _train(
    given: corpora.Corpora, out: Path, plan: Plan, tell: Tell
) -> tuple[model_file.Card, model_file.Card]:
    tell(f"读入 {len(given.labelled)} 条有标注、{len(given.unlabelled)} 条无标注的帖文")
    posts = _posts(given, plan)
    heads = [_negative(posts, plan, tell), _positive(posts, plan, tell), _appeal(given, plan, tell)]
    arrays = ngram.state(
        np.array([one.weights for one in heads]),
        np.array([one.bias for one in heads]),
        np.array([one.slope for one in heads]),
        np.array([one.offsets for one in heads]),
    )
    told = dict(zip(ngram.HEADS, (one.figures for one in heads), strict=True))
    told["negative 慢速叠加"] = heads[0].teacher
    made = card(ngram.NAME, told, given, plan)
    bayes_arrays, bayes_told = _bayes(given, posts, tell)
    bayes_card = card(bayes.NAME, bayes_told, given, plan)
    return model_file.write(out, made, arrays), model_file.write(out, bayes_card, bayes_arrays)


def card(
    name: str,
    figures: dict[str, Any],
    given: corpora.Corpora,
    plan: Plan,
    *,
    version: str = VERSION,
) -> model_file.Card:
    """The card of a model that was trained so; without the hash of its arrays."""
    return model_file.Card(
        name=name,
        version=version,
        features=features.VERSION,
        sha256="",
        seed=plan.seed,
        sources=given.sources,
        figures=figures,
        limits=LIMITS,
        licence=LICENCE,
        made_with={"python": platform.python_version(), **linear.libraries()},
    )


def check(given: corpora.Corpora) -> None:
    """Raise InvalidInputError where there is too little to train on."""
    for sign, word in ((-1, "负面"), (1, "正面")):
        count = sum(one.polarity == sign for one in given.labelled if one.own)
        if count < _FEWEST:
            raise InvalidInputError(f"本领域的{word}帖文只有 {count} 条，至少要 {_FEWEST} 条。")
    appeals = len(given.petitions) + sum(label for _, label in given.appeals)
    if appeals < _FEWEST:
        raise InvalidInputError(f"诉求（留言）只有 {appeals} 条，至少要 {_FEWEST} 条。")


def with_unlabelled(given: corpora.Corpora, plan: Plan) -> list[str]:
    """All labelled texts, and after them as many without labels as the plan wants."""
    texts = [one.text for one in given.labelled]
    dice = np.random.default_rng(plan.seed)
    others = sorted(set(given.unlabelled) - set(texts))
    chosen = np.sort(dice.permutation(len(others))[: plan.unlabelled])
    return texts + [others[at] for at in chosen]


def _posts(given: corpora.Corpora, plan: Plan) -> Posts:
    texts = [one.text for one in given.labelled]
    everything = with_unlabelled(given, plan)
    scale = linear.idf_scale(linear.rows_of(everything))
    rows = linear.rows_of(everything, scale)
    vectors = embedding.train(everything, seed=plan.seed).of(everything)
    fold = groups.folds(groups.near_duplicates(texts), plan.folds, seed=plan.seed)
    return Posts(
        polarity=np.array([one.polarity for one in given.labelled]),
        own=np.array([one.own for one in given.labelled]),
        fold=fold,
        grades=calibration.grades_of(texts),
        rows=rows,
        scale=scale,
        teacher=Teacher(rows, vectors, given.labelled, seed=plan.seed),
    )


def _negative(posts: Posts, plan: Plan, tell: Tell) -> Head:
    """Teach by folds, stack, distil, calibrate."""
    target = (posts.polarity < 0).astype(np.float64)
    count = posts.labelled
    free = np.arange(count, posts.rows.shape[0])
    own = np.flatnonzero(posts.own)
    views = np.zeros((count, VIEWS))
    of_free = []
    for fold in range(plan.folds):
        learnt = np.flatnonzero(posts.fold != fold)
        asked = np.flatnonzero(posts.fold == fold)
        margins = posts.teacher.margins(-1, learnt, np.concatenate([asked, free]))
        views[asked] = margins[: len(asked)]
        of_free.append(margins[len(asked) :].astype(np.float32))
        tell(f"负面：第 {fold + 1}/{plan.folds} 折的老师已训练")
    stack, offset = linear.fit_dense(views[own], target[own])
    stacked = measures.full(target[own], measures.chance(views[own] @ stack + offset))
    tell(f"负面：慢速叠加 {measures.sentence(stacked)}")
    margins = np.zeros(count)
    for fold in range(plan.folds):
        learnt = np.flatnonzero(posts.fold != fold)
        asked = np.flatnonzero(posts.fold == fold)
        soft = measures.chance(of_free[fold] @ stack + offset)
        weights, bias = _distilled(posts, learnt, target, soft)
        margins[asked] = posts.rows[asked] @ _as_shipped(weights, posts.scale) + bias
        tell(f"负面：第 {fold + 1}/{plan.folds} 折已蒸馏")
    soft = measures.chance(np.mean([one @ stack + offset for one in of_free], axis=0))
    weights, bias = _distilled(posts, np.arange(count), target, soft)
    head = _calibrated("负面", margins, posts, target, weights * posts.scale, bias, tell)
    return msgspec.structs.replace(head, teacher=stacked)


def _positive(posts: Posts, plan: Plan, tell: Tell) -> Head:
    """The teacher's first view alone: no one decides by praise, so it is not distilled."""
    target = (posts.polarity > 0).astype(np.float64)
    margins = np.zeros(posts.labelled)
    for fold in range(plan.folds):
        learnt = np.flatnonzero(posts.fold != fold)
        asked = np.flatnonzero(posts.fold == fold)
        weights, bias = posts.teacher.plain(1, learnt)
        margins[asked] = posts.rows[asked] @ _as_shipped(weights, posts.scale) + bias
    weights, bias = posts.teacher.plain(1, np.arange(posts.labelled))
    return _calibrated("正面", margins, posts, target, weights * posts.scale, bias, tell)


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


def _as_shipped(weights: Floats, scale: NDArray[np.float32]) -> Floats:
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
    own = posts.own
    slope, offsets = calibration.platt(margins[own], posts.grades[own], target[own])
    found = measures.full(target[own], _calibrated_by_folds(margins, posts, target)[own])
    tell(f"{name}：{measures.sentence(found)}")
    return Head(weights, bias, slope, offsets, found)


def _calibrated_by_folds(margins: Floats, posts: Posts, target: Floats) -> Floats:
    chance = np.zeros(len(margins))
    for fold in np.unique(posts.fold):
        mine = posts.fold == fold
        rest = posts.own & ~mine
        slope, offsets = calibration.platt(margins[rest], posts.grades[rest], target[rest])
        chance[mine] = measures.chance(margins[mine] * slope + offsets[posts.grades[mine]])
    return chance


def _bayes(
    given: corpora.Corpora, posts: Posts, tell: Tell
) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
    """SnowNLP's Bayes on pairs of characters, from all labelled posts."""
    texts = [one.text for one in given.labelled]
    chance = np.zeros((len(texts), len(bayes.CLASSES)))
    for fold in np.unique(posts.fold):
        learnt, asked = np.flatnonzero(posts.fold != fold), np.flatnonzero(posts.fold == fold)
        arrays = bayes.state([texts[at] for at in learnt], posts.polarity[learnt])
        chance[asked] = bayes.chances(arrays, [texts[at] for at in asked])
    found = {}
    for head, sign in (("negative", -1), ("positive", 1)):
        target = (posts.polarity[posts.own] == sign).astype(np.float64)
        found[head] = measures.full(target, chance[posts.own, bayes.CLASSES.index(sign)])
        tell(f"snownlp-retrained {head}：{measures.sentence(found[head])}")
    return bayes.state(texts, posts.polarity), found


def _appeal(given: corpora.Corpora, plan: Plan, tell: Tell) -> Head:
    """The head of appeals, with figures of the hard form: first sentences only."""
    every = appeal.examples(given, seed=plan.seed)
    texts = [one.text for one in every]
    target = np.array([one.appeal for one in every], dtype=np.float64)
    trained = np.array([one.trained for one in every])
    hard = np.array([one.first for one in every])
    copies = groups.near_duplicates(texts)
    together = groups.joined(copies, np.array([one.document for one in every]))
    fold = groups.folds(together, plan.folds, seed=plan.seed)
    plain = linear.rows_of(texts)
    scale = linear.idf_scale(plain)
    rows = linear.rows_of(texts, scale)
    margins = np.zeros(len(texts))
    for one in range(plan.folds):
        learnt = np.flatnonzero((fold != one) & trained)
        asked = np.flatnonzero(fold == one)
        weights, bias = linear.fit(
            rows[learnt], target[learnt], penalty=_PENALTY_OF_APPEAL, steps=_STEPS_OF_APPEAL
        )
        margins[asked] = rows[asked] @ _as_shipped(weights, scale) + bias
    slope, offsets = calibration.platt(margins, np.zeros(len(texts), dtype=np.int64), target)
    found = measures.full(target[hard], measures.chance(margins[hard] * slope + offsets[0]))
    tell(f"诉求：首句 {measures.sentence(found)}")
    learnt = np.flatnonzero(trained)
    weights, bias = linear.fit(
        rows[learnt], target[learnt], penalty=_PENALTY_OF_APPEAL, steps=_STEPS_OF_APPEAL
    )
    return Head(weights * scale, bias, slope, np.full(events.GRADES, offsets[0]), found)
