"""How many characters two texts have in common in the same order (longest common subsequence).

A changed character costs one here and two to three n-grams, so that short texts are told apart far
better than by shares of n-grams. Many pairs are handled at once, 64 characters in the bits of a
word (Hyyrö 2004, bit-parallel longest common subsequence). Longer texts are split 64 characters
before their ends and the parts compared: a little less may be found than is there.
"""

from __future__ import annotations

import numpy as np

from analyzer.grouping.copies_hashing import U16, U64, Ints

_WORD = 64
_CELLS = 1 << 20  # comparisons at once, and pairs: bounds memory
_PAIRS = 512
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)
_NOTHING = np.uint16(2)  # characters are odd, and 0 where there is none


def in_common(one: U16, other: U16) -> Ints:
    """(pairs): characters in common of each two rows of 128, in order; zeros count nothing."""
    found: Ints = (one != 0).sum(axis=1)
    differ = np.flatnonzero((one != other).any(axis=1))
    one, other = one[differ], other[differ]
    long = ((one[:, _WORD:] != 0) | (other[:, _WORD:] != 0)).any(axis=1)
    parts = [_split(rows[long]) for rows in (one, other)]
    whole = [rows[~long, :_WORD] for rows in (one, other)]
    least = np.concatenate([differ[~long], differ[long], differ[long]])
    found[differ] = 0
    np.add.at(
        found,
        least,
        _of_words(*(np.concatenate([some, *two]) for some, two in zip(whole, parts, strict=True))),
    )
    return found


def _split(rows: U16) -> tuple[U16, U16]:
    """(what stands before, the last 64 characters) of each row, each 64 characters wide."""
    ends = rows.shape[1] - np.argmax(rows[:, ::-1] != 0, axis=1)
    starts = np.maximum(ends - _WORD, 0)
    place = np.arange(_WORD)
    before = np.where(place < starts[:, None], rows[:, :_WORD], np.uint16(0))
    return before, np.take_along_axis(rows, starts[:, None] + place, axis=1)


def _of_words(one: U16, other: U16) -> Ints:
    """As above for rows of 64."""
    longest = _WORD - np.argmax(((one != 0) | (other != 0))[:, ::-1], axis=1)
    order = np.argsort(longest, kind="stable")
    found = np.zeros(len(one), np.int64)
    for at in range(0, len(order), _PAIRS):
        few = order[at : at + _PAIRS]
        found[few] = _of_few(_equal(one[few], other[few, : longest[few[-1]]]))
    return found


def _equal(one: U16, other: U16) -> U64:
    """(steps, pairs): by bits where in ``one`` each character of ``other`` stands."""
    pairs, steps = other.shape
    theirs = np.where(other == 0, _NOTHING, other)
    words = np.empty((steps, pairs), np.uint64)
    few = max(1, _CELLS // (steps * _WORD))
    for at in range(0, pairs, few):
        equal = theirs[at : at + few, :, None] == one[at : at + few, None, :]
        bits = np.packbits(equal, axis=2, bitorder="little").view(np.uint64)
        words[:, at : at + few] = bits[:, :, 0].T
    return words


def _of_few(words: U64) -> Ints:
    state = np.full(words.shape[1], _ALL)
    for equal in words:
        met = state & equal
        rest = state ^ met
        state += met
        state |= rest
    return _WORD - np.bitwise_count(state).astype(np.int64)
