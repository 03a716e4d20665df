"""The window as bytes: segments of records, so that a save writes only what is new.

A record is a post that was placed, or placed again (second chance); the newest records, as many as
the window has slots, are the window. No text is in them, but hashes of all its short pieces, from
which it could be guessed: what is destroyed by law is taken out of them too (:func:`without`).
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from typing import Any

import msgspec
import numpy as np
import structlog
from msgspec import Struct

from analyzer.grouping.copies_hashing import BANDS, EMPTY, EMPTY16, Bools, Ints, bands
from analyzer.grouping.copies_origins import Origin
from analyzer.grouping.copies_text import KEYS, ROW, SKETCH, Signatures

_VERSION = 3  # 1 had no rows of characters, 2 had two bytes for each
_TYPES: dict[str, tuple[Any, int]] = {
    "exact": (np.uint64, 1),
    "length": (np.uint16, 1),
    "thin": (np.bool_, 1),
    "keys": (np.uint32, KEYS),
    "pairs": (np.uint16, SKETCH),
    "body": (np.uint8, ROW),
    "tagged": (np.uint64, ROW // 64),
}
_log = structlog.get_logger()


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
        return Signatures(**columns, bands=bands(columns["body"], columns["length"]))


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
    """The segment; None where it can't be read, and for one of another form.

    Those posts are only not compared any more.
    """
    try:
        segment = msgspec.msgpack.decode(zlib.decompress(body), type=Segment)
        if segment.v != _VERSION:
            _log.warning("copies_unreadable", form=segment.v, wanted=_VERSION)
            return None
        segment.signatures()
    except (msgspec.MsgspecError, zlib.error, ValueError, KeyError) as error:
        _log.warning("copies_unreadable", error=str(error))
        return None
    return segment


def without(segment: Segment, posts: Collection[str]) -> bytes | None:
    """The segment with nothing left of those posts but their ids; None where none is in it."""
    gone = np.array([one.id in posts for one in segment.origins], np.bool_)
    if not gone.any():
        return None
    return pack(
        np.array(segment.numbers, np.int64),
        segment.origins,
        segment.depth,
        segment.roots,
        emptied(segment.signatures(), gone),
    )


def emptied(signed: Signatures, gone: Bools) -> Signatures:
    """The signatures, of those posts such that nothing is similar to."""
    left = empty(len(gone))
    for name in Signatures.__struct_fields__:
        getattr(left, name)[~gone] = getattr(signed, name)[~gone]
    return left


def joined(several: Sequence[Signatures]) -> Signatures:
    """All of them, in order."""
    fields = Signatures.__struct_fields__
    return Signatures(*(np.concatenate([getattr(one, name) for one in several]) for name in fields))


def empty(posts: int) -> Signatures:
    """Signatures that nothing is similar to."""
    return Signatures(
        exact=np.zeros(posts, np.uint64),
        length=np.zeros(posts, np.int64),
        thin=np.zeros(posts, np.bool_),
        keys=np.full((posts, KEYS), EMPTY, np.uint32),
        pairs=np.full((posts, SKETCH), EMPTY16, np.uint16),
        body=np.zeros((posts, ROW), np.uint8),
        tagged=np.zeros((posts, ROW // 64), np.uint64),
        bands=np.full((posts, BANDS), EMPTY, np.uint32),
    )
