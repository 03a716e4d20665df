"""Training of the convolutional net by hand in numpy: emotions as the task, Adam, drop-out.

Word vectors stay as they are. The hidden layer has a part that only texts of the own domain see;
a trained net is for texts of the own domain, so both parts become one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer.sentiment.convolution import (
    WIDTHS,
    Net,
    mean,
    padded,
    softmax,
    strongest,
)
from analyzer.sentiment.training import descent
from analyzer.sentiment.training.descent import Floats32

Rows = NDArray[np.int64]
FILTERS = 64
HIDDEN = 64
EPOCHS = 4
_BATCH = 64
_RATE = 1e-3
_WORDS_DROPPED = 0.1
_JITTER = 6.0


def train(
    vectors: Floats32,
    texts: Sequence[Rows],
    own: NDArray[np.bool_],
    emotions: NDArray[np.int64],
    *,
    seed: int,
    epochs: int = EPOCHS,
) -> Net:
    """A net for texts of the own domain; ``emotions`` are numbers from 0, ``vectors[0]`` zeros."""
    learner = _Learner(vectors, int(emotions.max()) + 1, seed)
    rounds = descent.rounds(
        learner.dice, texts, times=epochs, size=_BATCH, jitter=_JITTER, rate=_RATE
    )
    for batch, rate in rounds:
        rows, sizes = padded([texts[one] for one in batch])
        learner.step(rows, sizes, own[batch], emotions[batch], rate)
    return learner.net()


class _Learner:
    def __init__(self, vectors: Floats32, classes: int, seed: int) -> None:
        self.dice = np.random.default_rng(seed)
        self._vectors = vectors
        size = vectors.shape[1]
        self._seen = FILTERS * len(WIDTHS)
        read = self._seen + size
        self._weights = {
            "filters": self._drawn(size, FILTERS * sum(WIDTHS), size),
            "offsets": np.zeros(self._seen, dtype=np.float32),
            "hidden": self._drawn(2 * read, HIDDEN, read),
            "hidden_offsets": np.zeros(HIDDEN, dtype=np.float32),
            "out": self._drawn(HIDDEN, classes, HIDDEN),
            "out_offsets": np.zeros(classes, dtype=np.float32),
        }
        self._down = descent.Descent(self._weights)

    def _drawn(self, rows: int, columns: int, by: int) -> Floats32:
        return descent.drawn(self.dice, rows, columns, by)

    def step(
        self,
        rows: Rows,
        lengths: NDArray[np.int64],
        own: NDArray[np.bool_],
        emotions: NDArray[np.int64],
        rate: float,
    ) -> None:
        """One step of the descent on a batch."""
        rows = np.where(self.dice.random(rows.shape) < _WORDS_DROPPED, 0, rows)
        words = self._vectors[rows]
        weights, inside = self._weights, own[:, None].astype(np.float32)
        answers, places = strongest(words, weights["filters"])
        seen = np.maximum(answers + weights["offsets"], 0)
        kept = descent.kept(self.dice, (len(rows), self._seen + words.shape[2]))
        read = np.hstack([seen, mean(words, lengths).astype(np.float32)]) * kept
        both = np.hstack([read, read * inside])
        inner = np.maximum(both @ weights["hidden"] + weights["hidden_offsets"], 0)
        kept_inner = descent.kept(self.dice, inner.shape)
        shown = inner * kept_inner
        error = softmax(shown @ weights["out"] + weights["out_offsets"])
        error[np.arange(len(rows)), emotions] -= 1
        error /= len(rows)
        of_inner = (error @ weights["out"].T) * kept_inner * (inner > 0)
        of_both = of_inner @ weights["hidden"].T
        half = read.shape[1]
        of_read = (of_both[:, :half] + of_both[:, half:] * inside) * kept
        of_seen = of_read[:, : self._seen] * (seen > 0)
        slopes = {
            "filters": self._of_filters(words, places, of_seen * (answers > 0)),
            "offsets": of_seen.sum(axis=0),
            "hidden": both.T @ of_inner,
            "hidden_offsets": of_inner.sum(axis=0),
            "out": shown.T @ error,
            "out_offsets": error.sum(axis=0),
        }
        self._down.step(slopes, rate)

    def _of_filters(self, words: Floats32, places: NDArray[np.int64], of: Floats32) -> Floats32:
        """The slope of the filters: only the words that gave the strongest answer have one."""
        count, length, size = words.shape
        spread = np.zeros((count, length, FILTERS * sum(WIDTHS)), dtype=np.float32)
        texts, each = np.arange(count)[:, None], np.arange(FILTERS)[None]
        first = 0
        for at, width in enumerate(WIDTHS):
            part = slice(at * FILTERS, (at + 1) * FILTERS)
            for step in range(width):
                spread[texts, places[:, part] + step, first + step * FILTERS + each] = of[:, part]
            first += width * FILTERS
        slope: Floats32 = words.reshape(-1, size).T @ spread.reshape(count * length, -1)
        return slope

    def net(self) -> Net:
        """The net as the file holds it: half precision, both parts of the hidden layer as one."""
        parts = {**self._weights, "hidden": descent.joined(self._weights["hidden"])}
        return Net(**{name: one.astype(np.float16) for name, one in parts.items()})
