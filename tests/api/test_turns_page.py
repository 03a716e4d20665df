"""轮流排班 by plain forms: looked at with the holidays marked, then written."""

from __future__ import annotations

import pytest
from support.api import MadeDesk
from support.forms import fill_in, forms_of
from support.notices import made_up

from registry.users import Role

PREVIEW, WRITE = "/duty/turns/preview", "/duty/turns"
GIVEN = {"people": "zhiban\n研判员甲、丙", "since": "2026-09-30", "until": "2026-10-01"}


def test_the_plan_is_looked_at_then_written(desk: MadeDesk):
    leader = desk.client("分管领导")
    form = forms_of(leader.get("/duty").text)[PREVIEW]
    assert form.fields["since"] == "2026-03-02", "from today on"
    shown = leader.post(form.action, data=fill_in(form, **GIVEN)).text
    assert "还没有写入" in shown
    assert "白班 <b>值班员甲</b>，夜班 <b>研判员甲</b>" in shown
    assert '10 月 1 日（周四） <span class="tag">节假日</span>' in shown
    assert "节假日班 <b>丙</b>" in shown
    assert "没有账号、提醒发不到：</b>丙" in shown
    assert "每人班数：值班员甲 1、研判员甲 1、丙 1" in shown
    week = "/api/v1/duty?since=2026-09-30&until=2026-10-02"
    assert leader.get(week).json()["stretches"] == [], "looking keeps nothing"
    write = forms_of(shown)[WRITE]
    done = leader.post(write.action, data=fill_in(write), follow_redirects=False)
    assert done.status_code == 303
    page = leader.get(done.headers["location"]).text
    assert "轮值已写入值班表" in page
    assert "值班员 <b>丙</b>" in page
    assert len(leader.get(week).json()["stretches"]) == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"people": "甲 乙 甲"}, "“甲”写了两次"),
        ({"people": "、"}, "至少一位"),
        ({"until": "2026-09-01"}, "结束日期要在开始日期之后"),
        ({"since": "十月一日"}, "“从哪天起”应写成 2026-10-01 的样子"),
        ({"until": ""}, "“到哪天止”没有填"),
        ({"first": "赵六"}, "“赵六”不在轮值的人里"),
        ({"shifts": "中班"}, "“班次”请从列表里选"),
    ],
)
@pytest.mark.parametrize("path", [PREVIEW, WRITE])
def test_what_is_wrong_is_said_and_what_was_typed_stays(
    desk: MadeDesk, path: str, change: dict[str, str], said: str
):
    given = {**GIVEN, "role": "带班领导", "shifts": "只排夜班", "first": "", **change}
    answer = desk.client("管理员").post(path, data=given)
    assert answer.status_code == 422
    assert said in answer.text
    kept = forms_of(answer.text)[PREVIEW].fields
    del given["shifts"]  # a choice that does not exist can't be shown again
    assert kept.items() >= given.items()


def test_a_confirmed_notice_on_holidays_is_marked_in_plan_and_week(desk: MadeDesk):
    admin, leader = desk.client("管理员"), desk.client("分管领导", token=True)
    given = {**GIVEN, "since": "2027-01-01", "until": "2027-01-01"}
    form = forms_of(admin.get("/duty").text)[PREVIEW]
    assert "2027 年的放假安排还没有录入" in admin.post(PREVIEW, data=fill_in(form, **given)).text
    admin.post("/calendar/propose", data={"text": made_up()})
    number = leader.get("/api/v1/calendar").json()["waiting"][0]["approval"]
    assert leader.post(f"/api/v1/calendar/proposals/{number}/confirm").status_code == 200
    shown = admin.post(PREVIEW, data=fill_in(form, **given)).text
    assert '1 月 1 日（周五） <span class="tag">节假日</span>' in shown
    assert "节假日班 <b>值班员甲</b>" in shown
    assert "节假日" in admin.get("/duty?week=2027-01-01").text


@pytest.mark.parametrize("role", [Role.DUTY_OFFICER, Role.AUDITOR])
def test_only_who_plans_duty_is_offered_turns(desk: MadeDesk, role: Role):
    client = desk.client(role)
    assert PREVIEW not in forms_of(client.get("/duty").text)
    assert client.post(WRITE, data=GIVEN).status_code == 403
