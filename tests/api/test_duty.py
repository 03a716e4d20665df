"""Duty by JSON: roster, overrides, swaps, hand-over, calendar; silences; claims given back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from support.api import START, MadeDesk

from posts.model import Signal
from registry.users import Role
from responder import alert_growth

CSV = """日期,班次,姓名,角色
2026-03-02,白班,zhiban,值班员
2026-03-02,夜班,yanpan,值班员
2026-03-02,白班,lingdao,带班领导
"""


def imported(desk: MadeDesk) -> None:
    done = desk.client("分管领导").post("/api/v1/duty/import", json={"csv": CSV})
    assert done.json() == {"added": 3, "kept": 0, "withdrawn": 0, "without_account": []}


def on(desk: MadeDesk, role: str = "值班员") -> list[str]:
    items = desk.client("审计员").get("/api/v1/duty/now").json()["items"]
    return [item["name"] for item in items if item["role"] == role]


def an_alert(desk: MadeDesk, number: int = 1) -> int:
    now = desk.clock()
    with desk.database.transaction() as session:
        found = alert_growth.absorb(
            session,
            Signal(
                id=f"s{number}",
                rule="water",
                fingerprint=f"water:{number}",
                title="停水",
                reason="1 小时 5 条",
                heat="yellow",
                count=5,
                threshold=3,
                window_start=now - timedelta(hours=1),
                window_end=now,
                first_post_at=now,
                newest_post_at=now,
                newest_arrival_at=now,
                areas=("533103",),
                sources=("forum",),
                posts=("p",),
                created_at=now,
            ),
            now=now,
        )
    assert found is not None
    return found.id


def test_a_roster_is_imported_shown_and_has_gaps(desk: MadeDesk):
    imported(desk)
    assert on(desk) == ["值班员甲"]
    assert on(desk, "带班领导") == ["分管领导甲"]
    whole = desk.client().get(
        "/api/v1/duty", params={"since": "2026-03-02T08:00", "until": "2026-03-03T08:00"}
    )
    shown = whole.json()
    assert [(one["kind"], one["name"]) for one in shown["stretches"]] == [
        ("白班", "值班员甲"),
        ("白班", "分管领导甲"),
        ("夜班", "研判员甲"),
    ]
    assert shown["gaps"] == [
        {
            "role": "带班领导",
            "start": "2026-03-02T20:00:00+08:00",
            "end": "2026-03-03T08:00:00+08:00",
        }
    ]
    desk.clock.forward(hours=6)
    assert on(desk) == ["研判员甲"]


def test_a_bad_roster_says_which_lines_and_keeps_nothing(desk: MadeDesk):
    bad = desk.client("管理员").post(
        "/api/v1/duty/import", json={"csv": CSV + "2026-03-99,白班,x,值班员\n"}
    )
    assert bad.status_code == 422
    assert "第 5 行：日期“2026-03-99”读不懂" in bad.json()["error"]["message"]
    assert on(desk) == []


@pytest.mark.parametrize(
    ("method", "path", "body", "allowed"),
    [
        ("POST", "import", {"csv": CSV}, {"分管领导", "管理员"}),
        (
            "POST",
            "shifts",
            {"day": "2026-03-09", "kind": "白班", "name": "x"},
            {"分管领导", "管理员"},
        ),
        ("POST", "overrides", {"name": "x"}, {"分管领导", "管理员"}),
        ("DELETE", "shifts/9", None, {"分管领导", "管理员"}),
        ("POST", "handovers", {}, {"值班员", "研判员", "分管领导", "管理员"}),
        ("POST", "handovers/9/sign", {}, {"值班员", "研判员", "分管领导", "管理员"}),
    ],
)
def test_who_may(desk: MadeDesk, method: str, path: str, body: object, allowed: set[str]):
    for role in Role:
        answer = desk.client(role, token=True).request(method, f"/api/v1/duty/{path}", json=body)
        assert (answer.status_code != 403) is (role.value in allowed), (role, answer.text)


def test_an_override_and_taking_it_back(desk: MadeDesk):
    imported(desk)
    leader = desk.client("分管领导")
    shift = desk.client().get("/api/v1/duty/now").json()["items"][0]
    made = leader.post(
        "/api/v1/duty/overrides", json={"name": "anquan", "replaces": shift["id"], "note": "病假"}
    )
    assert made.status_code == 201
    assert (made.json()["source"], made.json()["note"]) == ("override", "病假")
    assert on(desk) == ["安全管理员甲"]
    assert leader.delete(f"/api/v1/duty/shifts/{made.json()['id']}").json() == {"ok": True}
    desk.clock.forward(minutes=1)
    assert on(desk) == ["值班员甲"]
    extra = leader.post("/api/v1/duty/overrides", json={"name": "x", "role": "值班员"})
    assert extra.status_code == 422
    assert "增派要写明" in extra.json()["error"]["message"]


def test_a_swap_between_two_persons(desk: MadeDesk):
    imported(desk)
    mine = desk.client("值班员")
    rows = mine.get("/api/v1/duty").json()["stretches"]
    day = next(row["id"] for row in rows if row["name"] == "值班员甲")
    night = next(row["id"] for row in rows if row["name"] == "研判员甲")
    asked = mine.post("/api/v1/duty/swaps", json={"shift": day, "other": night, "reason": "家事"})
    assert asked.status_code == 201
    number = asked.json()["id"]
    assert mine.post(f"/api/v1/duty/swaps/{number}/accept").status_code == 403
    done = desk.client("研判员").post(f"/api/v1/duty/swaps/{number}/accept")
    assert done.json()["state"] == "已换班"
    assert on(desk) == ["研判员甲"]
    desk.clock.forward(hours=7)
    assert on(desk) == ["值班员甲"]


def test_a_hand_over_from_one_to_the_other(desk: MadeDesk):
    an_alert(desk)
    out, in_ = desk.client("值班员"), desk.client("研判员")
    assert out.get("/api/v1/duty/handovers/current").json()["signed_at"] is None
    made = out.post("/api/v1/duty/handovers", json={"note": "停水预警待认领"})
    assert made.status_code == 201
    assert made.json()["body"]["alerts"]["total"] == 1
    number = made.json()["id"]
    own = out.post(f"/api/v1/duty/handovers/{number}/sign", json={})
    assert own.status_code == 403
    assert "两个人" in own.json()["error"]["message"]
    done = in_.post(f"/api/v1/duty/handovers/{number}/sign", json={"remark": "已阅"})
    assert (done.json()["signed_by"], done.json()["remark"]) == ("研判员甲", "已阅")
    assert done.json()["digest"] == made.json()["digest"]
    current = out.get("/api/v1/duty/handovers/current").json()
    assert current["signed_at"] == "2026-03-02T14:00:00+08:00"
    assert in_.post(f"/api/v1/duty/handovers/{number}/sign", json={}).status_code == 409
    (row,) = out.get("/api/v1/duty/handovers").json()["items"]
    assert row["id"] == number


def test_the_calendar_opens_by_its_token_and_by_nothing_else(desk: MadeDesk):
    imported(desk)
    person = desk.client("值班员")
    mine = person.post("/api/v1/duty/feeds", json={}).json()["path"]
    everyone = person.post("/api/v1/duty/feeds", json={"scope": "all"}).json()["path"]
    phone = desk.stranger()
    answer = phone.get(mine)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.text.count("BEGIN:VEVENT") == 1
    assert "SUMMARY:白班 值班员 值班员甲" in answer.text
    assert phone.get(everyone).text.count("BEGIN:VEVENT") == 3
    for wrong in ("/duty.ics", "/duty.ics?token=", mine[:-1], "/duty.ics?token=" + "x" * 150):
        assert phone.get(wrong).status_code == 404, wrong
    assert person.get("/duty.ics").status_code == 404  # a sign-in opens it no more than a stranger
    token = mine.split("token=")[1]
    asked = phone.get("/api/v1/duty", headers={"Authorization": f"Bearer {token}"})
    assert asked.status_code == 401  # and the token opens nothing else
    feeds = person.get("/api/v1/duty/feeds").json()["items"]
    assert desk.client("研判员").delete(f"/api/v1/duty/feeds/{feeds[0]['id']}").status_code == 404
    assert person.delete(f"/api/v1/duty/feeds/{feeds[0]['id']}").status_code == 200
    assert phone.get(mine).status_code == 404
    assert phone.get(everyone).status_code == 200


def test_a_claim_is_given_back_by_its_owner_or_a_leader(desk: MadeDesk):
    number = an_alert(desk)
    one, other, leader = (desk.client(role) for role in ("值班员", "研判员", "分管领导"))
    path = f"/api/v1/alerts/{number}"
    one.post(f"{path}/claim")
    assert other.post(f"{path}/release", json={"reason": "x"}).status_code == 403
    desk.clock.forward(minutes=5)
    back = one.post(f"{path}/release", json={"reason": "不归本组"})
    assert back.json()["state"] == "待处置"
    assert back.json()["waiting_since"] == "2026-03-02T14:05:00+08:00"
    other.post(f"{path}/claim")
    assert leader.post(f"{path}/release", json={"reason": "换人"}).status_code == 200


def test_an_alert_joins_an_incident(desk: MadeDesk):
    first, second = an_alert(desk, 1), an_alert(desk, 2)
    client = desk.client()
    opened = client.post(f"/api/v1/alerts/{first}/incident", json={}).json()["id"]
    joined = client.post(f"/api/v1/alerts/{second}/join", json={"incident": opened})
    assert (joined.json()["state"], joined.json()["incident"]) == ("处理中", opened)
    missing = client.post(f"/api/v1/alerts/{first}/join", json={"incident": 99})
    assert missing.status_code == 409


def test_a_silence_by_json(desk: MadeDesk):
    client = desk.client()
    until = (START + timedelta(hours=1)).isoformat()
    made = client.post("/api/v1/silences", json={"word": "停水", "until": until, "reason": "检修"})
    assert made.status_code == 201
    assert made.json()["owner"] == "值班员甲"
    for bad in (
        {"until": until, "reason": "x"},
        {"word": "x", "until": "2026-03-02T15:00:00", "reason": "x"},
        {"word": "x", "until": until, "reason": ""},
        {"word": "x", "until": (START + timedelta(days=8)).isoformat(), "reason": "x"},
    ):
        assert client.post("/api/v1/silences", json=bad).status_code == 422, bad
    number = made.json()["id"]
    assert desk.client("审计员").post(f"/api/v1/silences/{number}/end").status_code == 403
    assert client.post(f"/api/v1/silences/{number}/end").json()["ended_by"] == "值班员甲"
    assert len(client.get("/api/v1/silences").json()["items"]) == 1


def test_the_notice_log_is_read(desk: MadeDesk):
    number = an_alert(desk)
    client = desk.client()
    client.post(f"/api/v1/alerts/{number}/claim")
    (line,) = client.get("/api/v1/notice-log").json()["items"]
    assert (line["word"], line["alert"]) == ("acknowledged", number)
