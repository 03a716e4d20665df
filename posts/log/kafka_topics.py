"""Topics, partitions and offsets as the cluster has them; missing topics are made."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from typing import Any

from kafka import KafkaAdminClient, OffsetSpec, TopicPartition, errors

from posts.log.kafka_clients import made
from posts.log.kafka_link import Link
from posts.log.kafka_settings import KafkaSettings, TopicSpec, TopicSpecs, topic_name

_LOOK_AGAIN_S = 300.0  # partitions may be added while we run
_COORDINATOR_S = 10.0  # a new cluster makes its topic of offsets at first use
_EXISTS = 36  # TOPIC_ALREADY_EXISTS
_MOVING = (
    errors.CoordinatorNotAvailableError,
    errors.CoordinatorLoadInProgressError,
    errors.NotCoordinatorError,
)

Offsets = dict[TopicPartition, int]


class Topics:
    """What an administrator would ask and do. Safe between threads."""

    def __init__(self, settings: KafkaSettings, link: Link) -> None:
        self._settings = settings
        self._link = link
        self._specs = TopicSpecs(settings.topics)
        self._lock = threading.RLock()
        self._client: KafkaAdminClient | None = None
        self._partitions: dict[str, tuple[float, list[TopicPartition]]] = {}

    def name(self, topic: str) -> str:
        """The topic's name on the cluster."""
        return topic_name(self._settings.prefix, topic)

    def group(self, topic: str, group: str) -> str:
        """The group's name on the cluster: groups of two topics have nothing to do together."""
        return f"{self.name(topic)}/{group}"

    def spec(self, topic: str) -> TopicSpec:
        """How the topic is made."""
        return self._specs.of(topic)

    def admin(self) -> KafkaAdminClient:
        """The client, connected at first use."""
        with self._lock:
            if self._client is None:
                patience = int(self._settings.connect_timeout_s * 1000)
                self._client = made(KafkaAdminClient, self._settings, request_timeout_ms=patience)
            return self._client

    def ensure(self, topic: str) -> list[TopicPartition]:
        """The topic's partitions; it and the service's other topics are made where missing."""
        found = self.existing(topic)
        if found:
            return found
        with self._lock:
            wanted = {self.name(one): one for one in (*self._specs.named(), topic)}
            missing = set(wanted) - set(self.admin().list_topics())
            if missing:
                self._make({name: self.spec(wanted[name]) for name in missing})
            return self.existing(topic)

    def existing(self, topic: str) -> list[TopicPartition]:
        """The topic's partitions; none where there is no such topic."""
        name = self.name(topic)
        with self._lock:
            looked_at, known = self._partitions.get(name, (0.0, []))
            if known and time.monotonic() - looked_at < _LOOK_AGAIN_S:
                return known
            [about] = self.admin().describe_topics([name])
            found = [TopicPartition(name, one["partition_index"]) for one in about["partitions"]]
            self._partitions[name] = (time.monotonic(), sorted(found))
            return self._partitions[name][1]

    def named(self) -> list[str]:
        """The topics of the service."""
        return self._specs.named()

    def ends(self, partitions: list[TopicPartition]) -> Offsets:
        """The offset that the next record of each will get."""
        return self._listed(dict.fromkeys(partitions, OffsetSpec.LATEST))

    def begins(self, partitions: list[TopicPartition]) -> Offsets:
        """The offset of the oldest record of each."""
        return self._listed(dict.fromkeys(partitions, OffsetSpec.EARLIEST))

    def at(self, partitions: list[TopicPartition], millis: int) -> Offsets:
        """The first record appended at that instant or later; -1 where there is none."""
        return self._listed(dict.fromkeys(partitions, millis))

    def committed(self, group: str, partitions: list[TopicPartition]) -> Offsets:
        """Where the group (its name on the cluster) stands; partitions without a commit miss."""
        found = self._of_group(group, partitions)
        return {tp: at.offset for tp, at in found.items() if at.offset >= 0}

    def notes(self, group: str, partitions: list[TopicPartition]) -> list[str]:
        """What the group's readers wrote beside their commits."""
        return [at.metadata or "" for at in self._of_group(group, partitions).values()]

    def groups_of(self, topic: str) -> list[str]:
        """The groups (names on the cluster) that have read the topic."""
        start = self.group(topic, "")
        names = [one["group_id"] for one in self.admin().list_groups()]
        return [name for name in names if name.startswith(start)]

    def truncate(self, before: Offsets) -> None:
        """Delete the records below those offsets."""
        if before:
            self.admin().delete_records(before)

    def close(self) -> None:
        """Disconnect."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _of_group(self, group: str, partitions: list[TopicPartition]) -> dict[TopicPartition, Any]:
        deadline = time.monotonic() + _COORDINATOR_S
        while True:
            try:
                return dict(self.admin().list_group_offsets({group: partitions})[group])
            except errors.KafkaError as error:
                # The client asks whom it asked before, for ever; another broker may have taken
                # the group over. A new client looks for it.
                self.close()
                if not isinstance(error, _MOVING) or time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def _listed(self, wanted: Mapping[TopicPartition, Any]) -> Offsets:
        if not wanted:
            return {}
        found = self.admin().list_partition_offsets(dict(wanted))
        return {tp: at.offset for tp, at in found.items()}

    def _make(self, specs: Mapping[str, TopicSpec]) -> None:
        answer = self.admin().create_topics(
            {
                name: {
                    "num_partitions": spec.partitions,
                    "replication_factor": spec.replication,
                    "configs": spec.config,
                }
                for name, spec in specs.items()
            },
            raise_errors=False,
        )
        for one in answer["topics"]:
            if one["error_code"] not in (0, _EXISTS):  # another process may be quicker
                raise errors.for_code(one["error_code"])(one.get("error_message") or one["name"])
        self.admin().wait_for_topics(list(specs))
