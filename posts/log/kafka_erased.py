"""Which records are erased: readers pass over them before compaction takes them off the disk.

Each erasure leaves a note on the topic ``posts.erased``: the key of the record on Kafka, and for
each topic the place of its tombstone. A record of that key before that place is not shown any
more. The notes hold ids and no text; about 200 bytes of memory each in every process that reads.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import msgspec
from kafka import KafkaConsumer, TopicPartition, errors

from posts.log.kafka_clients import made
from posts.log.kafka_settings import ERASED, KafkaSettings
from posts.log.kafka_topics import Topics

_LOOK_AGAIN_S = 0.5
_WHOLE_S = 30.0

Places = dict[str, tuple[int, int]]
"""For each topic (as the port names it) the partition and offset of the tombstone."""


class Erased:
    """The notes, read to their end before the first record is shown and again every so often."""

    def __init__(self, settings: KafkaSettings, topics: Topics) -> None:
        self._settings = settings
        self._topics = topics
        self._lock = threading.Lock()
        self._reader: Any = None
        self._unread: list[TopicPartition] = []
        self._looked_at = float("-inf")
        self._places: dict[tuple[str, bytes], tuple[int, int]] = {}

    def __len__(self) -> int:
        """How many records are known to be erased."""
        return len(self._places)

    def hides(self, topic: str, partition: int, offset: int, key: bytes) -> bool:
        """Whether the record was erased after it was written."""
        place = self._places.get((topic, key))
        if place is None:
            return False
        # Where partitions were added the key has moved; what is erased never comes back anyway.
        return place[0] != partition or offset < place[1]

    def learn(self, key: bytes, places: Places) -> None:
        """Pass over these records from now on."""
        for topic, place in places.items():
            self._places[topic, key] = place

    def refresh(self) -> None:
        """Read the notes that are new. Errors are Kafka's own; see Link.guarded."""
        with self._lock:
            if time.monotonic() - self._looked_at < _LOOK_AGAIN_S:
                return
            if self._reader is None:
                partitions = self._topics.ensure(ERASED)
                reader = made(
                    KafkaConsumer,
                    self._settings,
                    metrics_enabled=False,
                    auto_offset_reset="earliest",
                    enable_auto_commit=False,
                    allow_auto_create_topics=False,
                    fetch_max_wait_ms=100,
                )
                reader.assign(partitions)
                reader.seek_to_beginning(*partitions)
                self._reader = reader
                self._unread = partitions
            if self._unread:
                self._read_whole(self._unread)
                self._unread = []
            self._read(self._reader.poll(0, max_records=10_000))
            self._looked_at = time.monotonic()

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            if self._reader is not None:
                self._reader.close(autocommit=False)
                self._reader = None

    def _read_whole(self, partitions: list[TopicPartition]) -> None:
        ends = self._topics.ends(partitions)
        begins = self._topics.begins(partitions)
        deadline = time.monotonic() + _WHOLE_S
        while any(
            (self._reader.position(tp) or 0) < end for tp, end in ends.items() if begins[tp] < end
        ):
            if time.monotonic() > deadline:
                raise errors.KafkaTimeoutError(f"{ERASED} could not be read in {_WHOLE_S} s")
            self._read(self._reader.poll(100, max_records=10_000))

    def _read(self, found: dict[TopicPartition, list[Any]]) -> None:
        for records in found.values():
            for record in records:
                if record.key is not None and record.value is not None:
                    self.learn(record.key, _places(record.value))


def note(places: Places) -> bytes:
    """The value of a note."""
    return msgspec.json.encode(places)


def _places(value: bytes) -> Places:
    try:
        return msgspec.json.decode(value, type=Places)
    except msgspec.MsgspecError:
        return {}  # written by other hands
