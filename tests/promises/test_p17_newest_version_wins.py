"""P17 An older version never overwrites a newer one."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.posts import make_scored

from posts.index.memory import MemoryIndex
from posts.index.port import PostIndex, Query
from posts.index.sqlite import SqliteIndex

ROOT = Path(__file__).resolve().parents[2]
ADAPTERS: dict[str, Callable[[Path], PostIndex]] = {
    "memory": lambda folder: MemoryIndex(),
    "sqlite": lambda folder: SqliteIndex(folder / "index.db"),
}
EXAMPLES = 60

# Writes versions of the same posts in an order of its own, a few at a time.
WRITER = """
import random, sys
from posts.index.sqlite import SqliteIndex
from support.posts import make_scored
index = SqliteIndex(sys.argv[1], busy_timeout_s=60)
versions = [(post, version) for post in range(8) for version in range(1, 41)]
random.Random(int(sys.argv[2])).shuffle(versions)
for start in range(0, len(versions), 7):
    index.write([
        make_scored(str(post), version=version, text=f"第{version}版")
        for post, version in versions[start : start + 7]
    ])
"""


@pytest.mark.promise("P17")
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_in_any_order_and_any_batches_the_newest_stays(
    adapter: str, tmp_path_factory: pytest.TempPathFactory, figure: Callable[[str], None]
) -> None:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(
        batches=st.lists(
            st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=6), max_size=8
        )
    )
    def shuffled(batches: list[list[tuple[str, int]]]) -> None:
        index = ADAPTERS[adapter](tmp_path_factory.mktemp("index"))
        newest: dict[str, int] = {}
        for batch in batches:
            posts = [make_scored(n, version=v, text=f"第{v}版", title=n) for n, v in batch]
            created = updated = 0
            for name, version in batch:
                created += name not in newest
                updated += name in newest and version > newest[name]
                newest[name] = max(version, newest.get(name, 0))
            written = index.write(posts)
            assert (written.created, written.updated) == (created, updated)
            assert written.stale == len(batch) - created - updated
            kept = {
                hit.scored.post.title: hit.scored.post.version
                for hit in index.search(Query()).items
            }
            assert kept == newest
            for version in range(1, 10):
                expected = sorted(name for name, held in newest.items() if held == version)
                found = index.search(Query(text=f"第{version}版")).items
                assert sorted(hit.scored.post.title for hit in found) == expected
        index.close()

    shuffled()
    figure(f"{adapter}: {EXAMPLES} shuffled histories")


@pytest.mark.promise("P17")
def test_writers_in_several_processes_leave_the_newest(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    path = tmp_path / "index.db"
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(seed)], env=environment)
        for seed in range(4)
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0] * 4
    index = SqliteIndex(path)
    assert index.count(Query()) == 8
    assert index.count(Query(text="第40版")) == 8
    assert all(index.count(Query(text=f"第{version}版")) == 0 for version in range(1, 40))
    index.close()
    figure("4 processes, 1,280 shuffled writes of 8 posts: the newest of each")
