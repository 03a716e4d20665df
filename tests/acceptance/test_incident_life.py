"""One incident of the demo from signal to verdict, by JSON and by plain forms; then its proof.

The story of the demo is told ten hours ago; the real stages score, group and raise the alert.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from support.api import Hands, MadeDesk, make_people
from support.forms import fill_in, forms_of
from support.service import run

from api.app import create_app
from api.settings import ApiSettings
from crawlers.admission import Item
from responder.worker import Responder
from yuqing.demo.setting import prepare_settings
from yuqing.demo.story import OCCURRED_MIN, tell
from yuqing.folder import DataFolder
from yuqing.settings import AnalyzeSettings, Settings
from yuqing.wiring import Wiring

SHANGHAI = ZoneInfo("Asia/Shanghai")
TEXT = "弄坝水库水质异常，集镇已切换备用水源，检测结果 16 时前公布。"
PAGE = "https://lanjiang.example/notice/1"
TYPES = {"close": "closed", "assign": "assigned", "claim": "false_claim", "settle": "settled"}
KINDS = {"gov": "gov", "forum": "forum", "paper": "news", "hotline": "hotline"}


@dataclass
class Life:
    """The demo's county ten hours ago, with a person of each role."""

    desk: MadeDesk
    data: Path
    epoch: datetime

    @property
    def occurred(self) -> datetime:
        return self.epoch - timedelta(minutes=OCCURRED_MIN)

    def at(self, minutes: float) -> datetime:
        """The desk's clock, so many minutes after the incident began."""
        self.desk.clock.at = self.occurred + timedelta(minutes=minutes)
        return self.desk.clock.at

    def clocks(self, number: int) -> dict[str, dict[str, Any]]:
        rows = self.desk.client().get(f"/api/v1/incidents/{number}/clocks").json()["items"]
        return {row["rule"]: row for row in rows}

    def seq(self, number: int, kind: str, **body: str) -> int:
        """The number of the first entry of that kind whose body says so."""
        rows = self.desk.client().get(f"/api/v1/incidents/{number}/entries").json()["items"]
        return next(
            int(row["seq"])
            for row in rows
            if row["type"] == kind
            and all(row["body"].get(name) == value for name, value in body.items())
        )

    def yuqing(self, *arguments: str):
        return run(
            *arguments,
            "--config",
            str(self.data / "demo.toml"),
            "--data",
            str(self.data),
            cwd=self.data.parent,
        )


@pytest.fixture
def life(tmp_path: Path) -> Iterator[Life]:
    epoch = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=10)
    clock = Hands(epoch)
    folder = DataFolder(tmp_path / "data")
    given = Settings(analyze=AnalyzeSettings(scorer="trivial"))
    wiring = Wiring(prepare_settings(folder, given), folder)
    told = [one for one in tell(epoch) if one.at <= epoch]
    wiring.admission.admit(
        [
            Item(
                source=one.site,
                kind=KINDS[one.site],
                native=str(one.number),
                title=one.title,
                text=one.text,
                published_at=one.at,
                fetched_at=epoch,
            )
            for one in told
        ]
    )
    _drain(wiring, clock)
    with wiring.database.transaction() as session:
        people = make_people(session, epoch)
    settings = ApiSettings(area_name="岚江县")
    app = create_app(
        database=wiring.database,
        log=wiring.log,
        index=wiring.index,
        admission=wiring.admission,
        settings=settings,
        clock=clock,
    )
    desk = MadeDesk(app, wiring.database, wiring.log, wiring.index, clock, settings, people)
    with desk._stack:
        yield Life(desk, folder.path, epoch)
    wiring.close()


def _drain(wiring: Wiring, clock: Callable[[], datetime]) -> None:
    """Score, group and raise alerts, as the stages do, at the story's time."""
    from analyzer.grouping.worker import GroupingWorker
    from analyzer.scoring.worker import ScoringWorker

    names = wiring.known_names()
    scoring = ScoringWorker(
        wiring.log,
        wiring.index,
        wiring.scorer(),
        names.matcher(),
        clock,
        source_areas=names.source_areas,
    )
    grouping = GroupingWorker(wiring.log, wiring.database, clock, "life", index=wiring.index)
    while scoring.step(500):
        pass
    while grouping.step(500):
        pass
    Responder(wiring.log, wiring.database, [], clock, "life").step()


class Way(Protocol):
    """How a person does things; each returns when it is done, and fails where it is refused."""

    def take(self, alert: int, title: str, occurred: datetime) -> int: ...
    def write(self, role: str, number: int, path: str, /, **fields: str) -> None: ...
    def correct(self, number: int, **fields: str) -> None: ...


class ByJson:
    """As a program does it, with tokens."""

    def __init__(self, desk: MadeDesk) -> None:
        self._desk = desk

    def _post(self, role: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._desk.client(role, token=True).post(f"/api/v1/{path}", json=body)
        assert answer.status_code in {200, 201}, (path, answer.text)
        found: dict[str, Any] = answer.json()
        return found

    def take(self, alert: int, title: str, occurred: datetime) -> int:
        self._post("值班员", f"alerts/{alert}/claim", {})
        given = {
            "title": title,
            "event_type": "事故灾难",
            "occurred": occurred.isoformat(),
        }
        made = self._post("值班员", f"alerts/{alert}/incident", given)
        return int(made["id"])

    def write(self, role: str, number: int, path: str, /, **fields: str) -> None:
        times = {
            name: value if "+" in value else f"{value}+08:00"
            for name, value in fields.items()
            if name in {"at", "value"}
        }
        fields = {**fields, **times}
        if path == "level":
            self._post(role, f"incidents/{number}/level", fields)
            return
        body: dict[str, Any] = {"type": TYPES.get(path, path), **fields}
        if path == "assign":
            body["support"] = fields["support"].split("、")
        elif path == "settle":
            body["order"] = int(fields["order"])
        elif fields.get("kind") == "clarification":
            body |= {"type": body.pop("kind"), "claim": int(fields["claim"])}
        proof = ("channel", "url", "place", "signer")
        if evidence := {name: body.pop(name) for name in proof if name in body}:
            evidence.setdefault("channel", "新闻发布会" if path == "conference" else "值班电话")
            body["evidence"] = evidence
        self._post(role, f"incidents/{number}/entries", body)

    def correct(self, number: int, **fields: str) -> None:
        body = {
            "type": "correction",
            "target": int(fields["target"]),
            "value": f"{fields['value']}+08:00",
            "reason": fields["reason"],
            "evidence": {"source": fields["proof"]},
        }
        wrong = self._post("值班员", f"incidents/{number}/proposals", {**body, "reason": "估计"})
        refused = {"reason": "证据不符"}
        self._post("分管领导", f"approvals/{wrong['approval']}/refuse", refused)
        asked = self._post("值班员", f"incidents/{number}/proposals", body)
        path = f"/api/v1/approvals/{asked['approval']}/confirm"
        own = self._desk.client("值班员", token=True).post(path)
        assert own.status_code == 403, "not by the same person"
        self._post("分管领导", f"approvals/{asked['approval']}/confirm", {})


class ByForms:
    """As a browser without scripts does it: only forms that are on the page, with their fields."""

    def __init__(self, desk: MadeDesk) -> None:
        self._desk = desk

    def _send(self, client: TestClient, page: str, action: str, **filled: str) -> str:
        shown = client.get(page)
        assert shown.status_code == 200, shown.text
        forms = forms_of(shown.text)
        assert action in forms, f"{page} has no form {action}: {sorted(forms)}"
        answer = client.post(action, data=fill_in(forms[action], **filled))
        assert answer.status_code == 303, (action, answer.text)
        return str(answer.headers["location"])

    def take(self, alert: int, title: str, occurred: datetime) -> int:
        client = self._desk.client("值班员")
        assert f"/alerts/{alert}" in client.get("/alerts").text
        self._send(client, f"/alerts/{alert}", f"/alerts/{alert}/claim")
        place = self._send(
            client,
            f"/alerts/{alert}",
            f"/alerts/{alert}/open",
            title=title,
            event_type="事故灾难",
            occurred=local(occurred),
        )
        return int(place.partition("?")[0].rpartition("/")[2])

    def write(self, role: str, number: int, path: str, /, **fields: str) -> None:
        page = f"/incidents/{number}"
        self._send(self._desk.client(role), page, f"{page}/{path}", **fields)

    def correct(self, number: int, **fields: str) -> None:
        page = f"/incidents/{number}"
        duty, leader = self._desk.client("值班员"), self._desk.client("分管领导")
        self._send(duty, page, f"{page}/correct", **{**fields, "reason": "估计"})
        self._send(leader, page, f"{page}/refuse", reason="证据不符")
        self._send(duty, page, f"{page}/correct", **fields)
        assert f"{page}/confirm" not in forms_of(duty.get(page).text), "not by the same person"
        self._send(leader, page, f"{page}/confirm")


def local(at: datetime) -> str:
    """As a field ``datetime-local`` sends it."""
    return at.astimezone(SHANGHAI).strftime("%Y-%m-%dT%H:%M:%S")


def live_through(life: Life, way: Way) -> int:
    """From the alert to the verdicts; returns the incident."""
    rows = life.desk.client().get("/api/v1/alerts").json()["items"]
    alert = next(row for row in rows if row["rule"] == "demo-water")
    assert alert["count"] >= 5
    number = way.take(alert["id"], "弄坝水库水质异常", life.occurred)
    assert life.clocks(number)["R1"]["state"] == "conditional", "no level yet"
    reported = life.occurred + timedelta(minutes=25)
    way.write("值班员", number, "instant", which="reported", value=local(reported))
    life.at(105)
    way.write("分管领导", number, "level", level="重大", criteria="饮用水源，影响两万人")
    due = datetime.fromisoformat(life.clocks(number)["R1"]["due"])
    assert due == life.occurred + timedelta(hours=5)
    for method, minutes in (("电话", 27), ("书面", 55)):
        at = local(life.occurred + timedelta(minutes=minutes))
        given = {"method": method, "to": "州政府总值班室", "at": at, "signer": "段明远"}
        way.write("值班员", number, "report", status="sent", **given)
    way.write(
        "单位联络员", number, "fact", text="集镇已切换备用水源。", status="已确认", source="水务局"
    )
    way.write("值班员", number, "assign", lead="县水务局", support="县疾控中心、弄坝镇")
    way.write("值班员", number, "order", number="12345-0817", text="弄坝镇何时来水")
    way.write("值班员", number, "claim", text="网传全县水源被污染", source="论坛")
    life.at(120)
    for role, status in (("新闻发言人", "drafted"), ("审核签发", "approved")):
        way.write(role, number, "release", status=status, title="情况通报", text=TEXT)
        assert life.clocks(number)["R1"]["state"] == "running", f"{status} does not stop it"
    life.at(160)
    proof = {"channel": "县政府网站", "url": PAGE, "signer": "段明远"}
    way.write(
        "新闻发言人", number, "release", status="published", title="情况通报", text=TEXT, **proof
    )
    first = life.clocks(number)["R1"]
    assert (first["state"], first["margin_s"]) == ("met", 140 * 60)
    life.at(240)
    held = {"title": "首场新闻发布会", "place": "县政府三楼", "signer": "段明远"}
    way.write("新闻发言人", number, "conference", status="held", **held)
    assert life.clocks(number)["R2"]["state"] == "met"
    target = life.seq(number, "release", status="published")
    right = local(life.occurred + timedelta(minutes=155))
    life.at(250)
    said = {"reason": "以页面时间为准", "proof": "页面显示的发布时间"}
    way.correct(number, target=str(target), value=right, **said)
    corrected = life.clocks(number)["R1"]
    assert (corrected["state"], corrected["margin_s"]) == ("met", 145 * 60)
    life.at(290)
    denied = {"kind": "clarification", "claim": str(life.seq(number, "false_claim"))}
    way.write("新闻发言人", number, "release", **denied, status="published", title="澄清", **proof)
    settled = {"order": str(life.seq(number, "order")), "result": "已电话答复"}
    way.write("值班员", number, "settle", **settled)
    life.at(300)
    way.write("值班员", number, "close", reason="水质恢复，供水正常")
    return number


def verdicts(life: Life, number: int) -> dict[str, tuple[str, int]]:
    """What it came to: state and margin in minutes, by rule."""
    return {
        rule: (row["state"], row["margin_s"] // 60) for rule, row in life.clocks(number).items()
    }


def check_verdicts(life: Life, number: int) -> None:
    found = verdicts(life, number)
    assert found["R1"] == ("met", 145)
    assert found["R2"] == ("met", 24 * 60 - 240)
    assert found["R4-1"] == ("met", 3)
    assert found["R4-2"] == ("met", 5)
    client = life.desk.client()
    assert client.get(f"/api/v1/incidents/{number}").json()["state"] == "closed"
    rows = client.get("/api/v1/alerts").json()["items"]
    assert next(row for row in rows if row["rule"] == "demo-water")["state"] == "已解决"
    page = client.get(f"/incidents/{number}").text
    assert "已办结" in page
    assert "提前 2:25" in page


@pytest.mark.parametrize("make", [ByJson, ByForms], ids=["json", "forms"])
def test_from_signal_to_verdict(life: Life, make: type[ByJson | ByForms]):
    number = live_through(life, make(life.desk))
    check_verdicts(life, number)


def test_what_is_exported_proves_itself(life: Life):
    number = live_through(life, ByForms(life.desk))
    first = exported(life, number, "first")
    whole = run("verify", str(first), cwd=first.parent)
    assert whole.returncode == 0, whole.stderr
    clocks = json.loads((first / "clocks.json").read_text(encoding="utf-8"))
    assert {row["rule"]: row["state"] for row in clocks}["R1"] == "met"

    for name in ("entries.jsonl", "clocks.json"):
        data = (first / name).read_bytes()
        middle = len(data) // 2
        changed = data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]
        (first / name).write_bytes(changed)
        broken = run("verify", str(first), cwd=first.parent)
        assert broken.returncode == 1, name
        assert name in broken.stderr
        (first / name).write_bytes(data)
    assert run("verify", str(first), cwd=first.parent).returncode == 0

    erase(life, number)
    second = exported(life, number, "second")
    done = run("verify", str(second), cwd=second.parent)
    assert done.returncode == 0, done.stderr
    assert "已依法销毁" in done.stdout
    assert "集镇已切换备用水源。" not in (second / "entries.jsonl").read_text(encoding="utf-8")
    assert life.yuqing("verify").returncode == 0
    assert verdicts(life, number)["R1"] == ("met", 145), "verdicts stay"


def exported(life: Life, number: int, name: str) -> Path:
    folder = life.data.parent / name
    folder.mkdir()
    done = life.yuqing("export", str(number), "--to", str(folder))
    assert done.returncode == 0, done.stderr
    return next(place for place in folder.iterdir() if place.is_dir())


def erase(life: Life, number: int) -> None:
    """The fact is destroyed by law: the security officer asks, the leader confirms, by forms."""
    security, leader = life.desk.client("安全管理员"), life.desk.client("分管领导")
    action = f"/incidents/{number}/erase"
    form = forms_of(security.get(f"/incidents/{number}").text)[action]
    given = {"reason": "事件已结束", "clause": "应对法第八十五条"}
    sent = fill_in(form, entries=str(life.seq(number, "fact")), **given)
    asked = security.post(action, data=sent)
    assert asked.status_code == 303, asked.text
    place = next(one for one in forms_of(leader.get("/erasures").text) if "/erasures/" in one)
    assert security.post(place, data={"decision": "confirm"}).status_code == 403
    done = leader.post(place, data=forms_of(leader.get("/erasures").text)[place].fields)
    assert done.status_code == 303, done.text
