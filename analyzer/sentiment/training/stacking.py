"""Training of the scorer ``stack``: three views by folds, their weights, calibration, the card.

What scores a text of a fold has not seen it: views, their weights, the calibration and the
threshold of F1 come from the other folds; weights are rounded as the file holds them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import measures, model_file, ngram, stack
from analyzer.sentiment.convolution import Net
from analyzer.sentiment.pairs import MeanNet, Pairs, hashed
from analyzer.sentiment.training import (
    build,
    calibration,
    corpora,
    corrections,
    embedding,
    groups,
    linear,
    nets,
    word_vectors,
)
from analyzer.sentiment.training.teacher import DOMAIN_MARK, NEGATIVE, Teacher, emotions

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
VERSION = "1"
_NETS = 2
_VIEWS = 4


class Material(Struct, frozen=True):
    """What all folds share, of the labelled posts in order."""

    own: NDArray[np.bool_]
    target: Floats
    fold: Rows
    grades: Rows
    rows: linear.Sparse
    scale: NDArray[np.float32]
    pairs: Pairs
    vectors: Floats
    words: word_vectors.WordVectors
    table: NDArray[np.float32]
    read: list[Rows]
    emotions: Rows
    negative: NDArray[np.bool_]
    teacher: Teacher


class Parts(Struct, frozen=True):
    """The views of one training: two linear ones, nets over pairs, nets over words."""

    plain: tuple[Floats, float]
    by_ratio: tuple[Floats, float]
    mean_nets: list[MeanNet]
    nets: list[Net]


def train(
    files: list[Path],
    out: Path,
    plan: build.Plan,
    tell: build.Tell,
    corrected: corrections.Corrections = corrections.NONE,
) -> model_file.Card:
    """Train and write ``stack``. Raises InvalidInputError for what can't be trained on."""
    linear.require_libraries()
    given = corpora.read(files)
    corrections.add(given, corrected)
    build.check(given)
    with linear.one_thread():
        tell(f"读入 {len(given.labelled)} 条有标注、{len(given.unlabelled)} 条无标注的帖文")
        material = _material(given, plan)
        tell(f"词向量 {len(material.words.names)} 个，字对向量 {len(material.pairs.names)} 个")
        return _train(material, given, out, plan, tell)


def _material(given: corpora.Corpora, plan: build.Plan) -> Material:
    texts = [one.text for one in given.labelled]
    everything = build.with_unlabelled(given, plan)
    scale = linear.idf_scale(linear.rows_of(everything))
    rows = linear.rows_of(texts, scale)
    pairs = _pairs(embedding.train(everything, seed=plan.seed))
    vectors = pairs.of(texts)
    words, read = word_vectors.train(everything, seed=plan.seed)
    names, numbers = np.unique(emotions(given.labelled), return_inverse=True)
    return Material(
        own=np.array([one.own for one in given.labelled]),
        target=np.array([float(one.polarity < 0) for one in given.labelled]),
        fold=groups.folds(groups.near_duplicates(texts), plan.folds, seed=plan.seed),
        grades=calibration.grades_of(texts),
        rows=rows,
        scale=scale,
        pairs=pairs,
        vectors=vectors,
        words=words,
        table=words.table(),
        read=read[: len(texts)],
        emotions=numbers.astype(np.int64),
        negative=np.isin(names, list(NEGATIVE)),
        teacher=Teacher(rows, vectors.astype(np.float32), given.labelled, seed=plan.seed),
    )


def _pairs(found: embedding.Embedding) -> Pairs:
    names = hashed(found.pairs)
    order = np.argsort(names, kind="stable")
    whole, scale = word_vectors.coarse(found.vectors[order])
    return Pairs(names[order], found.rarity[order].astype(np.float32), whole, scale)


def _train(
    material: Material, given: corpora.Corpora, out: Path, plan: build.Plan, tell: build.Tell
) -> model_file.Card:
    count = len(material.target)
    views = np.zeros((count, _VIEWS))
    learnt_by: list[Parts] = []
    for fold in range(plan.folds):
        learnt = np.flatnonzero(material.fold != fold)
        asked = np.flatnonzero((material.fold == fold) & material.own)
        parts = _parts(material, learnt, plan.seed)
        views[asked] = _margins(material, parts, asked)
        learnt_by.append(Parts(parts.plain, parts.by_ratio, [], []))
        tell(f"第 {fold + 1}/{plan.folds} 折已训练")
    margins = np.zeros(count)
    for fold, parts in enumerate(learnt_by):
        others = np.flatnonzero((material.fold != fold) & material.own)
        asked = np.flatnonzero((material.fold == fold) & material.own)
        weights, offset = linear.fit_dense(views[others], material.target[others])
        whole, worth, bias = _linear(parts, weights, material.scale)
        shipped = whole * worth / np.maximum(material.scale, 1e-9)
        margins[asked] = (
            material.rows[asked] @ shipped + views[asked, 2:] @ weights[2:] + bias + offset
        )
    figures = _figures(material, margins, plan.folds)
    tell(f"负面：{measures.sentence(figures)}")
    own = np.flatnonzero(material.own)
    weights, offset = linear.fit_dense(views[own], material.target[own])
    slope, offsets = calibration.platt(margins[own], material.grades[own], material.target[own])
    parts = _parts(material, np.arange(count), plan.seed)
    whole, worth, bias = _linear(parts, weights, material.scale)
    held = {
        "linear": whole,
        "linear_scale": np.array(worth),
        "bias": np.array(bias + offset),
        "slope": np.array(slope),
        "of_grade": offsets,
        "negative": material.negative,
        "mean_weight": np.array(weights[2]),
        "net_weight": np.array(weights[3]),
        "pair_names": material.pairs.names,
        "pair_rarity": material.pairs.rarity.astype(np.float16),
        "pair_vectors": material.pairs.whole,
        "pair_scale": np.array(material.pairs.scale),
        "word_names": material.words.names,
        "word_vectors": material.words.whole,
        "word_scale": np.array(material.words.scale),
    }
    card = build.card(stack.NAME, {"negative": figures}, given, plan, version=VERSION)
    card.made_with.update(linear.word_cutter())
    return model_file.write(out, card, stack.state(held, parts.mean_nets, parts.nets))


def _parts(material: Material, learnt: Rows, seed: int) -> Parts:
    teacher = material.teacher
    return Parts(
        teacher.plain(-1, learnt),
        teacher.by_ratio(-1, learnt),
        [_mean_net(net, teacher.spread) for net in teacher.nets(learnt)],
        [
            nets.train(
                material.table,
                [material.read[at] for at in learnt],
                material.own[learnt],
                material.emotions[learnt],
                seed=seed + 1 + number,
            )
            for number in range(_NETS)
        ],
    )


def _mean_net(net: Any, spread: float) -> MeanNet:
    """The net for texts of the own domain: its mark is 1, and both copies of the vector add up."""
    hidden, out = net.coefs_
    size = (len(hidden) - 1) // 2
    together = (hidden[:size] + hidden[size + 1 :]) / spread
    offsets = net.intercepts_[0] + hidden[size] * DOMAIN_MARK
    parts = (together, offsets, out, net.intercepts_[1])
    return MeanNet(*(part.astype(np.float16) for part in parts))


def _margins(material: Material, parts: Parts, asked: Rows) -> Floats:
    rows = material.rows[asked]
    read = [material.read[at] for at in asked]
    by_mean = [net.chances(material.vectors[asked]) for net in parts.mean_nets]
    by_words = [net.chances(material.table, read) for net in parts.nets]
    return np.column_stack(
        [
            rows @ parts.plain[0] + parts.plain[1],
            rows @ parts.by_ratio[0] + parts.by_ratio[1],
            stack.mean_log_odds(by_mean, material.negative),
            stack.mean_log_odds(by_words, material.negative),
        ]
    )


def _linear(
    parts: Parts, weights: Floats, scale: NDArray[np.float32]
) -> tuple[NDArray[np.int8], float, float]:
    """Both linear views as one, in 8 bits; what one is worth; and their intercept."""
    both = parts.plain[0] * weights[0] + parts.by_ratio[0] * weights[1]
    whole, worth = ngram.in_eight_bits(both * scale)
    return whole, worth, parts.plain[1] * weights[0] + parts.by_ratio[1] * weights[1]


def _figures(material: Material, margins: Floats, folds: int) -> dict[str, Any]:
    """Of the own domain; besides, macro-F1 at the threshold that suits the other folds best."""
    own, target = material.own, material.target
    chance = np.zeros(len(margins))
    said = np.zeros(len(margins), dtype=bool)
    for fold in range(folds):
        mine = (material.fold == fold) & own
        rest = (material.fold != fold) & own
        slope, offsets = calibration.platt(margins[rest], material.grades[rest], target[rest])
        every = measures.chance(margins * slope + offsets[material.grades])
        chance[mine] = every[mine]
        said[mine] = every[mine] >= measures.best_threshold(target[rest], every[rest])
    found = measures.full(target[own], chance[own])
    found["macro_f1_at_chosen_threshold"] = round(measures.macro_f1(target[own], said[own]), 4)
    return found
