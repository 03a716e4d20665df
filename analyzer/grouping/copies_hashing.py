"""Hashes of characters, of runs of them, and the smallest of a text's (MinHash, Broder 1997)."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

U8 = npt.NDArray[np.uint8]
U16 = npt.NDArray[np.uint16]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

EMPTY, EMPTY16 = np.uint32(0xFFFFFFFF), np.uint16(0xFFFF)
BANDS = 16
_OF_BAND, _BANDED, _FEWEST_BANDED = 3, 64, 6
_AT_ONCE = 32  # posts: what is computed for them stays in the cache
_DRAWN = np.random.default_rng(20).integers(0, 1 << 32, (2, BANDS * _OF_BAND), np.uint32)
_SALTS: U16 = _DRAWN[0].astype(np.uint16)
_ODD: U16 = _DRAWN[1].astype(np.uint16) | np.uint16(1)
_ASCII, _OF_LATIN, _OTHERS = np.uint32(0x80), np.uint32(37), np.uint32(218)


def mix(values: U32) -> U32:
    """Spread the bits (the finaliser of MurmurHash3, public domain)."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def counts(some: Bools) -> U8:
    """(rows): how many of each row are true, up to 255; three times as quick as a sum."""
    return np.asarray(np.einsum("ij->i", some.view(np.uint8)))


def whole(mixed: U32, owner: Ints, posts: int) -> U64:
    """A hash of the whole sequence of characters."""
    length = np.bincount(owner, minlength=posts)
    first = np.cumsum(length) - length
    place = (np.arange(len(owner)) - first[owner]).astype(np.uint64)
    value = (mixed.astype(np.uint64) + np.uint64(1)) * (
        place * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0xD1B54A32D192ED03)
    )
    value ^= value >> np.uint64(29)
    value *= np.uint64(0xBF58476D1CE4E5B9)
    value ^= value >> np.uint64(32)
    found = np.zeros(len(length), np.uint64)
    some = length > 0
    if len(owner):
        found[some] = np.add.reduceat(value, first[some])
    return found


def letters(codes: U32, mixed: U32) -> U8:
    """A hash of each character that takes one byte, 1 to 254: what short texts are kept as.

    Digits and Latin letters have one of their own each: numbers and words of few letters are told
    apart by these alone. ``mixed``: the characters' hashes.
    """
    found = (mixed >> np.uint32(16)) * _OTHERS >> np.uint32(16)
    found += _OF_LATIN
    return np.where(codes < _ASCII, _latin()[np.minimum(codes, _ASCII)], found).astype(np.uint8)


@cache
def _latin() -> U32:
    """1 to 36 for digits and letters in lower case."""
    table = np.ones(int(_ASCII) + 1, np.uint32)
    table[ord("0") : ord("9") + 1] = np.arange(1, 11)
    table[ord("a") : ord("z") + 1] = np.arange(11, 37)
    return table


def grams(mixed: U32, gram: int) -> U32:
    """The hash of the n-gram that begins at each character but the last ones."""
    n = len(mixed) - gram + 1
    if n <= 0:
        return mixed[:0]
    value = mixed[:n].copy()
    for step in range(1, gram):
        value = value * np.uint32(0x01000193) + mixed[step : step + n]
    return np.minimum(mix(value + np.uint32(gram)), EMPTY - np.uint32(1))


def smallest(value: U32, owner: Ints, posts: int, most: int) -> U32:
    """(posts, most): of each post the smallest distinct hashes, ascending, then EMPTY."""
    found = np.full((posts, most), EMPTY, np.uint32)
    n = len(value)
    inside = owner[:n] == owner[len(owner) - n :]
    both = (owner[:n][inside].astype(np.uint64) << np.uint64(32)) | value[inside]
    if not len(both):
        return found
    both.sort()
    both = both[np.concatenate(([True], both[1:] != both[:-1]))]
    whose = (both >> np.uint64(32)).astype(np.int64)
    counts = np.bincount(whose, minlength=posts)
    rank = np.arange(len(both)) - (np.cumsum(counts) - counts)[whose]
    taken = rank < most
    found[whose[taken], rank[taken]] = both[taken].astype(np.uint32)
    return found


def upper(hashes: U32) -> U16:
    """The upper halves: enough to tell the n-grams of two posts apart, and half the memory.

    Equal neighbours stay: they are counted on both sides alike.
    """
    return np.where(
        hashes == EMPTY, EMPTY16, np.minimum(hashes >> np.uint32(16), np.uint32(0xFFFE))
    ).astype(np.uint16)


def bands(row: U8, length: Ints) -> U32:
    """(posts, 16): keys of three smallest hashes of pairs each, of the first 64 characters.

    Of texts that are longer than the row none: they have enough other keys.

    Posts that share no more than a hashtag have few of these in common, changed copies most. Every
    second one is of texts of one length, as thousands of posts have little beside one hashtag.
    """
    found = np.full((len(row), BANDS), EMPTY, np.uint32)
    short = np.flatnonzero(length <= row.shape[1])
    for at in range(0, len(short), _AT_ONCE):
        few = short[at : at + _AT_ONCE]
        found[few] = _bands(row[few, :_BANDED])
    return found


def _bands(row: U8) -> U32:
    few = np.ascontiguousarray(row.T).astype(np.uint32)
    ended = few[1:] == 0
    longest = int(np.count_nonzero(~ended.all(axis=1)))
    value = mix(few[:longest] * np.uint32(0x01000193) + few[1 : longest + 1]) >> np.uint32(16)
    value = np.where(ended[:longest], value[:1], value).astype(np.uint16)  # least of the same
    every: U16 = value[:, :, None] ^ _SALTS
    every *= _ODD
    least = every.min(axis=0, initial=EMPTY16).reshape(len(row), BANDS, _OF_BAND).astype(np.uint32)
    key: U32 = np.tile(np.arange(BANDS, dtype=np.uint32), (len(row), 1))
    key[:, 1::2] |= (few != 0).sum(axis=0, dtype=np.uint32)[:, None] << np.uint32(8)
    for step in range(_OF_BAND):
        key = mix(key * np.uint32(0x9E3779B1) + least[:, :, step])
    key = np.minimum(key, EMPTY - np.uint32(1))
    key[few[_FEWEST_BANDED - 1] == 0] = EMPTY
    return key
