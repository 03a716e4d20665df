"""Logs on the real Kafka of the test run: each with its own topics, which go with it."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kafka import KafkaAdminClient

from posts.log.kafka import KafkaLog
from posts.log.kafka_settings import KafkaSettings

_numbers = itertools.count()
# Tests date records as they like: the broker's own retention must not look at that.
_TOPICS = '[default.config]\n"retention.ms" = "-1"\n'


def a_prefix() -> str:
    """A prefix that no other test has."""
    return f"t{os.getpid()}-{next(_numbers)}."


@contextlib.contextmanager
def kafka_log(
    bootstrap: str,
    folder: Path,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    topics: str = "",
    **settings: Any,
) -> Iterator[KafkaLog]:
    """A log with three or more partitions where the service has them."""
    file = folder / "topics.toml"
    file.write_text(topics or _TOPICS, encoding="utf-8")
    prefix = a_prefix()
    made = KafkaLog(
        KafkaSettings(bootstrap=bootstrap, prefix=prefix, topics=file, **settings), clock=clock
    )
    try:
        yield made
    finally:
        made.close()
        remove(bootstrap, prefix)


def remove(bootstrap: str, prefix: str) -> None:
    """Delete the topics and groups of a prefix."""
    admin = KafkaAdminClient(bootstrap_servers=bootstrap)
    try:
        names = [name for name in admin.list_topics() if name.startswith(prefix)]
        if names:
            admin.delete_topics(names)
        groups = [one["group_id"] for one in admin.list_groups()]
        own = [name for name in groups if name.startswith(prefix)]
        if own:
            admin.delete_groups(own)
    finally:
        admin.close()
