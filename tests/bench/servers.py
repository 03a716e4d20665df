"""The pipeline on real Kafka and Elasticsearch against a bare copy on the same servers.

The bare copy reads documents that are ready-made from a topic with the same consumer, in the same
batches, and sends them with the same bulk calls: it does what no service can leave out. A second
one sends as many bulks at once as the pipeline does. All take turns batch by batch, and who goes
first changes, so that what else the machine does falls on all. Servers of its own are started
unless KAFKA_BOOTSTRAP and ELASTICSEARCH_URL are given. BENCH_POSTS sets how many posts,
YUQING_BENCH_SMARTCN=0 leaves out that analyser.
"""

from __future__ import annotations

import gzip
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
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
from posts.index.port import Query
from posts.log.kafka import KafkaLog
from posts.log.port import RAW
from posts.model import Post
from registry import gazetteer
from tests.bench.pipeline import OWN, share
from yuqing.stages import SWITCH_S

POSTS = int(os.environ.get("BENCH_POSTS", "50000"))
BATCH = 2000
WARM = 2000
AT_ONCE = scoring._UNDER_WAY
SMARTCN = os.environ.get("YUQING_BENCH_SMARTCN", "1") != "0"
GOAL = 0.85
READY = "posts.ready"
ANY_INDEX = b"ANY-INDEX"
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
    sys.setswitchinterval(SWITCH_S)
    matcher, scorer = Matcher(gazetteer.load(), [OWN]), sentiment.load("trivial")
    took: dict[str, list[float]] = {"bare": [], "piped": [], "side by side": []}
    split = dict.fromkeys(("decode", "score", "localities", "index", "append"), 0.0)
    cpu = 0.0
    with ExitStack() as stack:
        log = stack.enter_context(kafka_log(kafka, folder))
        index, copy, other = (stack.enter_context(_index(elasticsearch)) for _ in took)
        for batch in batched(posts(WARM + POSTS), 500):
            log.append(RAW, [(one.id, encode(one)) for one in batch])
            ready = [(one.id, _ready(copy, one, matcher, scorer)) for one in batch]
            log.append(READY, ready)
        worker = ScoringWorker(log, index, scorer, matcher, lambda: NOW)
        stack.callback(worker.close)
        steps = {
            "bare": stack.enter_context(_copying(log, copy, 1)),
            "piped": worker.step,
            "side by side": stack.enter_context(_copying(log, other, AT_ONCE)),
        }
        names = list(steps)
        _timed_parts(split, log, index, matcher, scorer, stack)
        left = dict.fromkeys(steps, WARM)
        for name, step in steps.items():  # joins the group, warms the server: outside the rate
            while left[name] > 0:
                left[name] -= step(min(left[name], BATCH))
        split.update(dict.fromkeys(split, 0.0))
        left = dict.fromkeys(steps, POSTS)
        turn = 0
        while any(left.values()):
            turn += 1
            names.append(names.pop(0))
            for name in names:
                began, used = time.perf_counter(), time.process_time()
                left[name] -= steps[name](min(left[name], BATCH)) if left[name] else 0
                took[name].append(time.perf_counter() - began)
                cpu += time.process_time() - used if name == "piped" else 0
        for one in (index, copy, other):
            one.refresh()
            if one.count(Query()) != WARM + POSTS:
                raise AssertionError(f"{one.count(Query())} of {WARM + POSTS} in the index")
    bare, piped, side = (sum(some) for some in took.values())
    mark = "" if bare / piped >= GOAL else f"  BELOW THE GOAL of {GOAL}"
    words = "cjk and smartcn" if SMARTCN else "cjk"
    load = os.getloadavg()[0]
    yield f"{POSTS:,} posts, {turn} turns each, {words}; load {load:.1f} on {os.cpu_count()} cores"
    yield f"bare copy: {POSTS / bare:,.0f} posts/s; pipeline: {POSTS / piped:,.0f} posts/s"
    pairs = sorted(a / b for a, b in zip(took["bare"], took["piped"], strict=True))
    middle = pairs[len(pairs) // 2]
    yield f"pipeline / bare copy: {bare / piped:.2f} (median of the turns {middle:.2f}){mark}"
    rate = f"{POSTS / side:,.0f} posts/s"
    yield f"  against a bare copy with {AT_ONCE} bulks at once ({rate}): {side / piped:.2f}"
    said = ", ".join(f"{name} {share(one, piped)}" for name, one in split.items())
    yield f"  of the pipeline's time, parts side by side: {said}"
    yield f"CPU of the scorer: {1e6 * cpu / POSTS:.0f} µs a post"


@contextmanager
def _index(url: str) -> Iterator[ElasticsearchIndex]:
    with elasticsearch_index(url, refresh="interval", smartcn=SMARTCN) as index:
        index.template.ensure_months({filed_month(NOW)})
        yield index


def _timed_parts(
    split: dict[str, float], log: Any, index: Any, matcher: Any, scorer: Any, stack: ExitStack
) -> None:
    owners = (
        ("decode", scoring, "decode"),
        ("score", scorer, "score"),
        ("localities", matcher, "find"),
        ("index", index, "write"),
        ("append", log, "append"),
    )
    for part, owner, name in owners:
        call = getattr(owner, name)
        stack.callback(setattr, owner, name, call)
        setattr(owner, name, _timed(call, split, part))


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
    action = one.action.replace(index.template.names.posts.encode(), ANY_INDEX)
    return msgspec.msgpack.encode((one.post_id, one.month, action, one.document))


@contextmanager
def _copying(
    log: KafkaLog, index: ElasticsearchIndex, at_once: int
) -> Iterator[Callable[[int], int]]:
    consumer = log.consumer(READY, f"copy {at_once}")
    decode = msgspec.msgpack.Decoder(tuple[str, str, bytes, bytes]).decode
    size, own = scoring.PART, index.template.names.posts.encode()

    def step(most: int) -> int:
        records = consumer.poll(most)
        operations = []
        for record in records:
            name, month, action, document = decode(record.value)
            operations.append(Operation(name, month, action.replace(ANY_INDEX, own), document))
        parts = [operations[at : at + size] for at in range(0, len(operations), size)]
        for done in [pool.submit(index.bulk.write, part) for part in parts]:
            done.result()
        consumer.commit()
        return len(records)

    with ThreadPoolExecutor(at_once) as pool:
        yield step
    consumer.close()


def batched(some: Iterator[Post], size: int) -> Iterator[list[Post]]:
    """Lists of so many."""
    while part := list(islice(some, size)):
        yield part
