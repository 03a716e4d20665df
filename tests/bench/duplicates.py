"""Near-duplicates against a full window, beside gaoya and datasketch on the same posts."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from tests.bench._commands import run
from tests.bench._goals import least

WINDOW, POSTS, FEW = 200_000, 20_000, 2_000
GOAL = 12_000
COMMANDED = 60_000


def texts(count: int) -> list[str]:
    """Real posts where they are at hand, made longer in number by a run of their own each."""
    import gzip
    import random

    folder = Path(os.environ.get("YUQING_EVAL_DATA", "../shared/data"))
    file = folder / "throughput" / "covid_weibo_150k.tsv.gz"
    draw = random.Random(5)
    if file.exists():
        with gzip.open(file, "rt", encoding="utf-8") as lines:
            known = [line.rstrip("\n").split("\t", 1)[1] for line in lines]
    else:
        letters = [chr(code) for code in range(0x4E00, 0x5E00)]
        known = ["".join(draw.choices(letters, k=draw.randint(10, 160))) for _ in range(50_000)]
    again = [
        "".join(draw.sample(one, len(one)))
        for one in draw.choices(known, k=max(0, count - len(known)))
    ]
    return [*known, *again][:count]


def bench() -> Iterator[str]:
    from analyzer.grouping.copies_text import sign
    from analyzer.grouping.copies_window import Window

    every = texts(WINDOW + POSTS + 60_000)
    filling, posts = every[:-POSTS], every[-POSTS:]
    window = Window()
    started = time.process_time()
    for at in range(0, len(filling), 512):
        window.find(sign(filling[at : at + 512]))
    took = time.process_time() - started
    yield f"filling the window: {len(filling) / took:,.0f} posts/s ({window.placed:,} placed)"
    for batch, some in ((64, posts[::2]), (512, posts[1::2])):  # none twice: equal ones are quick
        started = time.process_time()
        for at in range(0, len(some), batch):
            window.find(sign(some[at : at + batch]))
        took = time.process_time() - started
        rate = len(some) / took
        yield f"against {WINDOW:,}, batches of {batch}: {rate:,.0f} posts/s{least(rate, GOAL)}"
    yield f"a full window's arrays: {window.nbytes / 1e6:,.0f} MB"
    del window
    yield from _command(filling[:COMMANDED])
    yield from _gaoya(filling[:50_000], posts)
    yield from _datasketch(filling[:FEW], posts[:FEW])


def _command(posts: list[str]) -> Iterator[str]:
    """``yuqing duplicates`` from its start to its end."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "posts.jsonl"
        lines = ({"id": n, "text": text} for n, text in enumerate(posts))
        file.write_bytes(msgspec.json.Encoder().encode_lines(lines))
        _, cpu, peak = run("duplicates", file)
    yield (
        f"yuqing duplicates, {len(posts):,} posts: {len(posts) / cpu:,.0f} posts/s "
        f"of CPU time, start and all; {peak:.0f} MB"
    )


def _gaoya(filling: list[str], posts: list[str]) -> Iterator[str]:
    import gaoya

    index = gaoya.minhash.MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=0.4,
        num_bands=42,
        band_size=3,
        analyzer="char",
        ngram_range=(3, 3),
    )
    for number, text in enumerate(filling):
        index.insert_document(number, text)
    started = time.process_time()
    for number, text in enumerate(posts):
        index.query(text)
        index.insert_document(len(filling) + number, text)
    took = time.process_time() - started
    yield f"gaoya 42 x 3, texts as given, window of {len(filling):,}: {POSTS / took:,.0f} posts/s"


def _datasketch(filling: list[str], posts: list[str]) -> Iterator[str]:
    from datasketch import MinHash, MinHashLSH

    def signature(text: str) -> MinHash:
        made = MinHash(num_perm=126)
        made.update_batch([text[at : at + 3].encode() for at in range(max(1, len(text) - 2))])
        return made

    index = MinHashLSH(num_perm=126, params=(42, 3))
    for number, text in enumerate(filling):
        index.insert(number, signature(text))
    started = time.process_time()
    for number, text in enumerate(posts):
        made = signature(text)
        index.query(made)
        index.insert(len(filling) + number, made)
    took = time.process_time() - started
    yield f"datasketch 42 x 3, window of {len(filling):,}: {len(posts) / took:,.0f} posts/s"
