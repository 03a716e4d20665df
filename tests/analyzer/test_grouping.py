from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.analyzer import Clock, make_rule, petitions, signals
from support.posts import NOON, make_scored, score_post
from support.registry import make_database

from analyzer.grouping.memory import FileMemory
from analyzer.grouping.worker import GROUP, GroupingWorker
from posts.codec import encode
from posts.errors import RetryError
from posts.index.memory import MemoryIndex
from posts.log.memory import MemoryLog
from posts.log.port import SCORED, SIGNALS
from posts.model import Certainty, ScoredPost, Signal
from registry import alert_rules, lease
from registry.alert_rules import AlertRule
from registry.db import Database

HOUR = timedelta(hours=1)


class Desk:
    """A grouping worker with its rules, and posts that come to it."""

    def __init__(self, database: Database, folder: Path, *rules: AlertRule) -> None:
        self.database, self.folder = database, folder
        self.log, self.index, self.clock = MemoryLog(), MemoryIndex(), Clock(NOON)
        self.number = 0
        for rule in rules:
            self.put(rule)
        self.worker = self.start()
        self.worker.step()  # so that the rules are known before the posts come

    def put(self, rule: AlertRule) -> None:
        with self.database.transaction() as session:
            alert_rules.put(session, rule, now=self.clock())

    def start(self, holder: str = "one", **settings: Any) -> GroupingWorker:
        memory = FileMemory(self.folder / "grouping.json")
        settings = {"index": self.index, "memory": memory, **settings}
        return GroupingWorker(self.log, self.database, self.clock, holder, **settings)

    def post(self, published_at: datetime | None = None, **fields: Any) -> ScoredPost:
        """One more post, that arrives now and is published a minute ago or when said."""
        self.number += 1
        published = published_at or self.clock() - timedelta(minutes=1)
        return make_scored(
            str(self.number),
            **{"published_at": published, "first_seen_at": self.clock(), **fields},
        )

    def come(self, *scored: ScoredPost) -> None:
        self.index.write(scored)
        self.log.append(SCORED, [(one.post.id, encode(one)) for one in scored])

    def drain(self, batch: int = 500) -> list[Signal]:
        """The signals that reading to the end of the log gives."""
        while self.worker.step(batch):
            pass
        return signals(self.log)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = make_database(tmp_path)
    yield database
    database.dispose()


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    return Desk(database, tmp_path, make_rule())


def test_the_threshold_within_the_window_is_told_once(desk: Desk):
    desk.come(desk.post(), desk.post(source="forum"))
    assert desk.drain() == []
    last = desk.post(title="第三条")
    desk.come(last)
    [signal] = desk.drain()
    assert (signal.count, signal.threshold, signal.late) == (3, 3, False)
    assert (signal.rule, signal.fingerprint, signal.title) == ("water", "rule:water", "停水")
    assert signal.posts[0] in {last.post.id, *signal.posts}
    assert len(signal.posts) == 3
    assert set(signal.sources) == {"petitions", "forum"}
    assert signal.newest_post_at == last.post.published_at
    assert signal.window_end - signal.window_start == 2 * HOUR
    assert signal.reason.startswith("2 小时内 3 条（阈值 3 条），来自 2 个来源")
    assert desk.drain() == []


def test_posts_that_lie_further_apart_than_the_window_do_not_add_up(desk: Desk):
    for hours in (1, 4, 7):
        desk.come(desk.post(NOON - hours * HOUR))
    assert desk.drain() == []


def test_the_window_has_an_open_start(desk: Desk):
    desk.come(desk.post(NOON - 2 * HOUR), desk.post(NOON - HOUR), desk.post(NOON))
    assert desk.drain() == []
    desk.come(desk.post(NOON - 2 * HOUR + timedelta(seconds=1)))
    assert [signal.count for signal in desk.drain()] == [3]


def test_the_order_of_arrival_does_not_matter(database: Database, tmp_path: Path):
    for seed in range(6):
        folder = tmp_path / str(seed)
        folder.mkdir()
        desk = Desk(database, folder, make_rule(min_count=4))
        scored = [desk.post(NOON - minutes * timedelta(minutes=1)) for minutes in (5, 30, 60, 90)]
        random.Random(seed).shuffle(scored)
        for one in scored:
            desk.come(one)
            desk.worker.step()
        [signal] = desk.drain()
        assert signal.count == 4
        assert [signal.first_post_at, signal.newest_post_at] == [
            NOON - timedelta(minutes=90),
            NOON - timedelta(minutes=5),
        ]
        desk.worker.close()


def test_a_post_that_comes_twice_counts_once(desk: Desk):
    one = desk.post()
    desk.come(one, one, one, desk.post())
    assert desk.drain() == []


def test_within_the_cool_down_only_growth_is_told_under_the_same_fingerprint(desk: Desk):
    told = []
    for _ in range(30):
        desk.come(desk.post())
        told += desk.drain()
    assert [signal.count for signal in told] == [3, 6, 12, 24]
    assert len({signal.fingerprint for signal in told}) == 1
    assert len({signal.id for signal in told}) == 4


def test_after_the_cool_down_it_takes_as_many_new_posts_as_the_threshold(desk: Desk):
    desk.come(*[desk.post() for _ in range(3)])
    assert len(desk.drain()) == 1
    desk.clock.advance(hours=7)
    desk.come(desk.post())
    assert desk.drain() == []
    desk.come(desk.post(), desk.post())
    [again] = desk.drain()
    assert again.count == 3


def test_a_cool_down_shorter_than_the_window_does_not_repeat_what_was_told(
    database: Database, tmp_path: Path
):
    desk = Desk(database, tmp_path, make_rule(window_s=30 * 86_400, cooldown_s=3_600))
    told = []
    for _ in range(12):
        desk.clock.advance(hours=12)
        desk.come(desk.post())
        told += desk.drain()
    assert [signal.count for signal in told] == [3, 6, 9, 12]


def test_heat_is_one_colour_up_from_three_times_the_threshold(desk: Desk):
    desk.come(*[desk.post() for _ in range(8)])
    assert [signal.heat for signal in desk.drain()] == ["yellow"]
    desk.come(*[desk.post() for _ in range(8)])
    assert [signal.heat for signal in desk.drain()] == ["orange"]


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"any_of": ("断水", "停水")}, True),
        ({"any_of": ("断水",)}, False),
        ({"any_of": (), "all_of": ("停水", "小区")}, True),
        ({"all_of": ("停水", "大桥")}, False),
        ({"none_of": ("演练",)}, True),
        ({"none_of": ("小区",)}, False),
        ({"any_of": ("ＫＴＶ",)}, True),
        ({"areas": ("5331",)}, True),
        ({"areas": ("53", "62")}, True),
        ({"areas": ("62",)}, False),
        ({"kinds": ("mailbox",)}, True),
        ({"kinds": ("news",)}, False),
        ({"sources": ("petitions", "x")}, True),
        ({"sources": ("x",)}, False),
        ({"sentiments": ("negative",)}, True),
        ({"sentiments": ("positive", "neutral")}, False),
        ({"enabled": False}, False),
    ],
)
def test_what_a_rule_asks_for(
    database: Database, tmp_path: Path, fields: dict[str, Any], counts: bool
):
    desk = Desk(database, tmp_path, make_rule(min_count=1, **fields))
    desk.come(desk.post(title="小区Ktv停水", areas=("53", "5331", "533102")))
    assert bool(desk.drain()) is counts


def test_old_posts_in_bulk_are_one_late_signal(desk: Desk):
    for year in range(10):
        start = NOON - timedelta(days=365 * (year + 1))
        desk.come(*[desk.post(start + n * timedelta(minutes=10)) for n in range(4 + year)])
    [signal] = desk.drain(batch=10)
    assert (signal.late, signal.count) == (True, 12)
    assert signal.reason.startswith("补录：")


def test_old_posts_that_trickle_in_are_one_stream(desk: Desk):
    told = []
    for day in range(40):
        desk.come(desk.post(NOON - timedelta(days=400) + day * timedelta(minutes=2)))
        told += desk.drain()
        desk.clock.advance(minutes=1)
    assert [signal.count for signal in told] == [3, 6, 12, 24]
    assert all(signal.late for signal in told)


def test_held_back_for_a_minute_at_most_while_a_backlog_is_read(desk: Desk):
    old = NOON - timedelta(days=30)
    desk.come(*[desk.post(old) for _ in range(20)])
    assert desk.worker.step(5) == 5
    assert signals(desk.log) == []
    desk.clock.advance(seconds=61)
    assert desk.worker.step(5) == 5
    assert [signal.count for signal in signals(desk.log)] == [10]


def test_24_hours_from_the_newest_post_to_its_arrival_are_not_late(desk: Desk):
    desk.come(*[desk.post(NOON - 24 * HOUR) for _ in range(3)])
    assert [signal.late for signal in desk.drain()] == [False]


def test_over_24_hours_is_late(desk: Desk):
    desk.come(*[desk.post(NOON - 24 * HOUR - timedelta(seconds=1)) for _ in range(3)])
    assert [signal.late for signal in desk.drain()] == [True]


def test_a_post_of_which_only_the_day_is_known_is_late_a_day_after_its_end(desk: Desk):
    midnight = NOON.replace(hour=16) - timedelta(days=2)  # 00:00 Asia/Shanghai
    desk.come(*[desk.post(midnight, certainty=Certainty.DAY) for _ in range(3)])
    assert [signal.late for signal in desk.drain()] == [False]


def test_an_old_window_with_a_fresh_newest_post_is_live(database: Database, tmp_path: Path):
    desk = Desk(database, tmp_path, make_rule(window_s=30 * 86_400))
    desk.come(*[desk.post(NOON - timedelta(days=n)) for n in (20, 10)], desk.post())
    assert [(signal.count, signal.late) for signal in desk.drain()] == [(3, False)]


def test_a_post_from_the_future_counts_at_its_arrival(desk: Desk):
    desk.come(*[desk.post(NOON + timedelta(days=3_000)) for _ in range(3)])
    [signal] = desk.drain()
    assert signal.newest_post_at == NOON


def test_a_rule_made_afterwards_sees_what_is_there(desk: Desk):
    desk.come(*[desk.post(text="搅拌站噪音") for _ in range(4)])
    assert [signal.rule for signal in desk.drain()] == ["water"]
    desk.put(make_rule(id="mixer", name="搅拌站", any_of=("搅拌站",)))
    desk.clock.advance(seconds=3)
    [signal] = desk.drain()
    assert (signal.rule, signal.count, signal.late) == ("mixer", 4, False)
    assert desk.drain() == []


def test_what_is_old_when_a_rule_is_made_is_late(desk: Desk):
    desk.come(*[desk.post(title="搅拌站") for _ in range(4)])
    desk.drain()
    desk.clock.advance(days=3)
    desk.put(make_rule(id="mixer", name="搅拌站", any_of=("搅拌站",)))
    assert [signal.late for signal in desk.drain()] == [True]


def test_an_edit_counts_anew_and_does_not_tell_the_same_posts_again(desk: Desk):
    desk.come(*[desk.post() for _ in range(3)])
    assert len(desk.drain()) == 1
    desk.put(make_rule(name="停水停电", any_of=("停水", "停电")))
    desk.clock.advance(seconds=3)
    assert desk.drain() == []
    desk.come(*[desk.post(title="", text="停电") for _ in range(3)])
    [signal] = desk.drain()
    assert (signal.count, signal.title) == (6, "停水停电")


def test_a_rule_that_is_removed_or_switched_off_is_silent(desk: Desk):
    desk.drain()
    with desk.database.transaction() as session:
        alert_rules.remove(session, "water", now=NOON)
    desk.clock.advance(seconds=3)
    desk.come(*[desk.post() for _ in range(3)])
    assert desk.drain() == []


def test_a_restart_goes_on_where_it_was_and_tells_nothing_again(desk: Desk):
    desk.come(desk.post(), desk.post())
    desk.drain()
    desk.worker = desk.start()  # the one before was killed
    desk.come(desk.post())
    assert len(desk.drain()) == 1
    desk.worker = desk.start()
    assert desk.drain() == []
    desk.come(desk.post())
    assert desk.drain() == []


@pytest.mark.parametrize("state", [None, b"{", b'{"v":99,"rules":{}}'])
def test_a_lost_state_is_made_again_from_the_index(desk: Desk, state: bytes | None):
    desk.come(*[desk.post() for _ in range(3)])
    [first] = desk.drain()
    path = desk.folder / "grouping.json"
    path.unlink() if state is None else path.write_bytes(state)
    desk.worker = desk.start()
    [again] = desk.drain()
    assert again.id == first.id  # so that the responder knows it


def test_a_death_between_signal_and_state_repeats_the_signal_under_its_id(desk: Desk):
    desk.come(*[desk.post() for _ in range(3)])
    desk.worker._parts[0].save = _die
    with pytest.raises(KeyboardInterrupt):
        desk.worker.step()
    [first] = signals(desk.log)
    desk.worker = desk.start(index=None)
    [again] = desk.drain()
    assert again.id == first.id


def test_a_log_that_takes_no_signals_loses_none(desk: Desk):
    append = desk.log.append

    def refuse(topic: str, batch: Sequence[tuple[str, bytes]]) -> None:
        if topic == SIGNALS:
            raise RetryError("disk full")
        append(topic, batch)

    desk.log.append = refuse
    desk.come(*[desk.post() for _ in range(3)])
    for _ in range(3):
        with pytest.raises(RetryError):
            desk.worker.step()
    desk.log.append = append
    [signal] = desk.drain()
    assert signal.count == 3
    assert desk.log.lag(SCORED, GROUP) == 0


def test_only_the_holder_of_the_lease_works(desk: Desk):
    desk.come(*[desk.post() for _ in range(3)])
    assert desk.worker.step() == 3
    other = desk.start("two")
    desk.come(*[desk.post() for _ in range(3)])
    assert other.step() == 0
    desk.clock.advance(seconds=60)
    assert other.step() == 3
    assert desk.worker.step() == 0
    other.close()
    with desk.database.reading() as session:
        assert lease.holder(session, "grouping") is None
    assert [signal.count for signal in signals(desk.log)] == [3, 6]


def test_one_that_slept_while_another_came_and_went_goes_on_from_what_that_one_saved(desk: Desk):
    desk.come(*[desk.post() for _ in range(3)])
    assert desk.worker.step() == 3
    desk.clock.advance(seconds=60)
    other = desk.start("two")
    desk.come(*[desk.post() for _ in range(3)])
    assert other.step() == 3
    other.close()
    desk.come(*[desk.post() for _ in range(6)])
    assert [signal.count for signal in desk.drain()] == [3, 6, 12]


def test_a_message_that_no_one_can_read_is_buried(desk: Desk):
    desk.log.append(SCORED, [("bad", b"\xff")])
    desk.come(*[desk.post() for _ in range(3)])
    assert len(desk.drain()) == 1
    assert [letter.key for letter in desk.log.dead_letters()] == ["bad"]
    assert desk.log.lag(SCORED, GROUP) == 0


def test_memory_is_bounded(desk: Desk):
    for _ in range(12):
        desk.come(*[desk.post() for _ in range(500)])
    counts = [signal.count for signal in desk.drain()]
    assert max(counts) <= 5_000
    assert len(counts) < 10


@pytest.mark.needs("eval_data")
@pytest.mark.parametrize("before", [True, False], ids=["rule first", "rule afterwards"])
def test_the_petitions_on_one_matter_are_one_late_signal(
    eval_data: Path, database: Database, tmp_path: Path, before: bool
):
    rule = make_rule(id="mixer", name="搅拌站", any_of=("搅拌站",), window_s=30 * 86_400)
    desk = Desk(database, tmp_path, *([rule] if before else []))
    for post in (posts := petitions(eval_data)):
        desk.come(score_post(post))
    told = desk.drain()
    if not before:
        assert told == []
        desk.put(rule)
        desk.clock.advance(seconds=3)
        told = desk.drain()
    [signal] = told
    assert len(posts) == 4_326
    assert signal.late
    assert signal.count == 29
    assert signal.heat == "orange"


def _die(*_: object) -> None:
    raise KeyboardInterrupt
