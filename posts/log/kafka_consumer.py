"""A reader of the log on Kafka.

A member of a group shares the partitions with the other members; they are dealt out anew when one
comes or goes, and what a member has polled and not committed by then is read again by whoever gets
the partition. A reader that is *alone* (its owner holds a lease) takes all partitions by itself:
a takeover waits for nobody, and commits never move the group back.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

import structlog
from kafka import ConsumerRebalanceListener, KafkaConsumer, TopicPartition, errors
from kafka.structs import OffsetAndMetadata

from posts.log.kafka_clients import made
from posts.log.kafka_erased import Erased
from posts.log.kafka_keys import record_key
from posts.log.kafka_link import Link
from posts.log.kafka_settings import KafkaSettings
from posts.log.kafka_topics import Topics
from posts.log.port import Record

log = structlog.get_logger()

_JOIN_S = 5.0  # a poll waits so long for its group to be dealt out, or for a slow fetch
_SLICE_S = 0.05
_CHUNK, _LARGEST_BITE = 100, 1000  # records; each bite costs the client as much as some dozens
_BITE_BYTES = 4 * 1024 * 1024
_MORE_TRIES = 2
_POLL_BYTES = 32 * 1024 * 1024  # a poll's records are held in memory at once
_FETCH_BYTES = 16 * 1024 * 1024
_PARTITION_BYTES = 2 * 1024 * 1024
_COMMIT_S = 10.0
_STALE_S = 3.0  # after such a pause another owner of the lease may have gone on


class GroupReader:
    """One reader of one topic for one group. For one thread; connects at the first poll."""

    def __init__(
        self,
        settings: KafkaSettings,
        link: Link,
        topics: Topics,
        erased: Erased,
        *,
        topic: str,
        group: str,
        alone: bool,
        closed: Callable[[GroupReader], None],
    ) -> None:
        self._settings = settings
        self._link = link
        self._topics = topics
        self._erased = erased
        self._topic = topic
        self._group = group
        self._alone = alone
        self._closed = closed
        self._consumer: Any = None
        self._lock = threading.Lock()  # rebalances are told by the client's own thread
        self._starts: dict[TopicPartition, int] = {}  # the first that is not committed
        self._nexts: dict[TopicPartition, int] = {}  # where a commit will stand
        self._shown = False  # of these, has the caller seen any?
        self._joined = alone
        self._dealt = False  # since the last look
        self._synced = False
        self._polled_at = 0.0
        self._bite = _CHUNK  # as the last records were large or small
        self._partitions: list[TopicPartition] = []
        self.rebalances = 0

    def poll(self, max_records: int = 500, timeout: float = 0.0) -> list[Record]:
        """Up to that many next records of all partitions that are ours, at most about 32 MB.

        Order holds within a partition, so for each key. The first poll joins the group, which
        takes up to five seconds beyond ``timeout``. Raises RetryError where Kafka is away.
        """
        deadline = time.monotonic() + timeout
        with self._link.guarded():
            self._erased.refresh()
            consumer = self._connected()
            if self._alone:
                self._sync()
            patience = max(deadline, time.monotonic() + _JOIN_S)
            wait = 0.0
            while True:
                records = self._fetch(consumer, max_records, wait)
                now = time.monotonic()
                self._polled_at = now
                if records or now >= patience or (now >= deadline and self._at_end(consumer)):
                    return records
                wait = min(_SLICE_S, max(0.001, patience - now))

    def commit(self) -> None:
        """Commit what was polled. RetryError where the partitions are another's by now."""
        with self._lock:
            nexts = dict(self._nexts)
        if nexts:
            with self._link.guarded():
                self._commit(nexts)
        with self._lock:
            self._starts, self._nexts = {}, {}
        self._shown = False

    def rewind(self) -> None:
        """Forget what was polled since the last commit. Never fails: the next poll asks Kafka."""
        with self._lock:
            starts, self._starts, self._nexts = self._starts, {}, {}
        self._shown = False
        self._synced = False
        for partition, offset in starts.items():
            with contextlib.suppress(errors.KafkaError, AssertionError, KeyError):
                self._consumer.seek(partition, offset)

    def close(self) -> None:
        """Leave the group; nothing is committed by it."""
        self._closed(self)
        consumer, self._consumer = self._consumer, None
        if consumer is not None:
            with contextlib.suppress(errors.KafkaError):
                consumer.close(autocommit=False, timeout_ms=2000)

    def revoked(self, partitions: Collection[TopicPartition]) -> None:
        """These are dealt out anew: what was polled of them and not committed is abandoned."""
        with self._lock:
            self._joined = False
            given_up = sum(
                self._nexts[one] - self._starts[one] for one in partitions if one in self._nexts
            )
            self._starts, self._nexts = {}, {}
        log.info(
            "log_partitions_revoked",
            topic=self._topic,
            group=self._group,
            abandoned=given_up,
        )

    def assigned(self, partitions: Iterable[TopicPartition]) -> None:
        """These are ours from their committed positions on."""
        self._joined = self._dealt = True
        self.rebalances += 1
        log.info(
            "log_partitions_assigned",
            topic=self._topic,
            group=self._group,
            partitions=sorted(one.partition for one in partitions),
            rebalances=self.rebalances,
        )

    def _connected(self) -> Any:
        if self._consumer is not None:
            return self._consumer
        partitions = self._topics.ensure(self._topic)
        consumer = made(
            KafkaConsumer,
            self._settings,
            metrics_enabled=False,
            group_id=self._topics.group(self._topic, self._group),
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            allow_auto_create_topics=False,
            session_timeout_ms=int(self._settings.session_timeout_s * 1000),
            max_poll_interval_ms=int(self._settings.max_batch_s * 1000),
            fetch_max_bytes=_FETCH_BYTES,
            max_partition_fetch_bytes=_PARTITION_BYTES,
        )
        if self._alone:
            consumer.assign(partitions)
            self._partitions = partitions
        else:
            name = self._topics.name(self._topic)
            consumer.subscribe([name], listener=_Listener(self))
            # Without this a member may join before it knows the partitions, and be dealt none.
            consumer.partitions_for_topic(name)
        self._consumer = consumer
        return consumer

    def _sync(self) -> None:
        """Alone: start where the group stands, at first, after a rewind and after a pause."""
        idle = not self._nexts and time.monotonic() - self._polled_at > _STALE_S
        if self._synced and not idle:
            return
        partitions = self._topics.ensure(self._topic)
        if partitions != self._partitions:
            self._consumer.assign(partitions)
            self._partitions = partitions
        self._seek_to_committed(partitions)
        self._synced = True

    def _seek_to_committed(self, partitions: list[TopicPartition]) -> None:
        committed = self._committed(partitions)
        for partition in partitions:
            with contextlib.suppress(errors.IllegalStateError, AssertionError):  # revoked again
                if partition in committed:
                    self._consumer.seek(partition, committed[partition])
                else:
                    self._consumer.seek_to_beginning(partition)

    def _fetch(self, consumer: Any, max_records: int, wait: float) -> list[Record]:
        """What is there, in bites: a bite of large records must not fill the memory."""
        records: list[Record] = []
        size = 0
        tries = 0
        while len(records) < max_records and size < _POLL_BYTES:
            most = min(self._bite, max_records - len(records))
            found = consumer.poll(int(wait * 1000), max_records=most)
            wait = 0.0
            if self._dealt:
                # The client goes on where it was in partitions that it keeps; we gave those up.
                self._dealt = False
                self._seek_to_committed(list(consumer.assignment()))
                continue
            if not found:
                # A fetch ends at a segment's end; what is behind it is on its way.
                if not records or tries >= _MORE_TRIES or not self._more(consumer):
                    break
                tries += 1
                wait = _SLICE_S
            for partition, some in found.items():
                taken = self._take(partition, some)
                records.extend(taken)
                size += sum(len(one.value) for one in taken)
            if records:
                fitting = _BITE_BYTES * len(records) // (size + 1)
                self._bite = max(_CHUNK, min(_LARGEST_BITE, fitting))
        if records:
            self._shown = True
        elif self._nexts and not self._shown:
            self.commit()  # erased records and tombstones only: nobody will commit them for us
        return records

    def _take(self, partition: TopicPartition, found: list[Any]) -> list[Record]:
        with self._lock:
            self._starts.setdefault(partition, found[0].offset)
            self._nexts[partition] = found[-1].offset + 1
        number, topic, hides = partition.partition, self._topic, self._erased.hides
        hidden = len(self._erased) > 0
        return [
            Record(topic, one.offset, record_key(topic, one.key), one.value, number)
            for one in found
            if one.value is not None
            and not (hidden and hides(topic, number, one.offset, one.key or b""))
        ]

    def _more(self, consumer: Any) -> bool:
        with self._lock:
            nexts = dict(self._nexts)
        with contextlib.suppress(errors.KafkaError, AssertionError, KeyError):
            return any((consumer.highwater(tp) or 0) > at for tp, at in nexts.items())
        return False

    def _at_end(self, consumer: Any) -> bool:
        """Whether everything that is on our partitions now has been read."""
        if not self._joined:
            return False
        ours = list(consumer.assignment())
        if not ours:
            return True
        ends = self._topics.ends(ours)
        with contextlib.suppress(errors.IllegalStateError):
            return all(
                not end or (consumer.position(tp, timeout_ms=1000) or 0) >= end
                for tp, end in ends.items()
            )
        return False  # just revoked

    def _commit(self, nexts: dict[TopicPartition, int]) -> None:
        if self._alone:
            before = self._committed(list(nexts))
            nexts = {tp: at for tp, at in nexts.items() if at > before.get(tp, -1)}
        if nexts:
            self._consumer.commit(
                {tp: OffsetAndMetadata(at, str(self.rebalances), -1) for tp, at in nexts.items()},
                timeout_ms=int(_COMMIT_S * 1000),
            )

    def _committed(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        group = self._topics.group(self._topic, self._group)
        return self._topics.committed(group, partitions)


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc]
    """Tells the reader what its group decides."""

    def __init__(self, reader: GroupReader) -> None:
        self._reader = reader

    def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        self._reader.revoked(revoked)

    def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._reader.assigned(assigned)
