"""What was destroyed by law is forgotten by the windows of the rules too; it still counts."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from support.analyzer import Clock, make_rule
from support.posts import NOON, make_scored
from support.registry import make_database

from analyzer.grouping.memory import FileMemory
from analyzer.grouping.worker import GroupingWorker
from posts.codec import decode, encode
from posts.log.memory import MemoryLog
from posts.log.port import SCORED, SIGNALS
from posts.model import Signal
from registry import alert_rules, erasures

MARK = "qzxmark"


@pytest.mark.parametrize("running", [True, False])
def test_a_destroyed_post_is_not_quoted_and_not_in_the_file(tmp_path: Path, running: bool) -> None:
    database = make_database(tmp_path)
    log, clock, file = MemoryLog(), Clock(NOON), tmp_path / "grouping.json"
    rule = make_rule(any_of=("停水",), min_count=3)
    with database.transaction() as session:
        alert_rules.put(session, rule, now=NOON)
    worker = GroupingWorker(log, database, clock, "one", memory=FileMemory(file))
    worker.step()
    posts = [
        make_scored(str(n), title=f"停水 {MARK}", published_at=NOON - timedelta(minutes=9 - n))
        for n in range(3)
    ]
    log.append(SCORED, [(one.post.id, encode(one)) for one in posts[:2]])
    while worker.step():
        pass
    assert MARK in file.read_text(encoding="utf-8"), "the test must be able to fail"
    if not running:
        worker.close()
    with database.transaction() as session:
        erasures.record(
            session,
            [(erasures.POST, one.post.id) for one in posts[:2]],
            reason="r",
            clause="c",
            signer="a",
            second="b",
            now=NOON,
        )
    clock.advance(seconds=10)
    if not running:
        worker = GroupingWorker(log, database, clock, "one", memory=FileMemory(file))
    worker.step()
    assert MARK not in file.read_text(encoding="utf-8")
    early = make_scored("9", title="停水", published_at=NOON - timedelta(minutes=20))
    log.append(SCORED, [(early.post.id, encode(early))])
    while worker.step():
        pass
    (record,) = log.consumer(SIGNALS, "test").poll()
    told = decode(record.value, Signal)
    assert told.count == 3
    assert MARK not in told.reason
    worker.close()
    database.dispose()
