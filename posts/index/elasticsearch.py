"""The distributed index: Elasticsearch, monthly indices behind one alias.

What is searched are tokens that are made here, so that a query finds exactly what it finds in the
embedded index; what is found is the message as it was written, kept whole in ``body``. Reads see
what was written a second ago (``refresh_interval`` in the template). The port's promise of "all or
none" can't be kept across indices: after an error some of a batch may be written, and writing the
batch again is right, for the posts' versions decide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Literal

import msgspec
from elasticsearch import Elasticsearch, NotFoundError

from posts.codec import decode
from posts.errors import PostsError
from posts.index.elasticsearch_bulk import Bulk
from posts.index.elasticsearch_connection import Connection, ElasticsearchSettings, cause
from posts.index.elasticsearch_erasing import Eraser
from posts.index.elasticsearch_query import says, where
from posts.index.elasticsearch_template import Template
from posts.index.fragments import fragments
from posts.index.instants import STEPS, cursor_after, from_micros, micros, read_cursor, step_start
from posts.index.port import Hit, Page, Query, Significant, Written
from posts.index.significant import significant
from posts.index.words import Term, parse
from posts.model import ScoredPost

_MOST_HITS = 1_000  # of one answer: a post may have megabytes
_MOST_BUCKETS = 10_000
_MOST_COUNTS = 100  # in one request
_OK, _NOT_THERE = 200, 404
_KEEP_ALIVE = "5m"
_NEWEST_FIRST = [{"published": "desc"}, {"id": "asc"}]
_OLDEST_FIRST = [{"published": "asc"}, {"id": "asc"}]
_Field = Literal["source", "kind", "sentiment", "area"]


class ElasticsearchIndex:
    """A PostIndex in a cluster. Safe between processes and threads; connects at its first use."""

    def __init__(self, settings: ElasticsearchSettings) -> None:
        self.connection = Connection(settings)
        self.template = Template(self.connection)
        self.bulk = Bulk(self.connection, self.template)
        self._eraser = Eraser(self.connection, self.template)
        self._alias = self.template.names.posts
        self._shows_own = settings.refresh == "read"
        self._dirty = False

    def write(self, batch: Sequence[ScoredPost]) -> Written:
        """Write each; RetryError, PoisonError after the others were written (see the module)."""
        operations = [self.bulk.operation(scored) for scored in batch]
        if not operations:
            return Written(0, 0, 0)
        try:
            return self.bulk.write(operations)
        finally:
            self._dirty = self._shows_own

    def search(
        self, query: Query, *, limit: int = 20, cursor: str | None = None, highlight: bool = True
    ) -> Page:
        """One page, newest first."""
        limit = max(1, limit)
        terms = parse(query.text)
        condition = where(query)
        after = read_cursor(cursor)
        place: list[Any] | None = None if after is None else list(after)
        found: list[ScoredPost] = []
        total = 0
        while len(found) <= limit:
            size = min(limit + 1 - len(found), _MOST_HITS)
            answer = self._search(
                query=condition,
                sort=_NEWEST_FIRST,
                size=size,
                source_includes=["body"],
                search_after=place,
                track_total_hits=not found,
            )
            hits = answer["hits"]["hits"]
            total = total if found else answer["hits"]["total"]["value"]
            found.extend(_scored(hit) for hit in hits)
            if len(hits) < size:
                break
            place = hits[-1]["sort"]
        last = found[limit - 1].post if len(found) > limit else None
        more = None if last is None else cursor_after(micros(last.published_at), last.id)
        shown = (fragments(s.post, terms) if highlight else () for s in found[:limit])
        return Page(tuple(map(Hit, found, shown)), total, more)

    def count(self, query: Query) -> int:
        """How many posts match."""
        answer = self._search(query=where(query), size=0, track_total_hits=True)
        total: int = answer["hits"]["total"]["value"]
        return total

    def histogram(
        self, query: Query, *, step: Literal["hour", "day"] = "hour"
    ) -> list[tuple[datetime, int]]:
        """Counts by hour or Shanghai day."""
        counts: Counter[int] = Counter()
        by_hour = {"size": _MOST_BUCKETS, "sources": [{"hour": {"terms": {"field": "hour"}}}]}
        while True:
            answer = self._search(
                query=where(query), size=0, aggs={"hours": {"composite": by_hour}}
            )
            found = answer.get("aggregations", {}).get("hours", {"buckets": []})
            for bucket in found["buckets"]:
                start = bucket["key"]["hour"] * STEPS["hour"]
                counts[step_start(start, step)] += bucket["doc_count"]
            if len(found["buckets"]) < _MOST_BUCKETS:
                return [(from_micros(start), count) for start, count in sorted(counts.items())]
            by_hour["after"] = found["after_key"]

    def terms(self, query: Query, field: _Field, *, limit: int = 20) -> list[tuple[str, int]]:
        """The most frequent values; equal counts in order of the value."""
        values = {
            "field": "areas" if field == "area" else field,
            "size": limit,
            "shard_size": max(limit, _MOST_BUCKETS),  # so that months don't each leave out others
            "order": [{"_count": "desc"}, {"_key": "asc"}],
        }
        answer = self._search(query=where(query), size=0, aggs={"values": {"terms": values}})
        found = answer.get("aggregations", {}).get("values", {"buckets": []})
        return [(bucket["key"], bucket["doc_count"]) for bucket in found["buckets"]]

    def significant(
        self, query: Query, *, limit: int = 30, of: Sequence[str] | None = None
    ) -> Significant:
        """What is said here more than elsewhere; the server's own score knows no Chinese words."""
        return significant(self, query, self._counts, limit=limit, of=of)

    def _counts(self, terms: Sequence[Term]) -> list[int]:
        """In how many posts each term occurs, many in one request."""
        found: list[int] = []
        for start in range(0, len(terms), _MOST_COUNTS):
            searches: list[dict[str, Any]] = []
            for term in terms[start : start + _MOST_COUNTS]:
                condition = {"bool": {"filter": [says(term)]}}
                searches += [{}, {"query": condition, "size": 0, "track_total_hits": True}]
            with self._reading() as client:
                answers = client.msearch(index=self._alias, searches=searches)["responses"]
            for answer in answers:
                status = answer.get("status", _OK)
                if status not in (_OK, _NOT_THERE):
                    raise self.connection.refused(status, *cause(answer))
                found.append(answer["hits"]["total"]["value"] if status == _OK else 0)
        return found

    def get(self, post_id: str) -> ScoredPost | None:
        """One post."""
        return self.get_many([post_id]).get(post_id)

    def get_many(self, post_ids: Sequence[str]) -> dict[str, ScoredPost]:
        """The posts that exist, by id."""
        wanted = [one for one in dict.fromkeys(post_ids) if _is_storable(one)]
        found: dict[str, ScoredPost] = {}
        for start in range(0, len(wanted), _MOST_HITS):
            part = wanted[start : start + _MOST_HITS]
            answer = self._search(
                query={"ids": {"values": part}}, size=len(part), source_includes=["body"]
            )
            found.update((hit["_id"], _scored(hit)) for hit in answer["hits"]["hits"])
        return found

    def scan(self, query: Query, *, batch: int = 500) -> Iterator[list[ScoredPost]]:
        """All that match when it begins, oldest first, from one point in time."""
        condition = where(query)
        batch = min(batch, _MOST_HITS)
        place: list[Any] | None = None
        with self._reading() as client:
            try:
                opened = client.open_point_in_time(index=self._alias, keep_alive=_KEEP_ALIVE)
            except NotFoundError:
                return
        pit: str = opened["id"]
        try:
            while True:
                with self.connection.client() as client:
                    answer = client.search(
                        pit={"id": pit, "keep_alive": _KEEP_ALIVE},
                        query=condition,
                        sort=_OLDEST_FIRST,
                        size=batch,
                        source_includes=["body"],
                        search_after=place,
                        track_total_hits=False,
                    )
                pit = answer["pit_id"]
                hits = answer["hits"]["hits"]
                if hits:
                    yield [_scored(hit) for hit in hits]
                if len(hits) < batch:
                    return
                place = hits[-1]["sort"]
        finally:
            self._close_point(pit)

    def erase(self, post_ids: Sequence[str]) -> int:
        """Delete by id in every index, also in those that a migration is filling."""
        with self.connection.client() as client:
            return self._eraser.erase(client, [one for one in post_ids if _is_storable(one)])

    def scrub(self) -> bool:
        """Merge away what was deleted; False while the servers still keep some for their copies."""
        with self.connection.client() as client:
            return self._eraser.scrub(client)

    def refresh(self) -> None:
        """Make everything visible that was written so far."""
        with self.connection.client() as client:
            client.indices.refresh(index=self._alias, ignore_unavailable=True)

    def close(self) -> None:
        """Release connections."""
        self.connection.close()

    def _search(self, **asked: Any) -> Any:
        with self._reading() as client:
            try:
                # A month that is away or closed is an error, never a smaller number.
                return client.search(index=self._alias, allow_partial_search_results=False, **asked)
            except NotFoundError:  # before the first post there is no index
                return {"hits": {"total": {"value": 0}, "hits": []}}

    @contextmanager
    def _reading(self) -> Iterator[Elasticsearch]:
        with self.connection.client() as client:
            if self._dirty:
                self._dirty = False
                client.indices.refresh(index=self._alias, ignore_unavailable=True)
            yield client

    def _close_point(self, pit: str) -> None:
        try:
            with self.connection.client() as client:
                client.close_point_in_time(id=pit)
        except PostsError:
            return  # it ends by itself


def _scored(hit: dict[str, Any]) -> ScoredPost:
    return decode(msgspec.json.encode(hit["_source"]["body"]), ScoredPost)


def _is_storable(post_id: str) -> bool:
    """Half a surrogate pair can't be sent, and is no post's id."""
    try:
        post_id.encode()
    except UnicodeEncodeError:
        return False
    return bool(post_id)
