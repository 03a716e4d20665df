from __future__ import annotations

from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from support.api import BROWSER, PASSWORD, MadeDesk, make_desk

from api.gate import safe_next
from registry import audit, sessions, users
from registry.users import Role


def sign_in(client: TestClient, name: str = "zhiban", password: str = PASSWORD, **fields: str):
    return client.post(
        "/signin", data={"name": name, "password": password, **fields}, headers=BROWSER
    )


def test_signing_in_by_the_form_goes_on_to_where_one_wanted(desk: MadeDesk):
    client = desk.stranger()
    answer = sign_in(client, next="/search?q=停水")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/search?q=")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("yuqing_session=")
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert "secure" not in cookie.lower()
    assert client.get("/api/v1/session").json()["name"] == "zhiban"
    with desk.database.reading() as session:
        (newest,) = audit.entries(session, limit=1)
    assert (newest.action, newest.who, newest.after) == (
        "登录",
        "zhiban",
        {"address": "testclient"},
    )


def test_behind_https_the_cookie_is_bound_to_the_host(tmp_path: Path):
    with make_desk(tmp_path, secure_cookies=True) as desk:
        cookie = sign_in(desk.stranger()).headers["set-cookie"]
        assert cookie.startswith("__Host-yuqing=")
        assert "Secure" in cookie
        assert "Path=/" in cookie
        assert "domain" not in cookie.lower()


def test_a_wrong_password_and_an_unknown_name_say_the_same(desk: MadeDesk):
    client = desk.stranger()
    wrong, unknown = sign_in(client, password="错的密码错的密码"), sign_in(client, name="meiyou")
    assert wrong.status_code == unknown.status_code == 401
    assert "用户名或密码不对" in wrong.text
    assert "用户名或密码不对" in unknown.text
    assert "set-cookie" not in wrong.headers


def test_five_failures_lock_and_the_count_survives_the_failed_request(desk: MadeDesk):
    client = desk.stranger()
    for _ in range(5):
        last = sign_in(client, password="错的密码错的密码")
    assert "锁定" in last.text
    locked = sign_in(client)
    assert locked.status_code != 303
    assert "锁定" in locked.text
    desk.clock.forward(minutes=16)
    assert sign_in(client).status_code == 303


def test_too_many_tries_from_one_address_are_slowed(desk: MadeDesk):
    client = desk.stranger()
    statuses = [sign_in(client, name=f"n{number}").status_code for number in range(61)]
    assert statuses[:60] == [401] * 60
    assert statuses[60] == 429
    desk.clock.forward(minutes=1)
    assert sign_in(client).status_code == 303


def test_tries_for_one_name_are_slowed_by_json_too(desk: MadeDesk):
    client = desk.stranger()
    answers = [
        client.post("/api/v1/session", json={"name": "x", "password": "y"}) for _ in range(11)
    ]
    assert answers[10].status_code == 429
    assert "秒后再试" in answers[10].json()["error"]["message"]


def test_signing_in_again_ends_the_session_that_was_shown(desk: MadeDesk):
    client = desk.client()
    before = client.cookies[desk.settings.cookie_name]
    assert sign_in(client, name="guanli").status_code == 303
    with desk.database.reading() as session:
        assert sessions.resolve(session, before, now=desk.clock()) is None


def test_a_planted_cookie_is_not_taken_over(desk: MadeDesk):
    client = desk.stranger()
    client.cookies.set(desk.settings.cookie_name, "planted")
    answer = sign_in(client)
    assert answer.status_code == 303
    assert "planted" not in answer.headers["set-cookie"]


def test_signing_out_ends_the_session_on_the_server(desk: MadeDesk):
    client = desk.client()
    secret = client.cookies[desk.settings.cookie_name]
    assert client.post("/signout").headers["location"] == "/signin"
    again = desk.stranger()
    again.cookies.set(desk.settings.cookie_name, secret)
    assert again.get("/api/v1/session").status_code == 401


def test_a_session_ends_when_idle_and_when_old(desk: MadeDesk):
    client = desk.client()
    desk.clock.forward(hours=11)
    assert client.get("/api/v1/session").status_code == 200
    desk.clock.forward(hours=11)
    assert client.get("/api/v1/session").status_code == 200, "use keeps it alive"
    desk.clock.forward(hours=12)
    assert client.get("/api/v1/session").status_code == 401
    old = desk.client()
    for _ in range(15):
        desk.clock.forward(hours=11)
        old.get("/api/v1/session")
    desk.clock.forward(hours=4)
    assert old.get("/api/v1/session").status_code == 401, "seven days are the end"


def test_a_closed_account_is_out_at_once(desk: MadeDesk):
    by_cookie, by_token = desk.client(), desk.client(token=True)
    user = desk.people[Role.DUTY_OFFICER]
    with desk.database.transaction() as session:
        users.deactivate(session, user.id, now=desk.clock())
    assert by_cookie.get("/api/v1/session").status_code == 401
    assert by_token.get("/api/v1/session").status_code == 401


def test_a_first_password_must_be_changed_before_anything_else(desk: MadeDesk):
    admin = desk.client(Role.ADMIN)
    made = admin.post(
        "/api/v1/users",
        json={
            "name": "xinren",
            "display_name": "新人",
            "password": "一次性的密码请改掉",
            "roles": ["值班员"],
        },
    )
    assert made.status_code == 422, "nine characters are too few"
    password = "一次性的密码请您改掉它"
    made = admin.post(
        "/api/v1/users",
        json={"name": "xinren", "display_name": "新人", "password": password, "roles": ["值班员"]},
    )
    assert made.status_code == 201, made.text
    client = desk.stranger()
    answer = sign_in(client, name="xinren", password=password)
    assert answer.headers["location"] == "/password"
    client.headers.update(BROWSER)
    assert client.get("/").headers["location"] == "/password"
    closed = client.get("/api/v1/posts")
    assert (closed.status_code, closed.json()["error"]["code"]) == (403, "must_change_password")
    page = client.get("/password")
    assert page.status_code == 200
    assert "密码" in page.text
    new = "我自己想的密码不告诉人"
    for form, said in (
        ({"old": "错的错的错的错的", "new": new, "again": new}, "不对"),
        ({"old": password, "new": new, "again": new + "!"}, "不一样"),
        ({"old": password, "new": "短", "again": "短"}, "至少"),
        ({"old": password, "new": password, "again": password}, "相同"),
    ):
        refused = client.post("/password", data=form)
        assert refused.status_code in {401, 422}
        assert said in refused.text
    before = client.cookies[desk.settings.cookie_name]
    changed = client.post("/password", data={"old": password, "new": new, "again": new})
    assert (changed.status_code, changed.headers["location"]) == (303, "/")
    assert client.cookies[desk.settings.cookie_name] != before
    assert client.get("/api/v1/posts").status_code == 200


def test_a_program_changes_the_first_password_too(desk):
    admin = desk.client("管理员")
    password, new = "一次性的密码请您改掉它", "我自己想的密码不告诉人"
    given = {"name": "chengxu", "display_name": "程序", "password": password, "roles": ["值班员"]}
    assert admin.post("/api/v1/users", json=given).status_code == 201
    client = desk.stranger()
    client.headers.update(BROWSER)
    signed = client.post("/api/v1/session", json={"name": "chengxu", "password": password})
    assert signed.json()["must_change"] is True
    changed = client.put("/api/v1/session/password", json={"old": password, "new": new})
    assert changed.status_code == 200, changed.text
    assert client.get("/api/v1/session").json()["must_change"] is False


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https://evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "\\\\evil",
        "",
        "/signout",
        "/" + "a" * 3000,
    ],
)
def test_only_local_addresses_come_after_signing_in(target: str):
    assert safe_next(target) == "/"


def test_local_addresses_are_kept():
    assert safe_next("/incidents/3?done=x") == "/incidents/3?done=x"


def test_tokens_are_made_by_persons_and_can_be_taken_back(desk: MadeDesk):
    client = desk.client()
    made = client.post("/api/v1/tokens", json={"label": "大屏", "days": 1})
    assert made.status_code == 201
    token = made.json()["token"]
    program = desk.stranger()
    program.headers["Authorization"] = f"Bearer {token}"
    assert program.get("/api/v1/session").json()["name"] == "zhiban"
    assert program.post("/api/v1/tokens", json={"label": "更多"}).status_code == 403
    (listed,) = client.get("/api/v1/tokens").json()["items"]
    assert token not in str(listed)
    assert desk.client(Role.ADMIN).delete(f"/api/v1/tokens/{listed['id']}").status_code == 404
    assert client.delete(f"/api/v1/tokens/{listed['id']}").status_code == 200
    assert program.get("/api/v1/session").status_code == 401
