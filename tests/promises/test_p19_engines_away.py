"""P19, P14, P16: Kafka, Elasticsearch and PostgreSQL killed, frozen, read-only under the service.

One service on three servers of its own; what is published, entered and decided meanwhile counts.
"""

from __future__ import annotations

import contextlib
import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from services import servers
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
BLOCK = "index.blocks.read_only_allow_delete"
PAGES = ("", "alerts", "incidents", "incidents/1", "duty", "handover", "sources", "audit")
LEAD = "来电反映断网时停水"
QUICK_S = 5.0  # a second or two where nothing else runs


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

    def titles(self, word: str) -> list[str]:
        lines = self.command("search", "--json", word).stdout.splitlines()
        return sorted(json.loads(line)["title"] for line in lines)


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


@pytest.mark.promise("P19")
def test_incidents_clocks_and_reminders_go_on_without_kafka_and_elasticsearch(
    office: Office, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    up, engines, hook = office.up, office.engines, office.hook
    file = write_posts(tmp_path / "posts.jsonl", range(BEFORE))
    assert office.command("ingest", str(file)).returncode == 0
    until(lambda: office.indexed() == BEFORE + 1, what="posts and article are searchable",
          deadline_s=PATIENT_S)  # fmt: skip

    engines.kafka.kill()
    engines.elasticsearch.kill()
    away = time.monotonic()
    number = opened(up)
    until(lambda: hook.got, what="a reminder of it is delivered", every_s=0.05)
    reminded = time.monotonic() - away
    up.call("POST", f"api/v1/incidents/{number}/level", {"level": "重大", "reason": "停水"})
    clocks = {one["rule"]: one for one in up.get(f"api/v1/incidents/{number}/clocks")["items"]}
    assert clocks["R1"]["state"] == "due_soon", "five minutes are left of five hours"
    acknowledged = up.call(
        "POST", f"api/v1/incidents/{number}/acknowledgements", {"rule": "R1", "threshold": 75}
    )
    assert acknowledged["type"]
    slowest = desk_away(up)
    refused = refused_lead(up)
    again = write_posts(tmp_path / "more.jsonl", range(BEFORE, BEFORE + 50))
    told = office.command("ingest", str(again))
    assert told.returncode == 1
    assert "Kafka" in told.stderr
    assert "Traceback" not in told.stderr
    for word in ("断网中一", "断网中二"):
        office.gazette.publish(word)
    seen = len(office.gazette.site.asked)
    until(lambda: len(office.gazette.site.asked) > seen + 1, what="the source is still visited")
    number_two = opened(up)
    until(
        lambda: any(str(number_two) in key.split(":") for key in hook.keys),
        what="a second incident is reminded of",
    )
    lasted = time.monotonic() - away

    engines.start("kafka", "elasticsearch")
    back = time.monotonic()
    until(lambda: enter(up, LEAD) is None, what="the lead stands",
          deadline_s=PATIENT_S, every_s=0.5)  # fmt: skip
    assert office.command("ingest", str(again)).returncode == 0
    wanted = BEFORE + 50 + 1 + 3
    settled(engines, lambda: office.indexed() == wanted, "all is there, the lag is 0")
    drained = time.monotonic() - back
    assert ask(up, "readyz").status == 200
    assert len(office.titles("断网中")) == 2
    assert restarts(up) == dict.fromkeys(("serve", "analyze", "respond", "crawl"), 0)
    no_traceback(up.data)
    assert slowest < QUICK_S, slowest
    figure(
        f"console {office.started_s:.1f} s after the start on three servers; "
        f"Kafka and Elasticsearch killed for {lasted:.0f} s: reminder after {reminded:.1f} s, "
        f"slowest of {len(PAGES)} pages {slowest:.1f} s, lead refused in {refused:.1f} s; back: "
        f"{wanted} of {wanted} posts, lag 0 after {drained:.0f} s"
    )


def faults_of(office: Office, callers: Callers) -> dict[str, Callable[[], None]]:
    """Each begins and ends what befalls a part of the service."""
    engines = office.engines

    def full() -> None:
        engines.tell_index("PUT", "yuqing*/_settings", {BLOCK: "true"})
        stood = office.indexed()
        until(callers.more(20), what="leads are taken meanwhile", deadline_s=PATIENT_S)
        until(lambda: sum(engines.lags()) >= 10, what="they wait on the log")
        assert office.indexed() <= stood + 50, "nothing goes in but what was under way"
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
    callers = Callers(up)
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
    found = [
        json.loads(line)
        for line in office.command("search", "--json", "通来电").stdout.splitlines()
    ]
    texts = [one["text"] for one in found]
    assert wanted <= set(texts)
    assert len(texts) == len(set(texts)) == office.indexed() - before
    assert len(texts) <= len(wanted) + 1, "at most the last one was written and not answered"
    four_stages(up)
    ended = {name: count - started[name] for name, count in restarts(up).items()}
    assert ended == {"serve": 1, "analyze": 1, "respond": 1, "crawl": 0}, "who was killed, no other"
    assert office.command("verify").returncode == 0
    slow = max(back, key=back.__getitem__)
    figure(
        f"{len(faults)} faults under the whole service: {len(wanted)} acknowledged leads, 0 lost, "
        f"0 twice, {len(callers.refused)} refused in plain words; slowest to go on after "
        f"“{slow}” {back[slow]:.1f} s; lag 0 after {drained:.1f} s"
    )
