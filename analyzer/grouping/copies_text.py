"""What of a text is compared: normalised, cut into n-grams, the smallest of their hashes kept.

A batch is handled at once with numpy: texts joined by NUL, one table for characters, one pass for
repost marks. Kept are letters and digits only, so that signs, emoji and spaces decide nothing.
A post's signature is MinHash sketches of the bottom-k kind (Broder 1997): *keys* find candidates,
*pairs* and *triples* verify long ones; short texts are kept as the row of their characters' hashes,
one byte each, in the same place.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from analyzer.grouping.copies_hashing import (
    U8,
    U16,
    U32,
    U64,
    Bools,
    Ints,
    bands,
    grams,
    letters,
    mix,
    smallest,
    upper,
    whole,
)

KEYS, SKETCH, ROW = 24, 64, 128
_KEY_GRAM, _PAIR, _TRIPLE = 4, 2, 3
LONGEST = 10_000
"""Characters of a text that are looked at: a bound on memory for a text of any length."""
_LONGEST_TAG, _MANY_SIGNS, _ENOUGH = 32, 5, 8

# Each alternative begins with one plain character: then re jumps over all others.
_MARKS = re.compile(
    r"""<[^<>\0]{1,200}>                       # tags
    | o网页链接 | 网页链接 | 展开全文c?
    | @用户\s?:? | @[\w-]{1,20}(?=[\s:,@\0]|\Z)  # names, a masked one first
    | //\s?@[^\s:@\0]{1,20}\s?:               # the chain of a repost
    | rt\s?@[^\s:@\0]{1,20}\s?: | 转发\s?@[^\s:@\0]{1,20}\s?: | 回复\s?@[^\s:@\0]{1,20}\s?:
    | \((?:转发?|转载|来源[^()\0]{0,12})\) | \[(?:转发?|转载)\] | 【(?:转发?|转载)】
    | \x01\s*(?:转发微博|轉發微博|转发|转载|转自|转:|repost|rt)[\s:,.。]*
    """,
    re.VERBOSE,
)
_ASIDE = re.compile(r"(l[^\s\0#]{1,20}的(?:微博|秒拍)视频|https?://[!-\"$-~]{1,200})")
"""The name of a film's owner, and links: as hashtags, they may be of another post or none."""
_SIDE = 2  # stands on both sides of these
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
    kept for that. ``keys`` (n, 24): the smallest hashes of 4 characters, by which candidates are
    found; then EMPTY. ``pairs`` (n, 64): the upper halves of the smallest hashes of 2 characters,
    which verify; then EMPTY16. These rows ascend. ``body`` (n, 128): of a text up to 128 characters
    a hash of each, those of hashtags too, then 0; of a longer one 64 ``triples``, as pairs, of the
    same hashes. ``tagged`` (n, 2): by a bit for each of the first characters whether it is in a
    hashtag. ``bands`` (n, 16): keys of a short text as a whole, EMPTY of a longer one.
    """

    exact: U64
    length: Ints
    thin: Bools
    keys: U32
    pairs: U16
    body: U8
    tagged: U64
    bands: U32

    def take(self, posts: Ints) -> Signatures:
        """Those of some posts."""
        return Signatures(*(getattr(self, name)[posts] for name in self.__struct_fields__))


def sign(texts: Sequence[str]) -> Signatures:
    """The signatures of the texts. Any string will do, also one with lone surrogates."""
    said = _kept_characters(texts)
    every = mix(said.codes * np.uint32(0x9E3779B1))
    bytes_of = letters(said.codes, every)
    row, tagged = _rows(bytes_of, said, len(texts))
    kept = ~said.left_out
    mixed, owner = every[kept], said.owner[kept]
    keys, pairs = (
        smallest(grams(mixed, gram), owner, len(texts), few)
        for gram, few in ((_KEY_GRAM, KEYS), (_PAIR, SKETCH))
    )
    banded = bands(row, said.length)
    long = said.length > ROW
    if long.any():
        few = long[owner]
        number = np.cumsum(long) - 1
        found = _triples(bytes_of[kept][few], number[owner[few]], int(long.sum()))
        row[long] = found.view(np.uint8)
    return Signatures(
        exact=whole(mixed, owner, len(texts)),
        length=said.length,
        thin=said.thin,
        keys=keys,
        pairs=upper(pairs),
        body=row,
        tagged=tagged,
        bands=banded,
    )


def triples(of: Any, posts: Ints) -> U16:
    """(posts, 64): the upper halves of the smallest hashes of 3 characters, then EMPTY16.

    ``of`` has the columns of Signatures, ``posts`` are its rows. Those of short texts are
    made here.
    """
    body = of.body[posts]
    found: U16 = body.view(np.uint16)
    short = np.flatnonzero(of.length[posts] <= ROW)
    if len(short):
        some, row = posts[short], body[short]
        aside = np.unpackbits(of.tagged[some].view(np.uint8), axis=1, bitorder="little")
        kept = (row != 0) & ((aside == 0) | of.thin[some][:, None])
        found[short] = _triples(row[kept], np.nonzero(kept)[0], len(short))
    return found


def _triples(codes: U8, owner: Ints, posts: int) -> U16:
    return upper(smallest(grams(codes.astype(np.uint32), _TRIPLE), owner, posts, SKETCH))


def plain(texts: Sequence[str], *, tags: bool = False) -> list[str]:
    """What is compared of each text, as text; ``tags``: with what stands in hashtags."""
    said = _kept_characters(texts)
    some = np.ones(len(said.codes), np.bool_) if tags else ~said.left_out
    codes, owner = said.codes[some], said.owner[some]
    ends = np.cumsum(np.bincount(owner, minlength=len(texts))).tolist()
    whole = codes.tobytes().decode("utf-32-le", "surrogatepass")
    return [whole[first:last] for first, last in zip([0, *ends], ends, strict=False)]


class _Said(Struct, frozen=True):
    """Letters and digits of all texts: whose, in a hashtag, and left out for that; by text."""

    codes: U32
    owner: Ints
    tagged: Bools
    left_out: Bools
    length: Ints
    thin: Bools


def _kept_characters(texts: Sequence[str]) -> _Said:
    codes = _characters(texts)
    ends = np.flatnonzero(codes == 0)
    owner = np.zeros(len(codes), np.int64)
    owner[ends] = 1
    owner = np.cumsum(owner) - 1  # the joined text begins with a NUL
    kept = _kept()[np.minimum(codes, 0xFFFF)]
    kept |= (codes >= _IDEOGRAPHS[0]) & (codes < _IDEOGRAPHS[1])
    length = np.bincount(owner[kept], minlength=len(texts))
    inside, left_out, thin = _in_tags(codes, owner, kept, len(texts))
    return _Said(codes[kept], owner[kept], inside[kept], left_out[kept], length, thin)


def _rows(codes: U8, said: _Said, posts: int) -> tuple[U8, U64]:
    """(posts, ROW) and (posts, 2): the first characters in order, and which are in hashtags."""
    row = np.zeros((posts, ROW), np.uint8)
    inside = np.zeros((posts, ROW), np.bool_)
    place = np.arange(len(codes)) - (np.cumsum(said.length) - said.length)[said.owner]
    few = place < ROW
    whose, place = said.owner[few], place[few]
    row[whose, place] = codes[few]
    inside[whose, place] = said.tagged[few]
    return row, np.packbits(inside, axis=1, bitorder="little").view(np.uint64)


def _in_tags(codes: U32, owner: Ints, kept: Bools, posts: int) -> tuple[Bools, Bools, Bools]:
    """(characters, characters, posts): what is a hashtag, a link, a film; left out; thin.

    Hashtags are left out where enough is said beside them.
    Thousands of posts share a hashtag without being copies. Where signs do not pair up, or too
    far from each other, nothing is taken for a hashtag: a copy may have lost one of its signs.
    """
    aside = np.cumsum(codes == _SIDE) % 2 > 0
    signs = np.flatnonzero(codes == ord("#"))
    inside = np.zeros(len(codes), np.bool_)
    if not len(signs):
        return aside, aside, np.zeros(posts, np.bool_)
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
    beside = np.bincount(owner[kept & ~inside & ~aside], minlength=posts)
    tagged = np.bincount(owner[inside], minlength=posts) > 0
    left_out = aside | (inside & (beside >= _ENOUGH)[owner])
    return inside | aside, left_out, tagged & (beside < _ENOUGH)


def _characters(texts: Sequence[str]) -> U32:
    """Code points after folding and without marks; a NUL stands before each text."""
    joined = _BEGIN + _BEGIN.join(texts)
    if joined.count("\0") != len(texts) or len(joined) > LONGEST:
        joined = _BEGIN + _BEGIN.join(text[:LONGEST].replace("\0", " ") for text in texts)
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), np.uint32)
    folded = np.where(raw < _PLANE, _folds()[np.minimum(raw, 0xFFFF)], raw)
    plain = _MARKS.sub(" ", folded.tobytes().decode("utf-32-le", "surrogatepass"))
    plain = _ASIDE.sub("\2\\1\2", plain)
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
    table[_SIDE] = ord(" ")
    return table


@cache
def _kept() -> npt.NDArray[np.bool_]:
    """Letters and digits of the basic plane."""
    return np.fromiter((chr(code).isalnum() for code in range(_PLANE)), np.bool_, _PLANE)
