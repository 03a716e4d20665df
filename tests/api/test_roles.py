"""Who may do what: every action by every role, against the table in plain words."""

from __future__ import annotations

import pytest
from support.api import MadeDesk

from api.permissions import Action, may, require
from registry.errors import ForbiddenError
from registry.users import Role

DESK = "值班员 研判员 分管领导 管理员"
WRITERS = {
    ("POST", "/api/v1/alerts/1/claim", None): DESK,
    ("POST", "/api/v1/alerts/1/dismiss", '{"kind": "误报", "reason": "x"}'): DESK,
    ("POST", "/api/v1/alerts/1/incident", "{}"): DESK,
    ("POST", "/api/v1/incidents", '{"title": "x"}'): DESK,
    ("POST", "/api/v1/incidents/9/level", '{"level": "重大"}'): "值班员 分管领导 管理员",
    ("POST", "/api/v1/incidents/9/entries", '{"type": "note", "text": "x"}'): DESK
    + " 新闻发言人 审核签发 单位联络员",
    ("POST", "/api/v1/incidents/9/entries", '{"type": "release", "status": "drafted"}'): (
        "值班员 新闻发言人 审核签发 分管领导 管理员"
    ),
    ("POST", "/api/v1/leads", '{"how": "文字", "text": "x"}'): DESK + " 新闻发言人 单位联络员",
    ("PATCH", "/api/v1/sources/s", '{"enabled": true}'): "研判员 管理员",
    ("DELETE", "/api/v1/rules/r", None): "研判员 管理员",
    ("POST", "/api/v1/areas/5331/aliases", '{"alias": "x"}'): "管理员",
    ("POST", "/api/v1/events/0123456789abcdef/dismiss", None): DESK,
    ("GET", "/api/v1/users", None): "管理员 安全管理员",
    ("GET", "/api/v1/audit", None): "审计员 安全管理员 管理员",
}


@pytest.mark.parametrize("role", list(Role))
def test_every_role_against_every_action(desk: MadeDesk, role: Role):
    client = desk.client(role, token=True)
    for (method, path, body), allowed in WRITERS.items():
        answer = client.request(
            method, path, content=body, headers={"Content-Type": "application/json"}
        )
        if role.value in allowed.split():
            assert answer.status_code != 403, (path, body, answer.text)
        else:
            assert answer.status_code == 403, (path, body, answer.text)
            assert "您的角色不能" in answer.json()["error"]["message"]


def test_everybody_reads(desk: MadeDesk):
    for role in Role:
        client = desk.client(role)
        for path in ("posts", "alerts", "incidents", "clocks", "sources", "rules", "notices"):
            assert client.get(f"/api/v1/{path}").status_code == 200


def test_a_refusal_names_who_may(desk: MadeDesk):
    with pytest.raises(ForbiddenError) as refused:
        require(desk.people[Role.AUDITOR], Action.SET_LEVEL)
    assert refused.value.message == ("您的角色不能“定级”。可由值班员、分管领导、管理员办理。")


def test_no_action_is_without_a_role(desk: MadeDesk):
    for action in Action:
        assert any(may(user, action) for user in desk.people.values())
