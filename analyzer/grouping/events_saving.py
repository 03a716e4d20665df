"""The book of events as bytes, and back: what is needed to go on after a restart, bounded."""

from __future__ import annotations

from itertools import islice

import msgspec
from msgspec import Struct

from analyzer.grouping.events_book import COMMON_ENOUGH, Book, Place
from analyzer.grouping.events_clusters import Cluster, Vector
from analyzer.grouping.events_record import Record

_VERSION = 1
_SINGLES = 6_000
_PLACES = 20_000


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
    alone = [one for one in book.clusters.all.values() if one.size == 1]
    alone.sort(key=lambda one: one.newest)
    several = [one for one in book.clusters.all.values() if one.size > 1]
    saved = [*several, *alone[-_SINGLES:]]
    ids = {one.id for one in saved}
    places = {post: at for post, at in book.posts().items() if at in ids}
    newest = islice(places.items(), max(0, len(places) - _PLACES), None)
    kept = _Kept(
        v=_VERSION,
        posts=book.frequencies.posts,
        counts={term: n for term, n in book.frequencies.counts.items() if n >= COMMON_ENOUGH},
        clusters=[(one.id, one.newest, one.size, one.terms) for one in saved],
        records={str(one): book.records[one] for one in ids if one in book.records},
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
