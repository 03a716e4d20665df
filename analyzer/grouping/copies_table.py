"""Where candidates are found: a table from keys to slots of the window, a few places a bucket.

The newest stay. A key that thousands of posts share takes no more than six of the eight places of
its bucket, so that it does not drive out other keys.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from analyzer.grouping.copies_hashing import U32, Ints, counts, mix

SLOTS = (1 << 18) - 1
"""The bits of a cell that hold a slot; the others are a tag of the key."""
_WAYS, _OF_ONE = 8, 6


class Table:
    """``buckets``: a power of two."""

    def __init__(self, buckets: int) -> None:
        self._last = np.uint32(buckets - 1)
        self._cells = np.zeros((buckets, _WAYS), np.uint32)

    @property
    def nbytes(self) -> int:
        """Of memory, once everything was written."""
        return self._cells.nbytes

    def find(self, owner: Ints, hashes: U32) -> tuple[Ints, Ints]:
        """(owner, slot) for each place that has one of the keys."""
        cells = self._cells[mix(hashes) & self._last]
        cells ^= _tag(hashes)[:, None]  # what is left of the same key is its slot, from 1
        cells -= np.uint32(1)
        row, way = np.nonzero(cells < np.uint32(SLOTS))
        return owner[row], cells[row, way].astype(np.int64)

    def put(self, slots: Ints, hashes: U32) -> None:
        """Lead each of the keys to its slot (one for each key)."""
        bucket = mix(hashes) & self._last
        entry = _tag(hashes) | (slots + 1).astype(np.uint32)
        for few in _rounds(bucket):
            self._put_once(bucket[few], entry[few])

    def _put_once(self, bucket: U32, entry: U32) -> None:
        """As above, where no bucket comes twice."""
        cells = self._cells[bucket]
        moved = np.empty_like(cells)
        moved[:, 0] = entry
        moved[:, 1:] = cells[:, :-1]
        same = (cells ^ entry[:, None]) <= np.uint32(SLOTS)
        many = np.flatnonzero(counts(same) >= _OF_ONE)
        if len(many):
            oldest = _WAYS - 1 - np.argmax(same[many, ::-1], axis=1)
            stays = np.arange(_WAYS) > oldest[:, None]
            moved[many] = np.where(stays, cells[many], moved[many])
        self._cells[bucket] = moved


def _rounds(bucket: U32) -> list[npt.NDArray[np.int64]]:
    """Places in order of coming, so that a bucket is once in each round; the newest few of it."""
    both = (bucket.astype(np.uint64) << np.uint64(32)) | np.arange(len(bucket), dtype=np.uint64)
    both.sort()
    by = (both & np.uint64(0xFFFFFFFF)).astype(np.int64)
    ordered = bucket[by]
    last = np.concatenate((ordered[1:] != ordered[:-1], [True]))
    rounds: list[npt.NDArray[np.int64]] = []
    while len(by) and len(rounds) < _WAYS:
        rounds.append(by[last])
        by = by[~last]
        ordered = bucket[by]
        last = np.concatenate((ordered[1:] != ordered[:-1], [True]))[: len(by)]
    return rounds[::-1]


def _tag(hashes: U32) -> U32:
    """What tells keys of one bucket apart, in the bits above a slot."""
    return mix(hashes ^ np.uint32(0x5BD1E995)) & ~np.uint32(SLOTS)
