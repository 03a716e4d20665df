"""Events of a stream: the filter over many posts at once, and the book of the service."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from analyzer.grouping.events_book import Book
from analyzer.grouping.events_filter import Given, group
from analyzer.grouping.events_saving import decode, encode
from posts.model import Post
from tests.bench.scoring import rate, some_texts

POSTS = 20_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def bench() -> Iterator[str]:
    """Lines with the figures."""
    import rjieba

    texts, said = some_texts(POSTS)
    size = sum(map(len, texts)) / len(texts)
    yield f"{len(texts):,} posts, {size:.0f} characters each ({said})"
    cut = rate(lambda some: [rjieba.cut(text) for text in some], texts[:10_000])
    given = [Given(n, "", text, n * 60.0) for n, text in enumerate(texts)]
    filtered = _once(group, given)
    book = Book()

    def stream(some: list[Post]) -> None:
        for at in range(0, len(some), 500):
            for post in some[at : at + 500]:
                book.read(post)
            book.merge_near()

    read = _once(stream, [_post(n, text) for n, text in enumerate(texts)])
    copies = _once(stream, [_post(POSTS + n, texts[-1]) for n in range(10_000)])
    began = time.perf_counter()
    body = encode(book)
    saved = time.perf_counter() - began
    began = time.perf_counter()
    decode(body)
    loaded = time.perf_counter() - began
    yield f"rjieba alone: {cut:,.0f} posts/s"
    yield f"events of a file: {filtered:,.0f} posts/s of CPU time"
    yield f"events of a stream: {read:,.0f}; copies of a text: {copies:,.0f}"
    yield (
        f"book: {len(book.records):,} events, {len(body) / 1e6:.1f} MB, "
        f"saved in {saved * 1000:.0f} ms, loaded in {loaded * 1000:.0f} ms"
    )


def _once(work: Callable[[list[Any]], object], some: list[Any]) -> float:
    """Items a second of CPU time, in one go: what is read twice is known the second time."""
    began = time.process_time()
    work(some)
    return len(some) / (time.process_time() - began)


def _post(number: int, text: str) -> Post:
    at = BEGIN + timedelta(seconds=10 * number)
    return Post(
        id=f"post-{number}",
        source=f"source-{number % 40}",
        kind="microblog",
        text=text,
        published_at=at,
        first_seen_at=at,
        version=1,
        filed_month="2026-01",
    )
