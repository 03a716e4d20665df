"""How good the scorers are, by their cards and on labelled files: for ``yuqing eval``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analyzer import sentiment
from analyzer.sentiment import evaluation, model_file
from analyzer.sentiment.evaluation import LabelledSet
from analyzer.sentiment.model_file import Card
from analyzer.sentiment.training import corpora
from registry.errors import InvalidInputError

Row = tuple[str, str, str, dict[str, Any], str]
_FEWEST = 20
_CURVES = ("ngram", "stack")


def lines(names: Sequence[str], files: Sequence[Path], sample: int) -> Iterator[str]:
    """The table over scorers and sets, then the reliability curves.

    ``sample``: posts of each file that a slow scorer judges. Raises InvalidInputError.
    """
    cards = list(_cards(names))
    rows = list(evaluation.of_cards(cards))
    trained = {source["sha256"] for card in cards if card.sha256 for source in card.sources}
    for file in files:
        rows += _measured(file, names, sample, trained)
    yield from evaluation.table(rows)
    for name, where, head, found, _ in rows:
        if head != "appeal" and name.startswith(_CURVES):
            yield f"\n可靠性曲线：{name}，{where}，{head}"
            yield from evaluation.curve(found)


def _cards(names: Sequence[str]) -> Iterator[Card]:
    """The cards of these scorers; SnowNLP's holds what was measured of it, for it has no other."""
    for name in names:
        if name == "snownlp":
            yield model_file.read_card(model_file.PACKAGED / "snownlp.json")
        elif (card := getattr(sentiment.load(name), "card", None)) is not None:
            yield card


def _measured(file: Path, names: Sequence[str], sample: int, trained: set[str]) -> Iterator[Row]:
    given = corpora.read([file])
    known = given.sources[0]["sha256"] in trained
    for name in names:
        scorer = sentiment.load(name)
        for one in _sets(file, given):
            these = one.sample(sample) if name == "snownlp" else one
            found = evaluation.measured(scorer, these)
            if found is not None:
                own = known and hasattr(scorer, "card")
                how = "训练过这些数据，偏高" if own else "直接测量"
                yield name, these.name, these.head, found, how


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
