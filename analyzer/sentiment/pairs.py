"""Vectors of character pairs for the slow scorer, and small nets over their mean in a text.

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

    def _of_chunk(self, chunk: features.Chunk) -> Floats:
        points = chunk.points.astype(np.uint64)
        pairs = points[:-1] << _HALF | points[1:]
        good = (points[:-1] > _SPACE) & (points[1:] > _SPACE)
        named, owners = hashed(pairs[good]), chunk.owners[:-1][good].astype(np.int64)
        at = np.searchsorted(self.names, named).clip(0, len(self.names) - 1)
        known = self.names[at] == named
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
