"""The server itself: ports, ends, many at once, log lines."""

from __future__ import annotations

import errno
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import pytest
import structlog
from support.api import START, MadeDesk

from api.access import pattern_of
from api.limits import MAX_KEYS, TryLimit
from api.server import address_of, bind, serve
from registry.errors import TooManyRequestsError
from registry.users import Role


def test_a_port_in_use_is_said_so(desk: MadeDesk):
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(OSError, match="in use") as refused:
            serve(desk.app, "127.0.0.1", port, threading.Event())
    assert refused.value.errno == errno.EADDRINUSE


def test_a_port_is_free_again_at_once(desk: MadeDesk):
    with desk.serving() as url:
        port = int(url.rsplit(":", 1)[1])
        assert httpx2.get(f"{url}/healthz").status_code == 200
    with bind("127.0.0.1", port):
        pass


def test_addresses_are_said_as_a_browser_needs_them():
    with bind("127.0.0.1", 0) as listener:
        assert address_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"
    with bind("0.0.0.0", 0) as listener:
        assert address_of(listener).startswith("http://127.0.0.1:")


def test_answers_do_not_wait_for_small_pieces_to_be_acknowledged(desk: MadeDesk):
    with desk.serving() as url, httpx2.Client() as client:
        client.get(f"{url}/healthz")
        spent = []
        for _ in range(20):
            began = time.perf_counter()
            client.get(f"{url}/healthz")
            spent.append(time.perf_counter() - began)
    assert min(spent) < 0.03, "40 ms are the sign of a delayed acknowledgement"


def test_an_idle_connection_does_not_hold_up_the_end(desk: MadeDesk):
    with (
        desk.serving() as url,
        socket.create_connection(("127.0.0.1", int(url.rsplit(":", 1)[1]))) as half,
    ):
        half.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n")  # never finished
        assert httpx2.get(f"{url}/healthz").status_code == 200
        began = time.monotonic()
    assert time.monotonic() - began < 20


def test_many_writers_at_once_all_get_their_turn(desk: MadeDesk):
    token = desk.client(Role.DUTY_OFFICER, token=True).headers["Authorization"]
    with (
        desk.serving() as url,
        httpx2.Client(
            headers={"Authorization": token}, timeout=60, limits=httpx2.Limits(max_connections=80)
        ) as client,
    ):

        def write(number: int) -> int:
            answer = client.post(f"{url}/api/v1/incidents", json={"title": f"事件 {number}"})
            return answer.status_code

        def read(_number: int) -> int:
            return client.get(f"{url}/api/v1/clocks").status_code

        with ThreadPoolExecutor(80) as pool:
            written = [pool.submit(write, number) for number in range(60)]
            shown = [pool.submit(read, number) for number in range(60)]
            assert {done.result() for done in written} == {201}
            assert {done.result() for done in shown} == {200}
        listed = client.get(f"{url}/api/v1/incidents?limit=200").json()["items"]
    assert len({row["title"] for row in listed}) == 60


def test_a_log_line_holds_nothing_that_the_other_end_chose(desk: MadeDesk):
    with structlog.testing.capture_logs() as lines:
        client = desk.client()
        client.get("/api/v1/posts/%0d%0aforged%1b%5b31m?q=%0d%0aforged")
        client.get("/forged%0d%0a")
        client.request("FORGED", "/api/v1/posts")
        client.get("/api/v1/posts", headers={"User-Agent": "forged"})
        desk.stranger().post("/signin", data={"name": "forged", "password": "forged"})
    told = [line for line in lines if line["event"] == "http_request"]
    assert len(told) == 5
    assert "orged" not in repr(lines)
    assert [line["route"] for line in told[:2]] == ["/api/v1/posts/{post_id}", "-"]
    assert told[2]["method"] == "OTHER"
    assert told[0]["user"] == desk.people[Role.DUTY_OFFICER].id


def test_a_pattern_puts_names_back_for_values():
    scope = {"path": "/api/v1/sources/check/check", "route": 1, "path_params": {"id": "sources"}}
    assert pattern_of(scope) == "/api/v1/{id}/check/check"
    assert pattern_of({"path": "/x"}) == "-"


def test_the_count_of_tries_is_bounded_in_memory():
    limit = TryLimit(per_name=1, per_address=10**9)
    for number in range(MAX_KEYS + 50):
        limit.check(f"n{number}", "127.0.0.1", now=START)
    assert len(limit._tries) <= MAX_KEYS
    with pytest.raises(TooManyRequestsError):
        limit.check(f"n{MAX_KEYS + 49}", "127.0.0.1", now=START)
