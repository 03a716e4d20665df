"""Exports, daily heads and lawful erasure by JSON."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.api import MadeDesk
from support.posts import make_scored

from registry import audit
from registry.sightings import Sighting, remember
from registry.users import Role
from responder.check_export import check


@pytest.fixture
def incident(desk: MadeDesk) -> int:
    client = desk.client(Role.DUTY_OFFICER)
    made = client.post("/api/v1/incidents", json={"title": "某小区停水", "level": "重大"})
    return made.json()["id"]


def test_an_export_is_an_archive_that_proves_itself(
    desk: MadeDesk, incident: int, tmp_path: Path
) -> None:
    answer = desk.client(Role.LIAISON).get(f"/api/v1/incidents/{incident}/export")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["content-disposition"].startswith(
        f'attachment; filename="incident-{incident}-'
    )
    file = tmp_path / "export.zip"
    file.write_bytes(answer.content)
    assert check(file)[1] == []
    with desk.database.reading() as session:
        (entry,) = audit.entries(session, limit=1)
    assert (entry.action, entry.subject) == ("导出事件", f"incident:{incident}")
    assert desk.client().get("/api/v1/incidents/99/export").status_code == 404


def test_the_page_of_an_incident_links_to_it(desk: MadeDesk, incident: int) -> None:
    page = desk.client().get(f"/incidents/{incident}").text
    assert f'href="/api/v1/incidents/{incident}/export"' in page


def test_the_head_of_a_day(desk: MadeDesk, incident: int) -> None:
    client = desk.client(Role.AUDITOR)
    today = client.get("/api/v1/heads").json()
    assert today["day"] == "2026-03-02"
    assert [one["incident"] for one in today["incidents"]] == [incident]
    assert client.get("/api/v1/heads?date=2026-03-01").json()["incidents"] == []
    assert client.get("/api/v1/heads?date=2026-03-03").status_code == 422
    assert client.get("/api/v1/heads?date=x").status_code == 422


def test_an_erasure_takes_two_persons(desk: MadeDesk, incident: int) -> None:
    post = make_scored("1")
    with desk.database.transaction() as session:
        remember(
            session,
            [Sighting(post.post.id, "hash", desk.clock(), "2026-03")],
            now=desk.clock(),
        )
    given = {
        "posts": [post.post.id],
        "entries": [f"{incident}#1"],
        "reason": "当事人申请",
        "clause": "第四十七条",
    }
    first, second = desk.client(Role.SECURITY), desk.client(Role.LEADER)
    assert second.post("/api/v1/erasures", json=given).status_code == 403
    for bad in ({"reason": ""}, {"clause": ""}, {"entries": ["x"]}, {"posts": [""]}):
        assert first.post("/api/v1/erasures", json={**given, **bad}).status_code == 422
    assert first.post("/api/v1/erasures", json={**given, "posts": ["x"]}).status_code == 404
    number = first.post("/api/v1/erasures", json=given).json()["approval"]
    (waiting,) = second.get("/api/v1/erasures/waiting").json()["items"]
    assert (waiting["id"], waiting["body"]["posts"]) == (number, [post.post.id])
    assert first.post(f"/api/v1/erasures/{number}/confirm").status_code == 403
    assert desk.client().post(f"/api/v1/erasures/{number}/confirm").status_code == 403
    done = second.post(f"/api/v1/erasures/{number}/confirm").json()
    assert (done["count"], done["finished_at"]) == (2, None)
    assert second.post(f"/api/v1/erasures/{number}/confirm").status_code == 409
    (listed,) = desk.client(Role.AUDITOR).get("/api/v1/erasures").json()["items"]
    assert {**listed, "quoted_by": []} == done
    assert desk.client().get("/api/v1/erasures").status_code == 403
    shown = desk.client().get(f"/api/v1/incidents/{incident}").json()
    assert shown["title"] == "已依法销毁"


def test_who_erases_a_post_is_told_which_entries_quote_it(desk: MadeDesk, incident: int) -> None:
    scored = make_scored("1")
    post = scored.post.id
    desk.index.write([scored])
    with desk.database.transaction() as session:
        remember(session, [Sighting(post, "hash", desk.clock(), "2026-03")], now=desk.clock())
    duty = desk.client(Role.DUTY_OFFICER)
    told = {"type": "note", "text": f"网友称：{scored.post.title or scored.post.text}"}
    for body in (told, {"type": "note", "text": "已派人"}):
        answer = duty.post(f"/api/v1/incidents/{incident}/entries", json=body)
        assert answer.status_code == 201
        if body is told:
            quoting = f"{incident}#{answer.json()['seq']}"
    first, second = desk.client(Role.SECURITY), desk.client(Role.LEADER)
    given = {"posts": [post], "reason": "当事人申请", "clause": "第四十七条"}
    asked = first.post("/api/v1/erasures", json={**given, "entries": [quoting]}).json()
    assert asked["quoted_by"] == [], "it is named itself"
    asked = first.post("/api/v1/erasures", json=given).json()
    assert asked["quoted_by"] == [quoting]
    page = second.get("/erasures").text
    assert page.count("仍会留下") == 1, "only where it is not named itself"
    assert (
        page.split("仍会留下")[1].count(f'href="/incidents/{quoting.replace("#", "#entry-")}"') == 1
    )
    done = second.post(f"/api/v1/erasures/{asked['approval']}/confirm").json()
    assert done["quoted_by"] == [quoting]


def test_an_erasure_can_be_sent_back(desk: MadeDesk, incident: int) -> None:
    given = {"entries": [f"{incident}#1"], "reason": "r", "clause": "c"}
    first, second = desk.client(Role.SECURITY), desk.client(Role.LEADER)
    number = first.post("/api/v1/erasures", json=given).json()["approval"]
    refused = second.post(f"/api/v1/erasures/{number}/refuse", json={"reason": "依据不足"})
    assert refused.json() == {"ok": True}
    assert second.post(f"/api/v1/erasures/{number}/confirm").status_code == 409
    assert first.get("/api/v1/erasures/waiting").json()["items"] == []
