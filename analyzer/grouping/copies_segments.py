"""The window as bytes: segments of records, so that a save writes only what is new.

A record is a post that was placed, or placed again (second chance); the newest records, as many as
the window has slots, are the window. No text is in them, but hashes of all its short pieces, from
which it could be guessed: what is destroyed by law is taken out of them too (:func:`without`).
"""

from __future__ import annotations

import zlib
from collections.abc import Collection
from typing import Any

import msgspec
import numpy as np
import structlog
from msgspec import Struct

from analyzer.grouping.copies_hashing import BANDS, EMPTY, EMPTY16, Ints, bands
from analyzer.grouping.copies_text import KEYS, ROW, SKETCH, Signatures

_VERSION = 2  # 1 had no rows of characters
_TYPES: dict[str, tuple[Any, int]] = {
    "exact": (np.uint64, 1),
    "length": (np.int64, 1),
    "thin": (np.bool_, 1),
    "keys": (np.uint32, KEYS),
    "pairs": (np.uint16, SKETCH),
    "triples": (np.uint16, SKETCH),
    "row": (np.uint16, ROW),
    "tagged": (np.uint64, ROW // 64),
}
_log = structlog.get_logger()


class Origin(Struct, array_like=True, frozen=True):
    """Who stands at a slot, and the group's first post: its id, source, seconds since 1970."""

    id: str
    group: str
    source: str
    at: float


class Segment(Struct, array_like=True):
    """Records with ascending numbers, who they are, and their signatures as columns of bytes."""

    v: int
    numbers: list[int]
    origins: list[Origin]
    depth: bytes
    roots: bytes
    columns: dict[str, bytes]

    def signatures(self) -> Signatures:
        """The signatures of the records. Raises ValueError where they are of another shape."""
        rows = len(self.numbers)
        columns = {}
        for name, (kind, width) in _TYPES.items():
            column = np.frombuffer(self.columns[name], kind)
            columns[name] = column.reshape(rows) if width == 1 else column.reshape(rows, width)
        return Signatures(**columns, bands=bands(columns["row"]))


def pack(
    numbers: Ints, origins: list[Origin], depth: bytes, roots: bytes, signed: Signatures
) -> bytes:
    """A segment as bytes, some 300 a post."""
    columns = {
        name: np.ascontiguousarray(getattr(signed, name).astype(kind)).tobytes()
        for name, (kind, _) in _TYPES.items()
    }
    segment = Segment(_VERSION, numbers.tolist(), origins, depth, roots, columns)
    return zlib.compress(msgspec.msgpack.encode(segment), 1)


def unpack(body: bytes) -> Segment | None:
    """The segment; None where it can't be read: those posts are only not compared any more."""
    try:
        segment = msgspec.msgpack.decode(zlib.decompress(body), type=Segment)
        segment.signatures()
    except (msgspec.MsgspecError, zlib.error, ValueError, KeyError) as error:
        _log.warning("copies_unreadable", error=str(error))
        return None
    return segment if segment.v == _VERSION else None


def without(body: bytes, posts: Collection[str]) -> bytes | None:
    """The segment with nothing left of those posts but their ids; None where none is in it."""
    segment = unpack(body)
    if segment is None:
        return None
    gone = np.array([one.id in posts for one in segment.origins], np.bool_)
    if not gone.any():
        return None
    signed = empty(len(gone))
    held = segment.signatures()
    for name in _TYPES:
        getattr(signed, name)[~gone] = getattr(held, name)[~gone]
    return pack(
        np.array(segment.numbers, np.int64), segment.origins, segment.depth, segment.roots, signed
    )


def empty(posts: int) -> Signatures:
    """Signatures that nothing is similar to."""
    return Signatures(
        exact=np.zeros(posts, np.uint64),
        length=np.zeros(posts, np.int64),
        thin=np.zeros(posts, np.bool_),
        keys=np.full((posts, KEYS), EMPTY, np.uint32),
        pairs=np.full((posts, SKETCH), EMPTY16, np.uint16),
        triples=np.full((posts, SKETCH), EMPTY16, np.uint16),
        row=np.zeros((posts, ROW), np.uint16),
        tagged=np.zeros((posts, ROW // 64), np.uint64),
        bands=np.full((posts, BANDS), EMPTY, np.uint32),
    )
