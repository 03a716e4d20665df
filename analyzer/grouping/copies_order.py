"""How many characters two texts have in common in the same order (longest common subsequence).

A changed character costs one here and two to three n-grams, so that short texts are told apart far
better than by shares of n-grams. Many pairs are handled at once, 64 characters in the bits of a
word (Hyyrö 2004, bit-parallel longest common subsequence). Longer texts are split 64 characters
before their ends and the parts compared: a little less may be found than is there.
"""

from __future__ import annotations

import numpy as np

from analyzer.grouping.copies_hashing import U8, Ints, counts

_WORD = 64
_PAIRS = 512  # at once: bounds memory, a megabyte of it
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_BITS = np.uint64(1) << np.arange(_WORD, dtype=np.uint64)
_CHARS = 256  # different hashes of characters; 0 where there is none


def in_common(one: U8, other: U8) -> Ints:
    """(pairs): characters in common of each two rows of 128, in order; zeros count nothing."""
    found = counts(one != 0).astype(np.int64)
    differ = np.flatnonzero((one != other).any(axis=1))
    both = np.stack([one[differ], other[differ]])
    long = both[:, :, _WORD:].any(axis=(0, 2))
    words = both[:, ~long, :_WORD]
    least = differ[~long]
    if long.any():
        words = np.concatenate([words, *_split(both[:, long])], axis=1)
        least = np.concatenate([least, differ[long], differ[long]])
    found[differ] = 0
    np.add.at(found, least, _of_words(*words))
    return found


def _split(rows: U8) -> tuple[U8, U8]:
    """(what stands before, the last 64 characters) of each row, each 64 characters wide."""
    ends = rows.shape[2] - np.argmax(rows[:, :, ::-1] != 0, axis=2)
    starts = np.maximum(ends - _WORD, 0)[:, :, None]
    place = np.arange(_WORD)
    before = np.where(place < starts, rows[:, :, :_WORD], np.uint8(0))
    return before, np.take_along_axis(rows, starts + place, axis=2)


def _of_words(one: U8, other: U8) -> Ints:
    """As above for rows of 64."""
    longest = _WORD - np.argmax(((one != 0) | (other != 0))[:, ::-1], axis=1)
    order = np.argsort(longest, kind="stable")
    found = np.zeros(len(one), np.int64)
    for at in range(0, len(order), _PAIRS):
        few = order[at : at + _PAIRS]
        most = longest[few[-1]]
        found[few] = _of_few(one[few, :most], other[few, :most])
    return found


def _of_few(one: U8, other: U8) -> Ints:
    """As above. By bits where in ``one`` each character stands, and then step by step."""
    pairs, steps = one.shape
    base = np.arange(0, pairs * _CHARS, _CHARS)[:, None]
    places = np.zeros(pairs * _CHARS, np.uint64)
    np.add.at(places, (base + one).ravel(), np.tile(_BITS[:steps], pairs))
    places[base] = 0
    state = np.full(pairs, _ALL)
    for equal in places[(base + other).T]:
        met = state & equal
        rest = state ^ met
        state += met
        state |= rest
    return _WORD - np.bitwise_count(state).astype(np.int64)
