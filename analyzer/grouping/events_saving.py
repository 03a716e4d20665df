"""The book of events as bytes, and back: what is needed to go on after a restart, bounded.

What is kept is a row of frames: the whole book once, then what changed from save to save. A frame
has its length and a checksum, so that one torn by a crash ends nothing but itself, and the name of
the whole that it belongs to, so that what a holder adds who has lost the lease is passed over.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Collection, Iterator
from io import BytesIO
from itertools import islice
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct, field

from analyzer.grouping import events_index, events_saved_before, events_texts
from analyzer.grouping.events_book import Book
from analyzer.grouping.events_centroid import Cluster
from analyzer.grouping.events_record import Alone, Place, Record
from analyzer.grouping.memory import Store

_VERSION = 4
_PIECE = 1_000
_PLACES_PIECE = 10_000
_HEAD = 8
_LEAST_WHOLE = 1 << 20
"""Changes are added up to the size of the whole, and to so many bytes in any case."""


_EMPTY = (b"", b"", b"")
_Brief = tuple[int, float, int, bytes]
"""Number, newest, posts and packed terms of a centroid."""


class _Frame(Struct, array_like=True):
    """A piece of the whole book (the first has ``number`` 0), or what changed since the last save.

    ``counts`` are pairs of 32-bit numbers; ``index`` and ``texts`` as their modules pack them.
    """

    v: int
    chain: bytes
    number: int
    posts: int
    halved: bool = False
    counts: bytes = b""
    clusters: list[_Brief] = field(default_factory=list)
    records: dict[int, Record] = field(default_factory=dict)
    alone: dict[int, Alone] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)
    gone: list[int] = field(default_factory=list)
    apart: list[tuple[str, str]] | None = None
    """None: as before."""

    index: events_index.Packed = _EMPTY
    texts: events_texts.Packed = _EMPTY


class Keeper:
    """Saves a book: as a whole first, then only what changed, until that is as much again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._chain = b""
        self._number = self._whole = self._added = 0

    def load(self) -> Book | None:
        """The book as it was saved, an empty one where none was; None where it can't be read."""
        return decode(self._store.load())

    def save(self, book: Book) -> int:
        """Write what is not saved; how many bytes that took. Raises RetryError (not now)."""
        unsaved = book.unsaved
        if not self._chain or unsaved.whole or self._added > max(_LEAST_WHOLE, self._whole):
            self._chain, self._added = os.urandom(8), 0
            self._number, body = _whole_of(book, self._chain)
            self._whole = len(body)
            write = self._store.save
        else:
            self._number += 1
            body = _framed(_changes_of(book, self._chain, self._number))
            self._added += len(body)
            write = self._store.append
        try:
            write(body)
        except BaseException:
            self._chain = b""  # part of it may be there: the next one is a whole again
            raise
        unsaved.whole = False
        unsaved.clear()
        book.frequencies.touched.clear()
        book.frequencies.halved = False
        book.index.touched.clear()
        book.texts.touched.clear()
        return len(body)


def encode(book: Book) -> bytes:
    """The whole book."""
    return _whole_of(book, os.urandom(8))[1]


def decode(body: bytes | None) -> Book | None:
    """The book as it was saved, an empty one of None; None where it can't be read."""
    book = Book()
    if body is None:
        return book
    chain, number = b"", 0
    clusters: dict[int, _Brief] = {}
    for frame in _frames(body):
        if frame.v != _VERSION or (frame.number and (frame.chain, frame.number) != (chain, number)):
            continue
        if not frame.number:
            book, clusters = Book(), {}
        chain, number = frame.chain, frame.number + 1
        _take_up(book, frame, clusters)
    if not chain:
        return events_saved_before.decode(body)
    for brief in clusters.values():
        book.clusters.restore(Cluster(*brief), found=False)
    book.settle()
    return book


def _whole_of(book: Book, chain: bytes) -> tuple[int, bytes]:
    """The number of its last frame, and all of them: pieces, so that little is held twice."""
    body = BytesIO()  # which gives what it holds without a copy
    number = 0
    for number, piece in enumerate(_pieces_of(book)):
        posts = book.frequencies.posts
        body.write(_framed(_Frame(v=_VERSION, chain=chain, number=number, posts=posts, **piece)))
    return number, body.getvalue()


def _pieces_of(book: Book) -> Iterator[dict[str, Any]]:
    book.resolve()
    yield {
        "counts": _pairs(book, np.flatnonzero(book.frequencies.counts)),
        "apart": sorted(book.apart),
        "index": book.index.packed(book.index),
        "texts": book.texts.packed(book.texts.known()),
    }
    clusters = iter(book.clusters.all.values())
    while some := list(islice(clusters, _PIECE)):
        yield {
            "clusters": [_brief(one) for one in some],
            **_records(book, [one.id for one in some]),
        }
    places = iter(book.places.items())
    while some_places := dict(islice(places, _PLACES_PIECE)):
        yield {"places": some_places}


def _changes_of(book: Book, chain: bytes, number: int) -> _Frame:
    unsaved, alive = book.unsaved, book.clusters.all
    touched = book.frequencies.touched
    return _Frame(
        v=_VERSION,
        chain=chain,
        number=number,
        posts=book.frequencies.posts,
        halved=book.frequencies.halved,
        counts=_pairs(book, np.unique(np.concatenate(touched))) if touched else b"",
        clusters=[_brief(alive[one]) for one in unsaved.clusters if one in alive],
        **_records(book, unsaved.clusters),
        places={post: book.places[post] for post in unsaved.posts if post in book.places},
        moved=unsaved.moved,
        gone=list(unsaved.gone),
        apart=sorted(book.apart),
        index=book.index.packed(book.index.touched),
        texts=book.texts.packed(book.texts.touched),
    )


def _take_up(book: Book, frame: _Frame, clusters: dict[int, _Brief]) -> None:
    """Put what a frame says into the book; its clusters are gathered, each as it was last."""
    frequencies = book.frequencies
    frequencies.posts = frame.posts
    if frame.halved:
        frequencies.counts //= 2
    counters, counts = np.frombuffer(frame.counts, np.int32).reshape(2, -1)
    frequencies.counts[counters] = counts
    for gone in frame.gone:
        clusters.pop(gone, None)
        book.records.pop(gone, None)
    clusters.update({one[0]: one for one in frame.clusters})
    book.records.update(frame.records)
    book.records.update(frame.alone)
    book.places.update(frame.places)
    book.moves(frame.moved)
    if frame.apart is not None:
        book.apart = set(frame.apart)
    book.index.take_up(frame.index)
    book.texts.take_up(frame.texts)


def _pairs(book: Book, counters: np.ndarray) -> bytes:
    counts = book.frequencies.counts[counters]
    return np.concatenate((counters.astype(np.int32), counts)).tobytes()


def _framed(frame: _Frame) -> bytes:
    body = msgspec.msgpack.encode(frame)
    return len(body).to_bytes(4, "big") + zlib.crc32(body).to_bytes(4, "big") + body


def _frames(body: bytes) -> Iterator[_Frame]:
    """Those that are whole, up to the first that is not."""
    at = 0
    while at + _HEAD <= len(body):
        length = int.from_bytes(body[at : at + 4], "big")
        found = body[at + _HEAD : at + _HEAD + length]
        if len(found) < length or zlib.crc32(found).to_bytes(4, "big") != body[at + 4 : at + _HEAD]:
            return
        try:
            yield msgspec.msgpack.decode(found, type=_Frame)
        except (msgspec.MsgspecError, UnicodeError):
            return
        at += _HEAD + length


def _records(book: Book, ids: Collection[int]) -> dict[str, Any]:
    found = {one: book.records[one] for one in ids if one in book.records}
    alone = {one: record for one, record in found.items() if isinstance(record, Alone)}
    return {"alone": alone, "records": {one: found[one] for one in found.keys() - alone.keys()}}


def _brief(one: Cluster) -> _Brief:
    return one.id, one.newest, one.size, one.packed
