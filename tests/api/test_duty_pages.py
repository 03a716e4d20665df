"""Duty by plain forms: the week, swaps, hand-over, silences, claims given back, notices."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from support.api import START, MadeDesk
from support.desk_data import fill

from registry import roster, swaps
from registry.duty import DutyRole, Hours, Kind
from responder import alerts, query, reminders
from responder.watchkeeper import Watchkeeper

MONDAY = date(2026, 3, 2)


def put(desk: MadeDesk, name: str, kind: Kind = Kind.DAY, role: DutyRole = DutyRole.OFFICER) -> int:
    with desk.database.transaction() as session:
        return roster.plan(
            session,
            day=MONDAY,
            kind=kind,
            role=role,
            name=name,
            by="x",
            now=desk.clock(),
            hours=Hours(),
        ).id


def test_the_pages_of_an_empty_desk(desk: MadeDesk):
    for role in ("值班员", "分管领导", "审计员"):
        client = desk.client(role)
        for path in (
            "/duty",
            "/handover",
            "/silences",
            "/duty?week=nonsense",
            "/duty?week=9999-12-31",
        ):
            assert client.get(path).status_code == 200, path
    assert "还没有值班表" in desk.client().get("/duty").text
    assert client.get("/handover/7").status_code == 404


def test_the_week_shows_who_is_on_and_who_is_missing(desk: MadeDesk):
    put(desk, "zhiban")
    put(desk, "lingdao", role=DutyRole.LEADER)
    page = desk.client().get("/duty").text
    assert "值班员 <b>值班员甲</b>" in page
    assert '<tr aria-current="date">' in page
    assert "带班领导 无人" in page  # the night
    assert "白班 08:00–20:00 · 接班未签收 · 值班员 值班员甲 · 带班领导 分管领导甲" in page
    assert "接班未签收" in desk.client().get("/").text
    desk.clock.forward(hours=6, minutes=1)
    assert "值班员自今天 20:00 起无人在班。" in desk.client().get("/").text


def test_standing_in_by_form_and_a_mistake_keeps_what_was_typed(desk: MadeDesk):
    shift = put(desk, "zhiban")
    leader = desk.client("分管领导")
    wrong = leader.post(
        "/duty/overrides",
        data={"replaces": shift, "role": "值班员", "name": "yanpan", "start": "2026-03-02T21:00"},
    )
    assert wrong.status_code == 422
    assert "替班时间要在原班次之内" in wrong.text
    assert 'value="yanpan"' in wrong.text
    done = leader.post(
        "/duty/overrides", data={"replaces": shift, "role": "值班员", "name": "yanpan"}
    )
    assert done.headers["location"] == "/duty?done=duty"
    assert "研判员甲" in leader.get("/duty").text
    assert desk.client().post("/duty/overrides", data={"name": "x"}).status_code == 403
    own = leader.post("/duty/withdraw", data={"shift": shift + 1})
    assert own.status_code == 303


def test_planning_and_importing_by_form(desk: MadeDesk):
    leader = desk.client("分管领导")
    made = leader.post(
        "/duty/shifts",
        data={"day": "2026-03-03", "kind": "白班", "role": "值班员", "name": "zhiban"},
    )
    assert made.status_code == 303
    bad = leader.post("/duty/import", data={"csv": "日期,班次,姓名\n2026-03-99,白班,x"})
    assert bad.status_code == 422
    assert "第 2 行" in bad.text
    good = leader.post("/duty/import", data={"csv": "日期,班次,姓名\n2026-03-04,夜班,yanpan"})
    assert good.status_code == 303
    page = leader.get("/duty").text
    assert "值班员甲" in page
    assert "研判员甲" in page
    for field in ("day", "kind", "role"):
        data = {"day": "2026-03-03", "kind": "白班", "role": "值班员", "name": "x"} | {field: "?"}
        assert leader.post("/duty/shifts", data=data).status_code == 422


def test_a_swap_by_form(desk: MadeDesk):
    mine, theirs = put(desk, "zhiban"), put(desk, "yanpan", Kind.NIGHT)
    one, other = desk.client("值班员"), desk.client("研判员")
    asked = one.post("/duty/swaps", data={"mine": mine, "other": theirs, "reason": "家事"})
    assert asked.status_code == 303
    assert "同意换班" not in one.get("/duty").text
    assert "值班员甲的 3 月 2 日 白班 换研判员甲的 3 月 2 日 夜班" in other.get("/duty").text
    assert one.post("/duty/swaps/1", data={"answer": "accept"}).status_code == 403
    assert other.post("/duty/swaps/1", data={"answer": "accept"}).status_code == 303
    assert '<span class="tag">换班</span>' in one.get("/duty").text
    with desk.database.reading() as session:
        assert swaps.waiting(session) == []


def test_a_subscription_is_shown_once(desk: MadeDesk):
    put(desk, "zhiban")
    client = desk.client()
    made = client.post("/duty/feeds", data={"scope": "mine"})
    assert made.status_code == 200
    address = made.text.split('duty-address">')[1].split("<")[0]
    assert address.startswith("http://127.0.0.1/duty.ics?token=")
    assert desk.stranger().get(address).status_code == 200
    assert "duty.ics" not in client.get("/duty").text
    assert client.post("/duty/feeds/1").status_code == 303
    assert desk.stranger().get(address).status_code == 404


def test_a_hand_over_by_form(desk: MadeDesk):
    fill(desk)
    put(desk, "zhiban")
    one, other = desk.client("值班员"), desk.client("研判员")
    assert one.post("/handover", data={"note": "盯住停水"}).status_code == 303
    page = other.get("/handover").text
    assert "盯住停水" in page
    assert "在跑的时限" in page
    assert "接班签收</button>" in page
    assert "接班签收</button>" not in one.get("/handover").text
    refused = one.post("/handover/1/sign", data={})
    assert refused.status_code == 403
    assert "两个人" in refused.text
    done = other.post("/handover/1/sign", data={"remark": "收到"})
    assert done.headers["location"] == "/handover/1?done=handover_signed"
    assert "14:00 接班已签收" in one.get("/").text
    kept = one.get("/handover/1").text
    assert "收到" in kept
    assert "sha256:" in kept


def test_a_silence_by_form(desk: MadeDesk):
    client = desk.client()
    missing = client.post("/silences", data={"word": "停水", "reason": "检修"})
    assert missing.status_code == 422
    assert "静默必须有结束时间" in missing.text
    until = {"until": "2026-03-02T16:00"}
    made = client.post("/silences", data={"word": "停水", "reason": "检修", **until})
    assert made.status_code == 303
    page = client.get("/silences").text
    assert "含“停水”" in page
    assert "至 今天 16:00" in page
    assert client.post("/silences/1/end").status_code == 303
    assert "提前结束" in client.get("/silences").text
    assert desk.client("审计员").post("/silences", data=until).status_code == 403


@pytest.fixture
def alert(desk: MadeDesk) -> int:
    return fill(desk)["alert"]


def test_a_claim_is_given_back_by_form(desk: MadeDesk, alert: int):
    client = desk.client()
    client.post(f"/alerts/{alert}/claim")
    assert "退回理由" in client.get(f"/alerts/{alert}").text
    assert client.post(f"/alerts/{alert}/release", data={}).status_code == 422
    back = client.post(f"/alerts/{alert}/release", data={"why_back": "不归本组"})
    assert back.headers["location"] == f"/alerts/{alert}?done=released"
    page = client.get(f"/alerts/{alert}").text
    assert "退回理由" not in page
    assert "值班员甲认领预警" in page  # the log of the alert


def test_an_alert_joins_an_incident_by_form(desk: MadeDesk, alert: int):
    client = desk.client()
    with desk.database.reading() as session:
        incident = query.incidents(session, state="open")[0].id
    assert "并入事件" in client.get(f"/alerts/{alert}").text
    done = client.post(f"/alerts/{alert}/join", data={"incident": incident})
    assert done.headers["location"] == f"/incidents/{incident}?done=joined"
    assert client.post(f"/alerts/{alert}/join", data={"incident": "x"}).status_code == 422


def test_the_notice_table_says_sent_not_sent_duplicate_escalated_acknowledged(desk: MadeDesk):
    put(desk, "zhiban")
    ids = fill(desk)
    watch = Watchkeeper().on(("console",))
    now = START + timedelta(hours=3)
    with desk.database.transaction() as session:
        found = alerts.get(session, ids["alert"])
        reminders.announce(
            session, found, now=now, held="静默至 2026-03-02 18:00（张三：检修），列入摘要"
        )
        reminders.announce(session, found, now=now)
        watch.put(session, watch.wanted(session, now), now=now)
        alerts.claim(session, found.id, by="值班员甲", now=now)
    desk.clock.forward(hours=3)
    page = desk.client().get(f"/alerts/{ids['alert']}").text
    for said in (
        "未发送：静默至 2026-03-02 18:00（张三：检修），列入摘要",
        "重复，未另发",
        "已升级",
        "已确认",
        "通知 值班员甲",
    ):
        assert said in page, said
