"""Two of each stage on one set of servers: the work is shared, frozen owners are replaced."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest
from kafka import KafkaAdminClient
from support.engines import PATIENT_S, READERS, no_traceback, tell_index
from support.posts import make_post
from support.receivers import receiving
from support.service import environment, until
from support.sizes import DISTRIBUTED, Size

from analyzer.scoring.worker import GENERATION
from posts.codec import decode, encode
from posts.identity import pack_version, with_generation
from posts.log.kafka import KafkaLog
from posts.log.kafka_settings import KafkaSettings
from posts.log.port import RAW, SIGNALS
from posts.model import Post, Signal
from registry import lease
from registry.db import Database
from responder import query

POSTS, VERSIONS, TIMES = 120, 3, 3
STEP = 1 << 12  # of a packed version: a millisecond
CONFIG = """
[respond]
allow_private = ["127.0.0.0/8"]

[[channel]]
name = "hook"
kind = "webhook"
url = "{url}"
bundle_s = 0

[[rule]]
id = "water"
name = "停水"
any_of = ["停水"]
min_count = 3
window_min = 60
cooldown_min = 60
heat = "orange"
"""


@pytest.fixture(params=[pytest.param("distributed", marks=DISTRIBUTED)])
def size(request: pytest.FixtureRequest) -> Iterator[Size]:
    """The distributed size alone: an embedded service has one of each stage."""
    from support.sizes import distributed

    kafka = request.getfixturevalue("kafka_bootstrap")
    elasticsearch = request.getfixturevalue("elasticsearch_url")
    with distributed(kafka, elasticsearch, request.getfixturevalue("postgres")) as made:
        yield made


@dataclass
class Two:
    """Two machines, as it were: each with its own DATA and one of each stage."""

    home: Path
    size: Size
    log: KafkaLog
    database: Database
    running: list[subprocess.Popen[bytes]]

    def start(self, stage: str, number: int) -> None:
        data = self.home / f"data{number}"
        (data / "logs").mkdir(parents=True, exist_ok=True)
        with (data / "logs" / f"{stage}.log").open("wb") as out:
            self.running.append(
                subprocess.Popen(
                    [sys.executable, "-m", "yuqing", stage, "--data", str(data)],
                    cwd=self.home,
                    env=environment({"YUQING_ANALYZE__SCORER": "trivial", **self.size.env}),
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=out,
                )
            )

    def owner(self, name: str) -> int | None:
        """The process that holds that lease now."""
        with self.database.reading() as session:
            found = lease.holder(session, name, now=datetime.now(UTC))
        return int(found.rpartition(":")[2]) if found else None

    def lags(self) -> list[int]:
        return [self.log.lag(topic, group) for topic, group in READERS]

    def documents(self) -> dict[str, int]:
        """The version of each post in the index, by id."""
        name = self.size.env["YUQING_ELASTICSEARCH_PREFIX"]
        url = self.size.env["YUQING_ELASTICSEARCH"]
        tell_index(url, "POST", f"{name}*/_refresh")
        answer = tell_index(
            url, "POST", f"{name}*/_search", {"size": 5000, "_source": ["body.body.post.version"]}
        )
        hits = answer["hits"]["hits"]
        assert len({hit["_id"] for hit in hits}) == len(hits)
        return {hit["_id"]: hit["_source"]["body"]["body"]["post"]["version"] for hit in hits}


@pytest.fixture
def two(tmp_path: Path, size: Size) -> Iterator[Two]:
    log = KafkaLog(
        KafkaSettings(bootstrap=size.env["YUQING_KAFKA"], prefix=size.env["YUQING_KAFKA_PREFIX"])
    )
    database = Database(size.env["YUQING_DATABASE_URL"])
    made = Two(tmp_path, size, log, database, [])
    yield made
    for process in made.running:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGCONT)
        process.terminate()
    for process in made.running:
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    log.close()
    database.dispose()


def messages(part: int) -> list[tuple[str, bytes]]:
    """Every version of every post of that part three times, in any order."""
    now = datetime.now(UTC)
    found = [
        (post.id, encode(post))
        for number in range(POSTS)
        for version in range(1, VERSIONS + 1)
        for post in [
            make_post(
                f"{part}-{number}",
                text=f"第{version}版：小区停水",
                published_at=now,
                version=pack_version(now) + version * STEP,
            )
        ]
    ] * TIMES
    random.Random(part).shuffle(found)
    return found


def newest(values: list[tuple[str, bytes]]) -> dict[str, int]:
    """The version that each post has to have in the index."""
    found: dict[str, int] = {}
    for key, value in values:
        version = with_generation(decode(value, Post).version, GENERATION)
        found[key] = max(found.get(key, 0), version)
    return found


def frozen(pid: int) -> None:
    """SIGSTOP, and all its threads have stopped."""
    os.kill(pid, signal.SIGSTOP)
    until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED, what="it stands")


@pytest.mark.promise("P11", "P16", "P17", "P19")
def test_frozen_owners_are_replaced_and_wake_up_to_do_nothing_twice(
    two: Two, figure: Callable[[str], None]
) -> None:
    first, second, third = messages(1), messages(2), messages(3)
    wanted = newest(first)
    with receiving() as hook:
        (two.home / "yuqing.toml").write_text(CONFIG.format(url=hook.url), encoding="utf-8")
        two.log.append(RAW, first)
        for number in (1, 2):
            two.start("analyze", number)
            two.start("respond", number)
        until(lambda: two.size.indexed(two.home) > 0, what="posts come in", deadline_s=PATIENT_S)
        until(lambda: hook.got, what="the alert is told", deadline_s=PATIENT_S)
        owners = {name: two.owner(name) for name in ("grouping", "responder")}
        assert all(owners.values())

        began = time.monotonic()
        for pid in set(owners.values()):
            frozen(pid)
        two.log.append(RAW, second)
        wanted |= newest(second)
        took: dict[str, float] = {}

        def taken_over() -> bool:
            for name, before in owners.items():
                if name not in took and two.owner(name) not in (None, before):
                    took[name] = time.monotonic() - began
            return len(took) == len(owners)

        until(taken_over, what="both leases are taken over", deadline_s=PATIENT_S)
        until(
            lambda: len(two.documents()) == len(wanted) and not any(two.lags()),
            what="the other one does all of the work",
            deadline_s=PATIENT_S,
            every_s=0.5,
        )
        moved = time.monotonic() - began
        for pid in set(owners.values()):
            os.kill(pid, signal.SIGCONT)
        two.log.append(RAW, third)
        wanted |= newest(third)
        until(
            lambda: two.documents() == wanted and not any(two.lags()),
            what="all is there, in its newest version",
            deadline_s=PATIENT_S,
            every_s=0.5,
        )
        until(lambda: _shared(two), what="both score again", deadline_s=PATIENT_S, every_s=0.5)
        keys = list(hook.keys)
    assert all(process.poll() is None for process in two.running), "nobody fell over"
    signals = [decode(one.value, Signal).id for part in two.log.read_all(SIGNALS) for one in part]
    with two.database.reading() as session:
        alerts = query.alerts(session)
    assert sum(alert.folded for alert in alerts) <= len(set(signals))
    assert len(signals) - len(set(signals)) <= 1, "at most the one under way when it was frozen"
    assert len(keys) - len(set(keys)) <= 1
    for number in (1, 2):
        no_traceback(two.home / f"data{number}")
    figure(
        f"two of each stage, owners frozen: grouping taken over in {took['grouping']:.1f} s, the "
        f"responder in {took['responder']:.1f} s, the scorer's partitions and its backlog in "
        f"{moved:.1f} s; {len(first) * 3} messages (each 3 times, versions shuffled): "
        f"{len(wanted)} documents of {len(wanted)} ids, all the newest; signals told twice: "
        f"{len(signals) - len(set(signals))}, notices twice: {len(keys) - len(set(keys))}"
    )


def _shared(two: Two) -> bool:
    """Each of the two scorers has partitions of its own."""
    admin = KafkaAdminClient(bootstrap_servers=two.size.env["YUQING_KAFKA"])
    try:
        name = f"{two.size.env['YUQING_KAFKA_PREFIX']}{RAW}/scoring"
        group = admin.describe_groups([name])[name]
    finally:
        admin.close()
    if group["group_state"] != "Stable":
        return False
    dealt = [one["member_assignment"]["assigned_partitions"] for one in group["members"]]
    counts = [sum(len(topic["partitions"]) for topic in topics) for topics in dealt]
    return len(counts) == 2 and all(counts) and sum(counts) == 6
