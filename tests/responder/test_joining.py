"""Merge, split and reopening: several incidents in one transaction."""

from datetime import timedelta

import pytest
from support.responder import NOON

from registry import audit
from registry.errors import ConflictError, InvalidInputError
from responder import incidents, joining, query, rulebook
from responder.drafts import draft
from responder.rules import desk

EVIDENCE = {"channel": "县政府网站", "url": "https://example.gov.cn/1", "signer": "李主任"}
RELEASE = {"type": "release", "status": "published", "evidence": EVIDENCE}


def ago(**span):
    return NOON - timedelta(**span)


def opened(session, **given):
    fields = {"title": "塌陷", "by": "张三", "now": NOON, **given}
    return incidents.open_incident(session, **fields).id


def add(session, incident, body, now=NOON):
    return incidents.add(session, incident, draft(body, by="张三", now=now), now=now)


def clocks(session, incident, now=NOON):
    return {c.rule: c for c in query.incident(session, incident, now).clocks}


def merge(session, into, other, now=NOON, **given):
    return joining.merge(session, into, other, by="李四", now=now, reason="同一起", **given)


def test_merging_takes_the_earliest_basis_and_the_strictest_level(session):
    into = opened(session, occurred=ago(hours=1), level="一般")
    other = opened(session, occurred=ago(hours=3), level="重大")
    assert merge(session, into, other).level == "重大"
    found = clocks(session, into)
    assert found["R1"].start == ago(hours=3)
    assert found["R3"].state == "revoked"
    gone = incidents.get(session, other)
    assert gone.state == "closed"
    assert clocks(session, other)["R1"].state == "revoked"
    assert f"并入事件 {into}" in clocks(session, other)["R1"].reason
    assert incidents.verify(session, into) == incidents.verify(session, other) == []
    assert [e.action for e in audit.entries(session, limit=2)] == ["事件并入", "事件并入"]


def test_an_estimate_that_is_earlier_is_the_basis_and_stays_marked(session):
    into = opened(session, occurred=ago(hours=1), level="重大")
    other = opened(session, reported=ago(hours=2))
    merge(session, into, other)
    clock = clocks(session, into)["R1"]
    assert (clock.start, clock.basis) == (ago(hours=2), "事发（估计）")


@pytest.mark.parametrize("marked", [True, False])
def test_a_release_counts_for_the_whole_only_when_marked(session, marked):
    into = opened(session, occurred=ago(hours=1), level="重大")
    other = opened(session, occurred=ago(hours=2), level="重大")
    kept = add(session, other, {**RELEASE, "at": ago(minutes=30)})
    merge(session, into, other, whole=[kept.seq] if marked else [])
    state = clocks(session, into)["R1"].state
    assert state == ("met" if marked else "running")
    told = next(i for i in query.incident(session, into, NOON).timeline if i.kind == "release")
    assert f"自事件 {other} 转来" in told.text
    assert clocks(session, other)["R1"].state == "met"  # its own result stays


def test_a_breach_of_the_one_taken_in_stays(session):
    into = opened(session, occurred=ago(hours=1), level="重大")
    other = opened(session, occurred=ago(hours=9), level="重大")
    merge(session, into, other)
    assert clocks(session, other)["R1"].state == "overdue"
    assert clocks(session, into)["R1"].state == "overdue"


def test_orders_that_are_not_settled_go_with_it(session):
    rulebook.adopt(session, desk(), who="系统", now=NOON)
    into, other = opened(session), opened(session)
    done = add(session, other, {"type": "order", "number": "A1", "hours": 2})
    add(session, other, {"type": "settled", "order": done.seq, "evidence": EVIDENCE})
    add(session, other, {"type": "order", "number": "A2", "hours": 4})
    merge(session, into, other)
    assert clocks(session, into)["R8.1"].due == NOON + timedelta(hours=4)
    assert "R8.2" not in clocks(session, into)


def test_what_can_not_be_merged_is_told(session):
    into, other = opened(session), opened(session)
    for given, said in (
        ({"other": into}, "不能并入自己"),
        ({"reason": " "}, "须写明理由"),
        ({"whole": [1]}, "第 1 条不是已发布"),
    ):
        fields = {"into": into, "other": other, "reason": "x", **given}
        with pytest.raises(InvalidInputError, match=said):
            joining.merge(session, by="李四", now=NOON, **fields)
    merge(session, into, other)
    with pytest.raises(ConflictError, match=f"事件 {other} 已办结"):
        merge(session, into, other)


def test_a_part_inherits_basis_level_and_releases(session):
    whole = opened(session, occurred=ago(hours=2), level="重大", event_type="事故灾难")
    add(session, whole, {**RELEASE, "at": ago(hours=1)})
    part = joining.split(session, whole, title="学校停课", by="李四", now=NOON, reason="另行处置")
    assert (part.level, part.event_type) == ("重大", "事故灾难")
    for rule in ("R1", "R2"):
        mine, theirs = clocks(session, part.id)[rule], clocks(session, whole)[rule]
        assert (mine.start, mine.due, mine.state) == (theirs.start, theirs.due, theirs.state)
        assert mine.margin_s == theirs.margin_s
    assert incidents.verify(session, part.id) == []
    timeline = query.incident(session, whole, NOON).timeline
    assert any(f"拆分出事件 {part.id}" in item.text for item in timeline)


def test_a_part_falls_under_the_rules_of_the_whole(session):
    whole = opened(session, occurred=ago(hours=1), level="重大")
    rulebook.adopt(session, desk(), who="系统", now=NOON)
    part = joining.split(session, whole, title="甲", by="李四", now=NOON, reason="x")
    assert set(clocks(session, part.id)) == set(clocks(session, whole)) == {"R1", "R2"}


def test_what_can_not_be_split_is_told(session):
    whole = opened(session, event_type="不属突发事件")
    for given, said in (({"title": " "}, "事件名称"), ({"reason": ""}, "须写明理由")):
        with pytest.raises(InvalidInputError, match=said):
            joining.split(
                session, whole, by="李四", now=NOON, **{"title": "甲", "reason": "x", **given}
            )
    answer = {**RELEASE, "type": "answer"}
    add(session, whole, answer)
    add(session, whole, {"type": "closed", "reason": "完"})
    with pytest.raises(ConflictError, match="已办结"):
        joining.split(session, whole, title="甲", by="李四", now=NOON, reason="x")


def test_reopening_is_a_new_cycle_with_its_own_basis_and_the_old_result_stays(session):
    incident = opened(session, occurred=ago(hours=3), level="重大")
    add(session, incident, {**RELEASE, "at": ago(hours=1)})
    held = {**RELEASE, "type": "conference", "status": "held"}
    add(session, incident, {**held, "at": ago(minutes=30)})
    add(session, incident, {"type": "closed", "reason": "完"})
    later = NOON + timedelta(days=2)
    again = joining.reopen(session, incident, basis=later, by="李四", now=later, reason="再次")
    assert (again.state, again.cycle) == ("open", 1)
    found = [
        (c.rule, c.start, c.state.value) for c in query.incident(session, incident, later).clocks
    ]
    assert set(found) == {
        ("R1", later, "running"),
        ("R2", later, "running"),
        ("R1", ago(hours=3), "met"),
        ("R2", ago(hours=3), "met"),
    }
    other = opened(session, event_type="不属突发事件")
    add(session, other, {**RELEASE, "type": "answer"})
    add(session, other, {"type": "closed", "reason": "完"})
    tomorrow = NOON + timedelta(days=1)
    with pytest.raises(InvalidInputError, match="在将来"):
        joining.reopen(session, other, basis=tomorrow, by="李四", now=NOON, reason="x")


def test_continued_release_does_not_keep_an_incident_from_closing(session):
    rulebook.adopt(session, desk(), who="系统", now=NOON)
    incident = opened(session, occurred=ago(minutes=20), level="重大")
    for body in (
        RELEASE,
        {**RELEASE, "type": "conference", "status": "held"},
        {"type": "report", "method": "书面", "to": "州政府", "evidence": EVIDENCE},
    ):
        add(session, incident, body)
    assert clocks(session, incident)["R7.1"].state == "running"
    add(session, incident, {"type": "closed", "reason": "完"})
    assert clocks(session, incident)["R7.1"].state == "revoked"
    assert "办结" in clocks(session, incident)["R7.1"].reason


def test_a_clock_of_the_machine_that_jumps_back_is_flagged_and_nothing_is_lost(session):
    incident = opened(session, occurred=ago(hours=2), level="重大")
    back = ago(hours=1)
    kept = add(session, incident, {**RELEASE, "at": ago(minutes=90)}, now=back)
    assert kept.written_at == NOON
    assert kept.at == ago(minutes=90)
    assert "系统时钟为 2026-03-02 11:00" in kept.flag
    assert clocks(session, incident)["R1"].margin_s == 4.5 * 3600
    told = query.incident(session, incident, NOON).timeline
    assert any("时钟可能倒退" in item.text for item in told)
    after = add(session, incident, {"type": "note", "text": "好"}, now=NOON)
    assert after.flag == ""
