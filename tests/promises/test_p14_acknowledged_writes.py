"""P14 A write that was acknowledged survives kill -9. (Power loss is not claimed.)"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from posts.index.port import Query
from posts.index.sqlite import SqliteIndex
from posts.log.port import RAW
from posts.log.sqlite import SqliteLog

ROOT = Path(__file__).resolve().parents[2]
KILLS = 25
BATCH = 50

# Each says "ack N" only after batch N was acknowledged.
LOG_WRITER = """
import itertools, sys
from posts.log.sqlite import SqliteLog
log = SqliteLog(sys.argv[1])
for n in itertools.count(int(sys.argv[2])):
    log.append("posts.raw", [(f"{n}/{part}", b"x" * 500) for part in range(50)])
    print("ack", n, flush=True)
"""
INDEX_WRITER = """
import itertools, sys
from posts.index.sqlite import SqliteIndex
from support.posts import make_scored
index = SqliteIndex(sys.argv[1])
for n in itertools.count(int(sys.argv[2])):
    index.write([make_scored(f"{n}/{part}", text=f"{n}号{part}停水") for part in range(50)])
    print("ack", n, flush=True)
"""


def killed_writer(script: str, path: Path, first: int, acks: int, wait_s: float) -> int:
    """Run the writer, kill it that long after that many acknowledgements; the last it gave."""
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path), str(first)],
        stdout=subprocess.PIPE,
        env=environment,
    ) as writer:
        assert writer.stdout is not None
        last = first - 1
        for _ in range(acks):
            last = int(writer.stdout.readline().split()[1])
        try:
            writer.wait(timeout=wait_s)  # a random point within a later batch
        except subprocess.TimeoutExpired:
            writer.kill()
        for line in writer.stdout.read().splitlines():
            if line.startswith(b"ack "):
                last = int(line.split()[1])
    assert writer.returncode == -9
    return last


@pytest.mark.promise("P14")
def test_acknowledged_records_of_the_log_survive_kills(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    path = tmp_path / "log.db"
    chance = random.Random(14)
    following = acknowledged = 0
    for _ in range(KILLS):
        last = killed_writer(LOG_WRITER, path, following, 2, chance.random() * 0.02)
        log = SqliteLog(path)
        consumer = log.consumer(RAW, "check")
        keys = [r.key for r in consumer.poll(1_000_000)]
        log.close()
        batches = [keys[n : n + BATCH] for n in range(0, len(keys), BATCH)]
        assert batches == [[f"{n}/{part}" for part in range(BATCH)] for n in range(len(batches))], (
            "no half batch, none twice, none out of order"
        )
        assert len(batches) > last, "each acknowledged batch is there"
        assert len(batches) <= last + 2, "and at most the one that was under way"
        acknowledged = (last + 1) * BATCH
        following = len(batches)
    figure(f"log: {KILLS} kills, {acknowledged} acknowledged records, 0 lost, 0 half batches")


@pytest.mark.promise("P14")
def test_acknowledged_documents_of_the_index_survive_kills(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    path = tmp_path / "index.db"
    chance = random.Random(41)
    following = acknowledged = 0
    kills = 8
    for _ in range(kills):
        last = killed_writer(INDEX_WRITER, path, following, 2, chance.random() * 0.03)
        index = SqliteIndex(path)
        count = index.count(Query())
        assert count % BATCH == 0
        assert index.count(Query(text="停水")) == count, "words and documents go together"
        assert last < count // BATCH <= last + 2
        for n in range(following, last + 1):
            assert index.count(Query(text=f'"{n}号"')) == BATCH
        index.close()
        acknowledged = (last + 1) * BATCH
        following = count // BATCH
    figure(f"index: {kills} kills, {acknowledged} acknowledged documents, 0 lost")
