"""P25: answers that swell, never end, or drip end in bounded time and memory."""

from __future__ import annotations

import gzip
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Self

import psutil
import pytest
from support.crawling import FAST, health, register
from support.registry import make_database
from support.sites import Answer, article, listing, serving

from crawlers.run import crawl_once
from posts.log.memory import MemoryLog
from registry.db import Database

LIMIT = 2 * 1024 * 1024
SETTINGS = replace(FAST, max_bytes=LIMIT, timeout_s=3)
MEGABYTE = 1024 * 1024


@cache
def bomb() -> bytes:
    """A quarter of a gigabyte of spaces, gzipped."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    block = b" " * MEGABYTE
    return b"".join([*(packer.compress(block) for _ in range(256)), packer.flush()])


def endless() -> Iterator[bytes]:
    while True:
        yield b"<p>" + b"x" * 65536


def dripping() -> Iterator[bytes]:
    while True:
        yield b"x"
        threading.Event().wait(0.2)


def nested() -> bytes:
    """Gzip within gzip, ten deep, each layer named in the header."""
    data = b"<html><body>" + b" " * (8 * MEGABYTE)
    for _ in range(10):
        data = gzip.compress(data)
    return data


BOMBS = {
    "gzip": lambda: Answer(bomb(), headers={"Content-Encoding": "gzip"}),
    "gzip ten deep": lambda: Answer(
        nested(), headers={"Content-Encoding": ", ".join(["gzip"] * 10)}
    ),
    "deflate": lambda: Answer(
        zlib.compress(b" " * (64 * MEGABYTE)), headers={"Content-Encoding": "deflate"}
    ),
    "endless body": lambda: Answer(stream=endless),
    "a byte now and then": lambda: Answer(stream=dripping),
    "a length of a terabyte": lambda: Answer(stream=endless, headers={"Content-Length": "1" * 13}),
}


class Peak:
    """The most memory this process held while the block ran, in bytes over the beginning."""

    def __enter__(self) -> Self:
        self._process = psutil.Process()
        self._before = self._process.memory_info().rss
        self.most = 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            self.most = max(self.most, self._process.memory_info().rss - self._before)

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = make_database(tmp_path)
    yield database
    database.dispose()


@pytest.mark.promise("P25")
@pytest.mark.parametrize("where", ["list", "article"])
@pytest.mark.parametrize("kind", BOMBS)
def test_a_bomb_ends_and_the_rest_goes_on(
    database: Database, where: str, kind: str, figure: Callable[[str], None]
) -> None:
    log = MemoryLog()
    answer = BOMBS[kind]()
    with serving() as site, serving("127.0.0.2") as other:
        other.page("/art/art_1.html", article("隔壁网站的一则公告", "今晚停水。" * 20))
        other.page("/list.html", listing([("/art/art_1.html", "隔壁网站的一则公告")]))
        register(database, "other", url=other.root + "/list.html")
        bad = "/list.html" if where == "list" else "/art/art_0.html"
        site.page("/list.html", listing([("/art/art_0.html", "第0号供水工程公告")]))
        site.page(bad, answer)
        register(database, "bad", url=site.root + "/list.html")

        began = time.monotonic()
        with Peak() as peak:
            assert crawl_once(database=database, log=log, settings=SETTINGS) == 1
        took = time.monotonic() - began

    assert took < 30  # 4 s where nothing else runs
    assert peak.most < 100 * MEGABYTE
    assert health(database, "bad").failure in ("too_large", "timeout")
    figure("over HTTP at most 30 s and 100 MB")
