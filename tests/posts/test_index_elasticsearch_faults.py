"""Elasticsearch killed, frozen and started again: nothing lost, the desk goes on, erasure ends."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from services import servers
from support.analyzer import Clock, nowhere, put_raw
from support.api import MadeDesk, make_desk
from support.desk_data import fill
from support.posts import make_post, make_scored

from analyzer import sentiment
from analyzer.scoring.worker import GROUP, ScoringWorker
from posts.errors import RetryError
from posts.index.elasticsearch import ElasticsearchIndex
from posts.index.elasticsearch_connection import ElasticsearchSettings
from posts.index.port import Query
from posts.log.memory import MemoryLog
from posts.log.port import RAW
from registry.users import Role

MARKER = "zqxjkvbpw"


@pytest.fixture
def server(servers_folder: Path) -> Iterator[servers.Server]:
    """A server of this test's own, which it may kill."""
    made = servers.KINDS["elasticsearch"](servers_folder / "elasticsearch-faults")
    try:
        made.start()
        yield made
    finally:
        made.remove()


def until(done: Callable[[], bool], seconds: float) -> float:
    """How long it took; fails where it never came."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < seconds, "it never came"
        time.sleep(0.1)
    return time.monotonic() - began


def holds_marker(server: servers.Server) -> bool:
    files = [file for file in (server.home / "data").rglob("*") if file.is_file()]
    return any(MARKER.encode() in file.read_bytes() for file in files)


def pages_go_on_without_the_search(desk: MadeDesk, made: dict[str, int]) -> None:
    client = desk.client(Role.DUTY_OFFICER)
    for path in ("/", "/incidents", f"/incidents/{made['incident']}", "/alerts"):
        assert client.get(path).status_code == 200, path
    alert = client.get(f"/alerts/{made['alert']}")
    assert alert.status_code == 200
    assert "帖文检索暂时用不了" in alert.text
    search = client.get("/search?q=停水")
    assert search.status_code == 503
    assert "帖文检索或消息日志暂时用不了" in search.text
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["message"] == "帖文检索暂时用不了"
    assert client.get("/healthz").status_code == 200


@pytest.mark.promise("P19")
@pytest.mark.needs("elasticsearch")
def test_killed_frozen_and_started_again_loses_nothing_and_the_desk_goes_on(
    server: servers.Server, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    settings = ElasticsearchSettings(
        url=server.address, timeout_s=1.0, refresh="read", smartcn=False
    )
    index = ElasticsearchIndex(settings)
    patient = ElasticsearchIndex(
        ElasticsearchSettings(url=server.address, refresh="read", smartcn=False)
    )
    erased = make_scored("erased", text=f"要销毁的 {MARKER}")
    patient.write([erased])
    assert patient.count(Query(text=MARKER)) == 1
    assert patient.erase([erased.post.id]) == 1
    assert not patient.scrub(), "copies may still ask for it"
    assert holds_marker(server)

    log = MemoryLog()
    worker = ScoringWorker(log, patient, sentiment.load("trivial"), nowhere(), Clock())
    put_raw(log, [make_post(str(n)) for n in range(300)])
    with make_desk(tmp_path, index=index) as desk:
        until(lambda: _done(lambda: desk.index.count(Query())), 90)
        made = fill(desk)
        patient.refresh()  # the desk wrote through another client
        there = patient.count(Query())
        assert there > 0
        assert worker.step(100) == 100

        server.kill()
        with pytest.raises(RetryError, match="连不上"):
            worker.step(100)
        assert log.lag(RAW, GROUP) == 200
        pages_go_on_without_the_search(desk, made)
        server.start()
        recovered = until(lambda: _done(lambda: worker.step(100)), 120)

        server.freeze()
        try:
            with pytest.raises(RetryError, match="没有回答"):
                index.write([make_scored("frozen")])
            pages_go_on_without_the_search(desk, made)
        finally:
            server.thaw()
        until(lambda: _done(lambda: worker.step(100)), 120)
        while worker.step(100):
            pass
        assert log.lag(RAW, GROUP) == 0
        patient.refresh()
        frozen = make_scored("frozen").post.id in patient.get_many([make_scored("frozen").post.id])
        assert patient.count(Query()) == there + 300 + frozen

    scrubbed = until(patient.scrub, 120)
    assert not holds_marker(server), "nothing is left in any file"
    figure(
        f"Elasticsearch killed and frozen: 300 of 300 posts there, {recovered:.1f} s after its "
        f"start; erased text gone from its files, {scrubbed:.0f} s after the last write"
    )
    patient.close()


def _done(ask: Callable[[], object]) -> bool:
    try:
        ask()
    except RetryError:
        return False
    return True
