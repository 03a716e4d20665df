"""The whole demo: memory of all stages, time to the first answer, and from page to console."""

from __future__ import annotations

import contextlib
import json
import statistics
import sys
import tempfile
import time
import urllib.parse
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.service import Service, service, until

from yuqing.demo.story import tell

POSTS = 30
MEGABYTE = 1024 * 1024


def bench() -> Iterator[str]:
    """Lines for ``make bench``."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        began = time.monotonic()
        with service(data, "--demo", cwd=Path(folder)) as up:
            yield f"up to an answering console: {time.monotonic() - began:.1f} s (up to 10)"
            clocks = until(lambda: up.get("api/v1/clocks")["items"], what="clocks", every_s=0.2)
            yield f"up to a running clock: {time.monotonic() - began:.1f} s (up to 60)"
            yield f"clocks: {', '.join(sorted(one['rule'] for one in clocks))}"
            until(lambda: _everything_is_in(up, data), what="the story so far", deadline_s=180)
            yield f"up to all posts of the sites: {time.monotonic() - began:.0f} s"
            yield from _latency(up, data)
            yield from _memory(up)


def _everything_is_in(up: Service, data: Path) -> bool:
    """Whether the first visit to each site is over: the rest is the steady state."""
    epoch = datetime.fromisoformat(json.loads((data / "demo.json").read_text())["epoch"])
    shown = sum(post.at <= datetime.now(UTC) for post in tell(epoch))
    return bool(up.get("api/v1/posts?limit=1")["total"] >= shown)


def _latency(up: Service, data: Path) -> Iterator[str]:
    """Posts appear on the forum one after another; each is looked for by a word of its own."""
    took = []
    for number in range(POSTS):
        word = f"标记{number:03d}号"
        published = time.monotonic()
        row = {
            "at": datetime.now(UTC).isoformat(),
            "title": f"{word}公告",
            "text": f"{word}今日正常供水。",
        }
        with (data / "extra.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
        path = "api/v1/posts?limit=1&q=" + urllib.parse.quote(word)
        until(lambda p=path: up.get(p)["total"] == 1, what=word, deadline_s=60, every_s=0.05)
        took.append(time.monotonic() - published)
        time.sleep(0.37 * (number % 7))  # so that the posts fall on all parts of the interval
    p95 = statistics.quantiles(took, n=20)[-1]
    yield (
        f"page to console, {POSTS} posts, 5 s interval: median {statistics.median(took):.1f} s, "
        f"p95 {p95:.1f} s (up to 8)"
    )


def _memory(up: Service) -> Iterator[str]:
    total = 0.0
    parts = []
    processes = {"up": psutil.Process(up.process.pid), **up.children()}
    for name, process in processes.items():
        with contextlib.suppress(psutil.Error):
            used = process.memory_full_info().pss / MEGABYTE
            total += used
            parts.append(f"{name} {used:.0f}")
    yield f"memory (PSS, MB): {', '.join(parts)}"
    yield f"all stages: {total:.0f} MB (up to 600)"
