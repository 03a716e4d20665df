"""Moving the months to a new mapping while posts are written, searched and erased.

Each month by itself: a new index is made by the new template, under no alias yet. It is filled by
passes over the old one, each of what changed since the last (by ``_seq_no``), with the posts' own
versions, so that nothing newer is overwritten whoever comes first. Then the aliases are switched in
one step; what was written to the old index until then is copied by a last pass, after the old one
is closed to writes, which waits for those under way. Only then it is deleted. A migration that was
interrupted is done again from its begin: what was copied is stale.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import msgspec
from elasticsearch import Elasticsearch

from posts.codec import decode
from posts.index.elasticsearch_template import make_index, meta
from posts.model import ScoredPost

if TYPE_CHECKING:
    from posts.index.elasticsearch import ElasticsearchIndex

_BATCH = 500
_FEW = 1_000  # what is left for the pass after the switch, when no more comes in than that
_MOST_PASSES = 20
_KEEP_ALIVE = "10m"


class Migration:
    """From whatever the months have to what this release would make.

    One at a time: two would drop each other's new indices. ``go_on`` is called before each step
    that changes something, and raises where another migration has begun.
    """

    def __init__(
        self, index: ElasticsearchIndex, *, go_on: Callable[[], None] = lambda: None
    ) -> None:
        self._index = index
        self._go_on = go_on
        self._names = index.template.names

    def months(self) -> list[str]:
        """The months whose index has another version or other analysers than it would get now."""
        self._index.template.ensure()
        with self._index.connection.client() as client:
            self._tidy(client)
            found = self._index.template.analysers(client)
            self._index.template.put(client, found)
            wanted = meta(found)
            mappings = client.indices.get_mapping(index=self._names.posts, ignore_unavailable=True)
            return sorted(
                self._names.generation(index)[0]
                for index, answer in mappings.items()
                if answer["mappings"].get("_meta") != wanted
            )

    def move(self, month: str) -> int:
        """Move one month; returns how many posts were copied."""
        names = self._names
        alias = names.month(month)
        with self._index.connection.client() as client:
            old = next(iter(client.indices.get_alias(name=alias)))
            new = make_index(client, names, month, names.generation(old)[1] + 1)
            copied, seen = self._catch_up(client, old, new)
            switched = [
                {"remove": {"index": old, "alias": name}} for name in (alias, names.posts)
            ] + [{"add": {"index": new, "alias": name}} for name in (alias, names.posts)]
            self._go_on()
            client.indices.update_aliases(actions=switched)
            return copied + self._close(client, old, new, seen)

    def _close(self, client: Elasticsearch, old: str, new: str, seen: int) -> int:
        """The last pass over an index that has lost its aliases; then it is deleted."""
        client.indices.add_block(index=old, block="write")
        copied, _ = self._copy(client, old, new, seen)
        client.indices.refresh(index=new)
        if _count(client, new) < _count(client, old):  # changes were counted anew by another copy
            copied += self._copy(client, old, new, -1)[0]
        self._go_on()
        client.indices.delete(index=old)
        return copied

    def _tidy(self, client: Elasticsearch) -> None:
        """End what an interrupted migration left: an old index is emptied, a new one dropped."""
        aliases = client.indices.get_alias(index=self._names.every)
        current = {
            self._names.generation(index)[0]: index
            for index, answer in aliases.items()
            if self._names.posts in answer["aliases"]
        }
        for index, answer in aliases.items():
            month, number = self._names.generation(index)
            if answer["aliases"] or month not in current:
                continue
            self._go_on()
            if number < self._names.generation(current[month])[1]:
                self._close(client, index, current[month], -1)
            else:
                client.indices.delete(index=index)

    def _catch_up(self, client: Elasticsearch, old: str, new: str) -> tuple[int, int]:
        """Copy until little is left; (copied, up to which change)."""
        copied, seen = 0, -1
        for _ in range(_MOST_PASSES):
            count, seen = self._copy(client, old, new, seen)
            copied += count
            if count < _FEW:
                break
        return copied, seen

    def _copy(self, client: Elasticsearch, old: str, new: str, seen: int) -> tuple[int, int]:
        copied = 0
        client.indices.refresh(index=old)
        for hits in _changes(client, old, seen):
            self._go_on()
            posts = [
                decode(msgspec.json.encode(hit["_source"]["body"]), ScoredPost) for hit in hits
            ]
            self._index.bulk.write([self._index.bulk.operation(one, index=new) for one in posts])
            seen = hits[-1]["_seq_no"]
            copied += len(hits)
        if copied:
            client.indices.refresh(index=new)
        return copied, seen


def _count(client: Elasticsearch, index: str) -> int:
    return int(client.count(index=index)["count"])


def _changes(client: Elasticsearch, index: str, seen: int) -> Iterator[list[dict[str, Any]]]:
    """What was written after that change, in order, from one point in time."""
    pit: str = client.open_point_in_time(index=index, keep_alive=_KEEP_ALIVE)["id"]
    place: list[Any] | None = None
    try:
        while True:
            answer = client.search(
                pit={"id": pit, "keep_alive": _KEEP_ALIVE},
                query={"range": {"_seq_no": {"gt": seen}}},
                sort=[{"_seq_no": "asc"}],
                size=_BATCH,
                source_includes=["body"],
                search_after=place,
                seq_no_primary_term=True,
                track_total_hits=False,
            )
            hits = answer["hits"]["hits"]
            if hits:
                yield hits
            if len(hits) < _BATCH:
                return
            place, pit = hits[-1]["sort"], answer["pit_id"]
    finally:
        client.close_point_in_time(id=pit)
