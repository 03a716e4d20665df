"""The forms of an incident's page, filled in as a browser without scripts does it."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response
from support.api import MadeDesk
from support.forms import fill_in, forms_of

from responder import incidents, rulebook
from responder.rules import desk as desk_rules


def opened(desk: MadeDesk, title: str = "弄坝镇停水", level: str = "重大", **given: Any) -> int:
    """An incident of now under the rules of the service, which run R4, R7, R8 and R9 too."""
    now = desk.clock()
    with desk.database.transaction() as session:
        if rulebook.in_force(session).rules.version != desk_rules().version:
            rulebook.adopt(session, desk_rules(), who="系统", now=now)
        fields = {"occurred": now, "criteria": "已核", "level": level or None, **given}
        made = incidents.open_incident(session, title=title, by="甲", now=now, **fields)
    desk.clock.forward(minutes=10)
    return made.id


def page(client: TestClient, number: int) -> str:
    """The incident's page."""
    answer = client.get(f"/incidents/{number}")
    assert answer.status_code == 200, answer.text
    return answer.text


def has(client: TestClient, number: int, path: str) -> bool:
    """Whether the page offers that form to this person."""
    return f"/incidents/{number}/{path}" in forms_of(page(client, number))


def send(client: TestClient, incident: int, path: str, /, **filled: str) -> Response:
    """The answer to that form, filled in."""
    form = forms_of(page(client, incident))[f"/incidents/{incident}/{path}"]
    return client.post(form.action, data=fill_in(form, **filled))


def written(client: TestClient, number: int) -> list[dict[str, Any]]:
    """All entries, oldest first."""
    found: list[dict[str, Any]] = client.get(f"/api/v1/incidents/{number}/entries").json()["items"]
    return found


def clocks(client: TestClient, number: int) -> dict[str, dict[str, Any]]:
    """The clocks by rule."""
    rows = client.get(f"/api/v1/incidents/{number}/clocks").json()["items"]
    return {row["rule"]: row for row in rows}
