"""Training of the scorer ``stack``: its views by folds, their weights, calibration, the card.

What scores a text of a fold has not seen it: views, their weights and the calibration come from the
other folds; weights are rounded as the file holds them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import measures, model_file, ngram, stack
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
    recurrent_nets,
    word_vectors,
)
from analyzer.sentiment.training.polarity import Tell
from analyzer.sentiment.training.teacher import DOMAIN_MARK, NEGATIVE, Teacher, emotions

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]
VERSION = "2"
_LINEAR = 2
_FREEDOM = 0.03
"""How free the weights of views are (C of the regression): few, where views say much the same."""

NETS = {"pair_net": 1, "word_net": 2, "word_order": 3}
"""How many nets a view has besides those over the mean of pairs; their chances are averaged."""

_OF_VIEW = {"pair_net": 1, "word_net": 101, "word_order": 201}
"""What is added to the seed for the first net of a view."""


class Material(Struct, frozen=True):
    """What all folds share, of the labelled posts in order."""

    own: NDArray[np.bool_]
    target: Floats
    fold: Rows
    grades: Rows
    rows: linear.Sparse
    scale: NDArray[np.float32]
    pairs: Pairs
    words: word_vectors.WordVectors
    vectors: Floats
    read: dict[str, list[Rows]]  # texts as rows of each table
    tables: dict[str, NDArray[np.float32]]
    emotions: Rows
    negative: NDArray[np.bool_]
    teacher: Teacher


class Parts(Struct, frozen=True):
    """The views of one training: two linear ones, and nets by view."""

    plain: tuple[Floats, float]
    by_ratio: tuple[Floats, float]
    nets: stack.Nets


def train(
    files: list[Path],
    out: Path,
    plan: build.Plan,
    tell: Tell,
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
        words=words,
        vectors=vectors,
        read={"pair": pairs.rows(texts), "word": read[: len(texts)]},
        tables={"pair": pairs.table(stack.SPREAD), "word": words.table()},
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
    material: Material, given: corpora.Corpora, out: Path, plan: build.Plan, tell: Tell
) -> model_file.Card:
    count = len(material.target)
    width = _LINEAR + len(stack.KINDS) * (1 + len(material.negative))
    views = np.zeros((count, width))
    learnt_by: list[Parts] = []
    for fold in range(plan.folds):
        learnt = np.flatnonzero(material.fold != fold)
        asked = np.flatnonzero((material.fold == fold) & material.own)
        parts = _parts(material, learnt, plan.seed)
        views[asked] = _columns(material, parts, asked)
        learnt_by.append(Parts(parts.plain, parts.by_ratio, {}))
        tell(f"第 {fold + 1}/{plan.folds} 折已训练")
    margins = np.zeros(count)
    for fold, parts in enumerate(learnt_by):
        others = np.flatnonzero((material.fold != fold) & material.own)
        asked = np.flatnonzero((material.fold == fold) & material.own)
        weights, offset = _weighed(views[others], material.target[others])
        whole, worth, bias = _linear(parts, weights, material.scale)
        shipped = whole * worth / np.maximum(material.scale, 1e-9)
        margins[asked] = (
            material.rows[asked] @ shipped
            + views[asked, _LINEAR:] @ weights[_LINEAR:]
            + bias
            + offset
        )
    told = (margins, material.grades, material.target, material.fold, material.own)
    figures = calibration.figures(*told)
    tell(f"负面：{measures.sentence(figures)}")
    own = np.flatnonzero(material.own)
    weights, offset = _weighed(views[own], material.target[own])
    fitted = calibration.found(
        margins[own], material.grades[own], material.target[own], lifted=True
    )
    parts = _parts(material, np.arange(count), plan.seed)
    whole, worth, bias = _linear(parts, weights, material.scale)
    held = {
        "linear": whole,
        "linear_scale": np.array(worth),
        "bias": np.array(bias + offset),
        "slope": np.array(fitted.slope),
        "of_grade": fitted.offsets,
        "lift": np.array(fitted.lift),
        "negative": material.negative,
        "view_weights": weights[_LINEAR:].reshape(len(stack.KINDS), -1),
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
    return model_file.write(out, card, stack.state(held, parts.nets))


def _weighed(views: Floats, target: Floats) -> tuple[Floats, float]:
    return linear.fit_dense(views, target, freedom=_FREEDOM)


def _parts(material: Material, learnt: Rows, seed: int) -> Parts:
    teacher = material.teacher
    of_view: stack.Nets = {
        "pair_mean": [_mean_net(net, teacher.spread) for net in teacher.nets(learnt)]
    }
    own, emotion = material.own[learnt], material.emotions[learnt]
    for view, count in NETS.items():
        reads, _, kind = view.partition("_")
        train_one = nets.train if kind == "net" else recurrent_nets.train
        table = material.tables[reads]
        texts = [material.read[reads][at] for at in learnt]
        of_view[view] = [
            train_one(table, texts, own, emotion, seed=seed + _OF_VIEW[view] + number)
            for number in range(count)
        ]
    return Parts(teacher.plain(-1, learnt), teacher.by_ratio(-1, learnt), of_view)


def _mean_net(net: Any, spread: float) -> MeanNet:
    """The net for texts of the own domain: its mark is 1, and both copies of the vector add up."""
    hidden, out = net.coefs_
    size = (len(hidden) - 1) // 2
    together = (hidden[:size] + hidden[size + 1 :]) / spread
    offsets = net.intercepts_[0] + hidden[size] * DOMAIN_MARK
    parts = (together, offsets, out, net.intercepts_[1])
    return MeanNet(*(part.astype(np.float16) for part in parts))


def _columns(material: Material, parts: Parts, asked: Rows) -> Floats:
    """What each view says of these texts, in the order of the weights."""
    rows = material.rows[asked]
    found = [rows @ weights + offset for weights, offset in (parts.plain, parts.by_ratio)]
    reading = stack.Reading(material.pairs, material.words.names, material.tables["word"])
    read = {name: [every[at] for at in asked] for name, every in material.read.items()}
    said = reading.of(parts.nets, material.vectors[asked], read["pair"], read["word"])
    return np.column_stack(
        [*found, *(stack.columns(said[view], material.negative) for view in stack.KINDS)]
    )


def _linear(
    parts: Parts, weights: Floats, scale: NDArray[np.float32]
) -> tuple[NDArray[np.int8], float, float]:
    """Both linear views as one, in 8 bits; what one is worth; and their intercept."""
    both = parts.plain[0] * weights[0] + parts.by_ratio[0] * weights[1]
    whole, worth = ngram.in_eight_bits(both * scale)
    return whole, worth, parts.plain[1] * weights[0] + parts.by_ratio[1] * weights[1]
