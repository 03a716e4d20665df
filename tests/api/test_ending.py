"""不适用, 重启, 并入 by plain forms."""

from __future__ import annotations

import pytest
from fastapi.testclient import TestClient
from support.api import MadeDesk
from support.forms import fill_in, forms_of

from responder import incidents


@pytest.fixture
def pair(desk: MadeDesk) -> tuple[int, int]:
    now = desk.clock()
    with desk.database.transaction() as session:
        first, second = (
            incidents.open_incident(
                session, title=title, by="甲", now=now, occurred=now, level=level, criteria="已核"
            )
            for title, level in (("弄坝镇停水", "重大"), ("翠湖路停水", "一般"))
        )
    desk.clock.forward(minutes=10)
    return first.id, second.id


def send(client: TestClient, number: int, path: str, **filled: str) -> int:
    action = f"/incidents/{number}/{path}"
    form = forms_of(client.get(f"/incidents/{number}").text)[action]
    return client.post(action, data=fill_in(form, **filled)).status_code


def state(desk: MadeDesk, number: int, rule: str) -> str:
    clocks = desk.client().get(f"/api/v1/incidents/{number}/clocks").json()["items"]
    return next(clock["state"] for clock in clocks if clock["rule"] == rule)


def test_not_applicable_takes_a_second_person(desk: MadeDesk, pair: tuple[int, int]):
    number, _ = pair
    duty, leader = desk.client("值班员"), desk.client("分管领导")
    given = {"rule": "R2", "reason": "上级已统一召开", "clause": "总体预案 3.3.5"}
    assert send(duty, number, "not_applicable", **given) == 303
    assert state(desk, number, "R2") != "not_applicable"
    assert f"/incidents/{number}/confirm" not in forms_of(duty.get(f"/incidents/{number}").text)
    assert send(leader, number, "confirm") == 303
    assert state(desk, number, "R2") == "not_applicable"
    assert state(desk, number, "R1") == "running"


def test_not_applicable_without_a_clause_is_told_and_keeps_the_rest(
    desk: MadeDesk, pair: tuple[int, int]
):
    given = {"rule": "R2", "reason": "上级已统一召开"}
    answer = desk.client().post(f"/incidents/{pair[0]}/not_applicable", data=given)
    assert answer.status_code == 422
    assert "“依据的条款”没有填" in answer.text
    assert "上级已统一召开" in answer.text


def test_an_incident_is_taken_into_another_one(desk: MadeDesk, pair: tuple[int, int]):
    major, minor = pair
    duty = desk.client()
    assert send(duty, minor, "merge", into=str(major), reason="同一管网") == 303
    assert duty.get(f"/api/v1/incidents/{minor}").json()["state"] == "closed"
    assert f"并入事件 {major}" in duty.get(f"/incidents/{minor}").text
    assert f"事件 {minor} 并入" in duty.get(f"/incidents/{major}").text
    wrong = duty.post(
        f"/incidents/{major}/merge", data={"into": "999", "reason": "x", "whole": "甲"}
    )
    assert wrong.status_code == 422


def test_a_closed_incident_is_opened_again_with_its_own_basis(
    desk: MadeDesk, pair: tuple[int, int]
):
    major, minor = pair
    duty = desk.client()
    assert f"/incidents/{minor}/reopen" not in forms_of(duty.get(f"/incidents/{minor}").text)
    send(duty, minor, "merge", into=str(major), reason="同一管网")
    desk.clock.forward(hours=2)
    page = forms_of(duty.get(f"/incidents/{minor}").text)
    assert f"/incidents/{minor}/note" not in page
    assert send(duty, minor, "reopen", basis="2026-03-02T16:00", reason="不是同一管网") == 303
    assert duty.get(f"/api/v1/incidents/{minor}").json()["state"] == "open"
    early = duty.post(f"/incidents/{minor}/reopen", data={"basis": "", "reason": "x"})
    assert early.status_code == 422
