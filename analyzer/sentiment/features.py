"""Hashed character n-grams of a batch of texts in one vectorised pass, without a tokeniser.

A feature is the *presence* of a run of 1 to 3 code points in the normalised head of a text, named
by a slot below 2**20. Slot 0 means nothing: it has no weight. The same function feeds training and
scoring, so a model is bound to ``VERSION`` of it.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

VERSION = 1
BITS = 20
SLOTS = 1 << BITS
SIZES = frozenset({1, 2, 3})
HEAD = 2_000
"""Code points that are read: 98 of 100 petitions are shorter, and no long text holds up others."""

CHUNK_POINTS = 48_000
"""Code points at once, at most: the arrays of a chunk then stay in the processor's cache."""

CHUNK_TEXTS = 4_000
"""Texts at once: text and slot share 32 bits of a key, so never above 4,096."""

_ROLL = np.uint32(0x9E3779B1)
_MIX = np.uint32(0x85EBCA6B)
_SHIFT = np.uint32(32 - BITS)
_SLOT = np.uint32(SLOTS - 1)
_HALF = np.uint32(15)
_BACK = np.arange(1, 5)
_SALT = (np.uint32(0x1B873593), np.uint32(0x38495AB5))  # of pairs and of triples
_LAST_OF_PLANE = 0xFFFF
DROPPED = 1
"""What a zero-width or direction mark counts as; such a point is left out."""
_SPACE = 32

_HANDLE = re.compile(r"@[^\s@:：,，。!！?？/\[\]#]{1,30}")
_LINK = re.compile(r"https?://[\w./?=&%#~:+-]{1,300}", re.ASCII)


class Chunk(Struct, frozen=True):
    """The features of some texts, each text's own together.

    ``keys`` are sorted: the text's number above its slot; a run that comes again has the same key,
    and only the first is ``new``. Those of text i are ``keys[bounds[i]:bounds[i + 1]]``. Each text
    has slot 0, so none is without. ``points`` are the normalised texts with separators, and
    ``owners`` the text that each point is of.
    """

    keys: NDArray[np.uint32]
    new: NDArray[np.bool_]
    bounds: NDArray[np.int64]
    points: NDArray[np.uint32]
    owners: NDArray[np.uint32]

    @property
    def firsts(self) -> NDArray[np.int64]:
        """Where the keys of each text begin."""
        return self.bounds[:-1]

    @property
    def slots(self) -> NDArray[np.uint32]:
        """The slots, each once a text: of text i those of ``slots[starts[i]:starts[i + 1]]``."""
        return self.keys.take(np.flatnonzero(self.new)) & _SLOT

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where the slots of each text begin, and their number."""
        return np.append(0, np.cumsum(self.counts))

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many slots each text has."""
        # A text has at most 3 × (HEAD + 2), far below what 16 bits hold.
        return np.add.reduceat(self.new, self.firsts, dtype=np.uint16).astype(np.int64)

    @property
    def slots_or_nothing(self) -> NDArray[np.uint32]:
        """For each key its slot, and slot 0 for what is not new: quicker than leaving it out."""
        slots = self.keys & _SLOT
        slots *= self.new
        return slots


def head(text: str) -> str:
    """What is read of a text: its first code points, with names of persons and links made alike."""
    text = text[:HEAD]
    if "@" in text:
        text = _HANDLE.sub("@用户", text)
    if "http" in text:
        text = _LINK.sub("O网页链接", text)
    return text[:HEAD]


def head_with_origin(text: str) -> tuple[str, list[int]]:
    """:func:`head`, and for each of its code points the place in the text as given."""
    shown, origin = text[:HEAD], list(range(min(len(text), HEAD)))
    for mark, pattern, instead in (("@", _HANDLE, "@用户"), ("http", _LINK, "O网页链接")):
        if mark not in shown:
            continue
        pieces: list[str] = []
        places: list[int] = []
        at = 0
        for found in pattern.finditer(shown):
            pieces += [shown[at : found.start()], instead]
            places += origin[at : found.start()]
            last = found.end() - 1
            places += [origin[min(found.start() + step, last)] for step in range(len(instead))]
            at = found.end()
        shown, origin = "".join([*pieces, shown[at:]]), places + origin[at:]
    return shown[:HEAD], origin[:HEAD]


def chunks(texts: Sequence[str], sizes: frozenset[int] = SIZES) -> Iterator[Chunk]:
    """The features of all texts in order, some texts at a time; runs of these sizes only."""
    for at in range(0, len(texts), CHUNK_TEXTS):
        heads = [
            head(text) if len(text) > HEAD or "@" in text or "http" in text else text
            for text in texts[at : at + CHUNK_TEXTS]
        ]
        lengths = np.fromiter(map(len, heads), dtype=np.int64, count=len(heads)) + 2
        ends = np.cumsum(lengths)
        # Chunks of one size: a small one at the end would take nearly as long as a whole one.
        total = int(ends[-1])
        parts = -(-total // CHUNK_POINTS)
        cuts = [total * part // parts for part in range(1, parts)]
        bounds = [0, *np.searchsorted(ends, cuts).tolist(), len(heads)]
        for first, after in itertools.pairwise(bounds):
            if first < after:
                yield _of_chunk(heads[first:after], lengths[first:after], sizes)


def slots_of(points: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The slots of the runs of 1, 2 and 3 points (rows) that begin at each point but the last two.

    A run with a separator (0) in it is slot 0.
    """
    found = _mixed(points)
    within = np.zeros(found.shape[1], dtype=bool)
    for size, slots in enumerate(found):
        within |= points[size : size + len(within)] == 0
        slots[within] = 0
    return found


def _mixed(points: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """As :func:`slots_of`, but runs with a separator have slots like others."""
    found = np.empty((3, len(points) - 2), dtype=np.uint32)
    singles, pairs, triples = found
    singles[:] = points[:-2]
    np.multiply(singles, _ROLL, out=pairs)
    pairs += points[1:-1]
    np.multiply(pairs, _ROLL, out=triples)
    triples += points[2:]
    pairs += _SALT[0]
    triples += _SALT[1]
    found *= _MIX
    found ^= found >> _HALF
    found *= _ROLL
    found >>= _SHIFT
    return found


def normal_points(text: str) -> NDArray[np.uint32]:
    """The normalised code points of a text, one for each of its own (dropped ones are ``1``)."""
    raw = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    return _normal(raw)


def _of_chunk(heads: list[str], lengths: NDArray[np.int64], sizes: frozenset[int]) -> Chunk:
    """``lengths`` holds how many points each text takes with the two separators behind it."""
    # Two more at the end, since no run begins at the last two points.
    points = normal_points("\0\0".join(heads) + "\0\0\0\0")
    bounds = np.zeros(len(heads) + 1, dtype=np.int64)
    np.cumsum(lengths, out=bounds[1:])
    points[bounds[1:] - 1] = 0  # a NUL of a text itself has become a space
    points[bounds[1:] - 2] = 0
    points[-2:] = 0
    lengths[-1] += 2
    owners = np.repeat(np.arange(len(heads), dtype=np.uint32), lengths)
    kept = points != DROPPED
    if not kept.all():
        places = np.flatnonzero(kept)
        points, owners = points[places], owners[places]
        bounds = np.searchsorted(places, bounds)
    by_size = _mixed(points)
    behind = np.maximum(bounds[1:, None] - _BACK, 0)
    for size, slots in enumerate(by_size, start=1):
        slots[behind[:, : size + 1]] = 0  # a run with one of the two separators in it
    by_size |= owners[:-2] << np.uint32(BITS)
    if len(sizes) < len(by_size):
        by_size = by_size[[size - 1 for size in sorted(sizes)]]
    keys = by_size.reshape(-1)
    keys.sort()
    new = np.empty(len(keys), dtype=bool)
    new[0] = True
    np.not_equal(keys[1:], keys[:-1], out=new[1:])
    return Chunk(keys, new, bounds * len(sizes), points, owners)


def _normal(raw: NDArray[np.uint32]) -> NDArray[np.uint32]:
    points = _table().take(raw, mode="clip")
    if len(raw) and int(raw.max()) > _LAST_OF_PLANE:
        high = raw > _LAST_OF_PLANE
        points[high] = raw[high]
    return points


@functools.cache
def _table() -> NDArray[np.uint32]:
    """For each code point of the first plane the one that it counts as."""
    table = np.arange(_LAST_OF_PLANE + 1, dtype=np.uint32)
    # All but CJK and Hangul, which are read as they are.
    points = [*range(0x3400), *range(0xA000, 0xAC00), *range(0xD7A4, _LAST_OF_PLANE + 1)]
    table[points] = [_one(character) for character in map(chr, points)]
    return table


def _one(character: str) -> int:
    kind = unicodedata.category(character)
    if kind == "Cf" or character == "\ufe0f":
        return DROPPED  # zero-width and direction marks: put inside words to hide them
    if kind in {"Cc", "Cs", "Co", "Cn", "Zs", "Zl", "Zp"}:
        return _SPACE
    if kind == "Nd":
        return ord("0")
    return ord(unicodedata.normalize("NFKC", character).lower()[:1] or " ")
