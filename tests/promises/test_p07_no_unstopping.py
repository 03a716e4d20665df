"""P7: a stopped clock can't be un-stopped: a correction is a new entry, and both are shown."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.clocks import EVIDENCE, Book, at
from support.registry import make_database
from support.responder import NOON, two_signers

from registry import audit
from responder import incidents, query, signing
from responder.clocks import judge
from responder.drafts import draft
from responder.entries import (
    Conference,
    ConferenceStatus,
    Correction,
    EventType,
    EventTyped,
    Instant,
    Level,
    LevelSet,
    Moment,
    NotApplicable,
    Release,
    Reopen,
    Status,
)
from responder.rules import national
from responder.workdays import load_calendar

START = at("2026-03-02T08:00")
instants = st.integers(-48 * 60, 96 * 60).map(lambda minutes: START + timedelta(minutes=minutes))
later = st.one_of(
    st.builds(lambda target, value: (Correction, {
        "target": target, "value": value, "reason": "有误", "second": "李四"}),
        st.integers(1, 8), instants),
    st.builds(lambda which, value, guess: (Instant, {
        "which": which, "value": value, "estimated": guess}),
        st.sampled_from(Moment), instants, st.booleans()),
    st.builds(lambda level: (LevelSet, {"level": level}), st.sampled_from(Level)),
    st.builds(lambda kind: (EventTyped, {"event_type": kind}), st.sampled_from(EventType)),
    st.builds(lambda status: (Release, {"status": status}), st.sampled_from(Status)),
    st.builds(lambda status: (Conference, {"status": status}), st.sampled_from(ConferenceStatus)),
    st.just((NotApplicable, {"rule": "R1", "reason": "x", "clause": "x", "second": "李四"})),
    st.builds(lambda basis: (Reopen, {"basis": basis, "reason": "又起"}), instants),
)  # fmt: skip


@pytest.mark.promise("P7")
def test_nothing_that_is_written_later_makes_a_stopped_clock_run_again(figure):
    @settings(max_examples=500, deadline=None)
    @given(
        guessed=st.booleans(),
        stop=st.integers(0, 30 * 60),
        level=st.sampled_from(["特别重大", "重大"]),
        more=st.lists(later, max_size=7),
    )
    def check(guessed, stop, level, more):
        book = Book().moment(Moment.OCCURRED, "2026-03-02T08:00", estimated=guessed)
        book.level(level, "2026-03-02T08:05")
        when = START + timedelta(minutes=stop)
        book.put(Release, when.isoformat(), status=Status.PUBLISHED, evidence=EVIDENCE)
        for number, (make, fields) in enumerate(more, start=1):
            written = START + timedelta(hours=40, minutes=number)
            book.put(make, written.isoformat(), **fields)
        now = START + timedelta(hours=100)
        found = judge(book.entries, rules=national(), calendar=load_calendar(), now=now)
        first = next(v for v in found if v.clock.rule == "R1" and v.cycle == 0)
        assert first.clock.state in {"met", "met_late"}
        assert first.stop is not None
        assert first.silent

    check()
    figure("500 histories of later entries")


@pytest.mark.promise("P7")
def test_the_record_and_the_audit_show_both(tmp_path):
    database = make_database(tmp_path)
    with database.transaction() as session:
        one, other = two_signers(session, NOON)
        incident = incidents.open_incident(
            session,
            title="塌陷",
            by="张三",
            now=NOON,
            occurred=NOON - timedelta(hours=6),
            level="重大",
        ).id
        evidence = {"channel": "网站", "url": "https://example.gov.cn/1", "signer": "李主任"}
        body = {"type": "release", "status": "published", "evidence": evidence}
        kept = incidents.add(session, incident, draft(body, by="张三", now=NOON), now=NOON)
        body = {
            "type": "correction",
            "target": kept.seq,
            "value": NOON - timedelta(hours=2),
            "reason": "以网页时间为准",
            "evidence": evidence,
        }
        number = signing.propose(session, incident, draft(body, by="", now=NOON), by=one, now=NOON)
        signing.confirm(session, number, by=other, now=NOON)
    with database.reading() as session:
        detail = query.incident(session, incident, NOON)
        clock = next(c for c in detail.clocks if c.rule == "R1")
        assert (clock.state, clock.margin_s) == ("met", 3600)
        assert "更正前" in clock.reason
        assert "超时（超出 1 小时 0 分）" in clock.reason
        assert {item.kind for item in detail.timeline} >= {"release", "correction"}
        actions = [entry.action for entry in audit.entries(session, limit=20)]
        assert "事件记录：权威发布" in actions
        assert "事件记录：更正" in actions
    database.dispose()
