"""P19, P14, P16: Kafka, Elasticsearch and PostgreSQL killed, frozen, read-only under the service.

One service on three servers of its own; what is published, entered and decided meanwhile counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from services import servers
from support.bundling import Bundling
from support.engines import (
    PATIENT_S,
    Callers,
    Engines,
    Gazette,
    ask,
    configuration,
    enter,
    four_stages,
    no_traceback,
    own_engines,
    restarts,
    settled,
)
from support.faults import write_posts
from support.receivers import Receiver, receiving
from support.service import Service, run, service, until

pytestmark = pytest.mark.needs("kafka", "elasticsearch", "postgres")

BEFORE = 300
FROZEN_S = 8.0
AWAY_S = float(os.environ.get("AWAY_S", "121"))  # longer by hand, see docs/runbook.zh.md
HUNG_S = 60.0  # a stage that gets nowhere for so long is ended (respond.silent_s)
GROWTH_MB = 25
BLOCK = "index.blocks.read_only_allow_delete"
PAGES = ("", "alerts", "incidents", "incidents/1", "duty", "handover", "sources", "audit")
LEAD = "来电反映断网时停水"
QUICK_S = 20.0  # half a second where nothing else runs; who waits for a dead server takes longer


@dataclass
class Office:
    """The service, its servers, and the world around it."""

    up: Service
    engines: Engines
    hook: Receiver
    gazette: Gazette
    home: Path
    started_s: float  # until the console answered

    def indexed(self) -> int:
        return self.engines.size.indexed(self.up.data)

    def command(self, *arguments: str):
        data = ("--data", str(self.up.data))
        return run(*arguments, *data, cwd=self.home, env=self.engines.size.env)

    def found(self, word: str) -> list[dict[str, str]]:
        lines = self.command("search", "--json", word).stdout.splitlines()
        return [json.loads(line) for line in lines]

    def titles(self, word: str) -> list[str]:
        return sorted(one["title"] for one in self.found(word))

    def texts(self, word: str) -> list[str]:
        return [one["text"] for one in self.found(word)]


@pytest.fixture(scope="module")
def office(servers_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    home = tmp_path_factory.mktemp("engines")
    gazette = Gazette()
    gazette.publish("断网前")
    with contextlib.ExitStack() as stack:
        hook = stack.enter_context(receiving())
        stack.callback(gazette.site.close)
        engines = stack.enter_context(own_engines(servers_folder))
        (home / "yuqing.toml").write_text(configuration(hook, gazette), encoding="utf-8")
        began = time.monotonic()
        up = stack.enter_context(service(home / "data", cwd=home, env=engines.size.env))
        started_s = time.monotonic() - began
        four_stages(up)
        yield Office(up, engines, hook, gazette, home, started_s)


def opened(up: Service) -> int:
    """An incident so old that reminders of it are due at once."""
    made = up.call(
        "POST",
        "api/v1/incidents",
        {
            "title": "城东片区停水",
            "event_type": "事故灾难",
            "detected": (datetime.now(UTC) - timedelta(hours=4, minutes=55)).isoformat(),
        },
    )
    return int(made["id"])


def desk_away(up: Service) -> float:
    """The desk says what is away; what needs neither log nor index answers. Slowest page, s."""
    ready = ask(up, "readyz")
    assert ready.status == 503
    assert json.loads(ready.text)["checks"] == {
        "database": "ok",
        "log": "unavailable",
        "index": "unavailable",
    }
    assert "消息日志" in ready.text
    assert "帖文检索" in ready.text

    until(
        lambda: "等待中" in (desk := ask(up, "").text) and "消息日志（Kafka" in desk,
        what="the desk says for what the stages wait",
    )
    slowest = 0.0
    for page in PAGES:
        answer = ask(up, page)
        assert answer.status == 200, (page, answer.text[:2000])
        slowest = max(slowest, answer.seconds)
    search = ask(up, "search?q=%E5%81%9C%E6%B0%B4")
    assert search.status == 503
    assert "帖文检索" in search.text
    return slowest


def refused_lead(up: Service) -> float:
    """A lead is refused with a sentence; after how many seconds."""
    began = time.monotonic()
    sentence = enter(up, LEAD)
    assert sentence is not None
    assert "Kafka" in sentence
    assert "没有写入" in sentence
    return time.monotonic() - began


def refused_import(office: Office, file: Path) -> None:
    """So is an import."""
    told = office.command("ingest", str(file))
    assert told.returncode == 1
    assert "Kafka" in told.stderr
    assert "Traceback" not in told.stderr


def only_the_index_is_away(office: Office, callers: Callers) -> None:
    """Leads stand, on the log; the search says what is away."""
    waiting = {"database": "ok", "log": "ok", "index": "unavailable"}
    until(lambda: json.loads(ask(office.up, "readyz").text)["checks"] == waiting,
          what="the desk sees that the index is away, and only that")  # fmt: skip
    until(callers.more(10), what="leads stand without the index", deadline_s=PATIENT_S)
    until(lambda: sum(office.engines.lags()) >= 10, what="they wait on the log")


def only_the_log_is_away(office: Office) -> None:
    """What is in the index is found."""
    waiting = {"database": "ok", "log": "unavailable", "index": "ok"}
    until(lambda: json.loads(ask(office.up, "readyz").text)["checks"] == waiting,
          what="the desk sees that the index is back, and the log not")  # fmt: skip
    assert ask(office.up, "search?q=%E5%81%9C%E6%B0%B4").status == 200
    assert refused_lead(office.up) < PATIENT_S


def longer_than_a_silence(office: Office, since: float) -> dict[str, tuple[float, int]]:
    """Wait on, deciding and being reminded: nobody is taken for hung, nothing grows.

    Returns by how many MB and how many descriptors each stage has grown.
    """
    stages = four_stages(office.up)
    began = {name: (one.memory_info().rss, one.num_fds()) for name, one in stages.items()}
    while time.monotonic() - since < AWAY_S:
        number = opened(office.up)
        until(lambda number=number: any(str(number) in key.split(":") for key in office.hook.keys),
              what="each new incident is reminded of", every_s=0.5)  # fmt: skip
        time.sleep(5)  # nothing can be looked at: it is the length of the fault
        assert restarts(office.up) == dict.fromkeys(stages, 0), "who waits is not hung"
    waiting = {one["name"]: one for one in office.up.get("api/v1/stages")["items"]}
    assert waiting["analyze"]["state"] == "running"
    assert "Kafka" in waiting["analyze"]["detail"]
    grown = {
        name: ((one.memory_info().rss - began[name][0]) / 1e6, one.num_fds() - began[name][1])
        for name, one in stages.items()
    }
    for name, (megabytes, descriptors) in grown.items():
        assert megabytes < GROWTH_MB, (name, megabytes)
        assert descriptors < 20, (name, descriptors)
    return grown


def decided(office: Office) -> float:
    """An incident, its reminder, its level, an acknowledgement. Seconds until the reminder."""
    up, began = office.up, time.monotonic()
    number = opened(up)
    until(lambda: office.hook.got, what="a reminder of it is delivered", every_s=0.05)
    reminded = time.monotonic() - began
    up.call("POST", f"api/v1/incidents/{number}/level", {"level": "重大", "reason": "停水"})
    clocks = {one["rule"]: one for one in up.get(f"api/v1/incidents/{number}/clocks")["items"]}
    assert clocks["R1"]["state"] == "due_soon", "five minutes are left of five hours"
    acknowledged = up.call(
        "POST", f"api/v1/incidents/{number}/acknowledgements", {"rule": "R1", "threshold": 75}
    )
    assert acknowledged["type"]
    return reminded


@pytest.mark.promise("P19")
def test_incidents_clocks_and_reminders_go_on_without_kafka_and_elasticsearch(
    office: Office,
    tmp_path: Path,
    bundling: Bundling,
    request: pytest.FixtureRequest,
    figure: Callable[[str], None],
) -> None:
    """Elasticsearch away for two minutes, Kafka a little later for as long, so both at once."""
    up, engines = office.up, office.engines
    file = write_posts(tmp_path / "posts.jsonl", range(BEFORE))
    assert office.command("ingest", str(file)).returncode == 0
    until(lambda: office.indexed() == BEFORE + 1, what="posts and article are searchable",
          deadline_s=PATIENT_S)  # fmt: skip
    callers = Callers(up, "第{}封来信：城东停水")
    callers.start()
    try:
        engines.elasticsearch.kill()
        index_away = time.monotonic()
        only_the_index_is_away(office, callers)
        engines.kafka.kill()
        log_away = time.monotonic()
        reminded = decided(office)
        slowest = desk_away(up)
        refused = refused_lead(up)
        again = write_posts(tmp_path / "more.jsonl", range(BEFORE, BEFORE + 50))
        refused_import(office, again)
        for word in ("断网中一", "断网中二"):
            office.gazette.publish(word)
        seen = len(office.gazette.site.asked)
        until(lambda: len(office.gazette.site.asked) > seen + 1, what="the source is still visited")
        if any(one.path.name.startswith("test_p38") for one in request.session.items):
            bundling.begin()  # these two minutes are good for something else as well
        grown = longer_than_a_silence(office, log_away)
        lasted = time.monotonic() - index_away

        engines.start("elasticsearch")
        only_the_log_is_away(office)
        lasted_log = time.monotonic() - log_away
        engines.start("kafka")
        back = time.monotonic()
        until(lambda: enter(up, LEAD) is None, what="the lead stands",
              deadline_s=PATIENT_S, every_s=0.5)  # fmt: skip
        until(callers.more(5), what="leads stand again", deadline_s=PATIENT_S)
    finally:
        callers.stopped.set()
        callers.join()
    assert office.command("ingest", str(again)).returncode == 0
    letters = len(callers.standing)
    wanted = BEFORE + 50 + 1 + 3 + letters
    settled(engines, lambda: office.indexed() >= wanted, "all is there, the lag is 0")
    drained = time.monotonic() - back
    assert set(callers.standing) <= set(office.texts("封来信"))
    assert office.indexed() <= wanted + 1, "at most the last letter was written and not answered"
    assert ask(up, "readyz").status == 200
    assert len(office.titles("断网中")) == 2
    assert restarts(up) == dict.fromkeys(("serve", "analyze", "respond", "crawl"), 0)
    no_traceback(up.data)
    assert slowest < QUICK_S, slowest
    most = max(grown, key=lambda name: grown[name][0])
    figure(
        f"console {office.started_s:.1f} s after the start on three servers; "
        f"Elasticsearch away {lasted:.0f} s, Kafka {lasted_log:.0f} s, no stage taken for hung, "
        f"the most that one grew is {grown[most][0]:.0f} MB ({most}); reminder after "
        f"{reminded:.1f} s, slowest of {len(PAGES)} pages {slowest:.1f} s, lead refused in "
        f"{refused:.1f} s; back: {wanted} of {wanted} posts, {letters} of them leads of the time "
        f"around it, lag 0 after {drained:.0f} s"
    )


def faults_of(office: Office, callers: Callers) -> dict[str, Callable[[], None]]:
    """Each begins and ends what befalls a part of the service."""
    engines = office.engines

    def full() -> None:
        def waits() -> bool:
            # Again and again: Elasticsearch takes the block away when it looks at the disk.
            engines.tell_index("PUT", "yuqing*/_settings", {BLOCK: "true"})
            return sum(engines.lags()) >= 10

        until(waits, what="leads are taken meanwhile and wait on the log", deadline_s=PATIENT_S)
        engines.tell_index("PUT", "yuqing*/_settings", {BLOCK: None})

    def frozen() -> None:
        engines.kafka.freeze()
        time.sleep(FROZEN_S)  # nothing can be looked at: it is the length of the fault
        engines.kafka.thaw()

    def killed(name: str) -> Callable[[], None]:
        server: servers.Server = getattr(engines, name)

        def cycle() -> None:
            server.kill()
            if name == "postgres":
                told = len(callers.refused)
                until(lambda: len(callers.refused) > told, what="callers are told")
            server.start()

        return cycle

    def killed_stage(name: str) -> Callable[[], None]:
        def cycle() -> None:
            four_stages(office.up)[name].kill()

        return cycle

    return {
        "Kafka killed": killed("kafka"),
        "index read-only": full,
        "scorer and grouper killed": killed_stage("analyze"),
        "Kafka frozen": frozen,
        "PostgreSQL killed": killed("postgres"),
        "responder killed": killed_stage("respond"),
        "crawler killed": killed_stage("crawl"),
        "Elasticsearch killed": killed("elasticsearch"),
        "console killed": killed_stage("serve"),
    }


@pytest.mark.promise("P14", "P16", "P19")
def test_whatever_is_killed_frozen_or_full_nothing_that_stands_is_lost_or_twice(
    office: Office, figure: Callable[[str], None]
) -> None:
    up, engines = office.up, office.engines
    before = office.indexed()
    started = restarts(up)
    callers = Callers(up, "第{}通来电：城东停水")
    chance = random.Random(19)
    faults = faults_of(office, callers)
    back: dict[str, float] = {}

    callers.start()
    try:
        for name, fault in faults.items():
            until(
                callers.more(chance.randrange(5, 25)),
                what=f"leads before: {name}",
                deadline_s=PATIENT_S,
            )
            fault()
            since = time.monotonic()
            until(callers.more(5), what=f"leads after: {name}", deadline_s=PATIENT_S)
            back[name] = time.monotonic() - since
    finally:
        callers.stopped.set()
        callers.join()
    wanted = set(callers.standing)
    drained = settled(
        engines, lambda: office.indexed() >= before + len(wanted), "all that stands is searchable"
    )
    texts = office.texts("通来电")
    assert wanted <= set(texts)
    assert len(texts) == len(set(texts)) == office.indexed() - before
    assert len(texts) <= len(wanted) + 1, "at most the last one was written and not answered"
    four_stages(up)
    ended = {name: count - started[name] for name, count in restarts(up).items()}
    assert ended == {"serve": 1, "analyze": 1, "respond": 1, "crawl": 1}, "who was killed, no other"
    seen = len(office.gazette.site.asked)
    until(lambda: len(office.gazette.site.asked) > seen, what="the new crawler visits the source")
    assert office.command("verify").returncode == 0
    slow = max(back, key=back.__getitem__)
    figure(
        f"{len(faults)} faults under the whole service: {len(wanted)} acknowledged leads, 0 lost, "
        f"0 twice, {len(callers.refused)} refused in plain words; slowest to go on after "
        f"“{slow}” {back[slow]:.1f} s; lag 0 after {drained:.1f} s"
    )
