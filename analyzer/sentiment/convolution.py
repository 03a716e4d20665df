"""A small convolutional net over word vectors, in numpy (Kim 2014): what the slow scorer adds.

Filters over 1, 2 and 3 words, the strongest answer of each, beside the mean of the words; a hidden
layer; a chance for each emotion. Sums are in double precision, so that what stands beside a text
in a batch does not show in its score.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

Floats = NDArray[np.float64]
WIDTHS = (1, 2, 3)
PAD = 2
_BATCH = 256
_ALMOST = 1e-4


class Net(Struct):
    """The weights of a net: ``filters`` dimension × (filters of all widths, one word each)."""

    filters: NDArray[Any]
    offsets: NDArray[Any]
    hidden: NDArray[Any]
    hidden_offsets: NDArray[Any]
    out: NDArray[Any]
    out_offsets: NDArray[Any]

    def chances(self, vectors: NDArray[Any], texts: Sequence[NDArray[np.int64]]) -> Floats:
        """Texts × emotions; texts are rows of ``vectors``, of which row 0 is of unknown words."""
        double = Net(*(np.asarray(part, dtype=np.float64) for part in self.parts()))
        order = np.argsort([len(text) for text in texts], kind="stable")
        found = np.zeros((len(texts), self.out.shape[1]))
        for start in range(0, len(order), _BATCH):
            some = order[start : start + _BATCH]
            rows, lengths = padded([texts[at] for at in some])
            found[some] = double._some(np.asarray(vectors, dtype=np.float64)[rows], lengths)
        return found

    def parts(self) -> tuple[NDArray[Any], ...]:
        """All weights, in the order of the fields."""
        return tuple(getattr(self, name) for name in self.__struct_fields__)

    def _some(self, words: Floats, lengths: NDArray[np.int64]) -> Floats:
        answers, _ = strongest(words, self.filters)
        seen = np.maximum(answers + self.offsets, 0)
        read = np.hstack([seen, mean(words, lengths)])
        inner = np.maximum(read @ self.hidden + self.hidden_offsets, 0)
        return softmax(inner @ self.out + self.out_offsets)


def padded(texts: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Texts × words, filled with row 0, two columns more than the longest; and their lengths."""
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    rows = np.zeros((len(texts), int(lengths.max(initial=1)) + PAD), dtype=np.int64)
    for at, text in enumerate(texts):
        rows[at, : len(text)] = text
    return rows, lengths


def strongest(words: NDArray[Any], filters: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The strongest answer of each filter in each text, at least 0, and where it begins."""
    count, length, size = words.shape
    each = filters.shape[1] // sum(WIDTHS)
    by_word = (words.reshape(-1, size) @ filters).reshape(count, length, -1)
    answers, places, first = [], [], 0
    for width in WIDTHS:
        last = length - width + 1
        total = by_word[:, :last, first : first + each].copy()
        for step in range(1, width):
            column = first + step * each
            total += by_word[:, step : last + step, column : column + each]
        first += width * each
        place = total.argmax(axis=1)
        answers.append(np.take_along_axis(total, place[:, None], axis=1)[:, 0])
        places.append(place)
    return np.maximum(np.hstack(answers), 0), np.hstack(places)


def mean(words: NDArray[Any], lengths: NDArray[np.int64]) -> NDArray[Any]:
    """The sum of a text's word vectors over √n."""
    found: NDArray[Any] = words.sum(axis=1) / np.sqrt(np.maximum(lengths, 1))[:, None]
    return found


def softmax(margins: NDArray[Any]) -> NDArray[Any]:
    """Chances that add up to one, row by row."""
    raised = np.exp(margins - margins.max(axis=1, keepdims=True))
    found: NDArray[Any] = raised / raised.sum(axis=1, keepdims=True)
    return found


def log_odds(chance: Floats) -> Floats:
    """Of a probability, within what a net can know."""
    kept = chance.clip(_ALMOST, 1 - _ALMOST)
    odds: Floats = np.log(kept / (1 - kept))
    return odds
