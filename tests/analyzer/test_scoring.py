from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.analyzer import BrittleScorer, Clock, dehong, put_raw
from support.posts import make_post

from analyzer import sentiment
from analyzer.scoring.text import analysed_text
from analyzer.scoring.worker import GROUP, ScoringWorker
from analyzer.units import UnitMatcher
from posts.codec import decode
from posts.errors import PoisonError, RetryError
from posts.identity import with_generation
from posts.index.memory import MemoryIndex
from posts.index.port import Query, Written
from posts.log.memory import MemoryLog
from posts.log.port import RAW, SCORED
from posts.model import ScoredPost
from registry.units import Unit


class Desk:
    """A scoring worker with what it stands between."""

    def __init__(self, *, scorer=None, index=None, **settings):
        self.log, self.index = MemoryLog(), index or MemoryIndex()
        self.scorer = scorer or sentiment.load("trivial")
        self.settings = settings
        self.worker = self.start()

    def start(self) -> ScoringWorker:
        return ScoringWorker(self.log, self.index, self.scorer, dehong(), Clock(), **self.settings)

    def passed_on(self) -> list[ScoredPost]:
        records = self.log.consumer(SCORED, "test").poll(10_000)
        return [decode(record.value, ScoredPost) for record in records]

    def lag(self) -> int:
        return self.log.lag(RAW, GROUP)


def test_a_post_is_scored_placed_indexed_and_passed_on():
    desk = Desk(units=UnitMatcher([Unit(id="water", name="供水公司", aliases=("自来水公司",))]))
    post = make_post(title="瑞丽停水", text="自来水公司没人管，勐卯街道最久")
    put_raw(desk.log, [post])
    assert desk.worker.step() == 1
    [scored] = desk.passed_on()
    assert scored.score.sentiment == "negative"
    assert scored.areas == ("53", "5331", "533102", "533102001")
    assert scored.units == ("water",)
    assert desk.index.get(post.id) == scored
    assert desk.index.count(Query(text="停水", area="533102")) == 1
    assert desk.lag() == 0
    assert desk.worker.step() == 0


def test_offsets_are_of_title_and_text_joined():
    desk = Desk()
    put_raw(
        desk.log, [make_post(title="紧急", text="瑞丽停水"), make_post("2", title="", text="瑞丽")]
    )
    desk.worker.step()
    titled, bare = desk.passed_on()
    assert [(h.start, h.end) for h in titled.localities] == [(3, 5)]
    assert [(h.start, h.end) for h in bare.localities] == [(0, 2)]
    assert analysed_text(titled.post)[3:5] == "瑞丽"


def test_the_source_s_own_area_decides_between_places_of_one_name():
    desk = Desk(source_areas={"petitions": "620123"})
    put_raw(desk.log, [make_post(title="", text="城关镇停电")])
    desk.worker.step()
    assert desk.passed_on()[0].areas == ("62", "6201", "620123", "620123100")


def test_the_version_carries_the_analysis_generation():
    desk = Desk(generation=7)
    post = make_post()
    put_raw(desk.log, [post])
    desk.worker.step()
    assert desk.passed_on()[0].post.version == with_generation(post.version, 7)


def test_a_message_that_no_one_can_read_is_buried_at_once_and_the_rest_goes_on():
    desk = Desk()
    put_raw(desk.log, [make_post("1")])
    desk.log.append(RAW, [("bad", b"{"), ("v9", b'{"v":9,"type":"post","body":{}}')])
    put_raw(desk.log, [make_post("2")])
    assert desk.worker.step() == 4
    assert len(desk.passed_on()) == 2
    letters = desk.log.dead_letters()
    assert {letter.key for letter in letters} == {"bad", "v9"}
    assert all("无法解读的消息" in letter.reason for letter in letters)
    assert {letter.attempts for letter in letters} == {1}
    assert desk.lag() == 0


def test_a_text_that_the_scorer_chokes_on_is_buried_after_three_tries():
    desk = Desk(scorer=BrittleScorer(sentiment.load("trivial"), "毒"))
    put_raw(desk.log, [make_post("1"), make_post("2", text="毒"), make_post("3")])
    desk.worker.step()
    assert [scored.post.id for scored in desk.passed_on()] == [make_post("1").id, make_post("3").id]
    [letter] = desk.log.dead_letters()
    assert letter.attempts == 3
    assert "打分失败（brittle）：ValueError" in letter.reason
    assert desk.lag() == 0


def test_a_scorer_that_recovers_loses_nothing():
    desk = Desk(scorer=BrittleScorer(sentiment.load("trivial"), "毒", times=3))
    put_raw(desk.log, [make_post("1"), make_post("2", text="毒")])
    desk.worker.step()
    assert len(desk.passed_on()) == 2
    assert desk.log.dead_letters() == []


class ShutIndex(MemoryIndex):
    """Can't take anything while it is shut; never takes a text with the mark."""

    def __init__(self, *, shut: bool = False) -> None:
        super().__init__()
        self.shut = shut

    def write(self, batch: Sequence[ScoredPost]) -> Written:
        if self.shut:
            raise RetryError("database is locked")
        if any("存不下" in scored.post.text for scored in batch):
            raise PoisonError("can't be stored")
        return super().write(batch)


def test_a_shut_index_loses_nothing_and_nothing_is_committed():
    desk = Desk(index=ShutIndex(shut=True))
    put_raw(desk.log, [make_post("1"), make_post("2")])
    for _ in range(3):
        with pytest.raises(RetryError):
            desk.worker.step()
    assert (desk.lag(), desk.passed_on()) == (2, [])
    desk.index.shut = False
    assert desk.worker.step() == 2
    assert len(desk.passed_on()) == 2
    assert desk.lag() == 0


def test_a_post_that_the_index_can_t_hold_is_buried_alone():
    desk = Desk(index=ShutIndex())
    put_raw(desk.log, [make_post("1"), make_post("2", text="存不下"), make_post("3")])
    desk.worker.step()
    assert desk.index.count(Query()) == len(desk.passed_on()) == 2
    assert [letter.reason for letter in desk.log.dead_letters()] == [
        "无法写入检索库：can't be stored"
    ]


def test_a_worker_that_dies_before_the_commit_is_followed_by_one_that_repeats():
    desk = Desk()
    put_raw(desk.log, [make_post(str(n)) for n in range(10)])
    desk.worker._consumer.commit = lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        desk.worker.step()
    assert desk.start().step() == 10
    assert desk.index.count(Query()) == 10
    assert len({scored.post.id for scored in desk.passed_on()}) == 10


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.tuples(
            st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=30),
            st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=200),
        ),
        max_size=5,
    )
)
def test_any_post_is_either_indexed_or_buried(texts: list[tuple[str, str]]):
    desk = Desk()
    put_raw(desk.log, [make_post(str(n), title=a, text=b) for n, (a, b) in enumerate(texts)])
    desk.worker.step()
    assert desk.index.count(Query()) + len(desk.log.dead_letters()) == len(texts)
    assert desk.lag() == 0


@settings(deadline=None, max_examples=100)
@given(st.lists(st.binary(max_size=60), max_size=5))
def test_any_bytes_on_the_log_are_handled(values: list[bytes]):
    desk = Desk()
    desk.log.append(RAW, [(str(n), value) for n, value in enumerate(values)])
    desk.worker.step()
    assert len(desk.log.dead_letters()) == len(values)
    assert desk.lag() == 0
