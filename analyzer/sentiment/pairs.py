"""Vectors of character pairs for the slow scorer: their mean in a text, or one after another.

Pairs are named by a 32-bit hash, so that the model holds no vocabulary.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import features
from analyzer.sentiment.convolution import Floats, softmax

_MIX = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)
_SPACE = np.uint64(32)
_LENGTH = 4.0
MOST = 120
"""Pairs that are read of a text where they are read in order."""


class Pairs(Struct):
    """Names of pairs, sorted, with their rarity and vectors (8-bit numbers worth ``scale``)."""

    names: NDArray[np.uint32]
    rarity: NDArray[np.float32]
    whole: NDArray[np.int8]
    scale: float

    def of(self, texts: Sequence[str]) -> Floats:
        """Texts × dimensions: the vectors of a text's pairs by their rarity; 0 where none is known.

        Each pair counts once; the sum is divided by 4√n.
        """
        found = [self._of_chunk(chunk) for chunk in features.chunks(texts)]
        return np.concatenate(found) if found else np.zeros((0, self.whole.shape[1]))

    def rows(self, texts: Sequence[str]) -> list[NDArray[np.int64]]:
        """For each text the places of its first pairs in :meth:`table`; 0 for unknown ones."""
        found: list[NDArray[np.int64]] = []
        for chunk in features.chunks(texts):
            at, known, owners = self._found(chunk)
            rows = np.where(known, at + 1, 0)
            bounds = np.searchsorted(owners, np.arange(len(chunk.firsts) + 1))
            found += [
                rows[first : min(after, first + MOST)]
                for first, after in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True)
            ]
        return found

    def table(self, spread: float) -> NDArray[np.float32]:
        """The vectors, of that standard deviation, with row 0 for unknown pairs before them."""
        known = self.whole.astype(np.float32)
        known *= np.float32(spread / max(float(known.std()), 1e-9))
        return np.vstack([np.zeros((1, known.shape[1]), dtype=np.float32), known])

    def _found(
        self, chunk: features.Chunk
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.int64]]:
        """Of each pair the place of its name, whether it is there, and the text that it is of."""
        points = chunk.points.astype(np.uint64)
        pairs = points[:-1] << _HALF | points[1:]
        good = (points[:-1] > _SPACE) & (points[1:] > _SPACE)
        named, owners = hashed(pairs[good]), chunk.owners[:-1][good].astype(np.int64)
        if not len(self.names):
            return np.zeros_like(owners), np.zeros(len(owners), dtype=bool), owners
        at = np.searchsorted(self.names, named).clip(0, len(self.names) - 1)
        return at, self.names[at] == named, owners

    def _of_chunk(self, chunk: features.Chunk) -> Floats:
        at, known, owners = self._found(chunk)
        keys = np.unique(owners[known] * len(self.names) + at[known])
        rows, columns = keys // len(self.names), keys % len(self.names)
        count = len(chunk.firsts)
        total = np.zeros((count, self.whole.shape[1]))
        if len(keys):
            values = self.whole[columns] * (self.rarity[columns] * self.scale)[:, None]
            firsts = np.flatnonzero(np.r_[True, rows[1:] != rows[:-1]])
            total[rows[firsts]] = np.add.reduceat(values.astype(np.float64), firsts)
        sizes = np.maximum(np.bincount(rows, minlength=count), 1)
        return total / (_LENGTH * np.sqrt(sizes))[:, None]


class MeanNet(Struct):
    """One hidden layer over a text's vector; chances of emotions."""

    hidden: NDArray[np.float16]
    hidden_offsets: NDArray[np.float16]
    out: NDArray[np.float16]
    out_offsets: NDArray[np.float16]

    def chances(self, vectors: Floats) -> Floats:
        """Texts × emotions."""
        hidden, offsets, out, out_offsets = (
            getattr(self, name).astype(np.float64) for name in self.__struct_fields__
        )
        return softmax(np.maximum(vectors @ hidden + offsets, 0) @ out + out_offsets)


def hashed(pairs: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The names of pairs of code points (two in 64 bits)."""
    return (pairs * _MIX >> _HALF).astype(np.uint32)
