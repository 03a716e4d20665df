"""工作日历 by JSON and by plain forms: paste, preview, two persons."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from support.api import MadeDesk
from support.forms import fill_in, forms_of
from support.notices import made_up, notice

from registry.users import Role
from responder import incidents
from responder.drafts import draft

NOW = datetime(2026, 12, 31, 4, 0, tzinfo=UTC)


@pytest.fixture
def running(desk: MadeDesk) -> int:
    """A policy document that was published on the last day that the calendar covers."""
    desk.clock.at = NOW
    with desk.database.transaction() as session:
        made = incidents.open_incident(session, title="出台补贴办法", by="甲", now=NOW)
        body = {"type": "instant", "which": "published", "value": NOW.isoformat()}
        incidents.add(session, made.id, draft(body, by="甲", now=NOW), now=NOW)
    return made.id


def due(desk: MadeDesk, number: int) -> tuple[str, bool]:
    clocks = desk.client().get(f"/api/v1/incidents/{number}/clocks").json()["items"]
    clock = next(clock for clock in clocks if clock["rule"] == "R5")
    return clock["due"], clock["provisional"]


def test_a_notice_goes_from_paste_to_firm_deadlines_by_json(desk: MadeDesk, running: int):
    admin, leader = desk.client("管理员", token=True), desk.client("分管领导", token=True)
    before = admin.get("/api/v1/calendar").json()
    assert before["provisional"] == [
        (
            "2027 年的放假安排还没有录入：涉及 2027 年的工作日时限先按周一至周五推算，标为暂定。"
            "国务院办公厅通知发布后，请在此粘贴全文。"
        )
    ]
    seen = admin.post("/api/v1/calendar/preview", json={"text": made_up()}).json()
    assert [(one["incident"], one["rule"]) for one in seen["changed"]] == [(running, "R5")]
    assert due(desk, running) == ("2027-01-06T00:00:00+08:00", True)
    asked = admin.post("/api/v1/calendar/proposals", json={"text": made_up()})
    assert asked.status_code == 201
    number = asked.json()["approval"]
    own = admin.post(f"/api/v1/calendar/proposals/{number}/confirm")
    assert own.status_code == 403
    done = leader.post(f"/api/v1/calendar/proposals/{number}/confirm").json()
    assert (done["year"], done["source"]) == (2027, "双人确认")
    assert due(desk, running) == ("2027-01-07T00:00:00+08:00", False)
    after = leader.get("/api/v1/calendar").json()
    assert after["provisional"] == after["waiting"] == []
    assert after["version"] == seen["version"] != before["version"]
    again = leader.post(f"/api/v1/calendar/proposals/{number}/confirm")
    assert again.status_code == 409


def test_a_bad_notice_quotes_its_sentence_and_names_the_field(desk: MadeDesk):
    admin = desk.client("管理员", token=True)
    text = notice(2026).replace("1月4日（周日）上班", "1月4日（周六）上班")
    answer = admin.post("/api/v1/calendar/preview", json={"text": text})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert "“1月4日（周六）上班”" in error["message"]
    assert error["field"] == "text"


def test_a_notice_goes_from_paste_to_firm_deadlines_by_plain_forms(desk: MadeDesk, running: int):
    admin, leader = desk.client("管理员"), desk.client("分管领导")
    page = admin.get("/calendar").text
    assert "2027 年暂定。" in page
    form = forms_of(page)["/calendar/preview"]
    shown = admin.post(form.action, data=fill_in(form, text=made_up()))
    assert shown.status_code == 200
    assert "出台补贴办法" in shown.text
    assert "1 个在跑的时限会变" in shown.text
    kept = forms_of(shown.text)["/calendar/propose"]
    assert admin.post(kept.action, data=fill_in(kept)).status_code == 303
    own = admin.get("/calendar").text
    assert "/calendar/confirm" not in forms_of(own), "not by the same"
    assert "/calendar/refuse" in forms_of(own), "but it can be taken back"
    assert "撤回理由" in own
    agree = forms_of(leader.get("/calendar").text)["/calendar/confirm"]
    assert leader.post(agree.action, data=fill_in(agree)).status_code == 303
    assert "2027 年暂定" not in leader.get("/calendar").text
    assert due(desk, running) == ("2027-01-07T00:00:00+08:00", False)


def test_a_notice_is_sent_back_and_a_wrong_one_keeps_what_was_typed(desk: MadeDesk, running: int):
    admin, leader = desk.client("管理员"), desk.client("分管领导")
    wrong = admin.post("/calendar/preview", data={"text": made_up().replace("共3天", "共4天", 1)})
    assert wrong.status_code == 422
    assert "写的是 4 天，日期算来是 3 天" in wrong.text
    assert "国庆节：10月1日" in wrong.text, "what was pasted is still there"
    admin.post("/calendar/propose", data={"text": made_up()})
    number = leader.get("/api/v1/calendar").json()["waiting"][0]["approval"]
    refuse = forms_of(leader.get("/calendar").text)["/calendar/refuse"]
    assert leader.post(refuse.action, data=refuse.fields).status_code == 422, "no reason"
    sent = fill_in(refuse, reason="与原文不符")
    assert sent["approval"] == str(number)
    assert leader.post(refuse.action, data=sent).status_code == 303
    assert leader.get("/api/v1/calendar").json()["waiting"] == []
    assert due(desk, running)[1], "still provisional"


@pytest.mark.parametrize("role", list(Role))
def test_who_may_keep_the_calendar(desk: MadeDesk, role: Role):
    client = desk.client(role)
    assert client.get("/calendar").status_code == 200
    answer = client.post("/calendar/preview", data={"text": made_up()})
    assert answer.status_code == (200 if role is Role.ADMIN else 403)
    confirms = role in {Role.ADMIN, Role.LEADER, Role.SIGNER}
    answer = client.post("/api/v1/calendar/proposals/99/confirm")
    assert answer.status_code == (404 if confirms else 403)
