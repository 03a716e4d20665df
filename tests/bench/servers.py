"""The pipeline on real Kafka and Elasticsearch against a bare copy on the same servers.

The bare copy reads documents that are ready-made from a topic with the same consumer and sends
them with the same bulk calls: it does what no service can leave out. The two take turns, so that
what else the machine does falls on both. Servers of its own are started unless KAFKA_BOOTSTRAP and
ELASTICSEARCH_URL are given.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("ES_JAVA_OPTS", "-Xms1g -Xmx1g")

import msgspec
from services import servers
from support.indexes import elasticsearch_index
from support.kafka_logs import kafka_log

from analyzer import sentiment
from analyzer.locality import Matcher
from analyzer.scoring import worker as scoring
from analyzer.scoring.worker import ScoringWorker
from posts.codec import encode
from posts.identity import filed_month, post_id
from posts.index.elasticsearch import ElasticsearchIndex
from posts.index.elasticsearch_bulk import Operation
from posts.log.kafka import KafkaLog
from posts.log.port import RAW
from posts.model import Post
from registry import gazetteer
from tests.bench.pipeline import OWN, share

POSTS = int(os.environ.get("BENCH_POSTS", "50000"))
ROUNDS = 2
BATCH = 500
GOAL = 0.85
READY = "posts.ready"
NOW = datetime(2026, 3, 2, 4, tzinfo=UTC)


def bench() -> Iterator[str]:
    """Lines with the figures."""
    folder = Path(tempfile.mkdtemp(prefix="yuqing-bench."))
    folder.chmod(0o755)
    started: list[servers.Server] = []
    try:
        addresses = []
        for name in ("kafka", "elasticsearch"):
            given = os.environ.get(servers.GIVEN[name])
            if not given:
                server = servers.KINDS[name](folder / name)
                started.append(server)
                server.start()
                given = server.address
            addresses.append(given)
        yield from _run(folder, *addresses)
    finally:
        for server in started:
            server.remove()
        shutil.rmtree(folder, ignore_errors=True)


def posts(count: int) -> Iterator[Post]:
    """Real posts where the evaluation data is here; each dated one second after the last."""
    file = _data() / "throughput" / "covid_weibo_150k.tsv.gz"
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        for number, line in zip(range(count), lines, strict=False):
            seen = NOW + timedelta(seconds=number / 100)
            yield Post(
                id=post_id("bench", str(number)),
                version=1 << 20,
                source="bench",
                kind="weibo",
                text=line.rstrip("\n").partition("\t")[2],
                published_at=seen,
                first_seen_at=seen,
                filed_month=filed_month(seen),
            )


def _data() -> Path:
    given = os.environ.get("YUQING_EVAL_DATA")
    return Path(given) if given else Path(__file__).resolve().parents[3] / "shared" / "data"


def _run(folder: Path, kafka: str, elasticsearch: str) -> Iterator[str]:
    made = list(posts(POSTS))
    matcher, scorer = Matcher(gazetteer.load(), [OWN]), sentiment.load("trivial")
    bare: list[float] = []
    piped: list[float] = []
    parts: list[dict[str, float]] = []
    cpu = 0.0
    for turn in range(ROUNDS):
        some = made[turn::ROUNDS]
        with ExitStack() as stack:
            log = stack.enter_context(kafka_log(kafka, folder))
            for start in range(0, len(some), BATCH):
                batch = some[start : start + BATCH]
                log.append(RAW, [(one.id, encode(one)) for one in batch])
            index = stack.enter_context(elasticsearch_index(elasticsearch, refresh="interval"))
            index.template.ensure_months({some[0].filed_month})
            worker = ScoringWorker(log, index, scorer, matcher, lambda: NOW)
            stack.callback(worker.close)
            split = dict.fromkeys(("decode", "score", "localities", "index", "append"), 0.0)
            cpu -= time.process_time()
            seconds = _piped(worker, index, log, matcher, scorer, split, len(some))
            cpu += time.process_time()
            piped.append(seconds)
            parts.append(split)
            copy = stack.enter_context(elasticsearch_index(elasticsearch, refresh="interval"))
            copy.template.ensure_months({some[0].filed_month})
            ready = [_ready(copy, one, matcher, scorer) for one in some]
            bare.append(_copied(log, copy, ready))
    ratio = sum(bare) / sum(piped)
    mark = "" if ratio >= GOAL else f"  BELOW THE GOAL of {GOAL}"
    yield f"{POSTS:,} posts, batches of {BATCH}, {ROUNDS} turns each"
    rates = [f"{POSTS / sum(took):,.0f} posts/s" for took in (bare, piped)]
    yield f"bare copy: {rates[0]}; pipeline: {rates[1]}"
    yield f"pipeline / bare copy: {ratio:.2f}{mark}"
    whole = sum(piped)
    total = {name: sum(one[name] for one in parts) for name in parts[0]}
    said = ", ".join(f"{name} {share(took, whole)}" for name, took in total.items())
    yield f"  of the pipeline: {said}"
    yield f"CPU of the scorer: {1e6 * cpu / POSTS:.0f} µs a post"


def _piped(
    worker: ScoringWorker,
    index: ElasticsearchIndex,
    log: KafkaLog,
    matcher: Any,
    scorer: Any,
    split: dict[str, float],
    count: int,
) -> float:
    owners = (
        ("decode", scoring, "decode"),
        ("score", scorer, "score"),
        ("localities", matcher, "find"),
        ("index", index, "write"),
        ("append", log, "append"),
    )
    kept = [(owner, name, getattr(owner, name)) for _, owner, name in owners]
    for part, owner, name in owners:
        setattr(owner, name, _timed(getattr(owner, name), split, part))
    done = worker.step(1)  # joins the group: not part of the rate
    began = time.perf_counter()
    try:
        while done < count:
            done += worker.step(BATCH)
        return time.perf_counter() - began
    finally:
        for owner, name, call in kept:
            setattr(owner, name, call)


def _timed(call: Any, split: dict[str, float], part: str) -> Any:
    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            split[part] += time.perf_counter() - began

    return timed


def _ready(index: ElasticsearchIndex, post: Post, matcher: Matcher, scorer: Any) -> bytes:
    """The two lines of a bulk call, as the pipeline would send them."""
    hits = matcher.find(post.text)
    [score] = scorer.score([post.text])
    scored = scoring.ScoredPost(
        post=post,
        score=score,
        localities=tuple(hits),
        areas=matcher.areas(hits),
        units=(),
        scored_at=NOW,
    )
    one = index.bulk.operation(scored)
    return msgspec.msgpack.encode((one.post_id, one.month, one.action, one.document))


def _copied(log: KafkaLog, index: ElasticsearchIndex, ready: list[bytes]) -> float:
    for start in range(0, len(ready), BATCH):
        batch = ready[start : start + BATCH]
        log.append(READY, [(f"{start}-{n}", one) for n, one in enumerate(batch)])
    consumer = log.consumer(READY, "copy")
    decode = msgspec.msgpack.Decoder(tuple[str, str, bytes, bytes]).decode

    def step(most: int) -> int:
        records = consumer.poll(most, 1.0)
        operations = []
        for record in records:
            name, month, action, document = decode(record.value)
            operations.append(Operation(name, month, action, document))
        if operations:
            index.bulk.write(operations)
            consumer.commit()
        return len(records)

    done = step(1)
    began = time.perf_counter()
    while done < len(ready):
        done += step(BATCH)
    took = time.perf_counter() - began
    consumer.close()
    return took
