"""A look over all open incidents is bounded, and takes up first what is most pressing."""

from __future__ import annotations

from datetime import timedelta

from support.registry import make_database
from support.responder import NOON, Office

from registry.db import Session
from responder import incidents
from responder.escalation_clocks import ClockWatch
from responder.policies import default
from responder.reminders import Planner
from responder.rounds import Rounds

HEADS = dict.fromkeys(range(1, 501), "a")


def taken(rounds: Rounds, heads: dict[int, str], now=NOON, *, at=None) -> list[int]:
    found = []
    for some in rounds.take(lambda: heads, now):
        for number in some:
            rounds.seen(number, at)
        found += some
    rounds.done()
    return found


def test_a_look_without_time_still_takes_up_some_and_looks_go_through_all():
    rounds = Rounds(budget_s=0.0)
    looks = []
    while not looks or rounds.more:
        looks.append(taken(rounds, HEADS))
    assert max(map(len, looks)) < len(HEADS) / 5
    assert sorted(number for look in looks for number in look) == sorted(HEADS)
    assert taken(rounds, HEADS) == []
    assert not rounds.more


def knowing(minutes: dict[int, int]) -> Rounds:
    """Rounds that have seen these; each is due again so many minutes after noon."""
    rounds = Rounds(budget_s=60)
    heads = dict.fromkeys(minutes, "a")
    for some in rounds.take(lambda: heads, NOON):
        for number in some:
            rounds.seen(number, NOON + timedelta(minutes=minutes[number]))
    rounds.done()
    return rounds


def test_due_ones_come_first_then_changed_ones_then_the_unknown_newest_first():
    rounds = knowing({1: 9, 2: 3, 3: 600, 4: 600})
    heads = {1: "a", 2: "a", 3: "b", 4: "a", 7: "a", 8: "a"}
    assert taken(rounds, heads, NOON + timedelta(minutes=10)) == [2, 1, 3, 8, 7]


def test_after_all_was_forgotten_what_was_due_still_comes_first():
    rounds = knowing({1: 9, 2: 600})
    rounds.forget()
    heads = {1: "a", 2: "a", 9: "a"}
    assert taken(rounds, heads, NOON + timedelta(minutes=10)) == [1, 2, 9]


def test_what_was_not_committed_is_looked_at_again_and_what_is_closed_is_forgotten():
    rounds = Rounds(budget_s=60)
    assert [len(some) for some in rounds.take(lambda: {1: "a", 2: "a"}, NOON)] == [2]
    assert taken(rounds, {1: "a", 2: "a"}) == [2, 1]
    assert taken(rounds, {1: "a"}) == []
    assert taken(rounds, {1: "a", 2: "a"}) == [2]


def test_what_a_look_left_is_not_ranked_anew_within_a_second_and_then_it_is():
    rounds = Rounds(budget_s=0.0)
    first = taken(rounds, HEADS)
    with_new = {**HEADS, 900: "a"}
    assert 900 not in taken(rounds, with_new, NOON + timedelta(milliseconds=900))
    assert taken(rounds, with_new, NOON + timedelta(seconds=1))[0] == 900
    rounds.forget()
    assert taken(rounds, with_new, NOON + timedelta(seconds=1)) == [900, *first[:-1]]


def test_a_tick_over_part_of_the_incidents_says_that_there_is_more(tmp_path, monkeypatch):
    monkeypatch.setattr("responder.reminders._BUDGET_S", 0.0)
    database = make_database(tmp_path)
    with database.transaction() as session:
        for _ in range(120):
            opened(session)
    desk = Office(database)
    desk.watch.forward(hours=2, minutes=30)
    worked = 0
    while desk.tick():
        worked += 1
    assert worked >= 3
    told = {key for key in desk.pager.keys if key.endswith(":R1:0:50")}
    assert told == {f"{number}:R1:0:50" for number in range(1, 121)}
    database.dispose()


def test_the_watch_and_the_reminders_find_by_parts_what_they_find_at_once(tmp_path, monkeypatch):
    database = make_database(tmp_path)
    with database.transaction() as session:
        for _ in range(120):
            opened(session)
    now = NOON + timedelta(hours=4, minutes=30)
    found = []
    with database.reading() as session:
        for budget in (60.0, 0.0):
            monkeypatch.setattr("responder.reminders._BUDGET_S", budget)
            monkeypatch.setattr("responder.escalation_clocks._BUDGET_S", budget)
            planner = Planner()
            watch = ClockWatch(policies=default(), rules=None, calendar=None, every=timedelta(1))
            keys, looks, more = set(), 0, True
            while more:
                keys |= {one.key for one in planner.wanted(session, now)}
                keys |= {one.key for one in watch.matters(session, now)}
                more = planner.done()
                watch.done()
                more = more or watch.more
                looks += 1
            found.append((keys, looks))
    database.dispose()
    (whole, once), (parts, often) = found
    assert whole == parts
    assert (once, often) == (1, 4)


def opened(session: Session) -> None:
    incidents.open_incident(session, title="塌陷", by="张三", now=NOON, occurred=NOON, level="重大")
