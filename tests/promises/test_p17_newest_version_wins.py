"""P17 An older version never overwrites a newer one."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.indexes import INDEXES, elasticsearch_index, open_index
from support.posts import make_scored

from posts.index.port import PostIndex, Query
from posts.index.sqlite import SqliteIndex

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = 60

# Writes versions of the same posts in an order of its own, a few at a time.
WRITER = """
import random, sys
from support.posts import make_scored
place = sys.argv[1]
if place.startswith("http"):
    from posts.index.elasticsearch import ElasticsearchIndex
    from posts.index.elasticsearch_connection import ElasticsearchSettings
    url, prefix = place.split()
    index = ElasticsearchIndex(ElasticsearchSettings(url=url, prefix=prefix))
else:
    from posts.index.sqlite import SqliteIndex
    index = SqliteIndex(place, busy_timeout_s=60)
versions = [(post, version) for post in range(8) for version in range(1, 41)]
random.Random(int(sys.argv[2])).shuffle(versions)
for start in range(0, len(versions), 7):
    index.write([
        make_scored(str(post), version=version, text=f"第{version}版")
        for post, version in versions[start : start + 7]
    ])
"""


@pytest.fixture(params=INDEXES)
def index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PostIndex]:
    with open_index(request, tmp_path) as made:
        yield made


@pytest.mark.promise("P17")
def test_in_any_order_and_any_batches_the_newest_stays(
    request: pytest.FixtureRequest, index: PostIndex, figure: Callable[[str], None]
) -> None:
    @settings(max_examples=EXAMPLES, deadline=None)
    @given(
        batches=st.lists(
            st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 9)), max_size=6), max_size=8
        )
    )
    def shuffled(batches: list[list[tuple[str, int]]]) -> None:
        source = secrets.token_hex(8)  # each history has the index for itself
        newest: dict[str, int] = {}
        for batch in batches:
            posts = [
                make_scored(n, source=source, version=v, text=f"第{v}版", title=n) for n, v in batch
            ]
            created = updated = 0
            for name, version in batch:
                created += name not in newest
                updated += name in newest and version > newest[name]
                newest[name] = max(version, newest.get(name, 0))
            written = index.write(posts)
            assert (written.created, written.updated) == (created, updated)
            assert written.stale == len(batch) - created - updated
        found = index.search(Query(source=source)).items
        kept = {hit.scored.post.title: hit.scored.post.version for hit in found}
        assert kept == newest
        for version in range(1, 10):
            expected = sorted(name for name, held in newest.items() if held == version)
            found = index.search(Query(source=source, text=f"第{version}版")).items
            assert sorted(hit.scored.post.title for hit in found) == expected

    shuffled()
    figure(f"{request.node.callspec.id}: {EXAMPLES} shuffled histories")


@pytest.mark.promise("P17")
@pytest.mark.parametrize("params", INDEXES[1:])
def test_writers_in_several_processes_leave_the_newest(
    request: pytest.FixtureRequest, tmp_path: Path, params: str, figure: Callable[[str], None]
) -> None:
    with contextlib.ExitStack() as stack:
        if params == "elasticsearch":
            url = request.getfixturevalue("elasticsearch_url")
            made = stack.enter_context(elasticsearch_index(url, smartcn=False))
            index: PostIndex = made
            place = f"{url} {made.connection.settings.prefix}"
        else:
            place = str(tmp_path / "index.db")
            index = SqliteIndex(place)
        environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
        writers = [
            subprocess.Popen([sys.executable, "-c", WRITER, place, str(seed)], env=environment)
            for seed in range(4)
        ]
        assert [writer.wait(timeout=120) for writer in writers] == [0] * 4
        if params == "elasticsearch":
            made.refresh()
        assert index.count(Query()) == 8
        assert index.count(Query(text="第40版")) == 8
        assert all(index.count(Query(text=f"第{version}版")) == 0 for version in range(1, 40))
        index.close()
    figure(f"{params}: 4 processes, 1,280 shuffled writes of 8 posts: the newest of each")
