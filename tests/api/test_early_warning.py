"""An early warning shows what it rests on; a threshold raised by 误报 is seen and taken back."""

from __future__ import annotations

from support.api import START, MadeDesk
from support.posts import make_signal

from posts.model import Basis
from responder import alert_growth

BASIS = Basis(
    window_s=1800,
    value=9,
    baseline=1.25,
    needed=6,
    once_in_days=40,
    history_days=21,
    curve_start=START,
    curve=((0, 0.5), (9, 1.25)),
)


def warned(desk: MadeDesk) -> int:
    signal = make_signal(rule="early-warning", title="平湖县“停水”异常增多", basis=BASIS)
    with desk.database.transaction() as session:
        alert = alert_growth.absorb(session, signal, now=START)
    assert alert is not None
    return alert.id


def test_the_page_shows_window_value_baseline_confidence_and_curve(desk: MadeDesk):
    page = desk.client().get(f"/alerts/{warned(desk)}").text
    for said in (
        "早期预警（与本地往常相比）",
        "30 分钟",
        "9 条（满 6 条即预警）",
        "1.25 条（按前 21 天推算）",
        "若只是偶然，约 40 天才有一次",
        "横线为往常应有",
    ):
        assert said in page


def test_a_false_alarm_is_seen_as_a_raised_threshold_and_taken_back(desk: MadeDesk):
    number, client = warned(desk), desk.client()
    path = f"/alerts/{number}/dismiss"
    assert client.post(path, data={"reason": "演练", "state": "false_alarm"}).status_code == 303
    page = client.get("/silences").text
    assert "平湖县“停水”异常增多" in page
    assert "门槛提高到 2 倍" in page
    (one,) = client.get("/api/v1/silences/thresholds").json()["items"]
    assert (one["factor"], one["by"], one["reason"]) == (2, "值班员甲", "演练")
    assert desk.client("审计员").post(f"/thresholds/{one['id']}/end").status_code == 403
    auditor = desk.client("审计员")
    assert auditor.post(f"/api/v1/silences/thresholds/{one['id']}/end").status_code == 403
    assert client.post(f"/thresholds/{one['id']}/end").status_code == 303
    assert client.get("/api/v1/silences/thresholds").json()["items"] == []
    again = client.post(f"/api/v1/silences/thresholds/{one['id']}/end")
    assert again.status_code == 409
