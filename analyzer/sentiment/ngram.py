"""The scorer ``ngram``: three linear heads over hashed character n-grams, a batch in one pass.

Each head has a weight of 8 bits for each slot. The three weights of a slot share one 32-bit number,
so that one look-up serves all heads, in a table of 4 MB; sums are of whole numbers, so a text's
score does not depend on what else is in the batch. A head's probability comes from its sum
over √n and from the gravest event that the text names (see :mod:`analyzer.sentiment.events`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.sentiment import events, features, measures, model_file
from analyzer.sentiment.port import Band, Reason
from posts.model import Score, Sentiment

NAME = "ngram"
HEADS = ("negative", "positive", "appeal")
_LARGE = 24 << 20
_MORE = 128
_SIGN = np.uint8(_MORE)
_BYTE, _TWO_BYTES = np.uint32(8), np.uint32(16)
_LOWEST, _LOWER = np.uint32(0xFF), np.uint32(0xFFFF)
_SMALLEST_REASON = 0.05
_LONGEST_REASON = 4
_DILUTION = 0.5
"""A longer run has more features; it stands before a shorter one only where it says more."""

POSITIVE_AT_MOST = np.array([1.0, 0.6, 0.3, 0.15])
"""The highest p_positive by the grade of the gravest event: never a class *positive* from grade 2
on, whatever else the text says."""

_GRAVE = 2
_HALF = 0.5
_SENTIMENTS = (Sentiment.NEGATIVE, Sentiment.POSITIVE, Sentiment.NEUTRAL, Sentiment.UNCERTAIN)
_PARTS = frozenset({"weights", "scale", "bias", "slope", "of_grade"})
Floats = NDArray[np.float64]


class NgramScorer:
    """Reads the packaged model, or that of a folder. Raises InvalidInputError where it can't."""

    name = NAME

    def __init__(self, band: Band | None = None, *, folder: Path = model_file.PACKAGED) -> None:
        self.card, arrays = model_file.read(NAME, folder, features=features.VERSION, needed=_PARTS)
        self.version = self.card.version
        self._band = band or Band()
        self._weights = arrays["weights"]  # int8, heads × slots
        self._scale = arrays["scale"].astype(np.float64)
        self._bias = arrays["bias"].astype(np.float64)
        self._slope = arrays["slope"].astype(np.float64)
        self._of_grade = arrays["of_grade"].astype(np.float64)  # heads × grades
        # Models of before 0.4 have none: their chances are left as calibrated.
        self._lift = arrays.get("lift", np.zeros(len(HEADS))).astype(np.float64)
        self._packed = packed(self._weights)
        _keep_what_a_batch_needs()

    def score(self, texts: Sequence[str]) -> list[Score]:
        """One score a text; a text without any known n-gram has the scorer's prior."""
        chances, grades = self._chances(texts)
        rows = zip(texts, chances.tolist(), self._sentiments(chances, grades), strict=True)
        name, version = self.name, self.version
        return [
            Score(
                p_negative=negative,
                p_positive=positive,
                p_appeal=appeal,
                sentiment=Sentiment.UNCERTAIN if not text or text.isspace() else said,
                scorer=name,
                version=version,
            )
            for text, (negative, positive, appeal), said in rows
        ]

    def probabilities(self, texts: Sequence[str]) -> Floats:
        """p_negative, p_positive, p_appeal: texts × 3."""
        return self._chances(texts)[0]

    def log_odds(self, texts: Sequence[str]) -> Floats:
        """The same as calibrated: not lifted, nor bounded by an event or p_negative: texts × 3."""
        return self._read(texts)[0]

    def state(self) -> dict[str, NDArray[Any]]:
        """The arrays of the model file."""
        return {
            "weights": self._weights,
            "scale": self._scale,
            "bias": self._bias,
            "slope": self._slope,
            "of_grade": self._of_grade,
            "lift": self._lift,
        }

    def reasons(self, text: str, *, most: int = 8) -> tuple[Reason, ...]:
        """The runs that decided, strongest first, none overlapping a stronger one of its head."""
        return reasons_of(text, self._weights, self._scale * self._slope, most=most)

    def _sentiments(self, chances: Floats, grades: NDArray[np.int64]) -> list[Sentiment]:
        """As :meth:`Band.sentiment`, for all rows at once."""
        negative, positive = chances[:, 0], chances[:, 1]
        # What names a grave event is at least uncertain, however evenly it is told.
        neutral = (grades < _GRAVE) & (negative < self._band.neutral) & (positive < _HALF)
        which = np.where(neutral, 2, 3)
        which[positive >= self._band.positive] = 1
        which[(negative >= self._band.negative) & (negative >= positive)] = 0
        return [_SENTIMENTS[one] for one in which.tolist()]

    def _chances(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        odds, grades = self._read(texts)
        p = measures.chance(measures.lifted(odds, self._lift))
        np.minimum(p[:, 1], POSITIVE_AT_MOST[grades], out=p[:, 1])
        np.minimum(p[:, 1], 1 - p[:, 0], out=p[:, 1])
        return p, grades

    def _read(self, texts: Sequence[str]) -> tuple[Floats, NDArray[np.int64]]:
        """Log odds (texts × heads), and the grade of the gravest event that each text names."""
        sums, counts, grades = [], [], []
        for chunk in features.chunks(texts):
            sums.append(summed(self._packed, chunk))
            counts.append(chunk.counts)
            grades.append(events.grades(chunk.points, chunk.owners, len(chunk.firsts)))
        if not counts:
            return np.zeros((0, len(HEADS))), np.zeros(0, dtype=np.int64)
        grade = np.concatenate(grades)
        roots = np.sqrt(np.concatenate(counts))
        margins = np.concatenate(sums) * self._scale / roots[:, None] + self._bias
        return margins * self._slope + self._of_grade[:, grade].T, grade


def _keep_what_a_batch_needs() -> None:
    """Let the allocator of glibc keep the memory of a batch for the next one.

    It keeps what is smaller than the largest block that was ever given back. Else each batch may
    get its memory from the system anew, page by page. The block itself is never touched.
    """
    np.empty(_LARGE, dtype=np.uint8)


def packed(weights: NDArray[np.int8]) -> NDArray[np.uint32]:
    """The three weights of each slot in one number, a byte each, all 128 more than they are."""
    together: NDArray[np.uint32] = np.zeros(weights.shape[1], dtype=np.uint32)
    for one in weights[::-1]:
        together <<= _BYTE
        together += one.view(np.uint8) ^ _SIGN
    return together


def summed(table: NDArray[np.uint32], chunk: features.Chunk) -> NDArray[np.int64]:
    """The sums of the weights of each text's slots: texts × 3."""
    found = table.take(chunk.slots_or_nothing, mode="wrap")  # quicker than to ask for its bounds
    firsts = chunk.firsts
    sums = np.empty((len(HEADS), len(firsts)), dtype=np.uint32)
    # A text has 6,000 slots: 32 bits hold two sums, one above the other.
    lowest = found & _LOWEST
    np.add.reduceat(lowest, firsts, dtype=np.uint32, out=sums[0])
    lower = np.bitwise_and(found, _LOWER, out=lowest)
    np.add.reduceat(lower, firsts, dtype=np.uint32, out=sums[1])
    found >>= _TWO_BYTES
    np.add.reduceat(found, firsts, dtype=np.uint32, out=sums[2])
    sums[1] -= sums[0]
    sums[1] >>= _BYTE
    taken = chunk.bounds[1:] - firsts
    return sums.T - _MORE * taken[:, None]


def reasons_of(
    text: str, weights: NDArray[np.int8], scale: Floats, *, most: int
) -> tuple[Reason, ...]:
    """As :meth:`NgramScorer.reasons`; ``scale`` turns the weights of each head into log odds."""
    points, origin = _with_origin(text)
    by_size = features.slots_of(np.concatenate([points, np.zeros(2, dtype=np.uint32)]))
    # A feature counts once: only one of the places of a run will be told.
    root = np.sqrt(len(np.unique(np.concatenate([*by_size, [0]]))))
    found: list[Reason] = []
    for head, name in enumerate(HEADS):
        singles = [weights[head, slots] * scale[head] / root for slots in by_size]
        found += _strongest(name, singles, origin, text)
    found.sort(key=lambda reason: -abs(reason.weight))
    return tuple(found[:most])


def _strongest(head: str, singles: list[Floats], origin: list[int], text: str) -> list[Reason]:
    """Runs of up to four points by the sum of all features within, none overlapping another."""
    count = len(origin)
    runs = []
    for length in range(1, _LONGEST_REASON + 1):
        total = np.zeros(max(count - length + 1, 0))
        for size, weights in enumerate(singles, start=1):
            for first in range(length - size + 1):
                total += weights[first : first + len(total)]
        runs += [
            (weight / length**_DILUTION, weight, at, at + length)
            for at, weight in enumerate(total.tolist())
            if abs(weight) >= _SMALLEST_REASON
        ]
    runs.sort(key=lambda run: -abs(run[0]))
    taken: set[int] = set()
    seen: set[str] = set()
    reasons = []
    for _, weight, first, after in runs:
        start, end = origin[first], origin[after - 1] + 1
        if text[start:end] in seen or taken.intersection(range(first, after)):
            continue
        taken.update(range(first, after))
        seen.add(text[start:end])
        reasons.append(Reason(head, text[start:end], start, end, round(weight, 3)))
    return reasons


def _with_origin(text: str) -> tuple[NDArray[np.uint32], list[int]]:
    """The points that are scored, and of each its place in the text as given."""
    shown, origin = features.head_with_origin(text)
    points = features.normal_points(shown)
    kept = points != features.DROPPED
    points = np.where(points == 0, np.uint32(32), points)[kept]
    return points, [place for place, keep in zip(origin, kept.tolist(), strict=True) if keep]


def state(
    weights: Floats, bias: Floats, slope: Floats, of_grade: Floats, lift: Floats
) -> dict[str, NDArray[Any]]:
    """The arrays of a model file from weights of full precision (heads × slots)."""
    whole, scale = zip(*map(in_eight_bits, weights), strict=True)
    return {
        "weights": np.array(whole),
        "scale": np.array(scale),
        "bias": bias,
        "slope": slope,
        "of_grade": of_grade,
        "lift": lift,
    }


def in_eight_bits(weights: Floats) -> tuple[NDArray[np.int8], float]:
    """The weights of a head as whole numbers, and what one of them is worth.

    The largest is 127: rounding the many small ones costs nothing, cutting the few large ones does.
    """
    scale = float(np.abs(weights).max() / 127) or 1.0
    return np.round(weights / scale).astype(np.int8), scale
