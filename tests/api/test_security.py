from __future__ import annotations

from pathlib import Path

import pytest
import structlog
from support.api import MadeDesk, make_desk

POST = "/api/v1/leads"
LEAD = {"how": "来电", "text": "市民来电反映停水"}


def test_every_answer_carries_the_headers(desk: MadeDesk):
    client = desk.client()
    for path in ("/signin", "/api/v1/posts", "/nothing", "/api/v1/nothing", "/static/console.css"):
        answer = client.get(path)
        policy = answer.headers["content-security-policy"]
        for part in (
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "form-action 'self'",
        ):
            assert part in policy
        assert "unsafe" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-opener-policy"] == "same-origin"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["referrer-policy"] == "same-origin"
        kept = "no-cache" if path.startswith("/static") else "no-store"
        assert answer.headers["cache-control"] == kept


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://127.0.0.1"}, 201),
        ({"Origin": "http://127.0.0.1:8081"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://["}, 403),
        ({}, 403),
    ],
)
def test_a_cookie_speaks_only_from_our_own_pages(desk: MadeDesk, headers: dict, status: int):
    client = desk.client()
    del client.headers["Sec-Fetch-Site"]
    answer = client.post(POST, json=LEAD, headers=headers)
    assert answer.status_code == status, answer.text
    if status == 403:
        assert answer.json()["error"]["code"] == "cross_site"
        assert "拒绝" in answer.json()["error"]["message"]


def test_a_token_needs_no_origin(desk: MadeDesk):
    assert desk.client(token=True).post(POST, json=LEAD).status_code == 201


def test_a_bearer_header_does_not_lend_the_cookie_its_freedom(desk: MadeDesk):
    client = desk.client()
    headers = {"Authorization": "Bearer x", "Sec-Fetch-Site": "cross-site"}
    assert client.post(POST, json=LEAD, headers=headers).status_code == 401


def test_another_site_cannot_sign_a_person_in(desk: MadeDesk):
    answer = desk.stranger().post(
        "/signin", data={"name": "a", "password": "b"}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8080", True),
        ("localhost", True),
        ("[::1]:8080", True),
        ("192.168.1.20:8080", True),
        ("yuqing.example", False),
        ("localhost.evil.example", False),
        ("127.0.0.1.evil.example", False),
        ("", False),
        ("[", False),
        ("a@127.0.0.1@b", False),
    ],
)
def test_only_known_names_are_answered(desk: MadeDesk, host: str, known: bool):
    answer = desk.stranger().get("/healthz", headers={"Host": host})
    assert answer.status_code == (200 if known else 400), answer.text
    if not known:
        assert answer.json()["error"]["code"] == "unknown_host"


def test_a_configured_name_is_answered(tmp_path: Path):
    with make_desk(tmp_path, allowed_hosts=("Yuqing.example",)) as desk:
        answer = desk.stranger().get("/healthz", headers={"Host": "yuqing.example:8443"})
        assert answer.status_code == 200


def test_a_body_that_is_too_large_is_refused_before_it_is_read(desk: MadeDesk):
    client = desk.client()
    huge = b'{"text": "' + b"x" * (2 * 1024 * 1024) + b'"}'
    stated = client.post(POST, content=huge, headers={"Content-Type": "application/json"})
    assert stated.status_code == 413
    assert "2 MB" in stated.json()["error"]["message"]
    pieces = (huge[at : at + 65536] for at in range(0, len(huge), 65536))
    streamed = client.post(POST, content=pieces, headers={"Content-Type": "application/json"})
    assert streamed.status_code == 413


def test_a_body_without_a_stated_length_is_read_whole(desk: MadeDesk):
    pieces = iter([b'{"how": "\xe6\x9d\xa5', b"\xe7\x94\xb5", b'", "text": "abc"}'])
    answer = desk.client().post(POST, content=pieces, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text


def test_a_fault_of_ours_is_a_number_and_no_traceback(
    desk: MadeDesk, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_args: object, **_named: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(desk.index, "search", broken)
    with structlog.testing.capture_logs() as lines:
        answer = desk.client().get("/api/v1/posts")
    (told,) = [line for line in lines if line["event"] == "request_failed"]
    assert isinstance(told["exc_info"], RuntimeError)
    assert told["number"] in answer.json()["error"]["message"]
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "internal"
    assert "编号" in answer.json()["error"]["message"]
    assert "secret" not in answer.text
    assert "Traceback" not in answer.text
    assert "content-security-policy" in answer.headers
