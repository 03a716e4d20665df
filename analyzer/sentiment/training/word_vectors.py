"""Vectors of words from posts without labels: as for pairs of characters, over rjieba's words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import words
from analyzer.sentiment.training import embedding

WORDS = 30_000
_FEWEST = 3  # texts that a word is in, or it is not among the words
_FARTHEST = 5
_SELDOM = 2
_LARGEST = 31
_SPREAD = 0.3
"""Standard deviation of a number in a vector, for the filters to start from."""


class WordVectors(Struct, frozen=True):
    """Names of words, sorted, and of each a vector of 8-bit numbers that are worth ``scale``."""

    names: NDArray[np.uint32]
    whole: NDArray[np.int8]
    scale: float

    def table(self) -> NDArray[np.float32]:
        """The vectors with row 0 for unknown words before them."""
        known = self.whole.astype(np.float32) * np.float32(self.scale)
        return np.vstack([np.zeros((1, known.shape[1]), dtype=np.float32), known])


def train(texts: Sequence[str], *, seed: int) -> tuple[WordVectors, list[NDArray[np.int64]]]:
    """The vectors of the most frequent words; and every text as rows of their table."""
    cut = [np.array(words.names(text), dtype=np.uint32) for text in texts]
    every, counts = np.unique(np.concatenate([np.unique(one) for one in cut]), return_counts=True)
    often = np.flatnonzero(counts >= _FEWEST)
    # Ties by name, so that the choice does not depend on the sorting.
    chosen = often[np.lexsort((every[often], -counts[often]))[:WORDS]]
    known = np.sort(every[chosen])
    rows = [words.rows(one, known) for one in cut]
    vectors = embedding.factorised(_information(rows, len(known)), seed)
    vectors = vectors * np.float32(_SPREAD * np.sqrt(vectors.shape[1]))
    return WordVectors(known, *coarse(vectors)), rows


def coarse(vectors: NDArray[np.float32]) -> tuple[NDArray[np.int8], float]:
    """Vectors as whole numbers within ±31, and what one is worth: six bits, as good as eight."""
    scale = float(np.abs(vectors).max(initial=0) / _LARGEST) or 1.0
    return np.round(vectors / scale).astype(np.int8), scale


def _information(rows: list[NDArray[np.int64]], count: int) -> Any:
    """How much more often two words stand near each other than by chance."""
    from scipy import sparse  # type: ignore[import-untyped]

    gap = np.zeros(_FARTHEST, dtype=np.int64)  # no neighbours across texts
    flat = np.concatenate([part for one in rows for part in (one, gap)]) - 1
    together: Any = sparse.csr_matrix((count, count), dtype=np.float32)
    for distance in range(1, _FARTHEST + 1):
        left, right = flat[:-distance], flat[distance:]
        good = (left >= 0) & (right >= 0)
        ones = np.ones(int(good.sum()), dtype=np.float32)
        together = together + sparse.csr_matrix(
            (ones, (left[good], right[good])), shape=(count, count)
        )
    together = (together + together.T).tocsr()
    together.data[together.data < _SELDOM] = 0
    return embedding.information(together)
