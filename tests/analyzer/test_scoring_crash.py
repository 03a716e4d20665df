"""P16 at the analyzer: whatever happens to the stage, each post is one document."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.analyzer import put_raw
from support.posts import make_post
from support.scoring_stage import POINTS

from analyzer.scoring.worker import GROUP
from posts.codec import decode
from posts.index.port import Query
from posts.index.sqlite import SqliteIndex
from posts.log.port import RAW, SCORED
from posts.log.sqlite import SqliteLog
from posts.model import ScoredPost

POSTS = 400
TESTS = Path(__file__).resolve().parent.parent


def start(log: Path, index: Path, *die_at: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "support.scoring_stage", str(log), str(index), *die_at]
    return subprocess.Popen(
        command,
        cwd=TESTS,
        env={"PYTHONPATH": f"{TESTS}:{TESTS.parent}", "PATH": ""},
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.promise("P16")
def test_each_post_is_one_document_however_often_the_stage_is_killed(
    tmp_path: Path, figure: Callable[[str], None]
):
    log_path, index_path = tmp_path / "log.db", tmp_path / "index.db"
    log = SqliteLog(log_path)
    posts = [make_post(str(n), text=f"第 {n} 件：停水") for n in range(POSTS)]
    dice = random.Random(16)
    shuffled = posts * 3
    dice.shuffle(shuffled)
    put_raw(log, shuffled)

    kills = 0
    for point in POINTS:
        with start(log_path, index_path, point, str(dice.randint(1, 4))) as stage:
            stage.communicate(timeout=60)
        assert stage.returncode == -9, f"it did not die {point}"
        kills += 1
    for _ in range(4):
        with start(log_path, index_path) as stage:
            assert stage.stdout is not None
            stage.stdout.readline()
            ends = time.monotonic() + dice.uniform(0, 0.03)
            while time.monotonic() < ends and stage.poll() is None:
                pass
            stage.kill()
            stage.wait(timeout=60)
        kills += stage.returncode == -9
    with start(log_path, index_path) as stage:
        stage.communicate(timeout=60)
    assert stage.returncode == 0

    index = SqliteIndex(index_path)
    passed_on = [
        decode(record.value, ScoredPost).post.id
        for record in log.consumer(SCORED, "test").poll(10_000)
    ]
    assert index.count(Query()) == POSTS
    assert index.count(Query(text="停水")) == POSTS
    assert set(passed_on) == {post.id for post in posts}
    assert log.lag(RAW, GROUP) == 0
    assert log.dead_letters() == []
    index.close()
    log.close()
    figure(f"scoring: {POSTS * 3} messages of {POSTS} posts, {kills} kills, {POSTS} documents")
