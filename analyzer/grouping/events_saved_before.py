"""The book of events as release 0.3 saved it, so that what was under way there goes on."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from analyzer.grouping.events_book import Book
from analyzer.grouping.events_centroid import Cluster, pack
from analyzer.grouping.events_features import numbers_of
from analyzer.grouping.events_record import Place, Record, shown_of
from analyzer.grouping.events_tally import hours_as, sources_of
from analyzer.grouping.events_vectors import Vector, said_of, short

_VERSION = 1
_Spelt = dict[str, float]


class _Record(Struct):
    key: str
    first_post: str
    first_at: float
    newest: float
    posts: int
    copies: int
    sources: set[str]
    hours: dict[int, int]
    vectors: dict[str, _Spelt]
    shown: list[int]
    pending: list[tuple[str, float, str]]


class _Place(Struct, array_like=True):
    cluster: int
    shown: list[int]


class _Kept(Struct):
    v: int
    posts: int
    counts: dict[str, int]
    clusters: list[tuple[int, float, int, _Spelt]]
    records: dict[str, _Record]
    places: dict[str, _Place]
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
        book.clusters.restore(Cluster(number, newest, size, pack(_numbered(terms))))
    book.records = {int(number): _record(one) for number, one in kept.records.items()}
    book.places = {
        post: Place(place.cluster, shown_of(place.shown)) for post, place in kept.places.items()
    }
    book.apart = set(kept.apart)
    return book


def _numbered(terms: _Spelt) -> Vector:
    return dict(zip(short(numbers_of(list(terms))).tolist(), terms.values(), strict=True))


def _record(one: _Record) -> Record:
    return Record(
        key=one.key,
        first_post=one.first_post,
        first_at=one.first_at,
        newest=one.newest,
        posts=one.posts,
        copies=one.copies,
        sources=sources_of(one.sources),
        hours=hours_as(one.hours),
        vectors={post: said_of(terms) for post, terms in one.vectors.items()},
        shown=one.shown,
        pending=one.pending,
    )
