"""Training of the packaged models, from files to weights, card and figures.

The figures of the card are of folds: what scores a text was taught, distilled and calibrated
without it and without its near-duplicates. The model itself is then made from everything.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import bayes, events, features, measures, model_file, ngram
from analyzer.sentiment.training import (
    appeal,
    calibration,
    corpora,
    corrections,
    groups,
    linear,
    polarity,
)
from analyzer.sentiment.training.calibration import Calibration
from analyzer.sentiment.training.polarity import Head, Tell, as_shipped
from registry.errors import InvalidInputError

Floats = NDArray[np.float64]

VERSION = "3"
FOLDS = 5
_PENALTY_OF_APPEAL = 0.3
_STEPS_OF_APPEAL = 30
_FEWEST = 200
LIMITS = [
    "训练数据为疫情期间微博与 2010 年代留言板；其他题材、方言、反讽、引语上会错",
    "负面是语气与内容的概率，不是事实真伪；不得用于评价、处理发帖的个人",
    "概率在“不确定”区间的帖子由人判断；不得据此自动处置、自动答复",
    "负面概率在 .5 附近略有上调（至多约 .06），使以 .5 为界时宏 F1 最高；.2 以下与 .8 以上不变",
]
LICENCE = (
    "权重由研究与竞赛数据训练，各数据的发布者未声明许可；不含原文、词表与例句，仅为散列后的权重"
)


class Plan(Struct, frozen=True):
    """What may be chosen of a training."""

    seed: int = 0
    unlabelled: int = 80_000
    folds: int = FOLDS


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
    posts = polarity.posts_of(given, with_unlabelled(given, plan), folds=plan.folds, seed=plan.seed)
    heads = [
        polarity.negative(posts, tell),
        polarity.positive(posts, tell),
        _appeal(given, plan, tell),
    ]
    arrays = ngram.state(
        np.array([one.weights for one in heads]),
        np.array([one.bias for one in heads]),
        np.array([one.calibration.slope for one in heads]),
        np.array([one.calibration.offsets for one in heads]),
        np.array([one.calibration.lift for one in heads]),
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


def _bayes(
    given: corpora.Corpora, posts: polarity.Posts, tell: Tell
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
        margins[asked] = rows[asked] @ as_shipped(weights, scale) + bias
    # What was made for learning has no share that could be known: chances are of what was found.
    there = np.array([one.kind not in {appeal.ALONE, appeal.WRITTEN} for one in every])
    none = np.zeros(int(there.sum()), dtype=np.int64)
    slope, offsets = calibration.platt(margins[there], none, target[there])
    found = measures.full(target[hard], measures.chance(margins[hard] * slope + offsets[0]))
    tell(f"诉求：首句 {measures.sentence(found)}")
    learnt = np.flatnonzero(trained)
    weights, bias = linear.fit(
        rows[learnt], target[learnt], penalty=_PENALTY_OF_APPEAL, steps=_STEPS_OF_APPEAL
    )
    fitted = Calibration(slope, np.full(events.GRADES, offsets[0]), 0.0)
    return Head(weights * scale, bias, fitted, found)
