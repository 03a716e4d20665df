"""A walk over the API's own description with inputs that nobody means well: never a 5xx."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.api import MadeDesk
from support.posts import make_scored

from registry.users import Role

ODD_VALUES = [
    "null",
    "true",
    "0",
    "-1",
    "1e400",
    "NaN",
    "-Infinity",
    "9" * 30,
    "9" * 5000,
    '"\\ud800"',
    '"\\u0000"',
    '"\\u202e\\ufffe"',
    '"2026-03-02T10:00:00"',
    '"0001-01-01T00:00:00+14:00"',
    '"9999-12-31T23:59:59-14:00"',
    '"2026-02-30T10:00:00+08:00"',
    '"' + "长" * 30_000 + '"',
    "[]",
    "{}",
    "[" * 5000 + "]" * 5000,
    '{"a": ' * 900 + "1" + "}" * 900,
    '["\\udfff"]',
    '[{"a": "\\ud800"}]',
]
ODD_WORDS = ["%00", "%ff", "%ed%a0%80", "..", "-1", "0", "9" * 30, "x" * 5000, "é", "%0a", "'", "*"]
BODIES = ["", "{", "[]", "null", '"x"', "1", "\ufeff{}", '{"\\ud800": 1}', '{"a":1,"a":2}', "\xff"]


def operations(desk: MadeDesk) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in desk.app.openapi()["paths"].items():
        for method, about in methods.items():
            if path != "/api/v1/stream":
                yield method.upper(), path, about


def fields(desk: MadeDesk, about: dict[str, Any]) -> list[str]:
    body = about.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = body.get("schema", {}).get("$ref", "").rsplit("/", 1)[-1]
    schemas = desk.app.openapi()["components"]["schemas"]
    found = list(schemas.get(name, {}).get("properties", {}))
    # an entry is described by the responder, not by the schema
    return found or ["type", "at", "text", "value", "level", "evidence", "which", "rule", "status"]


def parameters(about: dict[str, Any], where: str) -> list[str]:
    return [one["name"] for one in about.get("parameters", ()) if one["in"] == where]


def prepare(desk: MadeDesk) -> Any:
    desk.index.write([make_scored("1")])
    client = desk.client(Role.ADMIN, token=True)
    client.post("/api/v1/incidents", json={"title": "事件"})
    source = {"name": "s", "kind": "gov", "spider": "manual"}
    client.put("/api/v1/sources/1", json=source)
    client.headers["Content-Type"] = "application/json"
    return client


def check(answer: Any, about: dict[str, Any], told: object) -> None:
    assert answer.status_code < 500, (told, answer.text[:300])
    assert str(answer.status_code) in {*about["responses"], "404"}, (told, answer.status_code)
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert error["message"], told
        assert any("\u4e00" <= char <= "\u9fff" for char in error["message"]), error
    answer.text.encode()


def test_odd_addresses_and_queries(desk: MadeDesk):
    client, tried = prepare(desk), 0
    for method, path, about in operations(desk):
        if method != "GET":
            continue
        filled = path
        for name in parameters(about, "path"):
            for word in ODD_WORDS:
                check(client.get(path.replace("{" + name + "}", word)), about, (path, word))
                tried += 1
            filled = filled.replace("{" + name + "}", "1")
        for name in parameters(about, "query"):
            for word in ODD_WORDS:
                check(client.get(f"{filled}?{name}={word}"), about, (path, name, word))
                tried += 1
    assert tried > 300


def test_odd_bodies(desk: MadeDesk):
    client, tried = prepare(desk), 0
    for method, path, about in operations(desk):
        if "requestBody" not in about or path == "/api/v1/session/password":
            continue
        filled = path
        for name in parameters(about, "path"):
            filled = filled.replace("{" + name + "}", "1")
        for body in BODIES:
            content = body.encode("utf-8" if body != "\xff" else "latin-1")
            check(client.request(method, filled, content=content), about, (method, path, body))
            tried += 1
        for turn, field in enumerate(fields(desk, about)):
            for value in ODD_VALUES[turn % 2 :: 2]:  # each meets every second field
                kinds = ["note", "instant", "release"]
                for kind in kinds if path.endswith("/entries") else [""]:
                    head = f'"type": "{kind}", ' if kind and field != "type" else ""
                    content = ("{" + head + json.dumps(field) + ": " + value + "}").encode()
                    told = (method, path, kind, field, value[:40])
                    if path != "/api/v1/session":  # not to be slowed down by the tries
                        check(client.request(method, filled, content=content), about, told)
                        tried += 1
    assert tried > 1000


def test_the_description_is_in_chinese_and_whole(desk: MadeDesk):
    schema = desk.app.openapi()
    chinese = re.compile("[\u4e00-\u9fff]")
    for path, methods in schema["paths"].items():
        for method, about in methods.items():
            assert chinese.search(about["summary"]), (method, path)
            for one in about.get("parameters", ()):
                assert one.get("description"), (path, one)
    for name, model in schema["components"]["schemas"].items():
        if name in {"HTTPValidationError", "ValidationError"}:
            continue
        for field, about in model.get("properties", {}).items():
            said = about.get("description", "")
            assert chinese.search(said) or field in {"id", "items", "ok", "error"}, (name, field)


@pytest.mark.parametrize("kind", ["text/plain", "", "application/x-www-form-urlencoded", "x/y;="])
def test_another_content_type_is_told(desk: MadeDesk, kind: str):
    client = desk.client(token=True)
    answer = client.post("/api/v1/leads", content=b'{"text": "x"}', headers={"Content-Type": kind})
    assert answer.status_code == 422
    assert "application/json" in answer.json()["error"]["message"]


def test_the_sign_in_form_takes_anything(desk: MadeDesk):
    client = desk.stranger()
    for body, kind in (
        (b"name=%00&password=%ff%fe", "application/x-www-form-urlencoded"),
        (b"name=a&name=b&password=" + b"x" * 5000, "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"garbage", "multipart/form-data"),
        (
            b'--x\r\nContent-Disposition: form-data; name="name"; filename=a\r\n\r\nz\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
        (
            b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\n\xed\xa0\x80\r\n--x--\r\n',
            "multipart/form-data; boundary=x",
        ),
    ):
        answer = client.post("/signin", content=body, headers={"Content-Type": kind})
        assert 400 <= answer.status_code < 500, (body, answer.status_code)
        assert answer.headers["content-type"].startswith("text/html")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
def test_any_search_is_answered(desk: MadeDesk, text: str):
    client = desk.__dict__.setdefault("_reader", desk.client(token=True))
    answer = client.get("/api/v1/posts", params={"q": text})
    assert answer.status_code == 200, text
