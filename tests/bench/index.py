"""The embedded index: writes beside plain SQLite inserts of the same bodies, and searches.

Real posts (``YUQING_EVAL_DATA``, or ``../shared/data`` beside the checkout) where they are here,
else made-up ones of the same length.
"""

from __future__ import annotations

import gzip
import os
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

from posts.codec import encode
from posts.index.port import Query
from posts.index.sqlite import SqliteIndex
from posts.model import ScoredPost
from tests.support.posts import NOON, make_scored

POSTS = 20_000
LENGTH = 200
ROOT = Path(__file__).resolve().parents[2]


def bench() -> Iterator[str]:
    """Lines of figures."""
    posts = _posts()
    for size in (100, 500):
        batches = [posts[n : n + size] for n in range(0, len(posts), size)]
        with tempfile.TemporaryDirectory() as folder:
            plain = len(posts) / _seconds(lambda b=batches, f=folder: _plain(Path(f) / "p.db", b))
            path = Path(folder) / "index.db"
            index = SqliteIndex(path)
            spent = time.process_time()
            mine = len(posts) / _seconds(lambda b=batches, to=index: [to.write(x) for x in b])
            spent = time.process_time() - spent
            yield (
                f"write in batches of {size}: {mine:,.0f} posts/s, {len(posts) / spent:,.0f} a "
                f"second of processor time ({mine / plain:.2f} of plain SQLite's {plain:,.0f} "
                "without words; at least 6,000 wanted)"
            )
            if size == 500:
                yield f"space: {path.stat().st_size / len(posts):,.0f} bytes a post"
                yield from _searching(index)
                again = len(posts) / _seconds(lambda b=batches, to=index: [to.write(x) for x in b])
                yield f"the same once more (all stale): {again:,.0f} posts/s"
            index.close()


def _searching(index: SqliteIndex) -> Iterator[str]:
    queries = {
        "everything": Query(),
        "a frequent word": Query(text="武汉"),
        "a rare word": Query(text="停水"),
        "one character": Query(text="水"),
        "a phrase": Query(text='"武汉加油"'),
        "word and area": Query(text="武汉", area="53"),
        "an area": Query(area="533102"),
        "a sign (no index)": Query(text="%"),
    }
    for name, query in queries.items():
        total = index.search(query).total
        took = min(_seconds(lambda q=query: index.search(q)) for _ in range(3))
        yield f"search {name}: {took * 1e3:.1f} ms ({total:,} found of {POSTS:,})"


def _posts() -> list[ScoredPost]:
    return [
        make_scored(
            str(n),
            title="",
            text=text,
            areas=("53", "5331", f"5331{n % 30:02d}"),
            published_at=NOON + timedelta(seconds=n),
        )
        for n, text in enumerate(_texts())
    ]


def _texts() -> list[str]:
    data = Path(os.environ.get("YUQING_EVAL_DATA") or ROOT.parent / "shared" / "data")
    path = data / "throughput" / "covid_weibo_150k.tsv.gz"
    if path.is_file():
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            texts = [line.rstrip("\n").split("\t", 1)[1] for line in islice(lines, 4 * POSTS)]
        return ["".join(texts[n * 4 : n * 4 + 4])[:LENGTH] for n in range(POSTS)]
    chance = random.Random(1)
    letters = [chr(chance.randrange(0x4E00, 0x5A00)) for _ in range(3000)] + ["，", "。"] * 150
    return ["".join(chance.choices(letters, k=LENGTH)) for _ in range(POSTS)]


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _plain(path: Path, batches: list[list[ScoredPost]]) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE posts (id TEXT PRIMARY KEY, version INTEGER, body BLOB)")
    for batch in batches:
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany(
            "INSERT INTO posts VALUES (?, ?, ?)",
            [(s.post.id, s.post.version, encode(s)) for s in batch],
        )
        connection.execute("COMMIT")
    connection.close()
