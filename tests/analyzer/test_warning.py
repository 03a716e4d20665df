"""Early warning: what is unusual for a locality's own history, and what is not."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime

import pytest

from analyzer.warning import rhythm
from analyzer.warning.matters import Matters
from analyzer.warning.series import Point
from analyzer.warning.state import Key, decode, encode
from analyzer.warning.tails import least_count, upper_tail
from analyzer.warning.watch import Watch

HOUR, DAY = 3_600, 86_400
START = datetime(2026, 1, 5, 0, 0, tzinfo=UTC).timestamp()
TOWN = Key("533103", "accident")


class Desk:
    """A watch that is fed by hand."""

    def __init__(self, **options: float) -> None:
        self.watch = Watch(**options)
        self.number = 0

    def post(self, at: float, *keys: Key) -> list[tuple[Key, int]]:
        self.number += 1
        self.watch.count(Point(at, f"p{self.number}", "forum"), keys)
        return [(one.key, one.found.count) for one in self.watch.crossings()]

    def live(self, days: int, per_hour: float, *keys: Key, seed: int = 1) -> float:
        """Days of ordinary traffic, busier by day than by night; returns how many were told."""
        rng, told = random.Random(seed), 0
        at = START
        while at < START + days * DAY:
            local = (at / HOUR + 8) % 24
            rate = per_hour * (1.6 if 8 <= local < 22 else 0.2)
            at += rng.expovariate(rate / HOUR)
            told += len(self.post(at, *keys))
        return told / days


@pytest.mark.parametrize(("mean", "spread"), [(0.2, 0.0), (3.0, 0.4), (40.0, 0.1)])
def test_tails_are_sums_of_the_chances_of_counts(mean: float, spread: float) -> None:
    def chance(k: int) -> float:
        if not spread:
            return math.exp(k * math.log(mean) - mean - math.lgamma(k + 1))
        size = 1 / spread
        odds = mean / (mean + size)
        ways = math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1)
        return math.exp(ways + k * math.log(odds) + size * math.log(1 - odds))

    for count in (1, 2, 5, 30, 60):
        below = math.fsum(chance(k) for k in range(count))
        assert upper_tail(count, mean, spread) == pytest.approx(1 - below, abs=1e-9)
    needed = least_count(mean, spread, 1e-3)
    assert upper_tail(needed, mean, spread) <= 1e-3 < upper_tail(needed - 1, mean, spread)


def test_two_posts_in_a_calm_place_are_unusual_and_in_a_busy_one_they_are_not() -> None:
    busy = Key("533102", "accident")
    desk = Desk(per_day=0.5)
    desk.live(10, 8.0, busy)
    at = START + 10 * DAY + 6 * HOUR
    told = [found for minute in range(3) for found in desk.post(at + 60 * minute, busy)]
    assert not told
    told = [found for minute in range(3) for found in desk.post(at + 300 + 60 * minute, TOWN)]
    assert told == [(TOWN, 2)]


def test_an_event_is_told_in_a_topic_that_is_busy_anyway_and_later_by_its_own_past() -> None:
    busy = Key("533103", "accident")

    def of(event: object) -> Key:
        return Key("533103", "accident", str(event))

    desk = Desk(per_day=0.5)
    rng, at, number = random.Random(3), START, 0
    while at < START + 8 * DAY:  # most matters have one post, every fifth has a second
        at += rng.expovariate(8.0 / HOUR)
        number += rng.random() < 0.8
        desk.post(at, busy, of(number))
    told = [found for number in range(9) for found in desk.post(at + 240 * number, busy, of("x"))]
    assert [key for key, _ in told] == [of("x")]

    for hour in range(1, 60):  # it goes on, two an hour: the rate of the third day is its own
        told = desk.post(at + hour * HOUR, busy, of("x")) + desk.post(
            at + hour * HOUR + 600, busy, of("x")
        )
    assert told == []


def test_an_event_that_went_into_another_counts_there() -> None:
    one, other = (Key("533103", "accident", event) for event in "ab")
    desk = Desk(per_day=0.5)
    desk.live(5, 3.0, Key("5331", "other"))
    for number in range(3):
        desk.post(START + 5 * DAY + number, one)
        desk.post(START + 5 * DAY + number, other)
    desk.watch.matters.move("b", "a")
    assert list(desk.watch.matters.all) == [one.text]
    assert sum(count for _, count in desk.watch.matters.all[one.text].steps) == 6
    state = decode(encode(desk.watch.state()))
    assert state is not None
    assert list(state.matters.matters) == [one.text]


def test_events_are_bounded_and_those_that_are_over_are_a_measure() -> None:
    matters = Matters(most=10)
    for number in range(50):
        for _ in range(3):
            matters.add(f"533103\x1fa\x1f{number}", Point(START + 60 * number, "p", "s"))
    assert len(matters.all) == 10
    matters.growth.fade(1_000)
    assert matters.growth.areas["533103"][0][1] > 39
    rates = [matters.growth.per_day("533103", 0, count) for count in range(1, 100)]
    assert rates == sorted(rates, reverse=True)


def test_ordinary_traffic_is_told_no_more_often_than_is_borne() -> None:
    keys = [Key("5331", topic) for topic in ("a", "b", "c")]
    desk = Desk(per_day=1.0)
    rng = random.Random(5)
    at, told = START, 0
    while at < START + 24 * DAY:
        at += rng.expovariate(6.0 / HOUR)
        told += len(desk.post(at, rng.choice(keys)))
    assert told / 21 <= 1.0


def test_the_morning_is_not_unusual_for_who_knows_the_hours() -> None:
    desk = Desk(per_day=0.5)
    assert desk.live(21, 4.0, TOWN) <= 1.0  # eight times the night's, every morning


def test_nothing_is_told_while_it_learns() -> None:
    desk = Desk(per_day=1.0)
    told = [found for hour in range(60) for found in desk.post(START + hour * HOUR, TOWN)]
    told += [found for number in range(20) for found in desk.post(START + 61 * HOUR + number, TOWN)]
    assert not told


def test_a_matter_is_told_once_and_again_when_it_has_doubled() -> None:
    desk = Desk(per_day=0.5)
    desk.live(5, 3.0, Key("5331", "other"))
    at = START + 5 * DAY
    told = [found for number in range(12) for found in desk.post(at + 20 * number, TOWN)]
    assert [count for _, count in told] == [2, 4, 8]


def test_one_burst_in_a_town_is_one_matter_of_the_town() -> None:
    county, province = Key("5331", "accident"), Key("53", "accident")
    angry = Key("533103", ":negative")
    desk = Desk(per_day=0.5)
    desk.live(5, 3.0, Key("53", "other"))
    at = START + 5 * DAY
    told = [
        found
        for number in range(5)
        for found in desk.post(at + 60 * number, province, county, angry, TOWN)
    ]
    assert told == [(TOWN, 2), (TOWN, 4)]


def test_a_burst_is_not_its_own_measure() -> None:
    desk = Desk(per_day=0.5)
    desk.live(8, 1.0, TOWN)
    usual = desk.watch.series[TOWN.text].weight
    at = START + 8 * DAY
    for number in range(400):
        desk.post(at + 10 * number, TOWN)
    desk.post(at + 20 * HOUR, TOWN)
    assert desk.watch.series[TOWN.text].weight < usual + 40


def test_posts_that_come_again_and_posts_of_long_ago_count_once_or_not() -> None:
    desk = Desk(per_day=0.5)
    desk.live(5, 3.0, Key("5331", "other"))
    at = START + 5 * DAY
    point = Point(at, "same", "forum")
    assert desk.watch.count(point, [TOWN])
    assert not desk.watch.count(point, [TOWN])
    assert not desk.watch.count(Point(at - 2 * DAY, "old", "forum"), [TOWN])


def test_what_is_remembered_is_the_same_after_a_restart_and_bounded() -> None:
    desk, other = Desk(per_day=0.5, most=50), Desk(per_day=0.5, most=50)
    for one in (desk, other):
        one.live(5, 3.0, Key("5331", "other"))
    body = encode(desk.watch.state())
    state = decode(body)
    assert state is not None
    desk.watch = Watch(state, per_day=0.5, most=50)
    at = START + 5 * DAY
    for number in range(200):
        keys = [Key(str(1000 + number), "x"), TOWN]
        assert desk.post(at + 30 * number, *keys) == other.post(at + 30 * number, *keys)
    assert len(desk.watch.series) == 50
    assert decode(b"no state") is None
    assert decode(body[:-3]) is None


def told_after_a_source_is_added() -> int:
    topics = [Key(f"5331{number:02d}", "a") for number in range(20)]
    rng = random.Random(3)
    desk = Desk(per_day=0.5)
    at, told = START, 0
    while at < START + 10 * DAY:
        at += rng.expovariate(20.0 / HOUR)
        desk.post(at, rng.choice(topics))
    while at < START + 11 * DAY:
        at += rng.expovariate(36.0 / HOUR)
        told += len(desk.post(at, rng.choice(topics)))
    return told


def test_a_source_that_is_added_moves_all_and_is_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    with_tide = told_after_a_source_is_added()
    assert with_tide <= 20  # one a day and locality
    monkeypatch.setattr(rhythm, "_MOST_TIDE", 1.0)
    assert told_after_a_source_is_added() > 1.5 * with_tide
