"""The log on Kafka beside kafka-python's own producer and consumer, with the same settings."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer

from posts.log.kafka import KafkaLog
from posts.log.port import RAW

sys.path.insert(0, str(Path(__file__).parents[1]))

from services import servers
from support.kafka_logs import kafka_log

from posts.codec import encode
from tests.bench.servers import posts

RECORDS = int(os.environ.get("BENCH_POSTS", "30000"))
BATCH = 500
ROUNDS = 3

Turn = tuple[int, float]
"""Records and seconds."""


def bench() -> Iterator[str]:
    """Lines of figures; starts a broker of its own where KAFKA_BOOTSTRAP names none."""
    given = os.environ.get("KAFKA_BOOTSTRAP")
    if given:
        yield from _on(given)
        return
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        server = servers.KINDS["kafka"](Path(folder) / "kafka")
        try:
            server.start()
            yield from _on(server.address)
        finally:
            server.remove()


def _on(bootstrap: str) -> Iterator[str]:
    rows = [(post.id, encode(post)) for post in posts(RECORDS)]  # real text: it compresses little
    batches = [rows[n : n + BATCH] for n in range(0, RECORDS, BATCH)]
    with tempfile.TemporaryDirectory() as folder, kafka_log(bootstrap, Path(folder)) as log:
        log.append(RAW, batches[0])
        producer = _producer(log)
        name = log._topics.name(RAW)
        own, plain = [], []
        calls = [(own, log.append, RAW), (plain, partial(_send, producer), name)]
        for turn in range(ROUNDS * len(batches)):  # by turns: a slow moment hits both
            for rates, send, topic in calls if turn % 2 else reversed(calls):
                batch = batches[turn % len(batches)]
                rates.append((len(batch), _time(partial(send, topic, batch))))
        producer.close()
        yield _line(f"append in batches of {BATCH}", own, plain, "producer")
        plain_size = sum(len(key) + len(value) for key, value in rows) / RECORDS
        disks = log._topics.admin().describe_log_dirs()[0]["log_dirs"]
        topics = [one for disk in disks for one in disk["topics"] if one["name"] == name]
        held = sum(one["partition_size"] for some in topics for one in some["partitions"])
        yield (
            f"space on the log: {held / log.written(RAW):,.0f} bytes a raw post "
            f"with {log._settings.compression}, of {plain_size:,.0f}"
        )
        yield _line(
            f"poll and commit in batches of {BATCH}",
            *_read(log, log.written(RAW)),
            "consumer",
        )


def _producer(log: KafkaLog) -> KafkaProducer:
    own = log._connected().config
    same = ("acks", "enable_idempotence", "compression_type", "batch_size", "linger_ms")
    sizes = ("max_request_size", "metrics_enabled")
    return KafkaProducer(
        **log._settings.connection(), **{name: own[name] for name in (*same, *sizes)}
    )


def _send(producer: KafkaProducer, topic: str, batch: list[tuple[str, bytes]]) -> None:
    waiting = [producer.send(topic, key=key.encode(), value=value) for key, value in batch]
    producer.flush()
    for one in waiting:
        one.get(30)


def _read(log: KafkaLog, total: int) -> tuple[list[Turn], list[Turn]]:
    """Rates of both, batch by batch, each reading all that is there."""
    consumer, plain = log.consumer(RAW, "own"), _plain_consumer(log)

    def own_step() -> int:
        count = len(consumer.poll(BATCH, timeout=1))
        consumer.commit()
        return count

    def plain_step() -> int:
        found = plain.poll(1000, max_records=BATCH)
        if found:
            plain.commit()
        return sum(len([(one.key.decode(), one.value) for one in s]) for s in found.values())

    steps = (own_step, plain_step)
    left = [total - step() for step in steps]  # these join their groups
    rates: tuple[list[Turn], list[Turn]] = [], []
    turn = 0
    while any(left):
        turn += 1
        for who in (0, 1) if turn % 2 else (1, 0):
            if left[who]:
                began = time.perf_counter()
                count = steps[who]()
                left[who] -= count
                if count:
                    rates[who].append((count, time.perf_counter() - began))
    consumer.close()
    plain.close()
    return rates


def _plain_consumer(log: KafkaLog) -> KafkaConsumer:
    own = log.consumer(RAW, "settings")
    config = own._connected().config
    same = ("auto_offset_reset", "enable_auto_commit", "fetch_max_bytes", "metrics_enabled")
    limits = ("max_partition_fetch_bytes", "session_timeout_ms", "max_poll_interval_ms")
    own.close()
    return KafkaConsumer(
        log._topics.name(RAW),
        **log._settings.connection(),
        **{name: config[name] for name in (*same, *limits)},
        group_id=log._topics.group(RAW, "plain"),
    )


def _line(what: str, own: list[Turn], plain: list[Turn], beside: str) -> str:
    """Mean rates and their ratio: all records over all the time of each."""
    rates = [sum(n for n, _ in some) / sum(s for _, s in some) for some in (own, plain)]
    return (
        f"{what}: {rates[0]:,.0f} records/s, {rates[0] / rates[1]:.2f} of kafka-python's own "
        f"{beside} ({rates[1]:,.0f}; {len(own)} turns; at least 0.90 wanted)"
    )


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
