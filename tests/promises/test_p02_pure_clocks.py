"""P2: a deadline is a pure function of entries, rules and calendar, in whatever order they come."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clocks import EVIDENCE

from responder.clocks import clocks
from responder.entries import (
    Acknowledgement,
    Answer,
    Closed,
    Conference,
    ConferenceStatus,
    Correction,
    Entry,
    EventType,
    EventTyped,
    Instant,
    Interpretation,
    Level,
    LevelSet,
    Moment,
    NotApplicable,
    Note,
    Release,
    Reopen,
    Status,
)
from responder.rules import national
from responder.workdays import load_calendar

START = datetime(2026, 2, 14, tzinfo=UTC)
moments = st.integers(0, 6 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
persons = st.sampled_from(["张三", "李四", ""])
texts = st.sampled_from(["", "理由"])
kinds = st.one_of(
    st.builds(lambda which, value: (Instant, {"which": which, "value": value}),
              st.sampled_from(Moment), moments),
    st.builds(lambda level: (LevelSet, {"level": level}), st.sampled_from(Level)),
    st.builds(lambda kind: (EventTyped, {"event_type": kind}), st.sampled_from(EventType)),
    st.builds(lambda make, status: (make, {"status": status, "evidence": EVIDENCE}),
              st.sampled_from([Release, Answer, Interpretation]), st.sampled_from(Status)),
    st.builds(lambda status: (Conference, {"status": status}), st.sampled_from(ConferenceStatus)),
    st.builds(lambda target, value, reason, second:
              (Correction, {"target": target, "value": value, "reason": reason, "second": second}),
              st.integers(1, 12), moments, texts, persons),
    st.builds(lambda rule, reason, clause, second: (NotApplicable,
              {"rule": rule, "reason": reason, "clause": clause, "second": second}),
              st.sampled_from(["R1", "R2", "R3"]), texts, texts, persons),
    st.builds(lambda basis: (Reopen, {"basis": basis, "reason": "又起"}), moments),
    st.just((Closed, {"reason": "办结"})),
    st.just((Acknowledgement, {"rule": "R1", "threshold": 50})),
    st.just((Note, {"text": "记"})),
)  # fmt: skip


@st.composite
def histories(draw) -> list[Entry]:
    drawn = draw(st.lists(st.tuples(kinds, moments, moments, persons), max_size=12))
    return [
        make(**fields, at=at, written_at=written, by=by, seq=seq)
        for seq, ((make, fields), at, written, by) in enumerate(drawn, start=1)
    ]


def replay(entries, now):
    return clocks(entries, rules=national(), calendar=load_calendar(), now=now)


examples = 0


@settings(max_examples=400, deadline=None)
@given(entries=histories(), now=moments, seed=st.integers(0, 2**16))
def check(entries, now, seed):
    global examples  # noqa: PLW0603
    examples += 1
    first = replay(entries, now)
    assert replay(entries, now) == first
    shuffled = entries[:]
    random.Random(seed).shuffle(shuffled)
    assert replay(shuffled, now) == first
    assert replay(entries[::-1], now) == first
    # a deadline doesn't depend on when one looks
    later = replay(entries, now + timedelta(days=9))
    assert [(c.rule, c.start, c.due) for c in later] == [(c.rule, c.start, c.due) for c in first]


@pytest.mark.promise("P2")
def test_replaying_twice_and_in_any_order_gives_the_same_clocks(figure):
    check()
    assert examples >= 400
    figure(f"{examples} histories, 4 replays each")


@pytest.mark.promise("P2")
def test_entries_that_tie_in_time_and_number_are_still_ordered():
    common = {"at": START, "written_at": START, "which": Moment.OCCURRED}
    one = Instant(**common, value=START)
    other = Instant(**common, value=START + timedelta(hours=1))
    now = START + timedelta(hours=2)
    assert replay([one, other], now) == replay([other, one], now)
