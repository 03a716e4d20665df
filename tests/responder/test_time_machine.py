"""An incident as it stood at any instant, and under other rules: replay equals live."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from support.clocks import EVIDENCE, Book, at
from support.responder import NOON

from registry.errors import InvalidInputError, NotFoundError
from responder import incidents, joining, query, rulebook, time_machine
from responder.clocks import as_of, judge
from responder.drafts import draft
from responder.entries import (
    Conference,
    ConferenceStatus,
    Instant,
    Level,
    LevelSet,
    Moment,
    Release,
    Status,
)
from responder.rulebook import Rulebook
from responder.rules import desk, load, national, variants
from responder.workdays import load_calendar

RELEASE = {
    "type": "release",
    "status": "published",
    "evidence": {"channel": "网站", "url": "https://example.gov.cn/1", "signer": "李主任"},
}
acts = st.one_of(
    st.builds(lambda level: (LevelSet, {"level": level}), st.sampled_from(Level)),
    st.just((Release, {"status": Status.PUBLISHED, "evidence": EVIDENCE})),
    st.just((Conference, {"status": ConferenceStatus.HELD, "evidence": EVIDENCE})),
    st.builds(
        lambda which, back: (
            Instant,
            {"which": which, "value": at("2026-03-02T08:00") - timedelta(minutes=back)},
        ),
        st.sampled_from([Moment.OCCURRED, Moment.DETECTED, Moment.REPORTED]),
        st.integers(0, 600),
    ),
)


@settings(max_examples=60, deadline=None)
@given(history=st.lists(st.tuples(acts, st.integers(1, 300)), max_size=8))
def test_replay_equals_live(history):
    book, lived, now = Book(), [], at("2026-03-02T08:00")
    for (make, fields), minutes in history:
        now += timedelta(minutes=minutes)
        book.put(make, now.isoformat(), **fields)
        lived.append((now, judged(book.entries, now)))
    for then, verdicts in lived:
        assert judged(as_of(book.entries, then), then) == verdicts


def judged(entries, now):
    return judge(entries, rules=desk(), calendar=load_calendar(), now=now)


def opened(session, **given):
    fields = {"title": "塌陷", "by": "张三", "now": NOON, "level": "较大", **given}
    return incidents.open_incident(session, **fields)


def test_level_state_and_clocks_as_they_stood(session):
    number = opened(session, occurred=NOON - timedelta(hours=1)).id
    later = NOON + timedelta(hours=2)
    incidents.set_level(session, number, "重大", by="王县长", now=later)
    was = time_machine.stood(session, number, NOON + timedelta(hours=1))
    assert (was.incident.level, was.incident.state) == ("较大", "open")
    assert {clock.rule for clock in was.clocks} == {"R3"}
    assert all(item.written_at <= NOON + timedelta(hours=1) for item in was.timeline)
    now = time_machine.stood(session, number, later)
    assert list(now.clocks) == list(query.incident(session, number, later).clocks)
    assert now.incident == incidents.get(session, number)


def test_closed_merged_and_reopened_as_they_stood(session):
    into, other = opened(session).id, opened(session).id
    merged = NOON + timedelta(hours=1)
    joining.merge(session, into, other, by="李四", now=merged, reason="同一起")
    before = time_machine.stood(session, other, NOON).incident
    after = time_machine.stood(session, other, merged).incident
    assert (before.state, after.state, after.closed_at) == ("open", "closed", merged)
    again = NOON + timedelta(hours=2)
    joining.reopen(session, other, basis=again, by="李四", now=again, reason="另有一处")
    assert time_machine.stood(session, other, merged).incident.cycle == 0
    assert time_machine.stood(session, other, again).incident == incidents.get(session, other)


def test_nothing_before_it_was_opened(session):
    number = opened(session).id
    with pytest.raises(InvalidInputError, match="还没有记录"):
        time_machine.stood(session, number, NOON - timedelta(seconds=1))
    with pytest.raises(NotFoundError, match="没有编号为 77 的事件"):
        time_machine.stood(session, 77, NOON)


def test_under_another_text_the_conference_would_have_been_something_else(session):
    number = opened(session, occurred=NOON, level="重大").id
    variant = time_machine.named_variant("北京2021")
    then = time_machine.stood(session, number, NOON, variant=variant)
    assert [(one.rule, one.ours.name, one.theirs.name) for one in then.differences] == [
        ("R2", "首场新闻发布会", "设立新闻中心")
    ]
    assert then.differences[0].text.startswith("按北京市，R2 设立新闻中心：自事发")
    six = time_machine.stood(session, number, NOON, variant=load(variants()["南京2016"]))
    assert six.differences[0].theirs.due - six.differences[0].ours.due == timedelta(hours=1)
    wide = time_machine.stood(session, number, NOON, variant=load(variants()["成都2021"]))
    assert {one.rule for one in wide.differences} == {"R2", "CD-1"}
    assert "没有 R2" in next(one.text for one in wide.differences if one.rule == "R2")
    assert "另有 CD-1" in next(one.text for one in wide.differences if one.rule == "CD-1")


def test_what_only_the_service_runs_is_no_difference_of_a_region(session):
    rulebook.adopt(session, desk(), who="系统", now=NOON)
    number = opened(session, occurred=NOON, level="重大").id
    assert "R4-1" in {one.rule for one in time_machine.stood(session, number, NOON).clocks}
    variant = time_machine.named_variant("北京2021")
    then = time_machine.stood(session, number, NOON, variant=variant)
    assert [one.rule for one in then.differences] == ["R2"]


def test_a_comparison_changes_nothing_and_equals_itself(session):
    number = opened(session, occurred=NOON, level="重大").id
    incidents.add(session, number, draft(RELEASE, by="张三", now=NOON), now=NOON)
    entries = incidents.entries(session, number)
    book = Rulebook(national(), load_calendar())
    assert time_machine.compare(entries, NOON, book=book, rules=national()) == []
    time_machine.stood(session, number, NOON, variant=load(variants()["南京2016"]))
    assert incidents.entries(session, number) == entries


def test_under_another_calendar():
    book = Book().moment(Moment.PUBLISHED, "2026-09-24T09:00")
    bare = replace(load_calendar(), version="bare", holidays=frozenset(), workdays=frozenset())
    (one,) = time_machine.compare(
        book.entries,
        at("2026-09-25T09:00"),
        book=Rulebook(national(), load_calendar()),
        calendar=bare,
    )
    assert (one.ours.due, one.theirs.due) == (at("2026-10-01T00:00"), at("2026-09-30T00:00"))
