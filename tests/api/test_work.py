"""The work of the desk by JSON: posts, leads, alerts, incidents, entries, clocks."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from fastapi.testclient import TestClient
from support.api import PASSWORD, START, MadeDesk, make_desk
from support.posts import make_scored, make_signal

from posts.index.port import Query
from posts.log.port import RAW
from posts.model import Sentiment
from registry import audit, outbox
from registry.users import Role
from responder import alert_growth

NOON = START


def raise_alert(desk: MadeDesk, fingerprint: str = "rule-1:停水") -> int:
    with desk.database.transaction() as session:
        signal = make_signal(fingerprint, window_end=desk.clock() - timedelta(minutes=5))
        alert = alert_growth.absorb(session, signal, now=desk.clock())
        assert alert is not None
        return alert.id


def opened(desk: MadeDesk, client: TestClient, **fields: object) -> int:
    answer = client.post("/api/v1/incidents", json={"title": "翠湖路停水", **fields})
    assert answer.status_code == 201, answer.text
    number: int = answer.json()["id"]
    return number


def test_posts_are_found_counted_and_shown_without_their_authors(desk: MadeDesk):
    desk.index.write(
        [
            make_scored("1", author="a" * 32, text="翠湖路停水三天了", areas=["5331"]),
            make_scored("2", sentiment=Sentiment.POSITIVE, text="谢谢修好了路灯", title="表扬"),
            make_scored("3", source="forum", kind="forum", text="停水通知在哪里看"),
        ]
    )
    client = desk.client()
    page = client.get("/api/v1/posts", params={"q": "停水", "limit": 1}).json()
    assert page["total"] == 2
    assert len(page["items"]) == 1
    rest = client.get("/api/v1/posts", params={"q": "停水", "limit": 1, "cursor": page["next"]})
    assert rest.json()["items"][0]["id"] != page["items"][0]["id"]
    assert "a" * 32 not in client.get("/api/v1/posts").text
    assert [hit for _, hit in page["items"][0]["fragments"] if hit][:1] == [True]
    by = {
        "area=5331": 1,
        "sentiment=positive": 1,
        "source=forum": 1,
        "kind=mailbox": 2,
        "since=2026-03-02": 3,
        "since=2026-03-03": 0,
        "until=2026-03-02T12:00:00%2B08:00": 0,
    }
    for query, count in by.items():
        assert client.get(f"/api/v1/posts?{query}").json()["total"] == count, query
    counted = client.get("/api/v1/posts/histogram?step=day").json()["items"]
    assert counted == [{"start": "2026-03-02T00:00:00+08:00", "count": 3}]
    terms = client.get("/api/v1/posts/terms?field=kind").json()["items"]
    assert terms[0] == {"value": "mailbox", "count": 2}
    one = client.get(f"/api/v1/posts/{page['items'][0]['id']}").json()
    assert one["published_at"] == "2026-03-02T12:00:00+08:00"
    assert client.get("/api/v1/posts/none").status_code == 404


def test_a_lead_goes_the_way_of_all_posts(desk: MadeDesk):
    client = desk.client(Role.LIAISON)
    lead = {"how": "来电", "text": "市民 13812345678 来电：翠湖路停水"}
    made = client.post("/api/v1/leads", json=lead)
    assert made.status_code == 201
    assert made.json()["known"] is False
    (record,) = desk.log.consumer(RAW, "test").poll()
    assert record.key == made.json()["post"]
    assert "13812345678" not in record.value.decode()
    for bad, field in (
        ({"how": "链接", "url": "ftp://x"}, "url"),
        ({"how": "文字"}, "text"),
        ({"how": "梦里", "text": "x"}, "how"),
        ({"how": "文字", "text": "x", "zzz": 1}, "zzz"),
        ({"how": "文字", "text": "x", "at": "昨天"}, "at"),
        ({"how": "文字", "text": "字" * 20_001}, "text"),
    ):
        refused = client.post("/api/v1/leads", json=bad)
        assert refused.status_code == 422, bad
        assert refused.json()["error"]["field"] == field
        assert refused.json()["error"]["message"]


def test_the_second_to_claim_is_told_who_was_first(desk: MadeDesk):
    alert = raise_alert(desk)
    first, second = desk.client(Role.DUTY_OFFICER), desk.client(Role.ANALYST)
    answer = first.post(f"/api/v1/alerts/{alert}/claim")
    assert answer.status_code == 200
    assert answer.json()["claimed_by"] == "值班员甲"
    late = second.post(f"/api/v1/alerts/{alert}/claim")
    assert late.status_code == 409
    assert late.json()["error"]["code"] == "conflict"
    assert "值班员甲" in late.json()["error"]["message"]


def test_of_many_who_claim_at_once_one_wins(desk: MadeDesk):
    alert = raise_alert(desk)
    roles = [Role.DUTY_OFFICER, Role.ANALYST, Role.LEADER, Role.ADMIN]
    headers = [desk.client(role, token=True).headers["Authorization"] for role in roles]
    statuses: list[int] = []
    with desk.serving() as url:
        gate = threading.Barrier(len(roles))

        def claim(header: str) -> None:
            gate.wait()
            answer = httpx2.post(
                f"{url}/api/v1/alerts/{alert}/claim", headers={"Authorization": header}, timeout=90
            )
            statuses.append(answer.status_code)

        threads = [threading.Thread(target=claim, args=(header,)) for header in headers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [200, 409, 409, 409]


def test_an_alert_is_dismissed_only_with_a_reason(desk: MadeDesk):
    alert = raise_alert(desk)
    client = desk.client()
    bare = client.post(f"/api/v1/alerts/{alert}/dismiss", json={"kind": "误报", "reason": " "})
    assert bare.status_code == 422
    said = {"kind": "误报", "reason": "同名地点，在外省"}
    done = client.post(f"/api/v1/alerts/{alert}/dismiss", json=said).json()
    assert (done["state"], done["close_reason"]) == ("误报", "同名地点，在外省")
    assert client.post(f"/api/v1/alerts/{alert}/claim").status_code == 409
    listed = client.get("/api/v1/alerts", params={"state": "待处置"}).json()
    assert listed == {"items": [], "next": None}
    assert len(client.get("/api/v1/alerts?state=误报&state=忽略").json()["items"]) == 1
    assert client.get("/api/v1/alerts?state=没有").status_code == 422


def test_an_alert_becomes_an_incident_whose_clocks_count_down(desk: MadeDesk):
    alert = raise_alert(desk)
    client = desk.client()
    occurred = (desk.clock() - timedelta(hours=4, minutes=50)).isoformat()
    made = client.post(
        f"/api/v1/alerts/{alert}/incident",
        json={"title": "弄坝水库停水", "event_type": "事故灾难", "occurred": occurred},
    )
    assert made.status_code == 201, made.text
    incident = made.json()["id"]
    r1 = next(clock for clock in made.json()["clocks"] if clock["rule"] == "R1")
    assert (r1["state"], r1["margin_s"]) == ("conditional", 600)
    level = {"level": "重大", "reason": "涉及集镇供水"}
    assert client.post(f"/api/v1/incidents/{incident}/level", json=level).status_code == 201
    clocks = client.get("/api/v1/clocks").json()["items"]
    r1 = next(clock for clock in clocks if clock["rule"] == "R1")
    assert list(r1) == [
        "incident", "rule", "name", "basis", "start", "due", "state", "provisional",
        "margin_s", "reason", "citation",
    ]  # fmt: skip
    assert (r1["incident"], r1["state"], r1["margin_s"]) == (incident, "due_soon", 600)
    assert r1["due"] == "2026-03-02T14:10:00+08:00"
    assert client.get(f"/api/v1/alerts/{alert}").json()["incident"] == incident
    release = {
        "type": "release",
        "status": "published",
        "title": "情况通报",
        "evidence": {
            "channel": "政府网站",
            "url": "https://gov.example/1",
            "signer": "新闻发言人甲",
        },
    }
    stopped = client.post(f"/api/v1/incidents/{incident}/entries", json=release)
    assert stopped.status_code == 201, stopped.text
    clocks = client.get(f"/api/v1/incidents/{incident}/clocks").json()["items"]
    assert next(clock for clock in clocks if clock["rule"] == "R1")["state"] == "met"
    lines = client.get(f"/api/v1/incidents/{incident}/timeline").json()["items"]
    assert any("情况通报" in line["text"] for line in lines)
    entries = client.get(f"/api/v1/incidents/{incident}/entries").json()["items"]
    assert [entry["seq"] for entry in entries] == list(range(1, len(entries) + 1))
    assert entries[-1]["by"] == "值班员甲"
    with desk.database.reading() as session:
        assert audit.verify(session) == []
        assert "值班员甲" in {entry.who for entry in audit.entries(session)}


def test_an_incident_is_opened_without_an_alert(desk: MadeDesk):
    client = desk.client()
    number = opened(desk, client, event_type="社会安全")
    listed = client.get("/api/v1/incidents?state=open").json()["items"]
    assert [row["id"] for row in listed] == [number]
    assert client.get(f"/api/v1/incidents/{number}").json()["opened_by"] == "值班员甲"
    assert client.get("/api/v1/incidents/999").status_code == 404


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"title": ""}, "title"),
        ({"title": "x", "occurred": "2026-03-02T10:00:00"}, "时区"),
        ({"title": "x", "occurred": "2026-03-02T23:00:00+08:00"}, "在将来"),
        ({"title": "x", "level": "特大"}, "特别重大"),
        ({"title": "x", "occurred": 5}, "应为时间"),
        ({"title": "x", "occurred": "0001-01-01T00:00:00+14:00"}, "年份"),
        ([], "JSON 对象"),
        (None, "正文"),
    ],
)
def test_what_is_wrong_is_said(desk: MadeDesk, body: object, said: str):
    answer = desk.client().post("/api/v1/incidents", json=body)
    assert answer.status_code == 422, answer.text
    assert said in answer.json()["error"]["message"]


def test_json_that_is_none_is_told_with_its_place(desk: MadeDesk):
    headers = {"Content-Type": "application/json"}
    answer = desk.client().post("/api/v1/incidents", content=b'{"title": ', headers=headers)
    assert answer.status_code == 422
    assert "不是合法的 JSON" in answer.json()["error"]["message"]


def test_two_people_who_write_at_once_are_told(desk: MadeDesk):
    client, other = desk.client(), desk.client(Role.LEADER)
    number = opened(desk, client)
    seen = client.get(f"/api/v1/incidents/{number}").json()["count"]
    fact = {"type": "fact", "text": "水厂停电", "status": "待核实"}
    path = f"/api/v1/incidents/{number}/entries?expected={seen}"
    assert other.post(path, json=fact).status_code == 201
    late = client.post(path, json=fact)
    assert late.status_code == 409
    assert "分管领导甲" in late.json()["error"]["message"]


def test_what_needs_two_people_takes_two(desk: MadeDesk):
    client, leader = desk.client(), desk.client(Role.LEADER)
    number = opened(desk, client, level="重大")
    body = {"type": "not_applicable", "rule": "R2", "reason": "已由省里召开", "clause": "61号"}
    assert client.post(f"/api/v1/incidents/{number}/entries", json=body).status_code == 403
    proposed = client.post(f"/api/v1/incidents/{number}/proposals", json=body)
    assert proposed.status_code == 201, proposed.text
    approval = proposed.json()["approval"]
    (waiting,) = leader.get("/api/v1/approvals").json()["items"]
    assert waiting["proposed_by"] == "值班员甲"
    assert client.post(f"/api/v1/approvals/{approval}/confirm").status_code == 403
    reader = desk.client(Role.AUDITOR)
    assert reader.post(f"/api/v1/approvals/{approval}/confirm").status_code == 403
    done = leader.post(f"/api/v1/approvals/{approval}/confirm")
    assert done.status_code == 200, done.text
    assert done.json()["body"]["second"] == "分管领导甲"
    again = client.post(f"/api/v1/incidents/{number}/proposals", json=body).json()["approval"]
    refused = leader.post(f"/api/v1/approvals/{again}/refuse", json={"reason": "条款不对"})
    assert refused.status_code == 200
    assert leader.get("/api/v1/approvals").json()["items"] == []


def test_an_acknowledgement_is_an_entry(desk: MadeDesk):
    client = desk.client()
    number = opened(desk, client, level="重大")
    seen = client.post(
        f"/api/v1/incidents/{number}/acknowledgements", json={"rule": "R1", "threshold": 50}
    )
    assert seen.status_code == 201, seen.text
    assert seen.json()["type"] == "acknowledgement"


def test_a_failed_write_leaves_nothing(desk: MadeDesk):
    client = desk.client()
    body = {"title": "x", "occurred": "2026-03-02T13:00:00+08:00"}
    body["detected"] = "2026-03-02T10:00:00+08:00"  # found before it happened
    assert client.post("/api/v1/incidents", json=body).status_code == 422
    assert client.get("/api/v1/incidents").json()["items"] == []
    with desk.database.reading() as session:
        assert "新建事件" not in {entry.action for entry in audit.entries(session)}


def test_what_was_acknowledged_is_committed_before_the_answer(
    desk: MadeDesk, monkeypatch: pytest.MonkeyPatch
):
    from contextlib import contextmanager

    from registry.errors import UnavailableError

    real = desk.database.transaction

    @contextmanager
    def failing():
        with real() as session:
            yield session
            raise UnavailableError("磁盘已满")

    client = desk.client()
    monkeypatch.setattr(desk.database, "transaction", failing)
    answer = client.post("/api/v1/incidents", json={"title": "x"})
    assert answer.status_code == 503
    assert "磁盘已满" in answer.json()["error"]["message"]


def test_a_locked_database_is_said_and_reading_goes_on(tmp_path: Path):
    with make_desk(tmp_path, busy_timeout_s=0.2) as desk:
        client = desk.client()
        desk.clock.forward(minutes=5)  # the session is due to be marked as seen
        with closing(sqlite3.connect(tmp_path / "registry.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            answer = client.post("/api/v1/incidents", json={"title": "x"})
            assert answer.status_code == 503
            assert answer.json()["error"]["code"] == "unavailable"
            assert "占用" in answer.json()["error"]["message"]
            assert client.get("/api/v1/clocks").status_code == 200
            page = client.post("/signin", data={"name": "zhiban", "password": PASSWORD})
            assert page.status_code == 503
            assert page.headers["content-type"].startswith("text/html")
            other.execute("ROLLBACK")
        assert client.post("/api/v1/incidents", json={"title": "x"}).status_code == 201


def test_lists_are_paged(desk: MadeDesk):
    client = desk.client()
    numbers = [opened(desk, client) for _ in range(3)]
    first = client.get("/api/v1/incidents?limit=2").json()
    second = client.get(f"/api/v1/incidents?limit=2&before={first['next']}").json()
    assert [row["id"] for row in first["items"] + second["items"]] == numbers[::-1]
    assert second["next"] is None
    assert client.get("/api/v1/incidents?limit=201").status_code == 422


def test_sources_and_rules_are_managed_and_the_change_is_on_record(desk: MadeDesk):
    client = desk.client(Role.ADMIN)
    source = {"name": "县政府", "kind": "gov", "spider": "site", "url": "http://gov.example/"}
    assert client.put("/api/v1/sources/county", json=source).status_code == 200
    (listed,) = client.get("/api/v1/sources").json()["items"]
    assert listed["health"]["state"] == "ok"
    off = client.patch("/api/v1/sources/county", json={"enabled": False}).json()
    assert off["enabled"] is False
    checked = client.post("/api/v1/sources/county/check")
    assert checked.status_code == 202
    job = client.get(f"/api/v1/sources/jobs/{checked.json()['job']}").json()
    assert (job["kind"], job["state"]) == ("source_check", "queued")
    assert client.get("/api/v1/sources/none").status_code == 404
    bad = client.put("/api/v1/sources/county", json={**source, "url": "file:///etc/passwd"})
    assert bad.status_code == 422
    rule = {"name": "停水", "any_of": ["停水"], "min_count": 3, "heat": "orange"}
    assert client.put("/api/v1/rules/water", json=rule).json()["any_of"] == ["停水"]
    assert client.put("/api/v1/rules/empty", json={"name": "空"}).status_code == 422
    assert client.delete("/api/v1/rules/water").status_code == 200
    assert client.get("/api/v1/rules/water").status_code == 404
    whole = client.get("/api/v1/audit").json()["items"]
    assert {"新建信源", "修改信源", "新建监测规则", "删除监测规则"} <= {
        entry["action"] for entry in whole
    }
    assert {entry["who"] for entry in whole if "信源" in entry["action"]} == {"guanli"}
    assert client.get("/api/v1/audit/head").json()["head"]


def test_users_are_managed_and_one_administrator_stays(desk: MadeDesk):
    client = desk.client(Role.ADMIN)
    admin, officer = desk.people[Role.ADMIN], desk.people[Role.DUTY_OFFICER]
    changed = client.patch(f"/api/v1/users/{officer.id}", json={"roles": ["值班员", "研判员"]})
    assert changed.json()["roles"] == ["值班员", "研判员"]
    last = client.patch(f"/api/v1/users/{admin.id}", json={"roles": ["值班员"]})
    assert last.status_code == 409
    assert client.patch(f"/api/v1/users/{admin.id}", json={"active": False}).status_code == 409
    closed = client.patch(f"/api/v1/users/{officer.id}", json={"active": False})
    assert closed.json()["active"] is False
    assert "password" not in client.get("/api/v1/users").text
    assert client.delete(f"/api/v1/users/{admin.id}/sessions").status_code == 200
    assert client.get("/api/v1/session").status_code == 401


def test_notices_stages_areas_and_units_are_listed(desk: MadeDesk):
    with desk.database.transaction() as session:
        outbox.put(
            session, kind="reminder", key="k", payload={"a": 1}, due_at=NOON, now=desk.clock()
        )
    client = desk.client()
    assert client.get("/api/v1/notices").json()["items"][0]["state"] == "waiting"
    for path in ("stages", "areas", "units", "rules", "approvals"):
        assert client.get(f"/api/v1/{path}").json()["items"] == []


def test_the_servers_time_is_told(desk: MadeDesk):
    assert desk.client().get("/api/v1/time").json() == {"now": "2026-03-02T14:00:00+08:00"}


def test_metrics_count_what_is_there(desk: MadeDesk):
    raise_alert(desk)
    client = desk.client(token=True)
    opened(desk, client, level="重大")
    text = client.get("/metrics").text
    assert 'yuqing_alerts{state="待处置"} 1.0' in text
    assert 'yuqing_open_clocks{state="running"}' in text
    assert 'yuqing_log_lag{group="scoring",topic="posts.raw"} 0.0' in text
    assert 'route="/api/v1/incidents",status="201"' in text
    client.get("/api/v1/nothing-of-the-kind")
    client.get("/api/v1/posts/chosen-by-the-other-end")
    text = client.get("/metrics").text
    assert "nothing-of-the-kind" not in text
    assert "chosen-by-the-other-end" not in text
    assert 'route="/api/v1/posts/{post_id}",status="404"' in text


def test_the_index_is_asked_only_for_what_was_searched(desk: MadeDesk):
    desk.index.write([make_scored("1")])
    assert desk.index.count(Query()) == 1
    for odd in ('"', "*", "NEAR(", "title:x", "a" * 500, "\x00", "' OR 1=1 --", "-", '-"'):
        answer = desk.client().get("/api/v1/posts", params={"q": odd, "cursor": odd})
        assert answer.status_code in {200, 422}, odd
