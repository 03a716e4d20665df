"""Vectors of character pairs from posts without labels: co-occurrence, weighted, factorised.

Positive pointwise mutual information with smoothed contexts and a truncated singular value
decomposition (Levy and Goldberg 2014: what skip-gram approximates). A text's vector is the mean of
its pairs' vectors, weighted by rarity.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import features

Floats32 = NDArray[np.float32]
Sparse = Any

PAIRS = 25_000
DIMENSIONS = 160
_NEAREST, _FARTHEST = 2, 7
"""Distance of two pairs that count as neighbours; nearer ones share a character."""

_SELDOM = 3
_SMOOTHING = 0.75
_OVERSAMPLED = 16
_ROUNDS = 3
_LENGTH = 4.0


class Embedding(Struct):
    """Pairs (two code points in 64 bits, sorted), their rarity and their vectors."""

    pairs: NDArray[np.uint64]
    rarity: Floats32
    vectors: Floats32

    def of(self, texts: Sequence[str]) -> Floats32:
        """One vector a text; zeros where it has no known pair."""
        pairs, owners = _pairs(texts)
        which = _find(self.pairs, pairs)
        known = which >= 0
        keys = np.unique(owners[known] * len(self.pairs) + which[known])
        return self._mean(keys, len(texts))

    def _mean(self, keys: NDArray[np.int64], count: int) -> Floats32:
        from scipy import sparse  # type: ignore[import-untyped]

        rows, columns = keys // len(self.pairs), keys % len(self.pairs)
        sizes = np.maximum(np.bincount(rows, minlength=count), 1)
        weights = (self.rarity[columns] / (_LENGTH * np.sqrt(sizes[rows]))).astype(np.float32)
        shape = (count, len(self.pairs))
        mean: Floats32 = sparse.csr_matrix((weights, (rows, columns)), shape=shape) @ self.vectors
        return mean


def train(texts: Sequence[str], *, seed: int) -> Embedding:
    """The embedding of the most frequent pairs."""
    pairs, owners = _pairs(texts)
    names, counts = np.unique(pairs, return_counts=True)
    # Ties by name, so that the choice does not depend on the sorting.
    chosen = np.sort(names[np.lexsort((names, -counts))[:PAIRS]])
    which = _find(chosen, pairs)
    vectors = factorised(_information(which, owners, len(chosen)), seed)
    known = which >= 0
    keys = np.unique(owners[known] * len(chosen) + which[known])
    texts_with = np.bincount(keys % len(chosen), minlength=len(chosen))
    rarity = np.log(len(texts) / (texts_with + 1)).astype(np.float32)
    return Embedding(chosen, rarity, vectors)


def _pairs(texts: Sequence[str]) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
    """All pairs in order, 0 where a pair has a space or crosses texts, and the text of each."""
    points, owners, base = [], [], 0
    for chunk in features.chunks(texts):
        points.append(chunk.points)
        owners.append(chunk.owners.astype(np.int64) + base)
        base += int(chunk.owners[-1]) + 1
    if not points:
        return np.zeros(0, dtype=np.uint64), np.zeros(0, dtype=np.int64)
    every = np.concatenate(points).astype(np.uint64)
    pairs = every[:-1] << np.uint64(32) | every[1:]
    space = np.uint64(32)
    pairs[(every[:-1] <= space) | (every[1:] <= space)] = 0
    return pairs, np.concatenate(owners)[:-1]


def _find(names: NDArray[np.uint64], pairs: NDArray[np.uint64]) -> NDArray[np.int64]:
    at = np.searchsorted(names, pairs).clip(0, len(names) - 1)
    return np.where((names[at] == pairs) & (pairs > 0), at, -1)


def _information(which: NDArray[np.int64], owners: NDArray[np.int64], count: int) -> Sparse:
    from scipy import sparse

    together: Sparse = sparse.csr_matrix((count, count), dtype=np.float32)
    for distance in range(_NEAREST, _FARTHEST + 1):
        left, right = which[:-distance], which[distance:]
        good = (left >= 0) & (right >= 0) & (owners[:-distance] == owners[distance:])
        keys = left[good] * count + right[good]
        keys.sort()
        firsts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]]) if len(keys) else keys
        times = np.diff(np.append(firsts, len(keys))).astype(np.float32)
        once = keys[firsts]
        shape = (count, count)
        together = together + sparse.csr_matrix((times, (once // count, once % count)), shape=shape)
    together = (together + together.T).tocsr()
    together.data[together.data < _SELDOM] = 0
    return information(together)


def information(together: Sparse) -> Sparse:
    """Positive pointwise mutual information, contexts smoothed, of symmetric counts."""
    from scipy import sparse

    together.eliminate_zeros()
    row_sums = np.asarray(together.sum(axis=1)).ravel()
    context = row_sums**_SMOOTHING
    context /= context.sum() or 1
    entries = together.tocoo()
    value = np.log(entries.data / (row_sums[entries.row] * context[entries.col]))
    good = value > 0
    return sparse.csr_matrix(
        (value[good].astype(np.float32), (entries.row[good], entries.col[good])),
        shape=together.shape,
    )


def factorised(matrix: Sparse, seed: int) -> Floats32:
    """The rows of a truncated singular value decomposition, each of length one."""
    width = min(DIMENSIONS + _OVERSAMPLED, matrix.shape[0])
    dice = np.random.default_rng(seed)
    basis = dice.standard_normal((matrix.shape[0], width)).astype(np.float32)
    for _ in range(_ROUNDS):
        basis, _ = np.linalg.qr(matrix @ basis)
        basis, _ = np.linalg.qr(matrix.T @ basis)
    left, sizes, _ = np.linalg.svd(matrix @ basis, full_matrices=False)
    vectors = left[:, :DIMENSIONS] * np.sqrt(sizes[:DIMENSIONS])
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    even: Floats32 = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return even
