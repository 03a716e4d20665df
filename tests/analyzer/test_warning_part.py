"""Early warning in the grouping worker: signals with their reason, over restarts and hand-overs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from support.analyzer import Clock, make_rule, signals
from support.posts import NOON, make_scored
from support.registry import make_database

from analyzer.grouping.events import Events
from analyzer.grouping.memory import FileStore
from analyzer.grouping.worker import GroupingWorker
from analyzer.warning.part import APPEAL, EarlyWarning, Topics
from posts.codec import encode
from posts.log.memory import MemoryLog
from posts.log.port import SCORED
from posts.model import Certainty, Score, ScoredPost, Sentiment, Signal
from registry import alert_rules, areas
from registry.areas import Area
from registry.db import Database

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


class Desk:
    """A worker with early warning, five days of ordinary life behind it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database, self.folder = database, folder
        self.log, self.clock, self.number = MemoryLog(), Clock(NOON), 0
        with database.transaction() as session:
            areas.put(session, Area(code="5331", name="岚江州", level="city", own=True))
            areas.put(session, Area(code="533103", name="平湖县", level="county"))
            rule = make_rule(id="water", name="停水", any_of=("停水",), min_count=500)
            alert_rules.put(session, rule, now=NOON)
        self.worker = self.start("one")
        rng, at = random.Random(4), NOON
        while at < NOON + 6 * DAY:
            at += timedelta(hours=rng.expovariate(1.0))
            self.come(at, text="天气不错", areas=("53", "5331", "533102"))
        self.drain(NOON + 6 * DAY)

    def start(self, holder: str, *, events: bool = False) -> GroupingWorker:
        store = FileStore(self.folder / "warning.bin")
        seen = Events(self.database, FileStore(self.folder / "events.bin")) if events else None
        part = EarlyWarning(self.database, store, per_day=0.5, events=seen)
        parts = [seen, part] if seen else [part]
        return GroupingWorker(self.log, self.database, self.clock, holder, parts=parts)

    def come(self, at: datetime, **fields: object) -> None:
        self.number += 1
        given = {"sentiment": Sentiment.NEUTRAL, "published_at": at, **fields}
        one = make_scored(str(self.number), title="", **given)  # type: ignore[arg-type]
        self.log.append(SCORED, [(one.post.id, encode(one))])

    def drain(self, at: datetime) -> list[Signal]:
        self.clock.now = at
        while self.worker.step(500):
            pass
        return signals(self.log)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    database = make_database(tmp_path)
    made = Desk(database, tmp_path)
    yield made
    made.worker.close()
    database.dispose()


def test_a_signal_states_window_value_baseline_and_confidence(desk: Desk) -> None:
    at = NOON + 6 * DAY
    for number in range(4):
        desk.come(at + number * MINUTE, text="又停水了", areas=("53", "5331", "533103"))
    (signal,) = desk.drain(at + HOUR)
    assert signal.title == "平湖县“停水”异常增多"
    assert signal.reason.startswith("近 30 分钟 4 条，按前 6 天周日 12 时前后")
    assert "的往常水平应有不到 0.1 条；这样多若出于偶然，一万天以上才有一次" in signal.reason
    assert (signal.rule, signal.fingerprint) == ("early-warning", "warn:533103:water")
    assert signal.areas == ("533103",)
    assert len(signal.posts) == 4
    basis = signal.basis
    assert basis is not None
    assert (basis.value, basis.needed) == (4, 2)
    assert basis.baseline < 0.1 < basis.once_in_days
    assert [count for count, _ in basis.curve] == [0] * (len(basis.curve) - 1) + [4]


def test_other_places_and_posts_of_unknown_hour_say_nothing(desk: Desk) -> None:
    at = NOON + 6 * DAY
    for number in range(9):
        elsewhere = at + number * MINUTE
        desk.come(elsewhere, text="又停水了", areas=("44", "4403"))
        desk.come(at, text="又停水了", areas=("5331", "533103"), certainty=Certainty.DAY)
        late = at - 30 * HOUR
        desk.come(late, text="又停水了", areas=("5331", "533103"), first_seen_at=at)
    assert not desk.drain(at + HOUR)


def test_negative_posts_are_a_topic_of_their_own(desk: Desk) -> None:
    at = NOON + 6 * DAY
    for number in range(4):
        place = ("5331", "533103")
        desk.come(at + number * MINUTE, text="太差", areas=place, sentiment=Sentiment.NEGATIVE)
    (signal,) = desk.drain(at + HOUR)
    assert signal.title == "平湖县“负面”异常增多"


def test_another_holder_goes_on_where_the_first_one_stopped(desk: Desk) -> None:
    at = NOON + 6 * DAY
    desk.come(at, text="又停水了", areas=("5331", "533103"))
    assert not desk.drain(at + 3 * MINUTE)
    desk.worker.close()
    desk.worker = desk.start("two")
    desk.come(at + 3 * MINUTE, text="又停水了", areas=("5331", "533103"))
    (signal,) = desk.drain(at + HOUR)
    assert signal.count == 2


def test_an_event_of_grouping_is_told_by_its_name(desk: Desk) -> None:
    desk.worker.close()
    desk.worker = desk.start("two", events=True)
    at = NOON + 6 * DAY
    place = ("5331", "533103")
    for number, text in enumerate(("云溪花园又停水了", "停水三天，云溪花园没人管", "云溪花园停水")):
        desk.come(at + number * MINUTE, text=text, areas=place)
    (signal,) = desk.drain(at + HOUR)

    assert signal.title == "平湖县“停水”中一件事异常增多"
    assert signal.fingerprint.startswith("warn:533103:water:")
    said, _, name = signal.reason.partition("；最新：")  # destroyed by law with the posts
    assert said.startswith("近 10 分钟 3 条说同一件事，按此事自身的往常应有不到 0.1 条；按前 6 天")
    assert "云溪" in name
    basis = signal.basis
    assert basis is not None
    assert (basis.value, basis.needed, basis.curve[-1][0]) == (3, 2, 3)


def test_a_state_that_can_not_be_read_begins_anew_and_stops_nothing(desk: Desk) -> None:
    desk.worker.close()
    (desk.folder / "warning.bin").write_bytes(b"\x00broken")
    desk.worker = desk.start("two")
    at = NOON + 6 * DAY
    for number in range(5):
        desk.come(at + number * MINUTE, text="又停水了", areas=("5331", "533103"))
    assert not desk.drain(at + HOUR)  # it learns again


def test_from_which_probability_a_post_is_an_appeal_is_a_setting() -> None:
    score = Score(
        p_negative=0.2, p_positive=0.1, p_appeal=0.6, sentiment=Sentiment.NEUTRAL, scorer="test"
    )
    post = make_scored("a", text="何时来水").post
    one = ScoredPost(post=post, score=score, scored_at=NOON, areas=("1",))
    assert [key.topic for key in Topics((), ("1",)).of(one)] == [APPEAL]
    assert Topics((), ("1",), appeal_from=0.7).of(one) == []
