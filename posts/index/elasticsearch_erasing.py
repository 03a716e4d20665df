"""Lawful erasure in Elasticsearch: deleted by id, and merged away once the servers let go of it.

A deleted post is found by nothing from then on, but Lucene keeps it in its files until a merge,
and Elasticsearch keeps what was deleted for copies that may have to catch up: by retention leases
that move on every 30 s. So erasing has two steps, as emptying a database has: ``erase``, and later
``scrub`` until it says that nothing is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from elasticsearch import Elasticsearch

from posts.index.elasticsearch_connection import Connection, cause
from posts.index.elasticsearch_template import Template

_AT_ONCE = 1_000
_MERGE_TIMEOUT_S = 600.0
_CLEAN = -1
#: The servers' clock for forgetting the version of a deleted post moves by 0.2 s. Before it has,
#: a post that comes back would be taken for an older version.
_VERSIONS_FORGOTTEN_S = 0.25

_Shard = tuple[str, str]  # index and number


class Eraser:
    """Deletes, and merges what was deleted out of the files."""

    def __init__(
        self,
        connection: Connection,
        template: Template,
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._every = template.names.every
        self._wait = wait
        self._marks: dict[_Shard, int] = {}  # the last change that has to be merged away

    def erase(self, client: Elasticsearch, post_ids: Sequence[str]) -> int:
        """Delete these posts in every index; returns how many different ones there were."""
        wanted = list(dict.fromkeys(post_ids))
        erased: set[str] = set()
        if wanted:
            client.indices.refresh(index=self._every)
        for start in range(0, len(wanted), _AT_ONCE):
            for index, post_id in self._held(client, wanted[start : start + _AT_ONCE]):
                erased.add(post_id)
                for shard in [one for one in self._marks if one[0] == index]:
                    del self._marks[shard]
        if erased:
            self._wait(_VERSIONS_FORGOTTEN_S)
            client.indices.refresh(index=self._every)
        return len(erased)

    def scrub(self, client: Elasticsearch) -> bool:
        """Merge away what was deleted; whether nothing is left that was deleted before."""
        shards = self._shards(client)
        if not shards:
            self._marks.clear()
            return True
        client.indices.flush(index=self._every)
        free = set()
        for shard, (newest, kept_from) in shards.items():
            mark = self._marks.setdefault(shard, newest)
            if mark != _CLEAN and mark < kept_from:
                free.add(shard)
        if free:
            patient = client.options(request_timeout=_MERGE_TIMEOUT_S)
            indices = sorted({index for index, _ in free})
            patient.indices.forcemerge(index=indices, only_expunge_deletes=True)
            self._marks.update(dict.fromkeys(free, _CLEAN))
        if any(self._marks[shard] != _CLEAN for shard in shards):
            return False
        self._marks.clear()
        return True

    def _held(self, client: Elasticsearch, post_ids: list[str]) -> list[tuple[str, str]]:
        """Where those posts were; they are deleted there."""
        found = client.search(
            index=self._every,
            query={"ids": {"values": post_ids}},
            size=2 * _AT_ONCE,  # a migration may hold each a second time
            source=False,
            allow_partial_search_results=False,
        )
        held = [(hit["_index"], hit["_id"]) for hit in found["hits"]["hits"]]
        if held:
            lines = [{"delete": {"_index": index, "_id": post_id}} for index, post_id in held]
            for item in client.bulk(operations=lines)["items"]:
                answer = item["delete"]
                if "error" in answer:
                    raise self._connection.refused(answer["status"], *cause(answer))
        return held

    def _shards(self, client: Elasticsearch) -> dict[_Shard, tuple[int, int]]:
        """Of shards that hold deleted posts: the newest change, and from which on they are kept."""
        answer = client.indices.stats(index=self._every, metric=["docs"], level="shards")
        found: dict[_Shard, tuple[int, int]] = {}
        for index, stats in answer.get("indices", {}).items():
            for number, copies in stats["shards"].items():
                if any(copy["docs"]["deleted"] for copy in copies):
                    newest = max(copy["seq_no"]["max_seq_no"] for copy in copies)
                    found[index, number] = newest, min(map(_kept_from, copies))
        return found


def _kept_from(copy: dict[str, Any]) -> int:
    leases = copy.get("retention_leases", {}).get("leases", [])
    checkpoint: int = copy["seq_no"]["local_checkpoint"]
    return min([checkpoint + 1, *(int(lease["retaining_seq_no"]) for lease in leases)])
