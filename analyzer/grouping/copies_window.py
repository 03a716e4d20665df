"""The window of near-duplicates: the newest 200,000 originals, and whose copy a new text is.

A copy that differs from its original stands in the window too, as a variant: a copy of it is of
the same group. The further from the original, the more alike it must be, so that a chain of small
changes does not drift far from where it began. Candidates share some of the keys that
copies_text.py makes (a table of four places a bucket, the newest kept); they are verified by how
much of the shorter one's sketches the other has.
The oldest original leaves for a new one; one that was copied since the hand last passed stays for
another round (second chance), so that a story outlives the window while it is being told.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from analyzer.grouping.copies_text import EMPTY, EMPTY16, KEYS, SKETCH, U16, Ints, Signatures, mix

WINDOW = 200_000
_SLOT_BITS = 18
_SLOTS = (1 << _SLOT_BITS) - 1
_WAYS = 4
_BUCKETS = 1 << 21
_TRIED, _BEFORE = 6, (1, 2, 3)
"""Candidates a post that are verified, those with the most shared keys first."""

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
    pairs: tuple[float, ...] = (0.60, 0.58, 0.60, 0.62, 0.64)
    fewest: int = 7
    slack: float = 0.12  # below the triples that the pairs let expect, of whole sets
    slack_of_samples: float = 0.20
    slack_from: int = 24  # pairs of the shorter text from which triples are looked at
    same: float = 0.9  # from this score on a copy is so alike that it is no variant
    variants: tuple[float, ...] = (0.62, 0.75)  # least scores for a variant, for its variants
    length_ratio: float = 0.6
    piece: float = 0.8
    fewest_of_piece: int = 12
    thin: float = 0.78  # the least share of texts that are hardly more than hashtags
    thin_ratio: float = 0.85


class Found(Struct, frozen=True):
    """What became of n posts.

    ``slot`` (n): that of the original or variant that the post is a copy of; its own where it is
    an original itself; -1 where its text says nothing. ``placed`` (n): the slot that the post has
    now, -1 for none. ``records``: the numbers that were given out, ascending, to what was placed
    and to what got a second chance; a record's slot is its remainder by the size of the window.
    """

    slot: Ints
    placed: Ints
    records: Ints


class Window:
    """Texts by slot. ``find`` tells of each post in a batch the slot that it is a copy of."""

    def __init__(self, size: int = WINDOW, bar: Bar | None = None) -> None:
        if not 0 < size < _SLOTS:
            raise ValueError(f"a window of 1 to {_SLOTS - 1} posts, not {size}")
        self.size = size
        self.bar = bar or Bar()
        self.placed = 0
        """How many records were ever placed; the next one goes to slot ``placed % size``."""
        self.exact = np.zeros(size, np.uint64)
        self.length = np.zeros(size, np.int32)
        self.thin = np.zeros(size, np.bool_)
        # Zeros take no memory before they are written, and nothing leads to an empty slot.
        self.keys = np.zeros((size, KEYS), np.uint32)
        self.pairs = np.zeros((size, SKETCH), np.uint16)
        self.triples = np.zeros((size, SKETCH), np.uint16)
        self.depth = np.zeros(size, np.uint8)
        self._least = np.array([1e-9, *self.bar.variants])
        self._copied = np.zeros(size, np.bool_)
        self._table = np.zeros((_BUCKETS, _WAYS), np.uint32)

    def find(self, signed: Signatures) -> Found:
        """Of each post what it is a copy of. Originals and variants are placed, in order."""
        posts = len(signed.exact)
        slot = np.full(posts, -1, np.int64)
        owner, known, score = self._known(signed)
        slot[owner] = known
        depth = np.zeros(posts, np.uint8)
        depth[owner] = np.where(score < self.bar.same, self._deeper(self.depth[known]), 0)
        new = np.flatnonzero((signed.exact > 0) & (slot < 0))
        leader = self._among(signed, new, depth)
        self._copied[slot[slot >= 0]] = True
        placing = np.flatnonzero((depth > 0) | ((leader == np.arange(posts)) & (slot < 0)))
        placing = placing[signed.exact[placing] > 0]
        records = self._make_room(len(placing))
        placed = np.full(posts, -1, np.int64)
        placed[placing] = records[: len(placing)] % self.size
        self.put(placed[placing], signed.take(placing))
        self.depth[placed[placing]] = depth[placing]
        slot[new] = np.where(placed[leader[new]] >= 0, placed[leader[new]], slot[leader[new]])
        self._copied[slot[new[leader[new] != new]]] = True
        return Found(slot=slot, placed=placed, records=np.sort(records))

    def _known(self, signed: Signatures) -> tuple[Ints, Ints, Floats]:
        """(posts, slots, scores): the posts that are copies of what is in the window."""
        owner, hashes = _all_keys(signed)
        cells = self._table[mix(hashes) & np.uint32(_BUCKETS - 1)]
        tag = _tag(hashes)
        row, way = np.nonzero(((cells & ~np.uint32(_SLOTS)) == tag[:, None]) & (cells > 0))
        slots = (cells[row, way] & np.uint32(_SLOTS)).astype(np.int64) - 1
        here, there = _most_shared(owner[row], slots, _SLOT_BITS)
        score = self._similar(signed, here, self, there)
        score = np.where(score < self._least[self.depth[there]], 0.0, score)
        good = score > 0
        return _best(here[good], there[good], score[good])

    def _deeper(self, depth: Any) -> Any:
        return np.minimum(depth + 1, len(self._least) - 1)

    def _among(self, signed: Signatures, new: Ints, depth: npt.NDArray[np.uint8]) -> Ints:
        """For each new post that of the batch which it is a copy of, else itself.

        ``depth`` is over 0 for variants of what is in the window; new variants are added.
        """
        leader = np.arange(len(signed.exact))
        pool = np.sort(np.concatenate([new, np.flatnonzero(depth)]))
        if not len(new):
            return leader
        here, there = _pairs_of(*_all_keys(signed, pool))
        score = self._similar(signed, here, signed, there)
        fresh = np.zeros(len(leader), np.bool_)
        fresh[new] = True
        pairs: dict[int, list[tuple[float, int]]] = {}
        for one, other, how in zip(here.tolist(), there.tolist(), score.tolist(), strict=True):
            if how > 0 and fresh[one]:
                pairs.setdefault(one, []).append((how, other))
        for one in sorted(pairs):
            best, chosen = self._best_of(signed, one, pairs[one], leader, depth)
            if chosen != one:
                leader[one] = chosen
                depth[one] = self._deeper(depth[chosen]) if best < self.bar.same else 0
        return leader

    def _best_of(
        self,
        signed: Signatures,
        one: int,
        pairs: list[tuple[float, int]],
        leader: Ints,
        depth: npt.NDArray[np.uint8],
    ) -> tuple[float, int]:
        """(score, post): what of the batch the post is most alike; of equals its original."""
        best, chosen = 0.0, one
        for known, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1])):
            target, how = other, known
            if leader[other] != other and not depth[other]:  # it is not placed: its original is
                target = int(leader[other])
                how = float(self._similar(signed, np.array([one]), signed, np.array([target]))[0])
            if how >= self._least[depth[target]] and how > best:
                best, chosen = how, target
        return best, chosen

    def _make_room(self, wanted: int) -> Ints:
        """Record numbers: those wanted, of slots that are free now; then second chances."""
        free: list[int] = []
        again: list[int] = []
        while len(free) < wanted:
            slot = self.placed % self.size
            if self._copied[slot]:
                self._copied[slot] = False
                again.append(self.placed)
            else:
                free.append(self.placed)
            self.placed += 1
        return np.array(free + again, np.int64)

    def put(self, slots: Ints, signed: Signatures) -> None:
        """Write these signatures into the slots."""
        self.exact[slots] = signed.exact
        self.length[slots] = signed.length
        self.thin[slots] = signed.thin
        self.keys[slots] = signed.keys
        self.pairs[slots] = signed.pairs
        self.triples[slots] = signed.triples
        owner, hashes = _all_keys(signed)
        bucket = mix(hashes) & np.uint32(_BUCKETS - 1)
        cells = self._table[bucket]
        cells[:, 1:] = cells[:, :-1]
        cells[:, 0] = _tag(hashes) | (slots[owner] + 1).astype(np.uint32)
        self._table[bucket] = cells

    def clear(self, slots: Ints) -> None:
        """Forget what stands in the slots: nothing is a copy of it any more."""
        self.exact[slots] = 0
        self.length[slots] = 0
        self.keys[slots] = EMPTY
        self.pairs[slots] = EMPTY16
        self.triples[slots] = EMPTY16

    def _similar(self, mine: Any, here: Ints, theirs: Any, there: Ints) -> Floats:
        """How much of the shorter text the other one has; 0 where that is no copy."""
        if not len(here):
            return np.zeros(0)
        bar = self.bar
        share, fewer, whole = _shared(mine.pairs[here], theirs.pairs[there])
        triples, _, _ = _shared(mine.triples[here], theirs.triples[there])
        lengths = mine.length[here].astype(np.float64), theirs.length[there].astype(np.float64)
        ratio = np.minimum(*lengths) / np.maximum(np.maximum(*lengths), 1.0)
        slack = np.where(whole, bar.slack, bar.slack_of_samples)
        good = (fewer >= bar.fewest) & (share >= np.interp(fewer, bar.sizes, bar.pairs))
        good &= (fewer < bar.slack_from) | (triples >= share**1.5 - slack)
        piece = (share >= bar.piece) & (fewer >= bar.fewest_of_piece)
        thin = mine.thin[here] | theirs.thin[there]
        thin_good = (ratio >= bar.thin_ratio) & (share >= bar.thin)
        good &= np.where(thin, thin_good, (ratio >= bar.length_ratio) | piece)
        equal = (mine.exact[here] == theirs.exact[there]) & (mine.exact[here] > 0)
        return np.where(equal, 2.0, np.where(good, share * (0.5 + 0.5 * ratio), 0.0))


def _shared(one: U16, other: U16) -> tuple[Floats, Ints, Bools]:
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


def _all_keys(signed: Signatures, posts: Ints | None = None) -> tuple[Ints, npt.NDArray[np.uint32]]:
    """(posts, hashes): every key, and one that stands for the whole text."""
    keys = signed.keys if posts is None else signed.keys[posts]
    exact = signed.exact if posts is None else signed.exact[posts]
    whole = np.where(exact > 0, (exact >> np.uint64(7)).astype(np.uint32) | np.uint32(1), EMPTY)
    every = np.concatenate([keys, whole[:, None]], axis=1)
    row, column = np.nonzero(every != EMPTY)
    return (row if posts is None else posts[row]), every[row, column]


def _tag(hashes: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    return mix(hashes ^ np.uint32(0x5BD1E995)) & ~np.uint32(_SLOTS)


def _most_shared(here: Ints, there: Ints, bits: int) -> tuple[Ints, Ints]:
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


def _best(here: Ints, there: Ints, score: Floats) -> tuple[Ints, Ints, Floats]:
    """Of each post the pair with the highest score; the older slot of two."""
    by = np.lexsort((there, -score, here))
    here, there, score = here[by], there[by], score[by]
    first = np.concatenate(([True], here[1:] != here[:-1])) if len(here) else np.zeros(0, np.bool_)
    return here[first], there[first], score[first]


def _pairs_of(owner: Ints, hashes: npt.NDArray[np.uint32]) -> tuple[Ints, Ints]:
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
    return _most_shared(np.concatenate(late), np.concatenate(early), 32)
