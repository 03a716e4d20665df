"""The book of events as release 0.3 saved it, so that what was under way there goes on."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from analyzer.grouping.events_book import Book
from analyzer.grouping.events_clusters import Cluster
from analyzer.grouping.events_record import Place, Record
from analyzer.grouping.events_vectors import Vector

_VERSION = 1


class _Kept(Struct):
    v: int
    posts: int
    counts: dict[str, int]
    clusters: list[tuple[int, float, int, Vector]]
    records: dict[str, Record]
    places: dict[str, Place]
    apart: list[tuple[str, str]]


def decode(body: bytes) -> Book | None:
    """That book; None where the bytes are none of it."""
    try:
        kept = msgspec.json.decode(body, type=_Kept)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    if kept.v != _VERSION:
        return None
    book = Book()
    book.frequencies.put(kept.counts, kept.posts)
    for number, newest, size, terms in kept.clusters:
        square = sum([weight * weight for weight in terms.values()])
        book.clusters.restore(Cluster(number, newest, size, terms, square))
    book.records = {int(number): record for number, record in kept.records.items()}
    book.places = kept.places
    book.apart = set(kept.apart)
    return book
