"""定级建议, 可能演变为重大, 事件类型, 分工 by plain forms; and two persons who decide at once."""

from __future__ import annotations

import threading

import httpx2
import pytest
from support.api import MadeDesk
from support.forms import fill_in, forms_of
from support.incident_forms import clocks, has, opened, page, send, written

from registry import units
from registry.units import Unit
from responder import incidents, rulebook
from responder.rules import RuleSet

FACT = {"text": "塌方致死亡12人，重伤3人。", "status": "已确认"}


@pytest.fixture
def number(desk: MadeDesk) -> int:
    return opened(desk, "货运通道塌方", level="", event_type="事故灾难")


def test_a_person_adopts_the_proposal_by_one_form(desk: MadeDesk, number: int):
    duty = desk.client()
    assert not has(duty, number, "adopt"), "nothing is confirmed yet"
    send(duty, number, "fact", **FACT)
    shown = page(duty, number)
    assert "<b>符合</b> 死亡 12 人（记录 #" in shown
    assert send(duty, number, "adopt").status_code == 303
    entry = written(duty, number)[-1]
    assert (entry["type"], entry["by"]) == ("level_set", "值班员甲")
    assert entry["body"]["level"] == "重大"
    assert entry["body"]["signer"] == "值班员甲"
    assert entry["body"]["criteria"].startswith("采纳定级建议：死亡 12 人（记录 #")
    assert not has(duty, number, "adopt"), "it is that level now"
    assert "与已确认的数字相符" in page(duty, number)


def test_the_same_form_stands_on_the_assessment(desk: MadeDesk, number: int):
    duty = desk.client()
    send(duty, number, "fact", **FACT)
    forms = forms_of(duty.get(f"/incidents/{number}/assess").text)
    form = forms[f"/incidents/{number}/adopt"]
    sent = fill_in(form, criteria="十二人遇难，按第493号令。")
    assert duty.post(form.action, data=sent).status_code == 303
    assert written(duty, number)[-1]["body"]["criteria"] == "十二人遇难，按第493号令。"
    analyst = desk.client("研判员").get(f"/incidents/{number}/assess").text
    assert f"/incidents/{number}/adopt" not in forms_of(analyst)


def test_a_proposal_that_has_changed_is_not_adopted(desk: MadeDesk, number: int):
    duty = desk.client()
    send(duty, number, "fact", **FACT)
    old = {"level": "较大", "criteria": "照建议"}
    answer = duty.post(f"/incidents/{number}/adopt", data=old)
    assert answer.status_code == 409
    assert "现在的建议是重大" in answer.text
    assert duty.get(f"/api/v1/incidents/{number}").json()["level"] == ""
    empty = duty.post(f"/incidents/{number}/adopt", data={"level": "重大", "criteria": " "})
    assert empty.status_code == 422
    assert "“事由与标准”没有填" in empty.text


def test_the_picker_offers_only_the_units_levels(desk: MadeDesk, number: int):
    with desk.database.transaction() as session:
        own = rulebook.in_force(session).rules
        fewer = RuleSet(version="unit-1", region=own.region, rules=own.rules, levels=own.levels[1:])
        rulebook.adopt(session, fewer, who="管理员", now=desk.clock())
    form = forms_of(page(desk.client(), number))[f"/incidents/{number}/level"]
    assert form.open["level"] == ["重大", "较大", "一般"]


def test_what_a_person_has_not_seen_is_told_before_he_decides(desk: MadeDesk, number: int):
    duty, leader = desk.client(), desk.client("分管领导")
    form = forms_of(page(leader, number))[f"/incidents/{number}/level"]
    send(duty, number, "fact", **FACT)
    sent = fill_in(form, level="较大", criteria="五人受伤")
    answer = leader.post(form.action, data=sent)
    assert answer.status_code == 409
    assert "值班员甲已于" in answer.text
    assert "记入事实" in answer.text
    again = forms_of(answer.text)[form.action]
    assert again.fields["criteria"] == "五人受伤", "what was typed is still there"
    assert leader.post(form.action, data=again.fields).status_code == 303
    assert send(duty, number, "note", text="已电告").status_code == 303
    bad = leader.post(f"/incidents/{number}/level", data={**sent, "seen": "甲"})
    assert bad.status_code == 422


def test_a_note_of_another_person_is_no_reason_to_stop(desk: MadeDesk, number: int):
    leader = desk.client("分管领导")
    form = forms_of(page(leader, number))[f"/incidents/{number}/grow"]
    send(desk.client(), number, "note", text="已电告")
    assert leader.post(form.action, data=fill_in(form, reason="坡体变形")).status_code == 303


def test_of_two_who_decide_at_once_one_is_told(desk: MadeDesk, number: int):
    people = [desk.client(), desk.client("分管领导")]
    sent = [
        fill_in(
            forms_of(page(one, number))[f"/incidents/{number}/level"],
            level=level,
            criteria="研究决定",
        )
        for one, level in zip(people, ("重大", "一般"), strict=True)
    ]
    statuses: list[int] = []
    with desk.serving() as url:
        gate = threading.Barrier(2)

        def decide(cookies: dict[str, str], data: dict[str, str]) -> None:
            gate.wait()
            answer = httpx2.post(
                f"{url}/incidents/{number}/level",
                data=data,
                cookies=cookies,
                headers={"Sec-Fetch-Site": "same-origin"},
                timeout=90,
            )
            statuses.append(answer.status_code)

        threads = [
            threading.Thread(target=decide, args=(dict(one.cookies), data))
            for one, data in zip(people, sent, strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [303, 409]
    levels = [one for one in written(people[0], number) if one["type"] == "level_set"]
    assert len(levels) == 1


def test_it_may_grow_and_the_report_upward_runs(desk: MadeDesk):
    number = opened(desk, level="一般")
    duty = desk.client()
    assert "R4-1" not in clocks(duty, number)
    assert send(duty, number, "grow", reason="水源可能受染").status_code == 303
    assert clocks(duty, number)["R4-1"]["state"] in {"running", "due_soon"}
    shown = page(duty, number)
    assert "取消“可能演变为重大”" in shown
    assert '<span class="tag mark">可能演变为重大</span>' in shown
    assert send(duty, number, "grow", reason="已排除").status_code == 303
    assert clocks(duty, number)["R4-1"]["state"] == "revoked"
    for data, said in (
        ({"value": "yes"}, "“理由”没有填"),
        ({"value": "也许", "reason": "水源"}, "请选择“标为”或“取消”"),
    ):
        answer = duty.post(f"/incidents/{number}/grow", data=data)
        assert (answer.status_code, said in answer.text) == (422, True)


def test_the_type_of_the_event_is_set_later(desk: MadeDesk):
    number = opened(desk, level="一般")
    duty = desk.client()
    assert send(duty, number, "event_type", event_type="社会安全").status_code == 303
    shown = page(duty, number)
    assert "分级另行规定" in shown
    assert "死亡 30 人以上" not in shown
    answer = duty.post(f"/incidents/{number}/event_type", data={"event_type": "其他"})
    assert answer.status_code == 422


def test_lead_support_and_spokesperson(desk: MadeDesk, number: int):
    with desk.database.transaction() as session:
        units.put(session, Unit(id="water", name="县水务局", head="刘建国"))
    duty = desk.client()
    assert '<option value="县水务局">' in page(duty, number)
    given = {"lead": "县水务局", "support": "县疾控中心、弄坝镇"}
    assert send(duty, number, "assign", **given).status_code == 303
    body = written(duty, number)[-1]["body"]
    assert body["support"] == ["县疾控中心", "弄坝镇"]
    assert body["spokesperson"] == "刘建国", "the head of the lead unit"
    shown = page(duty, number)
    assert "县水务局是信息发布第一责任人" in shown
    assert "第一新闻发言人 刘建国" in shown
    twice = duty.post(
        f"/incidents/{number}/assign", data={"lead": "县水务局", "support": "县水务局"}
    )
    assert twice.status_code == 422
    assert "县水务局已是主办" in twice.text
    none = duty.post(f"/incidents/{number}/assign", data={"support": "弄坝镇"})
    assert (none.status_code, "弄坝镇" in none.text) == (422, True)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("研判员", "adopt"),
        ("单位联络员", "level"),
        ("审计员", "grow"),
        ("审计员", "event_type"),
        ("安全管理员", "assign"),
    ],
)
def test_the_wrong_role_decides_nothing(desk: MadeDesk, number: int, role: str, path: str):
    client = desk.client(role)
    assert not has(client, number, path)
    before = len(written(client, number))
    given = {"level": "重大", "criteria": "x", "reason": "x", "value": "yes", "lead": "x"}
    answer = client.post(f"/incidents/{number}/{path}", data=given)
    assert (answer.status_code, "您的角色不能" in answer.text) == (403, True)
    assert len(written(client, number)) == before
    with desk.database.reading() as session:
        assert incidents.get(session, number).level == ""
