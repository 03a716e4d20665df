"""Candidates of events in the tables: written in bulk, joined, and let go, on each engine."""

from __future__ import annotations

from datetime import datetime, timedelta

from registry import events
from registry.db import Database
from registry.events import Candidate, Member


def _candidate(key: str, at: datetime, *, name: str = "停水", heat: float = 1.0) -> Candidate:
    return Candidate(
        key=key,
        name=name,
        heat=heat,
        heat_version="heat-1",
        first_at=at,
        newest_at=at,
        body={"words": [name], "first_post": f"{key}-1"},
    )


def _put(database: Database, now: datetime, *keys: str) -> None:
    with database.transaction() as session:
        found = [_candidate(key, now) for key in keys]
        members = [Member(f"{key}-1", key, now, "论坛") for key in keys]
        events.put(session, found, members, now=now)


def test_what_is_written_again_is_said_anew_and_moves(database: Database, now: datetime):
    _put(database, now, "a", "b")
    later = now + timedelta(hours=1)
    with database.transaction() as session:
        before = events.get(session, "a")
        twice = [
            _candidate("a", later, name="断水"),
            _candidate("a", later, name="停水三天", heat=2.0),
        ]
        events.put(session, twice, [Member("b-1", "a", later, "微博")], now=later)
        after = events.get(session, "a")
    assert (before.name, after.name, after.heat) == ("停水", "停水三天", 2.0)
    assert after.body == {"words": ["停水三天"], "first_post": "a-1"}
    assert after.newest_at == later
    with database.reading() as session:
        assert [one.post for one in events.posts(session, "a")] == ["b-1", "a-1"]
        assert events.posts(session, "b") == []


def test_candidates_that_grouping_joins_go_over_in_order(database: Database, now: datetime):
    _put(database, now, "a", "b", "c", "d")
    with database.transaction() as session:
        events.dismiss(session, "d", by="王", now=now)
        events.absorb(session, [("a", "b"), ("b", "c"), ("d", "c"), ("none", "c")], now=now)
    with database.reading() as session:
        state = {key: events.get(session, key) for key in "abcd"}
        assert [state[key].state for key in "abcd"] == [
            events.MERGED,
            events.MERGED,
            events.OPEN,
            events.NO_EVENT,
        ]
        assert (state["a"].merged_into, state["b"].merged_into) == ("b", "c")
        assert {one.post for one in events.posts(session, "c")} == {"a-1", "b-1", "c-1"}


def test_what_a_person_decided_stays_when_it_is_written_again(database: Database, now: datetime):
    _put(database, now, "a", "b")
    with database.transaction() as session:
        events.merge(session, "a", "b", by="王", now=now)
    _put(database, now + timedelta(hours=1), "b")
    with database.reading() as session:
        gone = events.get(session, "b")
    assert (gone.state, gone.merged_into, gone.decided_by) == (events.MERGED, "a", "王")


def test_what_slept_long_is_let_go_unless_a_person_decided_on_it(database: Database, now: datetime):
    _put(database, now, "a", "b", "c", "d")
    with database.transaction() as session:
        events.absorb(session, [("a", "b")], now=now)
        events.dismiss(session, "c", by="王", now=now)
        assert events.prune(session, now) == 0
        assert events.prune(session, now + timedelta(seconds=1)) == 3
        assert events.get(session, "c").state == events.NO_EVENT
        assert events.count(session) == 0
