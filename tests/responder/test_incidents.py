"""Incidents: what may be written, by whom, and what a bad entry is told."""

from datetime import timedelta

import pytest
from sqlalchemy import text
from support.responder import NOON

from registry import audit, changes, users
from registry.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from responder import incidents, query, signing
from responder.drafts import draft
from responder.entries import Evidence

EVIDENCE = {"channel": "县政府网站", "url": "https://example.gov.cn/1", "signer": "李主任"}


def ago(**span):
    return NOON - timedelta(**span)


@pytest.fixture
def incident(session):
    return incidents.open_incident(
        session, title="某路段塌陷", by="张三", now=NOON, occurred=ago(hours=1), level="重大"
    )


def add(session, incident, body, *, by="张三", now=NOON, expected=None):
    entry = draft(body, by=by, now=now)
    return incidents.add(session, incident.id, entry, now=now, expected=expected)


def release(**given):
    return {"type": "release", "status": "published", "evidence": EVIDENCE, **given}


def states(session, incident, now=NOON):
    return {c.rule: c.state.value for c in query.incident(session, incident.id, now).clocks}


def test_level_and_clocks_are_there_in_the_same_transaction(session, incident):
    assert states(session, incident) == {"R1": "running", "R2": "running"}
    assert incident.level == "重大"
    assert [c.incident for c in query.open_clocks(session, NOON)] == [incident.id] * 2


def test_a_release_is_kept_with_hash_number_and_versions(session, incident):
    kept = add(session, incident, release(text="情况通报全文"), expected=incident.count)
    assert kept.seq == incident.count + 1
    assert len(kept.evidence.text_hash) == 64
    assert kept.rules == "national-2026.2"
    assert kept.calendar == "cn-2026"
    assert states(session, incident)["R1"] == "met"
    assert incidents.entries(session, incident.id)[-1] == kept


def test_what_the_body_says_about_who_and_when_written_is_not_taken(session, incident):
    body = {"type": "note", "text": "x", "by": "别人", "seq": 99, "written_at": "2000-01-01T00:00Z"}
    kept = add(session, incident, body)
    assert (kept.by, kept.seq, kept.written_at) == ("张三", incident.count + 1, NOON)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (release(at=NOON + timedelta(minutes=5)), "在将来"),
        (release(at=ago(hours=2)), "早于事发"),
        (release(evidence={"channel": "网站"}), "网址或地点"),
        (release(evidence={**EVIDENCE, "signer": ""}), "签发人"),
        ({"type": "release", "status": "published"}, "渠道"),
        (release(at="2026-03-02T12:00:00"), "没有时区"),
        (release(status="发了"), "status 的值不认识"),
        ({"type": "fact", "text": "x", "status": "也许"}, "status 的值不认识"),
        ({"type": "什么"}, "没有“什么”这种记录"),
        ({"type": "note"}, "缺少 text"),
        ({"type": "level_set", "level": "特大"}, "level 的值不认识"),
        ({"type": "level_set", "level": "较大", "at": ago(minutes=1)}, "早于上一次定级"),
        (
            {"type": "event_type", "event_type": "不属突发事件", "at": ago(hours=1)},
            "早于上一次定级",
        ),
        ({"type": "instant", "which": "detected", "value": ago(hours=2)}, "已记为"),
        ({"type": "instant", "which": "reported", "value": ago(hours=2)}, "早于事发"),
        ({"type": "instant", "which": "reported", "value": NOON + timedelta(hours=1)}, "在将来"),
        ({"type": "acknowledgement", "rule": "R77", "threshold": 50}, "没有“R77”"),
        ({"type": "acknowledgement", "rule": "R1", "threshold": 150}, "没有 150% 这一道提醒"),
        ({"type": "opened", "title": "再来"}, "已经立项"),
        ({"type": "reopen", "basis": NOON, "reason": "x"}, "没有办结"),
        ({"type": "closed"}, "须写明理由"),
        ({"type": "merge", "other": 1}, "并入涉及几个事件"),
        ({"type": "merged_into", "other": 2}, "并入他事件涉及几个事件"),
        ({"type": "split", "other": 2}, "拆分涉及几个事件"),
        ({"type": "report", "method": "电话", "to": " "}, "渠道"),
        ({"type": "report", "method": "吼", "to": "州政府"}, "method 的值不认识"),
        ({"type": "order", "number": "1", "hours": 2, "workdays": 3}, "只能写小时或工作日之一"),
        ({"type": "order", "number": "1", "workdays": 0}, "应大于 0"),
        ({"type": "order", "number": " "}, "工单编号"),
        ({"type": "settled", "order": 1}, "第 1 条不是受理工单"),
        ({"type": "needed", "rule": "R2"}, "为什么有必要"),
        (release(next_at=ago(minutes=1)), "不晚于本次"),
        ({"type": "level_set", "level": "重大"}, "没有变化"),
    ],
)
def test_bad_entries_get_a_clear_sentence(session, incident, body, said):
    with pytest.raises((InvalidInputError, ConflictError), match=said):
        add(session, incident, body)
    assert incidents.get(session, incident.id).count == incident.count


def test_a_level_is_not_decided_before_the_event(session):
    opened = incidents.open_incident(session, title="t", by="张三", now=NOON, occurred=ago(hours=1))
    with pytest.raises(InvalidInputError, match=r"认定时间.*早于事发时间"):
        add(session, opened, {"type": "level_set", "level": "较大", "at": ago(hours=3)})


def test_a_level_may_have_been_decided_before_the_type_was_written(session):
    opened = incidents.open_incident(
        session, title="t", by="张三", now=NOON, occurred=ago(hours=1), event_type="事故灾难"
    )
    add(session, opened, {"type": "level_set", "level": "重大", "at": ago(minutes=10)})
    assert incidents.get(session, opened.id).level == "重大"


def test_planned_things_may_be_in_the_future(session, incident):
    later = NOON + timedelta(hours=3)
    body = {"type": "conference", "status": "announced", "at": later}
    add(session, incident, body)
    add(session, incident, {"type": "release", "status": "scheduled", "at": later})
    assert states(session, incident) == {"R1": "running", "R2": "running"}


def test_of_two_people_who_write_at_once_the_second_is_told_who_was_first(session, incident):
    add(session, incident, {"type": "note", "text": "一"}, by="张三", expected=incident.count)
    with pytest.raises(ConflictError, match="张三已于 2026-03-02 12:00 记入备注"):
        add(session, incident, {"type": "note", "text": "二"}, by="李四", expected=incident.count)


def test_bad_openings(session):
    for given, said in (
        ({"title": " "}, "事件名称"),
        ({"level": "特大"}, "没有“特大”这个级别"),
        ({"occurred": NOON + timedelta(hours=1)}, "早于事发|在将来"),
        ({"occurred": ago(hours=1), "detected": ago(hours=2)}, "早于事发"),
        ({"event_type": "别的"}, "event_type 的值不认识"),
    ):
        with pytest.raises(InvalidInputError, match=said):
            incidents.open_incident(session, **{"title": "t", "by": "张三", "now": NOON, **given})


def test_opened_by_hand_without_instants_it_was_found_now(session):
    opened = incidents.open_incident(session, title="来电", by="张三", now=NOON)
    clocks = {c.rule: c for c in query.incident(session, opened.id, NOON).clocks}
    assert clocks["R1"].basis == "事发（估计）"
    assert clocks["R1"].start == NOON
    assert clocks["R1"].state == "conditional"


def test_corrections_and_not_applicable_need_two_people(session, incident):
    body = {"type": "not_applicable", "rule": "R2", "reason": "省级已召开", "clause": "3.3.5"}
    with pytest.raises(ForbiddenError, match="第二人"):
        add(session, incident, {**body, "second": "李四"})
    one = person(session, "zhang", "张三")
    other = person(session, "li", "李四")
    number = signing.propose(session, incident.id, draft(body, by="", now=NOON), by=one, now=NOON)
    assert states(session, incident)["R2"] == "running"
    with pytest.raises(ForbiddenError):
        signing.confirm(session, number, by=one, now=NOON)
    kept = signing.confirm(session, number, by=other, now=NOON)
    assert (kept.by, kept.second) == ("张三", "李四")
    assert states(session, incident)["R2"] == "not_applicable"


def test_a_correction_by_two_people_shows_both(session, incident):
    kept = add(session, incident, release())
    body = {
        "type": "correction",
        "target": kept.seq,
        "value": ago(minutes=30),
        "reason": "以网页时间为准",
        "evidence": {"url": "https://example.gov.cn/1"},
    }
    one, other = person(session, "zhang", "张三"), person(session, "li", "李四")
    number = signing.propose(session, incident.id, draft(body, by="", now=NOON), by=one, now=NOON)
    signing.confirm(session, number, by=other, now=NOON)
    detail = query.incident(session, incident.id, NOON)
    clock = next(c for c in detail.clocks if c.rule == "R1")
    assert clock.margin_s == int(4.5 * 3600)
    assert "更正前" in clock.reason
    assert next(i for i in detail.timeline if i.seq == kept.seq).corrected_by == kept.seq + 1


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"target": 99}, "没有第 99 条"),
        ({"target": 1}, "只能更正时点"),
        ({"reason": ""}, "须写明理由"),
        ({"evidence": None}, "须附证据"),
        ({"value": ago(minutes=1, hours=-1)}, "在将来"),
    ],
)
def test_bad_corrections(session, incident, given, said):
    body = {
        "type": "correction",
        "target": 2,
        "value": ago(minutes=90),
        "reason": "有误",
        "evidence": {"file": "记录.pdf"},
        **given,
    }
    with pytest.raises(InvalidInputError, match=said):
        signing.propose(
            session,
            incident.id,
            draft(body, by="", now=NOON),
            by=person(session, "zhang", "张三"),
            now=NOON,
        )


def person(session, name, shown):
    return users.create(
        session,
        name=name,
        password="correct-horse-9-battery",
        roles=frozenset({users.Role.DUTY_OFFICER}),
        display_name=shown,
        now=NOON,
    )


def test_an_incident_with_running_clocks_is_not_closed(session, incident):
    with pytest.raises(ConflictError, match="R1 首次权威发布、R2 首场新闻发布会"):
        add(session, incident, {"type": "closed", "reason": "完"})
    add(session, incident, release())
    held = {"type": "conference", "status": "held", "evidence": {**EVIDENCE, "place": "县会议中心"}}
    add(session, incident, held)
    add(session, incident, {"type": "closed", "reason": "处置完毕"})
    assert incidents.get(session, incident.id).state == "closed"
    assert query.open_clocks(session, NOON) == []
    with pytest.raises(ConflictError, match="已办结"):
        add(session, incident, release())
    add(session, incident, {"type": "note", "text": "归档"})
    add(session, incident, {"type": "reopen", "basis": NOON, "reason": "再次塌陷"})
    assert incidents.get(session, incident.id).cycle == 1
    assert [c.state.value for c in query.open_clocks(session, NOON)] == ["running", "running"]


def test_downgrade_shows_in_the_list(session, incident):
    incidents.set_level(session, incident.id, "较大", by="王县长", now=NOON, criteria="核减")
    assert incidents.get(session, incident.id).level == "较大"
    assert states(session, incident) == {"R1": "revoked", "R2": "revoked", "R3": "running"}


def test_the_chain_is_whole_and_any_changed_byte_is_found(session, incident):
    add(session, incident, release())
    add(session, incident, {"type": "note", "text": '汉字 “引号” \\ " \n \x07 😀'})
    assert incidents.verify(session, incident.id) == []
    for change, said in (
        ("UPDATE incident_entries SET body = replace(body, '县政府', '市政府')", "内容被改过"),
        (
            "UPDATE incident_entries SET at = '2026-03-02T03:00:00.000000Z' WHERE seq = 5",
            "时间、人员、种类或校验值被改过",
        ),
        (
            "UPDATE incident_entries SET \"by\" = '李四' WHERE seq = 3",
            "时间、人员、种类或校验值被改过",
        ),
        ("DELETE FROM incident_entries WHERE seq = 6", "末尾可能被截去"),
        ("DELETE FROM incident_entries WHERE seq = 3", "第 3 条记录不见了"),
    ):
        with session.begin_nested() as savepoint:
            session.execute(text(change))
            session.expire_all()
            faults = incidents.verify(session, incident.id)
            savepoint.rollback()
        session.expire_all()
        assert any(said in fault for fault in faults), (change, faults)
    assert list(incidents.verify_all(session)) == [(incident.id, [])]


def test_a_body_that_went_without_an_erasure_is_a_break(session, incident):
    note = add(session, incident, {"type": "note", "text": "个人信息"})
    session.execute(
        text(f"UPDATE incident_entries SET body = NULL, salt = NULL WHERE seq = {note.seq}")
    )
    session.expire_all()
    (fault,) = incidents.verify(session, incident.id)
    assert "没有销毁记录" in fault
    assert incidents.entries(session, incident.id)[-1].text == "已依法销毁"


def test_what_persons_do_is_audited_and_streamed(session, incident):
    before = changes.last(session)
    add(session, incident, release())
    assert audit.entries(session, limit=1)[0].action == "事件记录：权威发布"
    assert [c.topic for c in changes.since(session, before)] == ["incident"]


def test_the_timeline_is_by_when_it_happened(session, incident):
    add(session, incident, release(at=ago(minutes=30), title="情况通报"))
    items = query.incident(session, incident.id, NOON).timeline
    assert items[0].at >= items[-1].at
    told = next(item for item in items if item.kind == "release")
    assert told.text == "权威发布《情况通报》：已发布"
    assert told.evidence == Evidence(**EVIDENCE, unverified=True)


def test_text_that_no_database_takes_is_cleaned_not_lost(session, incident):
    text = "停水\ud800了\x00"
    kept = add(
        session, incident, {"type": "fact", "text": text, "status": "待核实", "source": text}
    )
    assert incidents.entries(session, incident.id)[-1] == kept
    assert "停水" in kept.text
    assert incidents.verify(session, incident.id) == []


@pytest.mark.parametrize("year", [1, 1949, 9999])
def test_an_impossible_year_is_told(session, incident, year):
    when = f"{year:04d}-12-31T23:00:00Z"
    for body in (
        {"type": "note", "text": "x", "at": when},
        {"type": "release", "status": "drafted", "next_at": when},
        {"type": "instant", "which": "reported", "value": when},
    ):
        with pytest.raises(InvalidInputError, match="请核对年份"):
            add(session, incident, body)


def test_no_such_incident(session):
    for call in (incidents.get, incidents.entries, incidents.verify):
        with pytest.raises(NotFoundError, match="没有编号为 7 的事件"):
            call(session, 7)
