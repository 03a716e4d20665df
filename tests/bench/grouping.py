"""The grouping stage's parts in one process: near-duplicates, events, early warning; its memory."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import msgspec

from tests.bench._goals import most
from tests.bench.duplicates import texts

POSTS = 220_000
STEPS = (50_000, 100_000, POSTS)
BATCH = 500
MEMORY = 400
EVERY = timedelta(seconds=3)


def bench() -> Iterator[str]:
    """Lines with the figures, from a process of its own: memory is that of all it ever held."""
    with tempfile.NamedTemporaryFile() as file:
        # Not in the process that is measured, which holds no texts of the bench.
        file.write(msgspec.json.Encoder().encode_lines(texts(POSTS)))
        file.flush()
        command = [sys.executable, "-m", "tests.bench.grouping", file.name]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            for line in child.stdout:
                yield line.rstrip("\n")
    if child.returncode:
        yield f"ended with {child.returncode}"


def _main(file: Path) -> None:
    from analyzer import word_list
    from analyzer.grouping.copies import Copies
    from analyzer.grouping.events import Events
    from analyzer.grouping.memory import FileStore
    from analyzer.grouping.parts import Part
    from analyzer.warning.part import EarlyWarning
    from posts.model import Post, Score, ScoredPost, Sentiment
    from registry.db import Database
    from yuqing import logs

    logs.configure("bench", level="ERROR")
    word_list.share()  # as the command does
    now = begin = datetime(2026, 1, 1, tzinfo=UTC)
    score = Score(
        p_negative=0.5,
        p_positive=0.1,
        p_appeal=0.5,
        sentiment=Sentiment.UNCERTAIN,
        scorer="none",
        version="1",
    )
    with tempfile.TemporaryDirectory() as given, file.open("rb") as lines:
        folder = Path(given)
        database = Database(f"sqlite:///{folder / 'registry.db'}")
        database.migrate()
        events = Events(database, FileStore(folder / "events.bin"))
        warning = EarlyWarning(
            database, FileStore(folder / "warning.bin"), per_day=1, events=events
        )
        parts: list[Part] = [Copies(database, None), events, warning]
        for part in parts:
            part.start(now)
        held = _peak()
        began = time.process_time()
        for at in range(0, POSTS, BATCH):
            some = [
                ScoredPost(
                    post=Post(
                        id=f"post-{number}",
                        source=f"source-{number % 40}",
                        kind="microblog",
                        text=text,
                        published_at=begin + number * EVERY,
                        first_seen_at=begin + number * EVERY,
                        version=1,
                        filed_month="2026-01",
                    ),
                    score=score,
                    scored_at=now,
                )
                for number, text in enumerate(map(msgspec.json.decode, islice(lines, BATCH)), at)
            ]
            now = begin + (at + BATCH) * EVERY
            for part in parts:
                part.refresh(now)
                part.read(some, now)
            for part in parts:
                part.tell(now, caught_up=False)
                part.save(now)
            if at + BATCH in STEPS:
                peak = _peak()
                taken = time.process_time() - began
                print(
                    f"{at + BATCH:,} posts: {(at + BATCH) / taken:,.0f} posts/s, "
                    f"{peak:.0f} MB at most ({held:.0f} before the first)"
                    f"{most(peak, MEMORY)}",
                    flush=True,
                )
        for part in parts:
            part.close()
        database.dispose()


def _peak() -> float:
    """MB at most of this process since it began: what its maker held does not count."""
    said = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text("ascii"))
    return int(said[1]) / 1024 if said else 0.0


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
