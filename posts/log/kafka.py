"""The log on Kafka: several machines, partitions, groups that share the work.

Order holds for each key. ``append`` returns when the broker has acknowledged every record
(acks=all, idempotent producer) or raises; after an error some of the batch may stand, and the
caller repeats it all: readers are idempotent.

What an erasure leaves, and until when: readers pass over the records at once (notes on
``posts.erased``, looked at twice a second). The bytes stay in the segment files of the brokers
until the log cleaner has compacted them: at most ``max.compaction.lag.ms`` (a day) after the next
record that the partition gets, plus the cleaner's run; a partition that gets no record any more
keeps them until ``retention.ms`` (60 days). Notes and tombstones hold the id of a post, no text.
Backups of the brokers' disks are not reached.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from kafka import KafkaProducer, TopicPartition
from kafka.partitioner.default import murmur2

from posts.codec import DeadLetter, encode
from posts.errors import PoisonError
from posts.log.kafka_clients import made
from posts.log.kafka_consumer import GroupReader
from posts.log.kafka_erased import Erased
from posts.log.kafka_erasure import Erasure
from posts.log.kafka_keys import dealt_by, kafka_key, letter_key, record_key
from posts.log.kafka_link import Link
from posts.log.kafka_reading import all_of, newest_of
from posts.log.kafka_settings import KafkaSettings
from posts.log.kafka_topics import Topics
from posts.log.letters import letter, newest_letters
from posts.log.port import DEAD, Consumer, Record

_HEADROOM = 1024  # of a message's largest size, for the batch around it
_HEAD_BYTES = 64 * 1024  # what a dead letter keeps of a record that is too large for it
_REPLAYED = 500
_BATCH_BYTES = 256 * 1024
_LINGER_MS = 20  # a flush does not wait for it

Message = tuple[bytes, bytes | None]


class KafkaLog:
    """A PostLog on Kafka. Safe between threads; connects at first use; see the port.

    ``clock`` dates appends, for retention only.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._link = Link(settings)
        self._topics = Topics(settings, self._link)
        self._erased = Erased(settings, self._topics)
        self._erasure = Erasure(settings, self._topics, self._erased, self._send)
        self._lock = threading.Lock()
        self._producer: Any = None
        self._readers: set[GroupReader] = set()  # until closed: each has a thread and sockets

    def append(self, topic: str, batch: Sequence[tuple[str, bytes]]) -> None:
        """Write the pairs; returns when all are acknowledged.

        Raises PoisonError before anything is written where a key is no UTF-8 or a record is
        larger than the topic takes; RetryError, FatalError where some may stand.
        """
        largest = self._largest(topic)
        messages: list[Message] = []
        for key, value in batch:
            message = kafka_key(topic, key, value), value
            if len(message[0]) + len(value) > largest:
                raise PoisonError(
                    f"消息有 {len(value)} 字节，超过主题 {topic} 单条 {largest} 字节的上限"
                )
            messages.append(message)
        if messages:
            with self._link.guarded():
                self._send(topic, messages)

    def consumer(self, topic: str, group: str, *, alone: bool = False) -> Consumer:
        """A reader; connects at its first poll."""
        reader = GroupReader(
            self._settings,
            self._link,
            self._topics,
            self._erased,
            topic=topic,
            group=group,
            alone=alone,
            closed=self._readers.discard,
        )
        self._readers.add(reader)
        return reader

    def lag(self, topic: str, group: str) -> int:
        """How many offsets the group has not committed: at least as many as there are records."""
        with self._link.guarded():
            partitions = self._known(topic)
            ends, begins = self._topics.ends(partitions), self._topics.begins(partitions)
            committed = self._topics.committed(self._topics.group(topic, group), partitions)
            return sum(
                max(0, end - max(begins[tp], committed.get(tp, 0))) for tp, end in ends.items()
            )

    def written(self, topic: str) -> int:
        """How many records were ever appended, tombstones among them."""
        with self._link.guarded():
            return sum(self._topics.ends(self._known(topic)).values())

    def rebalances(self, topic: str, group: str) -> int:
        """The largest count that a reader has left with its commit."""
        with self._link.guarded():
            partitions = self._known(topic)
            said = self._topics.notes(self._topics.group(topic, group), partitions)
            return max((int(one) for one in said if one.isdecimal()), default=0)

    def read_all(self, topic: str) -> Iterator[list[Record]]:
        """Every record, partition by partition, without what was erased."""
        with self._link.guarded():
            self._erased.refresh()
            part: list[Record] = []
            for one in all_of(self._settings, self._topics, topic):
                key = one.key or b""
                if one.value is None or self._erased.hides(topic, one.partition, one.offset, key):
                    continue
                name = record_key(topic, one.key)
                part.append(Record(topic, one.offset, name, one.value, one.partition))
                if len(part) == _REPLAYED:
                    yield part
                    part = []
            if part:
                yield part

    def bury(self, record: Record, *, reason: str, attempts: int, at: datetime) -> None:
        """Append the record to the dead letters; of one too large for them the head is kept."""
        dead = letter(record, reason, attempts, at)
        value = encode(dead)
        if len(value) + len(record.key) * 4 + 256 > self._largest(DEAD):
            value = encode(
                msgspec.structs.replace(
                    dead,
                    value=record.value[:_HEAD_BYTES],
                    size=len(record.value),
                    sha256=hashlib.sha256(record.value).hexdigest(),
                )
            )
        with self._link.guarded():
            self._send(DEAD, [(letter_key(dead), value)])

    def dead_letters(self, limit: int = 100) -> list[DeadLetter]:
        """The newest dead letters, newest first, each buried record once."""
        with (
            self._link.guarded(),
            contextlib.closing(
                newest_of(self._settings, self._topics, DEAD, at_once=2 * limit)
            ) as values,
        ):
            return newest_letters(values, limit)

    def settle(self, dead: DeadLetter) -> None:
        """Take the letter off: a tombstone follows it."""
        with self._link.guarded():
            self._send(DEAD, [(letter_key(dead), None)])

    def prune(self, *, before: datetime) -> int:
        """Cut off what was appended before that instant and committed by every group.

        Counts offsets, of which compaction may have taken some before. What the topic's own
        ``retention.ms`` deletes is not waited for by anyone, and is not counted here.
        """
        with self._link.guarded():
            return sum(self._prune(topic, before) for topic in self._topics.named())

    def erase(self, keys: Sequence[str]) -> int:
        """Tombstones, notes for the readers, signals anew without quotation; see above."""
        with self._link.guarded():
            return self._erasure.erase(keys)

    def close(self) -> None:
        """Disconnect, the consumers too."""
        for reader in list(self._readers):
            reader.close()
        with self._lock:
            self._drop_producer()
        self._erased.close()
        self._topics.close()

    def _send(self, topic: str, messages: Sequence[Message]) -> list[tuple[int, int]]:
        """Write and wait for every acknowledgement; returns partition and offset of each.

        After an error the producer is thrown away: nothing that it still holds is sent later,
        behind what the caller sends again.
        """
        partitions = self._topics.ensure(topic)
        name, count = self._topics.name(topic), len(partitions)
        millis = int(self._clock().timestamp() * 1000)
        producer = self._connected()
        try:
            waiting = [
                producer.send(
                    name,
                    key=key,
                    value=value,
                    partition=(murmur2(dealt_by(topic, key)) & 0x7FFFFFFF) % count,
                    timestamp_ms=millis,
                )
                for key, value in messages
            ]
            producer.flush(self._settings.delivery_timeout_s)
            done = [one.get(self._settings.delivery_timeout_s) for one in waiting]
        except BaseException:
            with self._lock:
                if self._producer is producer:
                    self._drop_producer()
            raise
        return [(one.partition, one.offset) for one in done]

    def _connected(self) -> Any:
        with self._lock:
            if self._producer is None:
                self._producer = made(
                    KafkaProducer,
                    self._settings,
                    metrics_enabled=False,
                    acks="all",
                    enable_idempotence=True,
                    compression_type=self._settings.compression,
                    batch_size=_BATCH_BYTES,
                    linger_ms=_LINGER_MS,
                    max_request_size=self._settings.max_request_bytes,
                    max_block_ms=int(self._settings.request_timeout_s * 1000),
                    delivery_timeout_ms=int(self._settings.delivery_timeout_s * 1000),
                    allow_auto_create_topics=False,
                )
            return self._producer

    def _drop_producer(self) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(timeout=0)

    def _largest(self, topic: str) -> int:
        taken = min(self._topics.spec(topic).max_message_bytes, self._settings.max_request_bytes)
        return taken - _HEADROOM

    def _known(self, topic: str) -> list[TopicPartition]:
        """The topic's partitions; those of the service are made where they miss."""
        topics = self._topics
        return topics.ensure(topic) if topic in topics.named() else topics.existing(topic)

    def _prune(self, topic: str, before: datetime) -> int:
        partitions = self._topics.existing(topic)
        if not partitions:
            return 0
        groups = self._topics.groups_of(topic)
        if not groups and topic != DEAD:
            return 0
        ends, begins = self._topics.ends(partitions), self._topics.begins(partitions)
        by_age = self._topics.at(partitions, int(before.timestamp() * 1000))
        horizon = {tp: at if (at := by_age[tp]) >= 0 else ends[tp] for tp in partitions}
        for group in groups:
            committed = self._topics.committed(group, partitions)
            horizon = {tp: min(at, committed.get(tp, 0)) for tp, at in horizon.items()}
        cut = {tp: at for tp, at in horizon.items() if at > begins[tp]}
        self._topics.truncate(cut)
        return sum(at - begins[tp] for tp, at in cut.items())
