"""Significant words and questions of what a search finds, on the embedded index.

The same posts as the bench ``index``. Both are read on demand, so what counts is how long a person
waits and what it costs in memory.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from analyzer.questions import group
from posts.index.port import Query
from posts.index.reading import newest
from posts.index.significant import SAMPLE
from posts.index.sqlite import SqliteIndex
from tests.bench.index import _posts


def bench() -> Iterator[str]:
    """Lines of figures."""
    posts = _posts()
    with tempfile.TemporaryDirectory() as folder:
        index = SqliteIndex(Path(folder) / "index.db")
        for start in range(0, len(posts), 1_000):
            index.write(posts[start : start + 1_000])
        before = _megabytes()
        for query in (Query(), Query(text="武汉"), Query(text="口罩")):
            began = time.perf_counter()
            found = index.significant(query)
            words = time.perf_counter() - began
            began = time.perf_counter()
            asked = group(one.post for one in newest(index, query, limit=SAMPLE))
            yield (
                f"{query.text or 'everything'}: {len(found.words)} words of {found.sampled:,} posts"
                f" against {found.every:,} in {words:.2f} s; {len(asked)} questions in "
                f"{time.perf_counter() - began:.2f} s"
            )
        yield f"memory for the dictionary and the posts of a sample: {_megabytes() - before:.0f} MB"
        index.close()


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
