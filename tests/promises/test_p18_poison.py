"""P18: a poison message goes to the dead-letter log after at most three tries; lag returns to 0."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from support.analyzer import BrittleScorer, Clock, dehong, put_raw
from support.kafka_logs import kafka_log
from support.posts import make_post

from analyzer import sentiment
from analyzer.scoring.worker import GROUP, ScoringWorker
from posts.codec import encode
from posts.index.memory import MemoryIndex
from posts.index.port import Query
from posts.log.letters import replay
from posts.log.port import RAW, PostLog
from posts.log.sqlite import SqliteLog

# So that the message stands on the topic, as one that another program has put there.
WIDE = """
[default.config]
"retention.ms" = "-1"
["posts.raw".config]
"max.message.bytes" = "67108864"
"""
POISON = {
    "bad JSON": b'{"v":1,"type":"post","body":{',
    "not UTF-8": b'{"v":1,"type":"post","body":{"id":"\xff"}}',
    "a lone surrogate": encode(make_post("s", text="〇")).replace("〇".encode(), b"\\ud800"),
    "a version of the future": encode(make_post("v")).replace(b'"v":1', b'"v":2'),
    "another kind": encode(make_post("k")).replace(b'"post"', b'"signal"'),
    "nothing": b"",
    "50 MB": b"x" * 50_000_000,
}


@pytest.fixture(params=["sqlite", pytest.param("kafka", marks=pytest.mark.needs("kafka"))])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[PostLog]:
    if request.param == "sqlite":
        made = SqliteLog(tmp_path / "log.db")
        yield made
        made.close()
        return
    bootstrap = request.getfixturevalue("kafka_bootstrap")
    with kafka_log(bootstrap, tmp_path, topics=WIDE, max_request_bytes=1 << 26) as made:
        yield made


@pytest.mark.promise("P18")
def test_poison_is_buried_and_what_is_around_it_is_scored(log, figure):
    good = [make_post(str(n)) for n in range(len(POISON))]
    # It recovers after one try with the batch and three alone.
    scorer = BrittleScorer(sentiment.load("trivial"), "毒", times=4)
    index = MemoryIndex()
    worker = ScoringWorker(log, index, scorer, dehong(), Clock())
    for post, (name, value) in zip(good, POISON.items(), strict=True):
        put_raw(log, [post])
        log.append(RAW, [(name, value)])
    put_raw(log, [make_post("choke", text="毒"), make_post("last")])
    while log.lag(RAW, GROUP):
        worker.step()

    letters = {letter.key: letter for letter in log.dead_letters()}
    choked = make_post("choke").id
    assert set(letters) == {*POISON, choked}
    assert max(letter.attempts for letter in letters.values()) == 3
    assert all(letter.reason and letter.topic == RAW for letter in letters.values())
    assert index.count(Query()) == len(good) + 1
    for name, value in POISON.items():
        kept = letters[name]
        assert value.startswith(kept.value)
        assert kept.size == len(value) or kept.value == value, "whole, or said how much it was"

    replay(log, letters[choked])  # the scorer has recovered by now
    while log.lag(RAW, GROUP):
        worker.step()
    assert index.get(choked) is not None
    assert choked not in {letter.key for letter in log.dead_letters()}
    worker.close()
    figure(f"{len(letters)} of {len(letters)} buried, lag 0 ({type(log).__name__})")
