"""The log on Kafka beside kafka-python's own producer and consumer, with the same settings."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from kafka import KafkaConsumer, KafkaProducer

from posts.log.kafka import KafkaLog
from posts.log.port import RAW

sys.path.insert(0, str(Path(__file__).parents[1]))

from services import servers
from support.kafka_logs import kafka_log

RECORDS = 30_000
BATCH = 500
ROUNDS = 3
VALUE = ("停水" * 200).encode()  # 1,200 bytes, about a post of 200 characters on the wire


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
    rows = [(f"{n:032x}", VALUE) for n in range(RECORDS)]
    batches = [rows[n : n + BATCH] for n in range(0, RECORDS, BATCH)]
    with tempfile.TemporaryDirectory() as folder, kafka_log(bootstrap, Path(folder)) as log:
        log.append(RAW, batches[0])
        producer = _producer(log)
        name = log._topics.name(RAW)
        own, plain = [], []
        for _ in range(ROUNDS):  # by turns, so that a slow minute of the machine hits both
            own.append(_rate(lambda: [log.append(RAW, batch) for batch in batches]))
            plain.append(_rate(lambda: [_send(producer, name, batch) for batch in batches]))
        producer.close()
        yield _line(f"append in batches of {BATCH}", own, plain, "producer")
        own, plain = [], []
        total = log.written(RAW)
        for turn in range(ROUNDS):
            own.append(total / _time(lambda t=turn: _read(log, f"own {t}", total)))
            plain.append(total / _time(lambda t=turn: _read_plainly(log, f"plain {t}", total)))
        yield _line(f"poll and commit in batches of {BATCH}", own, plain, "consumer")


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


def _read(log: KafkaLog, group: str, total: int) -> None:
    consumer = log.consumer(RAW, group)
    read = 0
    while read < total:
        read += len(consumer.poll(BATCH, timeout=1))
        consumer.commit()
    consumer.close()


def _read_plainly(log: KafkaLog, group: str, total: int) -> None:
    own = log.consumer(RAW, "settings")
    config = own._connected().config
    same = ("auto_offset_reset", "enable_auto_commit", "fetch_max_bytes", "metrics_enabled")
    limits = ("max_partition_fetch_bytes", "session_timeout_ms", "max_poll_interval_ms")
    own.close()
    consumer = KafkaConsumer(
        log._topics.name(RAW),
        **log._settings.connection(),
        **{name: config[name] for name in (*same, *limits)},
        group_id=log._topics.group(RAW, group),
    )
    read = 0
    while read < total:
        found = consumer.poll(1000, max_records=BATCH)
        read += sum(len([(one.key.decode(), one.value) for one in some]) for some in found.values())
        if found:
            consumer.commit()
    consumer.close()


def _line(what: str, own: list[float], plain: list[float], beside: str) -> str:
    ratio = sorted(one / other for one, other in zip(own, plain, strict=True))[len(own) // 2]
    return (
        f"{what}: {max(own):,.0f} records/s, {ratio:.2f} of kafka-python's own {beside} "
        f"({max(plain):,.0f}; median of {len(own)} pairs; at least 0.90 wanted)"
    )


def _time(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _rate(work: Callable[[], object]) -> float:
    return RECORDS / _time(work)
