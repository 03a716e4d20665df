"""Sending back what waits for a second person; splitting; lawful erasure by plain forms."""

from __future__ import annotations

import pytest
from support.api import MadeDesk
from support.forms import fill_in, forms_of
from support.incident_forms import clocks, has, opened, page, send, written

from registry import audit

NA = {"rule": "R2", "reason": "上级已统一召开", "clause": "总体预案 3.3.5"}
LAW = {"reason": "事件中收集的个人信息", "clause": "应对法第八十五条"}


@pytest.fixture
def number(desk: MadeDesk) -> int:
    return opened(desk)


def test_a_proposal_is_sent_back_with_a_reason(desk: MadeDesk, number: int):
    duty, leader = desk.client(), desk.client("分管领导")
    send(duty, number, "not_applicable", **NA)
    before = len(written(duty, number))
    empty = leader.post(
        f"/incidents/{number}/refuse",
        data={"approval": fields(leader, number, "refuse")["approval"], "reason": ""},
    )
    assert (empty.status_code, "“驳回理由”没有填" in empty.text) == (422, True)
    answer = send(leader, number, "refuse", reason="应由我方召开")
    assert answer.headers["location"].endswith("done=refused")
    assert len(written(duty, number)) == before
    assert not has(leader, number, "confirm")
    assert clocks(duty, number)["R2"]["state"] == "running"
    with desk.database.reading() as session:
        newest = audit.entries(session, limit=1)[0]
    assert (newest.action, newest.after["reason"]) == ("已退回：事件记录", "应由我方召开")


def test_who_proposed_takes_it_back(desk: MadeDesk, number: int):
    duty = desk.client()
    send(duty, number, "not_applicable", **NA)
    assert "撤回…" in page(duty, number)
    assert not has(duty, number, "confirm"), "not by the same person"
    answer = send(duty, number, "refuse", reason="条款写错")
    assert answer.headers["location"].endswith("done=withdrawn")


def test_of_two_who_answer_the_second_is_told(desk: MadeDesk, number: int):
    send(desk.client(), number, "not_applicable", **NA)
    leader, signer = desk.client("分管领导"), desk.client("审核签发")
    asked = fields(signer, number, "confirm")
    assert send(leader, number, "refuse", reason="应由我方召开").status_code == 303
    late = signer.post(f"/incidents/{number}/confirm", data=asked)
    assert (late.status_code, "已退回，不能再处理" in late.text) == (409, True)


def test_only_what_belongs_to_the_incident_is_answered_and_only_by_who_may(
    desk: MadeDesk, number: int
):
    other = opened(desk, "翠湖路停水")
    send(desk.client(), number, "not_applicable", **NA)
    asked = fields(desk.client("分管领导"), number, "refuse")["approval"]
    given = {"approval": asked, "reason": "x"}
    assert desk.client("分管领导").post(f"/incidents/{other}/refuse", data=given).status_code == 404
    auditor = desk.client("审计员")
    assert not has(auditor, number, "refuse")
    assert auditor.post(f"/incidents/{number}/refuse", data=given).status_code == 403
    assert auditor.post(f"/incidents/{number}/confirm", data=given).status_code == 403
    assert has(desk.client("分管领导"), number, "confirm")


def test_a_part_becomes_its_own_incident(desk: MadeDesk, number: int):
    duty = desk.client()
    answer = send(duty, number, "split", title="弄坝小学饮水", reason="学校另行处置")
    place = answer.headers["location"]
    part = int(place.partition("?")[0].rpartition("/")[2])
    assert part != number
    assert "已拆分" in duty.get(place).text
    assert clocks(duty, part)["R1"]["due"] == clocks(duty, number)["R1"]["due"]
    assert f"拆分出事件 {part}" in page(duty, number)
    for data, said in (
        ({"title": "弄坝小学饮水"}, "“拆分理由”没有填"),
        ({"reason": "学校另行处置"}, "“拆出的事件名称”没有填"),
    ):
        wrong = duty.post(f"/incidents/{number}/split", data=data)
        assert (wrong.status_code, said in wrong.text) == (422, True)
        assert next(iter(data.values())) in wrong.text


def test_splitting_and_taking_in_ask_for_the_right_role(desk: MadeDesk, number: int):
    opened(desk, "翠湖路停水")
    spokesperson = desk.client("新闻发言人")
    for path in ("split", "merge"):
        assert not has(spokesperson, number, path)
        given = {"title": "x", "reason": "x", "into": "2"}
        assert spokesperson.post(f"/incidents/{number}/{path}", data=given).status_code == 403


def test_the_second_of_two_who_split_sees_the_first_part(desk: MadeDesk, number: int):
    duty, leader = desk.client(), desk.client("分管领导")
    given = {"title": "弄坝小学饮水", "reason": "学校另行处置"}
    late = fill_in(forms_of(page(leader, number))[f"/incidents/{number}/split"], **given)
    assert send(duty, number, "split", **given).status_code == 303
    answer = leader.post(f"/incidents/{number}/split", data=late)
    assert (answer.status_code, "记入拆分" in answer.text) == (409, True)
    assert len(leader.get("/api/v1/incidents").json()["items"]) == 2


def test_a_closed_incident_can_be_corrected_erased_and_opened_again(desk: MadeDesk, number: int):
    duty = desk.client()
    sent = {"status": "published", "channel": "网站", "url": "https://c.example/1", "signer": "段"}
    send(duty, number, "release", kind="release", **sent)
    leader = desk.client("分管领导")
    for rule in ("R2", "R4-1", "R4-2"):
        send(duty, number, "not_applicable", **{**NA, "rule": rule})
        send(leader, number, "confirm")
    closed = send(duty, number, "close", reason="已恢复")
    assert closed.status_code == 303, closed.text
    for path in ("correct", "reopen"):
        assert has(duty, number, path)
    for path in ("split", "level", "order", "assign", "close", "release"):
        assert not has(duty, number, path)
    assert has(desk.client("管理员"), number, "erase")


def test_an_erasure_is_asked_for_on_the_page_and_confirmed_by_another_person(
    desk: MadeDesk, number: int
):
    security, leader = desk.client("安全管理员"), desk.client("分管领导")
    send(desk.client(), number, "fact", text="患者王某某住城关路。", status="已确认")
    seq = written(security, number)[-1]["seq"]
    answer = send(security, number, "erase", entries=f"#{seq}", **LAW)
    assert answer.status_code == 303, answer.text
    assert "有记录待依法销毁" in page(leader, number)
    assert "有记录待依法销毁" not in page(desk.client(), number)
    shown = security.get("/erasures").text
    assert "患者王某某住城关路" in shown, "whoever confirms sees what it is"
    (action,) = [one for one in forms_of(shown) if one.startswith("/erasures/")]
    own = security.post(action, data={"decision": "confirm"})
    assert own.status_code == 403
    assert leader.post(action, data={"decision": "confirm"}).status_code == 303
    assert "已依法销毁" in page(leader, number)
    assert "患者王某某" not in page(leader, number)
    assert "安全管理员甲（anquan）" in leader.get("/erasures").text
    again = leader.post(action, data={"decision": "confirm"})
    assert (again.status_code, "已确认" in again.text) == (409, True)


def test_an_erasure_is_sent_back_or_taken_back(desk: MadeDesk, number: int):
    security, leader = desk.client("安全管理员"), desk.client("分管领导")
    for client, said in ((leader, "refused"), (security, "withdrawn")):
        assert send(security, number, "erase", entries="1", **LAW).status_code == 303
        (action,) = [one for one in forms_of(client.get("/erasures").text) if "/erasures/" in one]
        empty = client.post(action, data={"decision": "refuse"})
        assert (empty.status_code, "理由”没有填" in empty.text) == (422, True)
        answer = client.post(action, data={"decision": "refuse", "reason": "依据不足"})
        assert answer.headers["location"].endswith(f"done={said}")
    assert "没有等待确认的销毁" in leader.get("/erasures").text
    assert leader.post("/erasures/999", data={"decision": "refuse"}).status_code == 404


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"entries": "1", "reason": "个人信息"}, 422, "“依据的条款”没有填"),
        ({"entries": "1", "clause": "第八十五条"}, 422, "“事由”没有填"),
        ({"reason": "个人信息", "clause": "第八十五条"}, 422, "请指明要销毁的帖文或记录"),
        ({"entries": "一", **LAW}, 422, "写记录号，如 12 15"),
        ({"entries": "99", **LAW}, 404, "没有第 99 条记录"),
        ({"post-x": "1", **LAW}, 404, "没有编号为 x 的帖文"),
    ],
)
def test_a_wrong_request_for_erasure_is_told(
    desk: MadeDesk, number: int, given: dict[str, str], status: int, said: str
):
    answer = desk.client("安全管理员").post(f"/incidents/{number}/erase", data=given)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    if "entries" in given:
        kept = forms_of(answer.text)[f"/incidents/{number}/erase"].fields
        assert kept["entries"] == given["entries"]


def test_who_may_not_erase_sees_nothing_of_it(desk: MadeDesk, number: int):
    send(desk.client("安全管理员"), number, "erase", entries="1", **LAW)
    duty = desk.client()
    assert not has(duty, number, "erase")
    assert duty.post(f"/incidents/{number}/erase", data={"entries": "1", **LAW}).status_code == 403
    assert duty.get("/erasures").status_code == 403
    assert 'href="/erasures"' not in duty.get("/more").text
    assert duty.post("/erasures/1", data={"decision": "confirm"}).status_code == 403
    auditor = desk.client("审计员")
    assert auditor.get("/erasures").status_code == 200
    assert auditor.post("/erasures/1", data={"decision": "confirm"}).status_code == 403
    refused = auditor.post("/erasures/1", data={"decision": "refuse", "reason": "x"})
    assert refused.status_code == 403
    assert "第 1 号申请" in auditor.get("/erasures").text


def fields(client, number: int, path: str) -> dict[str, str]:
    return forms_of(page(client, number))[f"/incidents/{number}/{path}"].fields
