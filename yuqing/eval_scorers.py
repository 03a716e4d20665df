"""How good the scorers are, by their cards and on labelled files: for ``yuqing eval``."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analyzer import sentiment
from analyzer.sentiment import evaluation, model_file
from analyzer.sentiment.evaluation import LabelledSet
from analyzer.sentiment.model_file import Card
from analyzer.sentiment.port import Scorer
from analyzer.sentiment.training import corpora
from posts.model import Score
from registry.errors import InvalidInputError

Row = tuple[str, str, str, dict[str, Any], str]
_FEWEST = 20
_CURVES = ("ngram", "stack")


def lines(
    names: Sequence[str], files: Sequence[Path], sample: int, sampled: Collection[str]
) -> Iterator[str]:
    """The table over scorers and sets as it is reckoned, then the reliability curves.

    ``sampled``: scorers that judge ``sample`` posts of each file only. Raises InvalidInputError.
    """
    rows: list[Row] = []
    yield from evaluation.table(_kept(_rows(names, files, sample, sampled), rows))
    for name, where, head, found, _ in rows:
        if head != "appeal" and name.startswith(_CURVES):
            yield f"\n可靠性曲线：{name}，{where}，{head}"
            yield from evaluation.curve(found)


def _kept(rows: Iterator[Row], kept: list[Row]) -> Iterator[Row]:
    for row in rows:
        kept.append(row)
        yield row


def _rows(
    names: Sequence[str], files: Sequence[Path], sample: int, sampled: Collection[str]
) -> Iterator[Row]:
    cards = list(_cards(names))
    yield from evaluation.of_cards(cards)
    trained = {source["sha256"] for card in cards if card.sha256 for source in card.sources}
    for file in files:
        given = corpora.read([file])
        known = given.sources[0]["sha256"] in trained
        sets = list(_sets(file, given))
        for name in names:
            scorer = sentiment.load(name)
            own = known and hasattr(scorer, "card")
            how = "训练过这些数据，偏高" if own else "直接测量"
            these = [one.sample(sample) for one in sets] if name in sampled else sets
            for one, found in _measured(scorer, these):
                yield name, one.name, one.head, found, how


def _measured(
    scorer: Scorer, sets: Sequence[LabelledSet]
) -> Iterator[tuple[LabelledSet, dict[str, Any]]]:
    texts: list[str] = []
    scores: list[Score] = []
    for one in sets:
        if one.texts != texts:  # the sets of two heads are of the same posts
            texts, scores = one.texts, scorer.score(one.texts)
        found = evaluation.measured(scores, one)
        if found is not None:
            yield one, found


def _cards(names: Sequence[str]) -> Iterator[Card]:
    """The cards of these scorers; SnowNLP's holds what was measured of it, for it has no other."""
    for name in names:
        if name == "snownlp":
            yield model_file.read_card(model_file.PACKAGED / "snownlp.json")
        elif (card := getattr(sentiment.load(name), "card", None)) is not None:
            yield card


def _sets(file: Path, given: Any) -> Iterator[LabelledSet]:
    texts = [one.text for one in given.labelled]
    for head, sign in (("negative", -1), ("positive", 1)):
        if len(texts) >= _FEWEST:
            target = np.array([float(one.polarity == sign) for one in given.labelled])
            yield LabelledSet(file.name, head, texts, target)
    if len(given.appeals) >= _FEWEST:
        target = np.array([float(label) for _, label in given.appeals])
        yield LabelledSet(file.name, "appeal", [text for text, _ in given.appeals], target)
    elif len(texts) < _FEWEST:
        raise InvalidInputError(
            f"{file} 里有标注（polarity 或 appeal）的不足 {_FEWEST} 条，不能评估。"
        )
