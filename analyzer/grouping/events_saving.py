"""The book of events as bytes, and back: what is needed to go on after a restart, bounded."""

from __future__ import annotations

from itertools import islice

import msgspec
from msgspec import Struct

from analyzer.grouping.events_book import COMMON_ENOUGH, WINDOW_S, Book, Place
from analyzer.grouping.events_clusters import Cluster, Vector
from analyzer.grouping.events_record import Record

_VERSION = 1
_SINGLES = 6_000
_PLACES = 20_000
_TERMS, _VECTOR_TERMS = 60, 20
_DIGITS = 3


class _Kept(Struct):
    v: int
    posts: int
    counts: dict[str, int]
    clusters: list[tuple[int, float, int, Vector]]
    records: dict[str, Record]
    places: dict[str, Place]
    apart: list[tuple[str, str]]


def encode(book: Book) -> bytes:
    """All events, the newest 6,000 posts that stand alone, where the newest 20,000 posts went."""
    awake = max((one.newest for one in book.clusters.all.values()), default=0.0) - WINDOW_S
    alive = [one for one in book.clusters.all.values() if one.newest >= awake]
    alone = sorted((one for one in alive if one.size == 1), key=lambda one: one.newest)
    several = [one for one in alive if one.size > 1]
    saved = [*several, *alone[-_SINGLES:]]
    ids = {one.id for one in saved}
    places = {post: at for post, at in book.posts().items() if at in ids}
    newest = islice(places.items(), max(0, len(places) - _PLACES), None)
    kept = _Kept(
        v=_VERSION,
        posts=book.frequencies.posts,
        counts={term: n for term, n in book.frequencies.counts.items() if n >= COMMON_ENOUGH},
        clusters=[(one.id, one.newest, one.size, _brief(one.terms, _TERMS)) for one in saved],
        records={str(one): _record(book.records[one]) for one in ids if one in book.records},
        places={post: Place(at, book.places[post].shown) for post, at in newest},
        apart=sorted(book.apart),
    )
    return msgspec.json.encode(kept)


def decode(body: bytes | None) -> Book | None:
    """The book as it was saved, an empty one of None; None where it can't be read."""
    book = Book()
    if body is None:
        return book
    try:
        kept = msgspec.json.decode(body, type=_Kept)
    except (msgspec.MsgspecError, UnicodeError):
        return None
    if kept.v != _VERSION:
        return None
    book.frequencies.posts = kept.posts
    book.frequencies.counts.update(kept.counts)
    for number, newest, size, terms in kept.clusters:
        square = sum([weight * weight for weight in terms.values()])
        book.clusters.restore(Cluster(number, newest, size, terms, square))
    book.records = {int(number): record for number, record in kept.records.items()}
    book.places = kept.places
    book.apart = set(kept.apart)
    return book


def _record(record: Record) -> Record:
    vectors = {post: _brief(vector, _VECTOR_TERMS) for post, vector in record.vectors.items()}
    return msgspec.structs.replace(record, vectors=vectors)


def _brief(terms: Vector, most: int) -> Vector:
    """The heaviest terms, their weights rounded: a third of the bytes, the same events."""
    if len(terms) > most:
        kept = sorted(terms, key=terms.__getitem__, reverse=True)[:most]
        return {term: round(terms[term], _DIGITS) for term in kept}
    return {term: round(weight, _DIGITS) for term, weight in terms.items()}
