"""What of a text is compared: normalised, cut into n-grams, the smallest of their hashes kept.

A batch is handled at once with numpy: texts joined by NUL, one table for characters, one pass for
repost marks. Kept are letters and digits only, so that signs, emoji and spaces decide nothing.
A post's signature is two MinHash sketches of the bottom-k kind (Broder 1997): *keys* find
candidates, the *sketch* of a smaller n-gram verifies them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache

import numpy as np
import numpy.typing as npt
from msgspec import Struct

U32 = npt.NDArray[np.uint32]
U16 = npt.NDArray[np.uint16]
U64 = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

KEYS, SKETCH = 24, 64
_KEY_GRAM, _PAIR, _TRIPLE = 4, 2, 3
LONGEST = 10_000
"""Characters of a text that are looked at: a bound on memory for a text of any length."""
_LONGEST_TAG, _MANY_SIGNS, _ENOUGH = 32, 5, 8
EMPTY, EMPTY16 = np.uint32(0xFFFFFFFF), np.uint16(0xFFFF)

# Each alternative begins with one plain character: then re jumps over all others.
_MARKS = re.compile(
    r"""<[^<>\0]{1,200}>                       # tags
    | http://[!-~]+ | https://[!-~]+           # links, and what stands for them
    | o网页链接 | 网页链接 | 展开全文c?
    | @用户\s?:? | @[\w-]{1,20}(?=[\s:,@\0]|\Z)  # names, a masked one first
    | //\s?@[^\s:@\0]{1,20}\s?:               # the chain of a repost
    | rt\s?@[^\s:@\0]{1,20}\s?: | 转发\s?@[^\s:@\0]{1,20}\s?: | 回复\s?@[^\s:@\0]{1,20}\s?:
    | \((?:转发?|转载|来源[^()\0]{0,12})\) | \[(?:转发?|转载)\] | 【(?:转发?|转载)】
    | l[^\s\0#]{1,20}的微博视频                  # the name of a film
    | \x01\s*(?:转发微博|轉發微博|转发|转载|转自|转:|repost|rt)[\s:,.。]*
    """,
    re.VERBOSE,
)
_PLANE = 0x10000
_IDEOGRAPHS = 0x20000, 0x40000
# All of the basic plane but what folds to itself: common ideographs, Hangul, surrogates.
_FOLDED = (0x80, 0x4E00), (0xA000, 0xAC00), (0xD7A4, 0xD800), (0xE000, _PLANE)
_BEGIN = "\0\1"
"""Stands before each text, so that what is a mark at the begin only is found there."""


class Signatures(Struct, frozen=True):
    """A batch of n posts as numbers.

    ``exact`` (n): hash of the whole normalised text, 0 where nothing is left of it. ``length``
    (n): letters and digits, those of hashtags too. ``thin`` (n): hashtags are most of it, and were
    kept for that. ``keys`` (n, 24): the smallest hashes of 4
    characters, by which candidates are found; then EMPTY. ``pairs``, ``triples`` (n, 64): the
    upper halves of the smallest hashes of 2 and 3 characters, which verify; then EMPTY16. All
    rows ascend.
    """

    exact: U64
    length: Ints
    thin: Bools
    keys: U32
    pairs: U16
    triples: U16

    def take(self, posts: Ints) -> Signatures:
        """Those of some posts."""
        return Signatures(*(getattr(self, name)[posts] for name in self.__struct_fields__))


def sign(texts: Sequence[str]) -> Signatures:
    """The signatures of the texts. Any string will do, also one with lone surrogates."""
    codes, owner, length, thin = _kept_characters(texts)
    mixed = mix(codes * np.uint32(0x9E3779B1))
    most = KEYS, SKETCH, SKETCH
    keys, pairs, triples = (
        _smallest(_grams(mixed, gram), owner, len(texts), few)
        for gram, few in zip((_KEY_GRAM, _PAIR, _TRIPLE), most, strict=True)
    )
    return Signatures(
        exact=_exact(mixed, owner, len(texts)),
        length=length,
        thin=thin,
        keys=keys,
        pairs=_upper(pairs),
        triples=_upper(triples),
    )


def plain(texts: Sequence[str], *, tags: bool = False) -> list[str]:
    """What is compared of each text, as text; ``tags``: with what stands in hashtags."""
    codes, owner, _, _ = _kept_characters(texts, tags=tags)
    ends = np.cumsum(np.bincount(owner, minlength=len(texts))).tolist()
    whole = codes.tobytes().decode("utf-32-le", "surrogatepass")
    return [whole[first:last] for first, last in zip([0, *ends], ends, strict=False)]


def _kept_characters(texts: Sequence[str], *, tags: bool = False) -> tuple[U32, Ints, Ints, Bools]:
    """(characters, whose, length, thin): letters and digits; the rest as in Signatures."""
    codes = _characters(texts)
    ends = np.flatnonzero(codes == 0)
    owner = np.zeros(len(codes), np.int64)
    owner[ends] = 1
    owner = np.cumsum(owner) - 1  # the joined text begins with a NUL
    kept = _kept()[np.minimum(codes, 0xFFFF)]
    kept |= (codes >= _IDEOGRAPHS[0]) & (codes < _IDEOGRAPHS[1])
    length = np.bincount(owner[kept], minlength=len(texts))
    inside, thin = _in_tags(codes, owner, kept, len(texts))
    if not tags:
        kept &= ~inside
    return codes[kept], owner[kept], length, thin


def _in_tags(codes: U32, owner: Ints, kept: Bools, posts: int) -> tuple[Bools, Bools]:
    """(characters, posts): what stands in #hashtags# beside which enough is said; who says less.

    Thousands of posts share a hashtag without being copies. Where signs do not pair up, or too
    far from each other, nothing is taken for a hashtag: a copy may have lost one of its signs.
    """
    signs = np.flatnonzero(codes == ord("#"))
    inside = np.zeros(len(codes), np.bool_)
    if not len(signs):
        return inside, np.zeros(posts, np.bool_)
    whose = owner[signs]
    counts = np.bincount(whose, minlength=posts)
    number = np.arange(len(signs)) - (np.cumsum(counts) - counts)[whose]
    opens = number % 2 == 0
    paired = counts % 2 == 0
    first, last = signs[opens & paired[whose]], signs[~opens & paired[whose]]
    paired[owner[first[last - first > _LONGEST_TAG]]] = False
    fits = paired[owner[first]]
    first, last = first[fits], last[fits]
    # One sign of many was lost: what is short and unbroken between two signs is a hashtag.
    breaks = np.cumsum(~kept & (codes != ord("#")))
    near = np.flatnonzero((whose[1:] == whose[:-1]) & (counts >= _MANY_SIGNS)[whose[1:]])
    near = near[~paired[whose[near]]]
    one, other = signs[near], signs[near + 1]
    fits = (breaks[one] == breaks[other]) & (other - one <= _LONGEST_TAG)
    edges = np.zeros(len(codes) + 1, np.int64)
    np.add.at(edges, np.concatenate([first, one[fits]]), 1)
    np.add.at(edges, np.concatenate([last, other[fits]]), -1)
    inside = np.cumsum(edges[:-1]) > 0
    beside = np.bincount(owner[kept & ~inside], minlength=posts)
    tagged = np.bincount(owner[inside], minlength=posts) > 0
    return inside & (beside >= _ENOUGH)[owner], tagged & (beside < _ENOUGH)


def _characters(texts: Sequence[str]) -> U32:
    """Code points after folding and without marks; a NUL stands before each text."""
    joined = _BEGIN + _BEGIN.join(texts)
    if joined.count("\0") != len(texts) or len(joined) > LONGEST:
        joined = _BEGIN + _BEGIN.join(text[:LONGEST].replace("\0", " ") for text in texts)
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    folded = np.where(raw < _PLANE, _folds()[np.minimum(raw, 0xFFFF)], raw)
    plain = _MARKS.sub(" ", folded.tobytes().decode("utf-32-le", "surrogatepass"))
    return np.frombuffer(plain.encode("utf-32-le", "surrogatepass"), np.uint32)


@cache
def _folds() -> U32:
    """NFKC and lower case, one character for one: of what becomes several, the first that counts.

    Table of the basic plane; normalising text by text takes ten times as long.
    """
    table = np.arange(_PLANE, dtype=np.uint32)
    for code in (code for some in _FOLDED for code in range(*some)):
        one = chr(code)
        many = unicodedata.normalize("NFKC", one).lower()
        if many != one and many:
            table[code] = ord(next((char for char in many if char.isalnum()), many[0]))
    for code in range(ord("A"), ord("Z") + 1):
        table[code] = code + 32
    return table


@cache
def _kept() -> npt.NDArray[np.bool_]:
    """Letters and digits of the basic plane."""
    return np.fromiter((chr(code).isalnum() for code in range(_PLANE)), np.bool_, _PLANE)


def mix(values: U32) -> U32:
    """Spread the bits (the finaliser of MurmurHash3, public domain)."""
    values = (values ^ (values >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    values = (values ^ (values >> np.uint32(13))) * np.uint32(0xC2B2AE35)
    return values ^ (values >> np.uint32(16))


def _exact(mixed: U32, owner: Ints, posts: int) -> U64:
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


def _grams(mixed: U32, gram: int) -> U32:
    """The hash of the n-gram that begins at each character but the last ones."""
    n = len(mixed) - gram + 1
    if n <= 0:
        return mixed[:0]
    value = mixed[:n].copy()
    for step in range(1, gram):
        value = value * np.uint32(0x01000193) + mixed[step : step + n]
    return np.minimum(mix(value + np.uint32(gram)), EMPTY - np.uint32(1))


def _smallest(value: U32, owner: Ints, posts: int, most: int) -> U32:
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


def _upper(hashes: U32) -> U16:
    """The upper halves: enough to tell the n-grams of two posts apart, and half the memory.

    Equal neighbours stay: they are counted on both sides alike.
    """
    return np.where(
        hashes == EMPTY, EMPTY16, np.minimum(hashes >> np.uint32(16), np.uint32(0xFFFE))
    ).astype(np.uint16)
