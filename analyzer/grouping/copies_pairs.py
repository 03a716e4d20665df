"""Pairs of posts: which to try, and what makes one of two texts a copy of the other."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from analyzer.grouping.copies_text import EMPTY, EMPTY16, U16, Ints, Signatures, mix

SLOTS = (1 << 18) - 1
"""The bits of a table's cell that hold a slot; the others are a tag of the key."""
_TRIED, _BEFORE = 16, (1, 2, 3)
"""Candidates a post that are verified, those with the most shared keys first; and of one batch
the posts before it that share a key."""

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


class Bar(Struct, frozen=True):
    """What makes a copy of a text that is not equal.

    ``pairs``: by the number of pairs that the shorter text has (``sizes``) the share of them that
    the other one has too. Triples must follow as they do where single characters are changed;
    in lists of the same words in another order they do not. A text that is much shorter is a
    piece of the other one only where nearly all of it is there.
    """

    sizes: tuple[float, ...] = (8, 16, 32, 60, 100)
    pairs: tuple[float, ...] = (0.63, 0.61, 0.63, 0.64, 0.66)
    fewest: int = 7
    slack: float = 0.12  # below the triples that the pairs let expect, of whole sets
    slack_of_samples: float = 0.20
    slack_from: int = 24  # pairs of the shorter text from which triples are looked at
    same: float = 0.9  # from this score on a copy is so alike that it is no variant
    variants: tuple[float, ...] = (0.62, 0.75)  # least scores for a variant, for its variants
    length_ratio: float = 0.6
    piece: float = 0.8
    fewest_of_piece: int = 12
    near: float = 0.5  # the least share that a variant's copy has with the original itself
    thin: float = 0.6  # the least share of texts that are hardly more than hashtags
    thin_ratio: float = 0.8


def shared(one: U16, other: U16) -> tuple[Floats, Ints, Bools]:
    """(share, n, whole): how much of the shorter text's n-grams the other has, by n of them.

    Of texts with more n-grams than a sketch holds only those count that would be in both.
    """
    bound = np.minimum(one[:, -1], other[:, -1])
    whole = bound == EMPTY16
    bound = np.minimum(bound, EMPTY16 - np.uint16(1))[:, None]
    both = np.concatenate([one, other], axis=1)
    both.sort(axis=1)
    equal = ((both[:, 1:] == both[:, :-1]) & (both[:, 1:] <= bound)).sum(axis=1)
    fewer = np.minimum((one <= bound).sum(axis=1), (other <= bound).sum(axis=1))
    return np.minimum(equal / np.maximum(fewer, 1), 1.0), fewer, whole


def all_keys(signed: Signatures, posts: Ints | None = None) -> tuple[Ints, npt.NDArray[np.uint32]]:
    """(posts, hashes): every key, and one that stands for the whole text."""
    keys = signed.keys if posts is None else signed.keys[posts]
    exact = signed.exact if posts is None else signed.exact[posts]
    whole = np.where(exact > 0, (exact >> np.uint64(7)).astype(np.uint32) | np.uint32(1), EMPTY)
    every = np.concatenate([keys, whole[:, None]], axis=1)
    row, column = np.nonzero(every != EMPTY)
    return (row if posts is None else posts[row]), every[row, column]


def tag_of(hashes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """What tells keys of one bucket apart, in the bits above a slot."""
    return mix(hashes ^ np.uint32(0x5BD1E995)) & ~np.uint32(SLOTS)


def most_shared(here: Ints, there: Ints, bits: int) -> tuple[Ints, Ints]:
    """Of all pairs, given once for each key they share, the few a post that share the most."""
    if not len(here):
        return here, there
    pairs, votes = np.unique((here << bits) | there, return_counts=True)
    here, there = pairs >> bits, pairs & ((1 << bits) - 1)
    by = np.lexsort((-votes, here))
    here, there = here[by], there[by]
    starts = np.concatenate(([True], here[1:] != here[:-1]))
    first = np.maximum.accumulate(np.where(starts, np.arange(len(here)), 0))
    few = np.arange(len(here)) - first < _TRIED
    return here[few], there[few]


def best_pair(here: Ints, there: Ints, score: Floats) -> tuple[Ints, Ints, Floats]:
    """Of each post the pair with the highest score; the older slot of two."""
    by = np.lexsort((there, -score, here))
    here, there, score = here[by], there[by], score[by]
    first = np.concatenate(([True], here[1:] != here[:-1])) if len(here) else np.zeros(0, np.bool_)
    return here[first], there[first], score[first]


def pairs_of(owner: Ints, hashes: npt.NDArray[np.uint32]) -> tuple[Ints, Ints]:
    """(later, earlier) posts of one batch that share keys: the three before, and the first."""
    by = np.lexsort((owner, hashes))
    owner, hashes = owner[by], hashes[by]
    place = np.arange(len(hashes))
    starts = np.concatenate(([True], hashes[1:] != hashes[:-1]))
    first = np.maximum.accumulate(np.where(starts, place, 0))
    late, early = [], []
    for back in _BEFORE:
        fits = place - back >= first
        late.append(owner[fits])
        early.append(owner[place[fits] - back])
    fits = place - _BEFORE[-1] > first
    late.append(owner[fits])
    early.append(owner[first[fits]])
    return most_shared(np.concatenate(late), np.concatenate(early), 32)
