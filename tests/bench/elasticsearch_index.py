"""The index on Elasticsearch beside a bare bulk of the same documents, ready-made.

Both go to one server, in turns, into indices by the same template; ``ELASTICSEARCH_URL`` names it,
else one is started. ``YUQING_BENCH_POSTS`` sets how many posts (default 10,000).
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from elasticsearch.helpers import bulk

from posts.index.elasticsearch import ElasticsearchIndex
from posts.index.port import Query
from posts.model import ScoredPost
from tests.bench.index import _posts

ROOT = Path(__file__).resolve().parents[2]
SIZE = 500


def bench() -> Iterator[str]:
    """Lines of figures."""
    sys.path.insert(0, str(ROOT / "tests"))
    from support.indexes import elasticsearch_index

    posts = _posts()[: int(os.environ.get("YUQING_BENCH_POSTS", "10000"))]
    batches = [posts[n : n + SIZE] for n in range(0, len(posts), SIZE)]
    with _server() as url:
        for smartcn in (True, False):
            with (
                elasticsearch_index(url, smartcn=smartcn) as mine,
                elasticsearch_index(url, smartcn=smartcn) as bare,
            ):
                yield from _compared(mine, bare, batches, smartcn=smartcn)


def _compared(
    mine: ElasticsearchIndex,
    bare: ElasticsearchIndex,
    batches: list[list[ScoredPost]],
    *,
    smartcn: bool,
) -> Iterator[str]:
    ready = [
        [_action(bare, scored) for scored in batch] for batch in batches
    ]  # made before the clock runs
    for index in (mine, bare):
        index.template.ensure_months({one.post.filed_month for part in batches for one in part})
    spent = {"mine": 0.0, "bare": 0.0}
    processor = 0.0
    for batch, actions in zip(batches, ready, strict=True):
        began, used = time.perf_counter(), time.process_time()
        mine.write(batch)
        spent["mine"] += time.perf_counter() - began
        processor += time.process_time() - used
        began = time.perf_counter()
        with bare.connection.client() as client:
            bulk(client, actions, chunk_size=SIZE)
        spent["bare"] += time.perf_counter() - began
    count = sum(map(len, batches))
    assert mine.count(Query()) == count
    rates = {name: count / seconds for name, seconds in spent.items()}
    words = "cjk and smartcn" if smartcn else "cjk"
    yield (
        f"write in batches of {SIZE} ({words}): {rates['mine']:,.0f} posts/s, "
        f"{rates['mine'] / rates['bare']:.2f} of the bare bulk's {rates['bare']:,.0f}; "
        f"{processor / count * 1e6:,.0f} µs of our processor time a post"
    )
    with mine.connection.client() as client:
        name = mine.template.names.posts
        client.indices.flush(index=name)
        size = client.indices.stats(index=name, metric=["store"])["_all"]["primaries"]["store"]
    yield f"space: {size['size_in_bytes'] / count:,.0f} bytes a post"
    for what, query in {"a frequent word": "武汉", "one character": "水", "all": ""}.items():
        began = time.perf_counter()
        total = mine.search(Query(text=query)).total
        yield f"search, {what}: {total:,} found in {(time.perf_counter() - began) * 1e3:,.0f} ms"


def _action(index: ElasticsearchIndex, scored: ScoredPost) -> dict[str, object]:
    made = index.bulk.operation(scored)
    action = msgspec.json.decode(made.action)["index"]
    return {**action, "_op_type": "index", "_source": msgspec.json.decode(made.document)}


@contextmanager
def _server() -> Iterator[str]:
    if given := os.environ.get("ELASTICSEARCH_URL"):
        yield given
        return
    from services import servers

    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = servers.KINDS["elasticsearch"](Path(folder) / "elasticsearch")
        try:
            server.start()
            yield server.address
        finally:
            server.remove()
