"""The scorer ``stack``: the best there is without a time limit, hundreds of times slower.

Its p_negative is a sum of five views of a text: n-grams by a linear model; pairs of characters by
small nets over their mean and by a convolutional one; words by convolutional and recurrent nets.
Each net tells emotions, and which one it is counts in the sum. p_positive and p_appeal are those of
``ngram`` of the same folder. Only numpy and rjieba; nothing beyond these two files is read.
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
from analyzer.sentiment.recurrent import Recurrent
from posts.model import Score, Sentiment

NAME = "stack"
_GRAVE = 2
_DIGITS = 9
_BATCH = 512
_SMALLEST_REASON = 0.05
_ALMOST = 1e-4
SPREAD = 0.3
"""Standard deviation of a number in a pair's vector where nets read pairs in order."""

KINDS: dict[str, type[MeanNet | Net | Recurrent]] = {
    "pair_mean": MeanNet,
    "pair_net": Net,
    "word_net": Net,
    "word_order": Recurrent,
}
"""The views by nets; the first part of a name says what they read."""

_PARTS = frozenset(
    {"linear", "linear_scale", "bias", "slope", "of_grade", "lift", "negative", "view_weights"}
    | {"pair_names", "pair_rarity", "pair_vectors", "pair_scale"}
    | {"word_names", "word_vectors", "word_scale"}
)
Nets = dict[str, list[Any]]


class StackScorer:
    """Reads the packaged model, or that of a folder. Raises InvalidInputError where it can't."""

    name = NAME

    def __init__(self, band: Band | None = None, *, folder: Path = model_file.PACKAGED) -> None:
        self.card, arrays = model_file.read(
            NAME, folder, features=features.VERSION, needed=_needed()
        )
        self._fast = NgramScorer(band, folder=folder)
        self._folder = folder
        self.version = f"{self.card.version}+{self._fast.version}"
        self._band = band or Band()
        self._views = Views(arrays)
        self._slope = arrays["slope"].item()
        self._of_grade = arrays["of_grade"].astype(np.float64)
        self._lift = arrays["lift"].item()

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

    def log_odds(self, texts: Sequence[str]) -> Floats:
        """Of *negative*, as calibrated and not lifted, one a text."""
        some = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        found = [self._odds(part, _grades(part)) for part in some]
        return np.concatenate(found) if found else np.zeros(0)

    def state(self) -> dict[str, NDArray[Any]]:
        """The arrays of the model file, read anew: while scoring they are not kept twice."""
        _, arrays = model_file.read(NAME, self._folder, features=features.VERSION, needed=_needed())
        return arrays

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
        odds = measures.lifted(self._odds(texts, grades), self._lift)
        return np.round(measures.chance(odds), _DIGITS)

    def _odds(self, texts: Sequence[str], grades: NDArray[np.int64]) -> Floats:
        odds: Floats = self._views.margins(texts) * self._slope + self._of_grade[grades]
        return odds

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
    """All views of a model file, added up before calibration."""

    def __init__(self, arrays: dict[str, NDArray[Any]]) -> None:
        self._linear = arrays["linear"].astype(np.int64)
        self._linear_scale = arrays["linear_scale"].item()
        self._bias = arrays["bias"].item()
        self._negative = arrays["negative"]
        pairs = Pairs(
            arrays["pair_names"],
            arrays["pair_rarity"].astype(np.float32),
            arrays["pair_vectors"],
            arrays["pair_scale"].item(),
        )
        known = arrays["word_vectors"].astype(np.float64) * arrays["word_scale"].item()
        table = np.vstack([np.zeros((1, known.shape[1])), known])
        self._reading = Reading(pairs, arrays["word_names"], table)
        self._nets = {
            view: [KINDS[view](*parts) for parts in _by_net(view, arrays)] for view in KINDS
        }
        self._weights = dict(zip(KINDS, arrays["view_weights"].astype(np.float64), strict=True))

    def margins(self, texts: Sequence[str]) -> Floats:
        """Log odds of *negative* before calibration."""
        margins: Floats = self._of_linear(texts) + self._bias
        for view, chances in self._reading.chances(self._nets, texts).items():
            margins += columns(chances, self._negative) @ self._weights[view]
        return margins

    def _of_linear(self, texts: Sequence[str]) -> Floats:
        sums = [
            np.add.reduceat(self._linear.take(chunk.slots_or_nothing), chunk.firsts)
            / np.sqrt(chunk.counts)
            for chunk in features.chunks(texts)
        ]
        return np.concatenate(sums) * self._linear_scale if sums else np.zeros(0)


class Reading:
    """What the nets read: pairs of characters and words, their mean or one after another."""

    def __init__(self, pairs: Pairs, word_names: NDArray[np.uint32], words: NDArray[Any]) -> None:
        self._pairs = pairs
        # In double precision once, for nets read so: a batch may be one post.
        self._pair_table = pairs.table(SPREAD).astype(np.float64)
        self._word_names = word_names
        self._word_table = words.astype(np.float64)

    def chances(self, nets: Nets, texts: Sequence[str]) -> dict[str, list[Floats]]:
        """Of each view what each of its nets says: texts × emotions."""
        return self.of(
            nets,
            self._pairs.of(texts),
            self._pairs.rows(texts),
            words.indexed(texts, self._word_names),
        )

    def of(
        self,
        nets: Nets,
        vectors: Floats,
        pairs: Sequence[NDArray[np.int64]],
        read: Sequence[NDArray[np.int64]],
    ) -> dict[str, list[Floats]]:
        """The same of texts as the mean of their pairs, their pairs' and their words' rows."""
        given = {"pair": (self._pair_table, pairs), "word": (self._word_table, read)}
        found: dict[str, list[Floats]] = {}
        for view, every in nets.items():
            table, rows = given[view.partition("_")[0]]
            found[view] = [
                net.chances(vectors) if isinstance(net, MeanNet) else net.chances(table, rows)
                for net in every
            ]
        return found


def columns(chances: Sequence[Floats], negative: NDArray[np.bool_]) -> Floats:
    """Log odds of *negative* and log chance of each emotion, of the mean of a view's nets."""
    mean = np.mean(chances, axis=0)
    against = log_odds(mean[:, negative].sum(axis=1))
    return np.column_stack([against, np.log(np.maximum(mean, _ALMOST))])


def state(parts: dict[str, NDArray[Any]], nets: Nets) -> dict[str, NDArray[Any]]:
    """The arrays of a model file: ``parts`` as they are, and the weights of the nets."""
    held = dict(parts)
    for view, every in nets.items():
        for name in KINDS[view].__struct_fields__:
            held[f"{view}_{name}"] = np.array([getattr(net, name) for net in every])
    return held


def _needed() -> frozenset[str]:
    """The arrays that a model file has."""
    of_nets = {f"{view}_{name}" for view, kind in KINDS.items() for name in kind.__struct_fields__}
    return _PARTS | of_nets


def _by_net(view: str, arrays: dict[str, NDArray[Any]]) -> Iterator[tuple[NDArray[Any], ...]]:
    """The weights of each net of a view, in the order of its fields."""
    return zip(*(arrays[f"{view}_{name}"] for name in KINDS[view].__struct_fields__), strict=True)


def _grades(texts: Sequence[str]) -> NDArray[np.int64]:
    found = [
        events.grades(chunk.points, chunk.owners, len(chunk.firsts))
        for chunk in features.chunks(texts)
    ]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.int64)
