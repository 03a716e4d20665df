"""Reading a topic from outside any group: its newest records, or all of it."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition, errors

from posts.log.kafka_clients import made
from posts.log.kafka_settings import KafkaSettings
from posts.log.kafka_topics import Topics

_STUCK_S = 15.0


def newest_of(
    settings: KafkaSettings, topics: Topics, topic: str, *, at_once: int
) -> Generator[bytes]:
    """The values of a topic, newest first, without what a tombstone has taken."""
    gone: set[bytes] = set()
    for record in _backwards(settings, topics, topic, at_once=at_once):
        if record.value is None:
            gone.add(record.key)
        elif record.key not in gone:
            yield record.value


def all_of(settings: KafkaSettings, topics: Topics, topic: str) -> Iterator[Any]:
    """Every record of a topic as the client gives it, in the order of each partition."""
    partitions = topics.ensure(topic)
    begins, ends = topics.begins(partitions), topics.ends(partitions)
    reader = _reader(settings)
    try:
        for partition in partitions:
            yield from _between(reader, partition, begins[partition], ends[partition])
    finally:
        reader.close(autocommit=False)


def _backwards(
    settings: KafkaSettings, topics: Topics, topic: str, *, at_once: int
) -> Iterator[Any]:
    """Records from the newest on, a window of offsets of every partition at a time."""
    partitions = topics.ensure(topic)
    begins, ends = topics.begins(partitions), topics.ends(partitions)
    reader = _reader(settings)
    try:
        while any(ends[tp] > begins[tp] for tp in partitions):
            window: list[Any] = []
            for tp in partitions:
                start = max(begins[tp], ends[tp] - max(1, at_once))
                window.extend(_between(reader, tp, start, ends[tp]))
                ends[tp] = start
            window.sort(key=lambda one: (one.timestamp, one.partition, one.offset), reverse=True)
            yield from window
    finally:
        reader.close(autocommit=False)


def _between(reader: Any, partition: TopicPartition, start: int, end: int) -> Iterator[Any]:
    if start >= end:
        return
    reader.assign([partition])
    reader.seek(partition, start)
    deadline = time.monotonic() + _STUCK_S
    while (reader.position(partition) or 0) < end:
        found = reader.poll(100, max_records=100)
        for records in found.values():
            yield from (one for one in records if one.offset < end)
        if found:
            deadline = time.monotonic() + _STUCK_S
        elif time.monotonic() > deadline:
            raise errors.KafkaTimeoutError(f"{partition} could not be read up to {end}")


def _reader(settings: KafkaSettings) -> Any:
    return made(
        KafkaConsumer,
        settings,
        metrics_enabled=False,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        allow_auto_create_topics=False,
        fetch_max_wait_ms=100,
    )
