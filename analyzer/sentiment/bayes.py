"""The scorer ``snownlp-retrained``: SnowNLP's kind of naive Bayes, on fast tokens, on our data.

Add-one smoothing and a prior by the mass of tokens as in SnowNLP; instead of its slow word cutting
the tokens are pairs of characters (presence in a text), and there are three classes, since posts
are mostly neither praise nor blame. Kept for comparison: as naive Bayes does, it is far too sure.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.sentiment import features, model_file
from analyzer.sentiment.port import Band, Reason
from posts.model import Score

NAME = "snownlp-retrained"
CLASSES = (-1, 0, 1)
SIZES = frozenset({2})
_SMALLEST_REASON = 0.05
_STEP = 20.0  # an eighth-bit's worth of log (count + 1): 255 / 20 is above log 300,000

_PARTS = frozenset({"logs", "mass"})
Floats = NDArray[np.float64]


class RetrainedBayes:
    """Reads the packaged counts, or those of a folder. Raises InvalidInputError where it can't."""

    name = NAME

    def __init__(self, band: Band | None = None, *, folder: Path = model_file.PACKAGED) -> None:
        self.card, arrays = model_file.read(NAME, folder, features=features.VERSION, needed=_PARTS)
        self.version = self.card.version
        self._band = band or Band()
        self._logs = arrays["logs"]
        self._mass = arrays["mass"].astype(np.float64)

    def score(self, texts: Sequence[str]) -> list[Score]:
        """One score a text; no appeal, which two classes of feeling can't tell."""
        return [
            Score(
                p_negative=negative,
                p_positive=positive,
                sentiment=self._band.sentiment(negative, positive, knows_neutral=True),
                scorer=self.name,
                version=self.version,
            )
            for negative, _, positive in self.probabilities(texts).tolist()
        ]

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """Of the classes negative, neutral, positive: texts × 3."""
        found = [_chances(self._logs, self._mass, chunk) for chunk in features.chunks(texts, SIZES)]
        return np.concatenate(found) if found else np.zeros((0, len(CLASSES)))

    def reasons(self, text: str, *, most: int = 8) -> tuple[Reason, ...]:
        """The pairs that decided, none over a stronger one: a class against the mean of the others.

        They add up, so that a text of many weak pairs is sure.
        """
        shown, origin = features.head_with_origin(text)
        points = features.normal_points(shown)
        kept = np.flatnonzero(points != features.DROPPED)
        points = points[kept]
        points[points == 0] = ord(" ")
        slots = features.slots_of(np.concatenate([points, np.zeros(2, dtype=np.uint32)]))[1][:-1]
        known = self._logs[:, slots].astype(np.float64) / _STEP
        logs = np.where(known.any(axis=0), known - np.log(self._mass)[:, None], 0.0)
        found = []
        for head, at in (("negative", 0), ("positive", 2)):
            weights = logs[at] - (logs.sum(axis=0) - logs[at]) / (len(CLASSES) - 1)
            taken: set[int] = set()
            seen: set[int] = set()
            for pair in np.argsort(-np.abs(weights), kind="stable").tolist():
                over = {pair - 1, pair, pair + 1} & taken
                if over or slots[pair] in seen or abs(weights[pair]) < _SMALLEST_REASON:
                    continue
                taken.add(pair)
                seen.add(int(slots[pair]))
                start, end = origin[kept[pair]], origin[kept[pair + 1]] + 1
                weight = round(float(weights[pair]), 3)
                found.append(Reason(head, text[start:end], start, end, weight))
        found.sort(key=lambda reason: -abs(reason.weight))
        return tuple(found[:most])


def state(texts: Sequence[str], polarity: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """The arrays of a model file: log (count + 1) of each slot in 8 bits, and mass, by class."""
    counts = np.zeros((len(CLASSES), features.SLOTS))
    for at, label in enumerate(CLASSES):
        mine = [text for text, one in zip(texts, polarity.tolist(), strict=True) if one == label]
        for chunk in features.chunks(mine, SIZES):
            counts[at] += np.bincount(chunk.slots, minlength=features.SLOTS)
    counts[:, 0] = 0
    kinds = (counts > 0).sum(axis=1)
    logs = np.round(np.log1p(counts) * _STEP).astype(np.uint8)
    return {"logs": logs, "mass": counts.sum(axis=1) + kinds}


def chances(arrays: dict[str, NDArray[Any]], texts: Sequence[str]) -> Floats:
    """As :meth:`RetrainedBayes.probabilities`, of arrays that were just made."""
    found = [
        _chances(arrays["logs"], arrays["mass"], chunk) for chunk in features.chunks(texts, SIZES)
    ]
    return np.concatenate(found)


def _chances(logs: NDArray[np.uint8], mass: Floats, chunk: features.Chunk) -> Floats:
    tokens = np.diff(chunk.starts) - 1  # without slot 0
    margins = np.empty((len(tokens), len(CLASSES)))
    for at in range(len(CLASSES)):
        sums = np.add.reduceat(logs[at].take(chunk.slots).astype(np.int64), chunk.starts[:-1])
        margins[:, at] = sums / _STEP - tokens * np.log(mass[at]) + np.log(mass[at] / mass.sum())
    margins -= margins.max(axis=1, keepdims=True)
    odds = np.exp(margins)
    total: Floats = odds / odds.sum(axis=1, keepdims=True)
    return total
