"""The live stream, on a real server."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import httpx2
import pytest
from support.api import MadeDesk, make_desk

from api.stream import QUEUE_SIZE, event, last_event_id
from registry import changes, users
from registry.users import Role

FAST = {"stream_poll_s": 0.05, "stream_heartbeat_s": 0.2}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MadeDesk]:
    with make_desk(tmp_path, **FAST) as made:
        yield made


@contextmanager
def listening(desk: MadeDesk, url: str, **headers: str) -> Iterator[Iterator[dict[str, str]]]:
    token = desk.client(Role.DUTY_OFFICER, token=True).headers["Authorization"]
    with httpx2.stream(
        "GET", f"{url}/api/v1/stream", headers={"Authorization": token, **headers}, timeout=60
    ) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["cache-control"] == "no-store"
        yield events(answer.iter_lines())


def events(lines: Iterator[str]) -> Iterator[dict[str, str]]:
    found: dict[str, str] = {}
    for line in lines:
        if not line and found:
            yield found
            found = {}
        elif line:
            name, _, value = line.partition(": ")
            found[name] = value


def only(stream: Iterator[dict[str, str]], name: str) -> Iterator[dict[str, str]]:
    others = 0
    for found in stream:
        if found.get("event") == name:
            yield found
        else:
            others += 1
            assert others < 100, f"no {name} came"


def note(desk: MadeDesk, subject: str) -> int:
    with desk.database.transaction() as session:
        changes.note(session, "alert", subject, now=desk.clock())
        return changes.last(session)


def test_a_change_arrives_with_its_number(desk: MadeDesk):
    with desk.serving() as url, listening(desk, url) as stream:
        assert next(stream)["retry"] == "2000"
        told = next(only(stream, "time"))
        assert json.loads(told["data"]) == {"now": "2026-03-02T14:00:00.000+08:00"}
        number = note(desk, "7")
        change = next(only(stream, "change"))
        assert change["id"] == str(number)
        assert json.loads(change["data"]) == {
            "topic": "alert",
            "subject": "7",
            "at": "2026-03-02T14:00:00+08:00",
        }


def test_a_listener_that_comes_back_misses_nothing(desk: MadeDesk):
    first, second, third = (note(desk, str(subject)) for subject in "123")
    with (
        desk.serving() as url,
        listening(desk, url, **{"Last-Event-ID": str(first)}) as stream,
    ):
        seen = only(stream, "change")
        assert [next(seen)["id"], next(seen)["id"]] == [str(second), str(third)]
        fourth = note(desk, "4")
        assert next(seen)["id"] == str(fourth)


def test_two_listeners_both_hear_and_each_once(desk: MadeDesk):
    with desk.serving() as url, listening(desk, url) as one, listening(desk, url) as other:
        next(only(one, "time"))
        next(only(other, "time"))
        numbers = [str(note(desk, str(subject))) for subject in range(5)]
        for stream in (one, other):
            seen = only(stream, "change")
            assert [next(seen)["id"] for _ in numbers] == numbers


def test_a_comment_keeps_the_line_open(desk: MadeDesk):
    with desk.serving() as url, listening(desk, url) as stream:
        beats = only(stream, "time")
        assert [next(beats)["event"] for _ in range(3)] == ["time"] * 3


def test_the_stream_ends_with_the_server_within_seconds(desk: MadeDesk):
    ended = threading.Event()
    with desk.serving() as url:
        opened = threading.Event()

        def listen() -> None:
            try:
                with listening(desk, url) as stream:
                    next(only(stream, "time"))
                    opened.set()
                    for _ in stream:
                        pass
            finally:
                ended.set()

        threading.Thread(target=listen).start()
        assert opened.wait(60)
        began = time.monotonic()
    assert ended.wait(60)
    assert time.monotonic() - began < 15


def test_who_is_signed_out_hears_no_more(desk: MadeDesk):
    with desk.serving() as url, listening(desk, url) as stream:
        next(only(stream, "time"))
        with desk.database.transaction() as session:
            users.deactivate(session, desk.people[Role.DUTY_OFFICER].id, now=desk.clock())
        desk.clock.forward(minutes=1)
        assert len(list(islice(stream, 60))) < 60, "the stream goes on"


def test_a_stranger_hears_nothing(desk: MadeDesk):
    answer = desk.stranger().get("/api/v1/stream")
    assert answer.status_code == 401


def test_a_subject_cannot_break_the_form():
    text = event("change", {"subject": "x\n\ndata: forged\r"}, number=3)
    assert text.count("\n\n") == 1
    assert text.splitlines()[0] == "id: 3"


@pytest.mark.parametrize("header", ["", "-1", "abc", "1.5", "９", "1" * 40])
def test_a_number_that_is_none_starts_from_now(header: str):
    assert last_event_id(header) is None


def test_who_missed_more_than_is_kept_ready_still_gets_all(desk: MadeDesk):
    first = note(desk, "first")
    with desk.database.transaction() as session:
        for subject in range(QUEUE_SIZE + 300):
            changes.note(session, "alert", subject, now=desk.clock())
        last = changes.last(session)
    with (
        desk.serving() as url,
        listening(desk, url, **{"Last-Event-ID": str(first)}) as stream,
    ):
        seen = islice(only(stream, "change"), last - first)
        numbers = [int(found["id"]) for found in seen]
    assert numbers == list(range(first + 1, last + 1))
