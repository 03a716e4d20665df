"""Events of a stream: the filter over many posts at once, and the book of the service."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from analyzer.grouping.events_book import Book
from analyzer.grouping.events_filter import Given, group
from analyzer.grouping.events_saving import Keeper
from posts.model import Post
from tests.bench._commands import run
from tests.bench._goals import least
from tests.bench.scoring import rate, some_texts

POSTS = 20_000
GOAL = 5_000
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def bench() -> Iterator[str]:
    """Lines with the figures."""
    import rjieba

    texts, said = some_texts(POSTS)
    size = sum(map(len, texts)) / len(texts)
    yield f"{len(texts):,} posts, {size:.0f} characters each ({said})"
    cut = rate(lambda some: [rjieba.cut(text) for text in some], texts[:10_000])
    given = [Given(n, "", text, n * 60.0) for n, text in enumerate(texts)]
    filtered = _once(lambda some: list(group(some)), given)
    book = Book()

    def stream(some: list[Post]) -> None:
        for at in range(0, len(some), 500):
            book.read(some[at : at + 500])
            book.merge_near()

    read = _once(stream, [_post(n, text) for n, text in enumerate(texts)])
    copies = _once(stream, [_post(POSTS + n, texts[-1]) for n in range(10_000)])
    store = _Bytes()
    keeper = Keeper(store)
    whole = _spent(lambda: keeper.save(book))
    size = len(store.body)
    book.read([_post(2 * POSTS + n, text + "。") for n, text in enumerate(texts[-100:])])
    book.merge_near()
    added = _spent(lambda: keeper.save(book))
    loaded = _spent(keeper.load)
    yield f"rjieba alone: {cut:,.0f} posts/s"
    yield f"events of a file: {filtered:,.0f} posts/s of CPU time{least(filtered, GOAL)}"
    yield f"events of a stream: {read:,.0f}{least(read, GOAL)}; copies of a text: {copies:,.0f}"
    yield (
        f"book: {len(book.records):,} events, {size / 1e6:.1f} MB, saved in {whole * 1e3:.0f} ms, "
        f"loaded in {loaded * 1e3:.0f} ms; what 100 posts change: "
        f"{(len(store.body) - size) / 1e3:.0f} KB in {added * 1e3:.1f} ms"
    )
    yield from _command()


class _Bytes:
    body = b""

    def load(self) -> bytes:
        return self.body

    def save(self, body: bytes) -> None:
        self.body = body

    def append(self, body: bytes) -> None:
        self.body += body


def _command() -> Iterator[str]:
    """``yuqing events`` from its start to its end, by size of the file."""
    for count in (POSTS, 150_000):
        texts, _ = some_texts(count)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "posts.jsonl"
            file.write_bytes(
                msgspec.json.Encoder().encode_lines(
                    {"id": n, "text": text, "published_at": BEGIN + timedelta(seconds=30 * n)}
                    for n, text in enumerate(texts)
                )
            )
            _, cpu, peak = run("events", file)
        rate = len(texts) / cpu
        yield (
            f"yuqing events, {len(texts):,} posts in one window: {rate:,.0f} posts/s "
            f"of CPU time, start and all{least(rate, GOAL)}; {peak:.0f} MB"
        )


def _spent(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


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
