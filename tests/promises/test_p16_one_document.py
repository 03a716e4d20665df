"""P16 One crawled item, exactly one document: here between the log and the index.

Every message is produced three times, and the consumer (a real process) is killed between writing
to the index and committing its position.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.indexes import INDEXES, elasticsearch_index
from support.posts import make_scored

from posts.codec import encode
from posts.index.elasticsearch import ElasticsearchIndex
from posts.index.port import PostIndex, Query
from posts.index.sqlite import SqliteIndex
from posts.log.port import SCORED
from posts.log.sqlite import SqliteLog

ROOT = Path(__file__).resolve().parents[2]

CONSUMER = """
import os, signal, sys
from posts.codec import decode
from posts.log.sqlite import SqliteLog
from posts.model import ScoredPost
folder, place, dies_after = sys.argv[1], sys.argv[2], int(sys.argv[3])
log = SqliteLog(folder + "/log.db")
if place.startswith("http"):
    from posts.index.elasticsearch import ElasticsearchIndex
    from posts.index.elasticsearch_connection import ElasticsearchSettings
    url, prefix = place.split()
    index = ElasticsearchIndex(ElasticsearchSettings(url=url, prefix=prefix))
else:
    from posts.index.sqlite import SqliteIndex
    index = SqliteIndex(place)
consumer = log.consumer("posts.scored", "indexer")
done = 0
while records := consumer.poll(40):
    index.write([decode(record.value, ScoredPost) for record in records])
    done += 1
    if done == dies_after:
        os.kill(os.getpid(), signal.SIGKILL)
    consumer.commit()
"""


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[tuple[str, PostIndex]]:
    index = SqliteIndex(tmp_path / "index.db")
    yield str(tmp_path / "index.db"), index
    index.close()


@pytest.fixture
def elasticsearch(elasticsearch_url: str) -> Iterator[tuple[str, PostIndex]]:
    with elasticsearch_index(elasticsearch_url, smartcn=False) as index:
        yield f"{elasticsearch_url} {index.connection.settings.prefix}", index


@pytest.mark.promise("P16")
@pytest.mark.parametrize("where", INDEXES[1:])
def test_three_times_produced_and_killed_before_the_commit_is_one_document(
    request: pytest.FixtureRequest, tmp_path: Path, where: str, figure: Callable[[str], None]
) -> None:
    place, index = request.getfixturevalue(where)
    posts = [make_scored(str(n), text=f"第{n}号来信：停水") for n in range(200)]
    log = SqliteLog(tmp_path / "log.db")
    for _ in range(3):
        log.append(SCORED, [(scored.post.id, encode(scored)) for scored in posts])

    kills = 0
    for dies_after in (1, 2, 1, 3, 2, 1, 4, 2, 0):
        ended = subprocess.run(
            [sys.executable, "-c", CONSUMER, str(tmp_path), place, str(dies_after)],
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"},
            check=False,
            timeout=60,
        )
        assert ended.returncode == (-9 if dies_after else 0)
        kills += bool(dies_after)

    if isinstance(index, ElasticsearchIndex):
        index.refresh()
    assert log.lag(SCORED, "indexer") == 0
    assert index.count(Query()) == index.count(Query(text="停水")) == 200
    assert index.get_many([s.post.id for s in posts]) == {s.post.id: s for s in posts}
    for n in (0, 77, 199):
        assert index.count(Query(text=f'"第{n}号来信"')) == 1
    figure(
        f"{where}: 600 messages, {kills} kills between index and commit: 200 documents of 200 ids"
    )
    log.close()
