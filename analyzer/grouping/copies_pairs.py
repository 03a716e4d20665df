"""Pairs of posts: which to try, and what makes one of two texts a copy of the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from analyzer.grouping.copies_hashing import EMPTY, EMPTY16, U8, U16, U32, U64, Bools, Ints, counts
from analyzer.grouping.copies_order import in_common
from analyzer.grouping.copies_text import ROW, Signatures, triples

_TRIED, _BEFORE = 16, (1, 2, 3)
"""Candidates a post that are verified, those with the most shared keys first; and of one batch
the posts before it that share a key."""
ENOUGH = 0.8
"""A post is as good as found: no others of its batch are tried that share fewer keys."""

_VOTES = 255
_AT_ONCE = 2_048  # pairs that are compared: bounds memory
_SOME = 2
"""So many characters changed may be another text beside the same hashtag; one is not."""

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
    same: float = 0.95  # from this score on a copy is so alike that it is no variant
    variants: tuple[float, ...] = (0.62, 0.75)  # least scores for a variant, for its variants
    length_ratio: float = 0.6
    piece: float = 0.8
    fewest_of_piece: int = 12
    fewest_sampled: int = 24
    piece_ratio: float = 0.25
    head_ratio: float = 0.45  # texts cut short, from so much of the whole on
    any_order: float = 0.72  # the share of pairs of texts about as long, whatever their order
    any_order_ratio: float = 0.75
    near: float = 0.5  # the least share that a variant's copy has with the original itself
    thin: float = 0.6  # the least share of texts that are hardly more than hashtags
    thin_ratio: float = 0.8
    # Of texts up to 128 characters the share of the longer one that both have in this order.
    order_sizes: tuple[float, ...] = (5.9, 6.0, 7.9, 8.0, 11.9, 12.0, 19.9, 20.0)
    order: tuple[float, ...] = (1.0, 0.83, 0.83, 0.8, 0.8, 0.76, 0.76, 0.79)
    body: float = 0.8  # ... of what stands beside hashtags, from so many characters on:
    fewest_of_body: int = 8
    other_body: float = 0.4  # hashtags are equal, and more than this of the rest differs: no copy
    any_body: float = 0.9  # ... but from so much of the whole on
    least_sizes: tuple[float, ...] = (8, 24)
    least: tuple[float, ...] = (0.25, 0.5)  # of pairs, before the order is looked at
    apart: float = 0.89  # the score of texts that only hashtags tell apart


def shared(one: U16, other: U16) -> tuple[Floats, Ints, Bools]:
    """(share, n, whole): how much of the shorter text's n-grams the other has, by n of them.

    Of texts with more n-grams than a sketch holds only those count that would be in both.
    """
    bound = np.minimum(one[:, -1], other[:, -1])
    whole = bound == EMPTY16
    bound = np.minimum(bound, EMPTY16 - np.uint16(1))[:, None]
    both = np.concatenate([one, other], axis=1)
    both.sort(axis=1)
    equal = counts((both[:, 1:] == both[:, :-1]) & (both[:, 1:] <= bound))
    fewer = np.minimum(counts(one <= bound), counts(other <= bound)).astype(np.int64)
    return np.minimum(equal / np.maximum(fewer, 1), 1.0), fewer, whole


def all_keys(signed: Signatures) -> U32:
    """(posts, 41): every key, and some for what the texts are as a whole; EMPTY where none is."""
    exact = (signed.exact >> np.uint64(7)).astype(np.uint32) | np.uint32(1)
    whole = np.where(signed.exact > 0, exact, EMPTY)
    return np.concatenate([signed.keys, whole[:, None], signed.bands], axis=1)


def listed(every: U32, posts: Ints | None = None) -> tuple[Ints, U32]:
    """(posts, hashes): the keys that there are, of all posts or some."""
    some = every if posts is None else every[posts]
    at, column = np.nonzero(some != EMPTY)
    return (at if posts is None else posts[at]), some[at, column]


def most_shared(here: Ints, there: Ints, bits: int) -> tuple[Ints, Ints]:
    """Of all pairs, given once for each key they share, the few a post that share the most.

    By post; at most 2**23 posts.
    """
    if not len(here):
        return here, there
    pairs, votes = np.unique((here << bits) | there, return_counts=True)
    here, there = pairs >> bits, pairs & ((1 << bits) - 1)
    if np.bincount(here).max() <= _TRIED:
        return here, there
    by = (here << 40) | ((_VOTES - np.minimum(votes, _VOTES)) << 32) | np.arange(len(here))
    by.sort()
    by &= (1 << 32) - 1
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
    both = (hashes.astype(np.uint64) << np.uint64(32)) | owner.astype(np.uint64)
    both.sort()
    owner, hashes = (both & np.uint64(0xFFFFFFFF)).astype(np.int64), both >> np.uint64(32)
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


def similar(bar: Bar, mine: Any, here: Ints, theirs: Any, there: Ints) -> Floats:
    """(pairs): how much of one text the other has, 2 for equal texts; 0 where it is no copy.

    ``mine`` and ``theirs`` have the columns of Signatures, ``here`` and ``there`` are their rows.
    """
    equal = (mine.exact[here] == theirs.exact[there]) & (mine.exact[here] > 0)
    done = np.zeros(len(mine.exact), np.bool_)
    done[here[equal & (mine.length[here] == theirs.length[there])]] = True
    looked = np.flatnonzero(equal | ~done[here])
    score = np.zeros(len(here))
    for at in range(0, len(looked), _AT_ONCE):
        few = looked[at : at + _AT_ONCE]
        score[few] = _looked_at(bar, mine, here[few], theirs, there[few], equal[few])
    return score


def _looked_at(bar: Bar, mine: Any, here: Ints, theirs: Any, there: Ints, equal: Bools) -> Floats:
    """As above; ``equal``: of which pairs what is compared is the same."""
    share, fewer, whole = shared(mine.pairs[here], theirs.pairs[there])
    length = np.stack([mine.length[here], theirs.length[there]]).astype(np.int64)
    ratio = _ratio(length)
    short = length.max(axis=0) <= ROW
    score = np.where(equal, 2.0, 0.0)
    may_be = equal | (share >= np.interp(fewer, bar.least_sizes, bar.least))
    some = np.flatnonzero(short & may_be)
    pairs = _Short(
        rows=(mine.body[here[some]], theirs.body[there[some]]),
        tags=(mine.tagged[here[some]], theirs.tagged[there[some]]),
        length=length[:, some],
        share=np.where(fewer[some] >= bar.fewest_of_piece, share[some], 0.0),
        equal=equal[some],
    )
    score[some] = _by_order(bar, pairs)
    some = np.flatnonzero(~short & ~equal & (fewer >= bar.fewest))
    thin = mine.thin[here[some]] | theirs.thin[there[some]]
    score[some] = _by_shares(bar, share[some], fewer[some], ratio[some], whole[some], thin)
    some = some[(score[some] > 0) & (fewer[some] >= bar.slack_from)]
    if len(some):
        runs, _, _ = shared(triples(mine, here[some]), triples(theirs, there[some]))
        slack = np.where(whole[some], bar.slack, bar.slack_of_samples)
        score[some[runs < share[some] ** 1.5 - slack]] = 0.0
    return score


def _by_shares(
    bar: Bar, share: Floats, fewer: Ints, ratio: Floats, whole: Bools, thin: Bools
) -> Floats:
    """The score of long texts, by their sketches of pairs."""
    good = share >= np.interp(fewer, bar.sizes, bar.pairs)
    piece = (share >= bar.piece) & (ratio >= bar.piece_ratio)
    piece &= fewer >= np.where(whole, bar.fewest_of_piece, bar.fewest_sampled)
    thin_good = (ratio >= bar.thin_ratio) & (share >= bar.thin)
    good &= np.where(thin, thin_good, (ratio >= bar.length_ratio) | piece)
    return np.where(good, share * (0.5 + 0.5 * ratio), 0.0)


class _Short(Struct, frozen=True):
    """Pairs of short texts: two of everything for each; ``share``: 0 where of too few pairs."""

    rows: tuple[U8, U8]
    tags: tuple[U64, U64]
    length: Ints
    share: Floats
    equal: Bools

    def bodies(self) -> Ints:
        """(2, pairs): characters beside hashtags."""
        inside = [np.bitwise_count(tags).sum(axis=1) for tags in self.tags]
        return np.asarray(self.length - np.stack(inside))

    def common(self, some: Bools, bodies: Bools) -> tuple[Ints, Ints]:
        """(pairs) twice: what some have in common in order, and others beside hashtags; else 0."""
        whole, beside = np.flatnonzero(some), np.flatnonzero(bodies)
        rows, tags = np.stack(self.rows), np.stack(self.tags)
        left = _untagged(rows[:, beside], tags[:, beside])
        one, other = np.concatenate([rows[:, whole], left], axis=1)
        both = in_common(one, other)
        found = np.zeros((2, len(some)), np.int64)
        found[0, whole] = both[: len(whole)]
        found[1, beside] = both[len(whole) :]
        return found[0], found[1]


def _by_order(bar: Bar, pairs: _Short) -> Floats:
    """The score of short texts, by their characters in order."""
    bodies, longer = pairs.bodies(), pairs.length.max(axis=0)
    of_body, ratio, share = np.maximum(bodies.max(axis=0), 1), _ratio(bodies), pairs.share
    enough = bodies.min(axis=0) >= bar.fewest_of_body
    tagged = ((pairs.tags[0] | pairs.tags[1]) > 0).any(axis=1)
    # Only what may still be a copy by its length is looked at.
    by_body = enough & (ratio >= bar.body)
    fits = pairs.equal | (_ratio(pairs.length) >= min(bar.order))
    both, body = pairs.common(fits | (by_body & ~tagged), tagged & (by_body | fits))
    body = np.where(tagged, body, both)
    order = both / np.maximum(longer, 1)
    good = fits & (order >= np.interp(longer, bar.order_sizes, bar.order))
    changed, beside = longer - both, bodies.max(axis=0) - body
    good &= (
        (changed != beside)
        | (changed < _SOME)
        | (order >= bar.any_body)
        | (beside <= bar.other_body * of_body)
    )
    good_body = enough & (body >= bar.body * of_body)
    found = np.maximum(np.where(good, order, 0.0), np.where(good_body, body / of_body, 0.0)) ** 2
    piece = (share >= bar.piece) & enough
    piece |= (share >= bar.any_order) & (ratio >= bar.any_order_ratio)
    found = np.maximum(found, np.where(piece, share * (0.5 + 0.5 * ratio), 0.0))
    heads = _heads(bar, pairs)
    found[heads] = np.maximum(found[heads], 0.5 + 0.5 * _ratio(pairs.length[:, heads]))
    return np.where(pairs.equal, np.where(order < bar.any_body, bar.apart, 2.0), found)


def _heads(bar: Bar, pairs: _Short) -> Ints:
    """The pairs of which one text is how the other one begins, with enough beside hashtags.

    The sign that closes a hashtag may be cut off: what is in one the longer text tells.
    """
    one, other = pairs.rows
    least = pairs.length.min(axis=0)
    head = np.argmax(one != other, axis=1) == least
    some = np.flatnonzero(head & (_ratio(pairs.length) >= bar.head_ratio))
    first = (pairs.length[0, some] >= pairs.length[1, some])[:, None]
    tags = np.where(first, pairs.tags[0][some], pairs.tags[1][some])
    inside = np.unpackbits(tags.view(np.uint8), axis=1, bitorder="little")
    beside = (inside == 0) & (np.arange(ROW) < least[some, None])
    return np.asarray(some[counts(beside) >= bar.fewest_of_body])


def _ratio(of: Ints) -> Floats:
    return np.asarray(of.min(axis=0) / np.maximum(of.max(axis=0), 1))


def _untagged(rows: U8, tags: U64) -> U8:
    """The rows (2, pairs, 128) without what stands in hashtags."""
    inside = np.unpackbits(tags.view(np.uint8), axis=2, bitorder="little")
    left = np.where(inside, np.uint8(0), rows)
    long = np.nonzero(left[:, :, left.shape[2] // 2 :].any(axis=2))
    if len(long[0]):
        few = left[long]
        left[long] = np.take_along_axis(few, np.argsort(few == 0, axis=1, kind="stable"), axis=1)
    return left
