"""The scorer ``stack``: the best there is without a time limit, some fifty times slower.

Its p_negative is a sum of three views of a text: n-grams by a linear model, pairs of characters by
small nets over their mean, words by convolutional nets. p_positive and p_appeal are those of
``ngram`` of the same folder. Only numpy and rjieba; no model beyond these two files is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec import structs
from numpy.typing import NDArray

from analyzer.sentiment import events, features, measures, model_file, words
from analyzer.sentiment.convolution import Floats, Net, log_odds
from analyzer.sentiment.ngram import NgramScorer
from analyzer.sentiment.pairs import MeanNet, Pairs
from analyzer.sentiment.port import Band, Reason
from posts.model import Score, Sentiment

NAME = "stack"
_GRAVE = 2
_DIGITS = 9
_BATCH = 512
_SMALLEST_REASON = 0.05


class StackScorer:
    """Reads the packaged model, or that of a folder. Raises InvalidInputError where it can't."""

    name = NAME

    def __init__(self, band: Band | None = None, *, folder: Path = model_file.PACKAGED) -> None:
        self.card, arrays = model_file.read(NAME, folder, features=features.VERSION)
        self._fast = NgramScorer(band, folder=folder)
        self.version = f"{self.card.version}+{self._fast.version}"
        self._band = band or Band()
        self._views = Views(arrays)
        self._slope = arrays["slope"].item()
        self._of_grade = arrays["of_grade"].astype(np.float64)

    def score(self, texts: Sequence[str]) -> list[Score]:
        """One score a text, whatever else is in the batch."""
        found: list[Score] = []
        for start in range(0, len(texts), _BATCH):
            some = texts[start : start + _BATCH]
            grades = _grades(some)
            p = self._chances(some, grades)
            fast = self._fast.score(some)
            rows = zip(some, fast, p.tolist(), grades.tolist(), strict=True)
            found += [self._score(text, score, one, grade) for text, score, one, grade in rows]
        return found

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """p_negative, p_positive, p_appeal: texts × 3."""
        rows = [(s.p_negative, s.p_positive, s.p_appeal) for s in self.score(texts)]
        return np.array(rows, dtype=np.float64).reshape(-1, 3)

    def reasons(self, text: str, *, most: int = 8) -> tuple[Reason, ...]:
        """For *negative* what each word adds, by leaving it out; the rest as ``ngram`` says it.

        A word that stands several times is left out one at a time; words beyond the first 120 and
        pushes below .05 are not told.
        """
        placed = words.words(text)
        without = [text[: word.start] + text[word.end :] for word in placed]
        margins = self._views.margins([text, *without]) * self._slope
        pushes = (margins[0] - margins[1:]).tolist()
        found = [
            Reason("negative", text[word.start : word.end], word.start, word.end, round(push, 3))
            for word, push in zip(placed, pushes, strict=True)
            if abs(push) >= _SMALLEST_REASON
        ]
        others = self._fast.reasons(text, most=most)
        found += [reason for reason in others if reason.head != "negative"]
        found.sort(key=lambda reason: -abs(reason.weight))
        return tuple(found[:most])

    def _chances(self, texts: Sequence[str], grades: NDArray[np.int64]) -> Floats:
        margins = self._views.margins(texts) * self._slope + self._of_grade[grades]
        return np.round(measures.chance(margins), _DIGITS)

    def _score(self, text: str, fast: Score, negative: float, grade: int) -> Score:
        positive = min(fast.p_positive, 1 - negative)
        sentiment = self._band.sentiment(negative, positive, knows_neutral=grade < _GRAVE)
        return structs.replace(
            fast,
            p_negative=negative,
            p_positive=positive,
            sentiment=sentiment if text.strip() else Sentiment.UNCERTAIN,
            scorer=self.name,
            version=self.version,
        )


class Views:
    """The three views of a model file, added up before calibration."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self._linear = arrays["linear"].astype(np.int64)
        self._linear_scale = arrays["linear_scale"].item()
        self._bias = arrays["bias"].item()
        self._negative = arrays["negative"]
        self._pairs = Pairs(
            arrays["pair_names"],
            arrays["pair_rarity"].astype(np.float32),
            arrays["pair_vectors"],
            arrays["pair_scale"].item(),
        )
        self._mean_nets = [MeanNet(*parts) for parts in _by_net(MeanNet, "mean", arrays)]
        self._mean_weight = arrays["mean_weight"].item()
        self._word_names = arrays["word_names"]
        known = arrays["word_vectors"].astype(np.float64) * arrays["word_scale"].item()
        self._word_vectors = np.vstack([np.zeros((1, known.shape[1])), known])
        self._nets = [Net(*parts) for parts in _by_net(Net, "net", arrays)]
        self._net_weight = arrays["net_weight"].item()

    def margins(self, texts: Sequence[str]) -> Floats:
        """Log odds of *negative* before calibration."""
        vectors = self._pairs.of(texts)
        rows = words.indexed(texts, self._word_names)
        by_mean = [net.chances(vectors) for net in self._mean_nets]
        by_words = [net.chances(self._word_vectors, rows) for net in self._nets]
        margins: Floats = (
            self._of_linear(texts)
            + mean_log_odds(by_mean, self._negative) * self._mean_weight
            + mean_log_odds(by_words, self._negative) * self._net_weight
            + self._bias
        )
        return margins

    def _of_linear(self, texts: Sequence[str]) -> Floats:
        sums = [
            np.add.reduceat(self._linear.take(chunk.slots_or_nothing), chunk.firsts)
            / np.sqrt(chunk.counts)
            for chunk in features.chunks(texts)
        ]
        return np.concatenate(sums) * self._linear_scale if sums else np.zeros(0)


def mean_log_odds(chances: Sequence[Floats], wanted: NDArray[np.bool_]) -> Floats:
    """The mean over nets of the log odds that an emotion is among the wanted."""
    found: Floats = np.mean([log_odds(one[:, wanted].sum(axis=1)) for one in chances], axis=0)
    return found


def state(
    parts: dict[str, NDArray[Any]], mean_nets: Sequence[MeanNet], nets: Sequence[Net]
) -> dict[str, NDArray[Any]]:
    """The arrays of a model file: ``parts`` as they are, and the weights of the nets."""
    held = dict(parts)
    for prefix, every in (("mean", mean_nets), ("net", nets)):
        for name in every[0].__struct_fields__:
            held[f"{prefix}_{name}"] = np.array([getattr(net, name) for net in every])
    return held


def _by_net(
    kind: type[MeanNet | Net], prefix: str, arrays: dict[str, NDArray[Any]]
) -> Iterator[tuple[NDArray[Any], ...]]:
    """The weights of each net of a kind, in the order of its fields."""
    return zip(*(arrays[f"{prefix}_{name}"] for name in kind.__struct_fields__), strict=True)


def _grades(texts: Sequence[str]) -> NDArray[np.int64]:
    found = [
        events.grades(chunk.points, chunk.owners, len(chunk.firsts))
        for chunk in features.chunks(texts)
    ]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
