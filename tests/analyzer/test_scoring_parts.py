"""A large batch goes to the sinks in parts: what overlaps, what keeps its order, what fails."""

from __future__ import annotations

import threading
import time

import pytest
from support.analyzer import Clock, dehong, put_raw
from support.posts import make_post

from analyzer import sentiment
from analyzer.scoring.worker import GROUP, ScoringWorker
from posts.codec import decode
from posts.errors import PoisonError, RetryError
from posts.identity import with_generation
from posts.index.memory import MemoryIndex
from posts.index.port import Query
from posts.log.memory import MemoryLog
from posts.log.port import RAW, SCORED
from posts.model import ScoredPost

PATIENCE_S = 30.0


class Index(MemoryIndex):
    """Counts who writes at once, holds the first part until told, and refuses as it is told."""

    def __init__(self):
        super().__init__()
        self.hold = threading.Event()
        self.hold.set()
        self.refused = ""
        self.poison = ""
        self.writing = 0
        self.counting = threading.Lock()

    def write(self, batch):
        with self.counting:
            self.writing += 1
        try:
            texts = [scored.post.text for scored in batch]
            if "first" in texts:
                assert self.hold.wait(PATIENCE_S)
            if self.refused in texts:
                raise RetryError("检索服务太忙")
            if self.poison in texts:
                raise PoisonError("存不下")
            return super().write(batch)
        finally:
            with self.counting:
                self.writing -= 1


class CountingScorer:
    """The trivial scorer; ``seen`` says when so many posts were scored."""

    name, version = "counting", "1"

    def __init__(self, wanted: int):
        self.inner, self.wanted, self.scored = sentiment.load("trivial"), wanted, 0
        self.seen = threading.Event()

    def score(self, texts):
        self.scored += len(texts)
        if self.scored >= self.wanted:
            self.seen.set()
        return self.inner.score(texts)


def a_desk(index, scorer=None):
    log = MemoryLog()
    inner = scorer or sentiment.load("trivial")
    return log, ScoringWorker(log, index, inner, dehong(), Clock(), part=2)


def passed_on(log):
    return [decode(one.value, ScoredPost) for one in log.consumer(SCORED, "test").poll(10_000)]


def until(what):
    """Whether it came to be, within the patience."""
    deadline = time.monotonic() + PATIENCE_S
    while not what() and time.monotonic() < deadline:
        time.sleep(0.005)
    return what()


def numbered(count):
    return [make_post(str(n), text=("first", *map(str, range(1, count)))[n]) for n in range(count)]


def test_the_next_parts_are_judged_while_the_index_takes_three_at_most():
    index, scorer = Index(), CountingScorer(8)
    log, worker = a_desk(index, scorer)
    put_raw(log, numbered(13))
    index.hold.clear()
    stepping = threading.Thread(target=worker.step)
    stepping.start()
    try:
        assert scorer.seen.wait(PATIENCE_S), "parts two to four are judged while one is held"
        assert until(lambda: index.writing == 1), "parts two and three are written"
        assert scorer.scored == 8, "and no more"
        assert log.lag(RAW, GROUP) == 13, "nothing is committed before all is written"
        assert not passed_on(log), "nothing overtakes the first part"
    finally:
        index.hold.set()
        stepping.join(PATIENCE_S)
    assert log.lag(RAW, GROUP) == 0
    assert [scored.post.text for scored in passed_on(log)] == [p.text for p in numbered(13)]
    worker.close()


@pytest.mark.parametrize("where", ["first", "3", "8"])
def test_a_part_that_is_refused_leaves_nothing_committed_and_nothing_under_way(where):
    index = Index()
    log, worker = a_desk(index)
    put_raw(log, numbered(9))
    index.refused = where
    with pytest.raises(RetryError):
        worker.step()
    assert index.writing == 0
    assert log.lag(RAW, GROUP) == 9
    before = [scored.post.text for scored in passed_on(log)]
    assert before == [p.text for p in numbered(9)][: len(before)], "a part waits for those before"
    index.refused = ""
    assert worker.step() == 9
    assert log.lag(RAW, GROUP) == 0
    assert index.count(Query()) == 9
    assert {scored.post.text for scored in passed_on(log)} == {p.text for p in numbered(9)}
    worker.close()


def test_poison_in_one_part_is_buried_alone():
    index = Index()
    log, worker = a_desk(index)
    put_raw(log, numbered(9))
    index.poison = "4"
    assert worker.step() == 9
    assert log.lag(RAW, GROUP) == 0
    [letter] = log.dead_letters()
    assert letter.key == make_post("4").id
    rest = [p.text for p in numbered(9) if p.text != "4"]
    assert [scored.post.text for scored in passed_on(log)] == rest
    worker.close()


def test_two_versions_of_a_post_in_two_parts_reach_the_log_in_their_order():
    index = Index()
    log, worker = a_desk(index)
    old, new = make_post("p", text="first", version=1 << 20), make_post("p", version=2 << 20)
    put_raw(log, [old, make_post("a"), make_post("b"), new])
    index.hold.clear()
    stepping = threading.Thread(target=worker.step)
    stepping.start()
    while index.writing < 1:
        pass
    index.hold.set()
    stepping.join(PATIENCE_S)
    versions = [scored.post.version for scored in passed_on(log) if scored.post.id == old.id]
    assert versions == [with_generation(v << 20, 1) for v in (1, 2)]
    assert index.get(old.id).post.version == versions[-1]
    worker.close()
