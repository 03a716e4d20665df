"""工单 and 不实信息 by plain forms; what went out, and how long something waits."""

from __future__ import annotations

import pytest
from support.api import MadeDesk
from support.forms import forms_of
from support.incident_forms import clocks, has, opened, page, send, written

PROOF = {"channel": "县政府网站", "url": "https://county.example/1", "signer": "段明远"}


@pytest.fixture
def number(desk: MadeDesk) -> int:
    return opened(desk)


def test_an_order_runs_by_its_own_limit_and_ends_with_its_result(desk: MadeDesk, number: int):
    duty = desk.client()
    assert not has(duty, number, "settle")
    given = {"number": "12345-071", "kind": "咨询", "limit": "2", "unit": "hours"}
    assert send(duty, number, "order", **given, text="何时来水").status_code == 303
    assert send(duty, number, "order", number="12345-072", kind="咨询").status_code == 303
    found = clocks(duty, number)
    assert found["R8.1"]["margin_s"] == 2 * 3600
    assert "2 个工作日" in found["R8.2"]["reason"], "the preset of its kind"
    desk.clock.forward(minutes=30)
    form = forms_of(page(duty, number))[f"/incidents/{number}/settle"]
    first, second = form.open["order"]
    assert send(duty, number, "settle", order=first, result="已电话答复").status_code == 303
    assert clocks(duty, number)["R8.1"]["state"] == "met"
    assert forms_of(page(duty, number))[form.action].open["order"] == [second]
    twice = duty.post(form.action, data={"order": first, "result": "再答复"})
    assert (twice.status_code, "已经办结" in twice.text) == (409, True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": "何时来水"}, "“工单编号”没有填"),
        ({"number": "1", "limit": "2", "text": "何时来水"}, "请选“小时”或“工作日”"),
        ({"number": "1", "unit": "hours", "text": "何时来水"}, "“工单上的时限”应为整数"),
        (
            {"number": "1", "unit": "workdays", "limit": "0", "text": "何时来水"},
            "应在 1 到 366 之间",
        ),
        ({"number": "1", "unit": "年", "limit": "1", "text": "何时来水"}, "不在可选之列"),
        ({"number": "1", "at": "昨天", "text": "何时来水"}, "不是时间"),
        ({"number": "1", "at": "2099-01-01T00:00", "text": "何时来水"}, "在将来"),
    ],
)
def test_a_wrong_order_is_told_and_keeps_what_was_typed(
    desk: MadeDesk, number: int, given: dict[str, str], said: str
):
    answer = desk.client().post(f"/incidents/{number}/order", data=given)
    assert answer.status_code == 422
    assert said in answer.text
    assert forms_of(answer.text)[f"/incidents/{number}/order"].fields["text"] == "何时来水"


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"order": "1", "result": "已答复"}, 422),
        ({"order": "99", "result": "已答复"}, 422),
        ({"order": "", "result": "已答复"}, 422),
        ({"order": "1", "result": ""}, 422),
    ],
)
def test_only_an_open_order_is_settled(
    desk: MadeDesk, number: int, given: dict[str, str], status: int
):
    assert desk.client().post(f"/incidents/{number}/settle", data=given).status_code == status


def test_a_false_claim_waits_without_a_limit_until_it_is_clarified(desk: MadeDesk, number: int):
    duty = desk.client()
    for text in ("网传全城停水三天", "网传水里有毒"):
        assert send(duty, number, "claim", text=text, source="论坛").status_code == 303
    desk.clock.forward(minutes=80)
    shown = page(duty, number)
    assert shown.count("已过 1 小时 20 分") == 2
    assert "网传水里有毒" in shown
    assert "只显示已过时间（规则 R9.1）" in shown
    assert not any(rule.startswith("R9") for rule in clocks(duty, number))
    seq = forms_of(shown)[f"/incidents/{number}/release"].open["claim"][2]
    given = {"kind": "clarification", "claim": seq, "status": "published", "title": "澄清"}
    assert send(duty, number, "release", **given, **PROOF).status_code == 303
    desk.clock.forward(minutes=20)
    shown = page(duty, number)
    assert shown.count("用了 1 小时 20 分") == 1, "the one that was clarified"
    assert shown.count("已过 1 小时 40 分") == 1, "the other one still waits"
    assert "距上次发布 <span data-age>20 分钟</span>" in shown


def test_a_clarification_of_what_is_no_claim_is_told(desk: MadeDesk, number: int):
    given = {"kind": "clarification", "claim": "1", "status": "published", "text": "没有此事"}
    answer = desk.client().post(f"/incidents/{number}/release", data={**given, **PROOF})
    assert (answer.status_code, "第 1 条不是不实信息" in answer.text) == (422, True)
    assert "没有此事" in answer.text
    for data in ({"text": ""}, {"text": "网传", "url": "javascript:alert(1)"}):
        assert desk.client().post(f"/incidents/{number}/claim", data=data).status_code == 422


def test_releases_stand_with_the_time_between_them(desk: MadeDesk, number: int):
    duty = desk.client("新闻发言人")
    send(duty, number, "release", kind="release", status="published", title="第一次", **PROOF)
    desk.clock.forward(hours=3)
    following = {"next_at": "2026-03-03T08:00:00", "status": "published", "title": "第二次"}
    assert send(duty, number, "release", kind="release", **following, **PROOF).status_code == 303
    assert "距前一次 3 小时" in page(duty, number)
    assert clocks(duty, number)["R7.2"]["due"] == "2026-03-03T08:00:00+08:00"
    early = duty.post(
        f"/incidents/{number}/release",
        data={"kind": "release", **following, "next_at": "2026-03-02T08:00", **PROOF},
    )
    assert (early.status_code, "下次发布时间" in early.text) == (422, True)


def test_who_only_reads_writes_none_of_it(desk: MadeDesk, number: int):
    client = desk.client("审计员")
    before = len(written(client, number))
    for path in ("order", "settle", "claim"):
        assert not has(client, number, path)
        given = {"number": "1", "order": "1", "result": "x", "text": "x"}
        assert client.post(f"/incidents/{number}/{path}", data=given).status_code == 403
    assert len(written(client, number)) == before


def test_the_time_that_passed_without_a_limit_by_json(desk: MadeDesk, number: int):
    duty = desk.client()
    place = f"/api/v1/incidents/{number}"
    assert duty.get(place).json()["elapsed"] == []
    assert send(duty, number, "claim", text="网传全城停水三天", source="论坛").status_code == 303
    desk.clock.forward(minutes=5)
    (passed,) = duty.get(place).json()["elapsed"]
    assert (passed["rule"], passed["seconds"], passed["stopped"]) == ("R9.1", 300, None)
    assert passed["text"] == "网传全城停水三天"
    assert "及时" in passed["citation"]
    body = {"type": "clarification", "status": "published", "title": "澄清", "evidence": PROOF}
    answer = desk.client("新闻发言人").post(f"{place}/entries", json=body)
    assert answer.status_code == 201, answer.text
    desk.clock.forward(minutes=5)
    (passed,) = duty.get(place).json()["elapsed"]
    assert passed["seconds"] == 300
    assert passed["stopped"] == answer.json()["at"]
