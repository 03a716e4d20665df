"""Nothing but the listed few addresses is open without a sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Mount
from support.api import BROWSER, MadeDesk

OPEN = {
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/signin"),
    ("POST", "/signin"),
    ("POST", "/api/v1/session"),
    ("GET", "/duty.ics"),  # by the token of a subscription only, see test_duty.py
}


def walk(desk: MadeDesk) -> Iterator[tuple[str, str]]:
    def paths(routes: list[Any]) -> Iterator[tuple[str, str]]:
        for route in routes:
            if isinstance(route, Mount):
                yield "GET", f"{route.path}/anything"
            elif (path := getattr(route, "path", None)) is not None:
                for method in getattr(route, "methods", None) or {"GET"}:
                    yield method, path
            else:
                yield from paths(route.original_router.routes)

    yield from paths(desk.app.routes)
    for path, methods in desk.app.openapi()["paths"].items():
        for method in methods:
            yield method.upper(), path
    for path in ("/docs", "/redoc", "/openapi.json", "/api/", "/unknown", "//signin", "/signin/"):
        yield "GET", path
    for name in ("console.css/", "live.js", "%2e%2e/pages.py"):
        yield "GET", f"/static/{name}"


def test_every_route_is_closed_to_a_stranger(desk: MadeDesk):
    stranger = desk.stranger()
    tried = 0
    for asked, path in set(walk(desk)):
        method = "GET" if asked == "HEAD" else asked
        filled = path.replace("{post_id}", "x")
        for piece in ("number", "source_id", "rule_id", "code", "rule"):
            filled = filled.replace("{" + piece + "}", "1")
        if (method, path) in OPEN:
            continue
        answer = stranger.request(method, filled, headers=BROWSER)
        tried += 1
        if filled.startswith(("/api/", "/static")) or filled == "/metrics":
            assert answer.status_code == 401, (method, path)
            if filled.startswith("/api/"):
                assert answer.json()["error"]["code"] == "unauthenticated"
                assert answer.headers["www-authenticate"] == "Bearer"
        else:
            assert answer.status_code == 303, (method, path, answer.status_code)
            assert answer.headers["location"].startswith("/signin?next="), path
    assert tried > 40


def test_the_open_few_are_open(desk: MadeDesk):
    stranger = desk.stranger()
    assert stranger.get("/healthz").json() == {"status": "ok"}
    ready = stranger.get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["checks"] == {"database": "ok", "log": "ok", "index": "ok"}
    page = stranger.get("/signin")
    assert page.status_code == 200
    assert "登录" in page.text
    assert stranger.get("/static/console.css").status_code == 200


def test_readyz_says_what_is_missing(desk: MadeDesk, monkeypatch: pytest.MonkeyPatch):
    def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError("secret path /x")

    monkeypatch.setattr(desk.index, "get_many", broken)
    answer = desk.stranger().get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "ready": False,
        "checks": {"database": "ok", "log": "ok", "index": "unavailable"},
        "message": "帖文检索暂时用不了",
    }


def test_a_page_leads_back_to_where_one_was_going(desk: MadeDesk):
    answer = desk.stranger().get("/search?q=停水&area=5331")
    assert answer.headers["location"].startswith("/signin?next=%2Fsearch%3Fq%3D")


def test_unknown_addresses_are_404_for_who_is_signed_in(desk: MadeDesk):
    client = desk.client()
    answer = client.get("/api/v1/nothing")
    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert "没有这个" in answer.json()["error"]["message"]
    page = client.get("/nothing")
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert "没有这个页面" in page.text


@pytest.mark.parametrize("header", ["Bearer wrong", "Bearer ", "Basic eDp5", "Bearer \xff", "x"])
def test_a_wrong_token_opens_nothing_even_with_a_cookie(desk: MadeDesk, header: str):
    client = desk.client()
    answer = client.get("/api/v1/session", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401


def test_api_documents_itself_to_who_is_signed_in(desk: MadeDesk):
    schema = desk.client(token=True).get("/api/openapi.json").json()
    assert "/api/v1/posts" in schema["paths"]
    assert "/signin" not in schema["paths"]
    assert desk.client().get("/docs").status_code == 404
