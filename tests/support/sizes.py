"""The service in its two sizes: embedded in files, and distributed over the three real servers.

A test that takes ``size`` runs once in each. A conftest or test module takes the fixtures with
``from support.sizes import size``.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from support import indexes, kafka_logs
from support.stores import Postgres, postgres

__all__ = ["DISTRIBUTED", "Size", "distributed", "postgres", "size"]

DISTRIBUTED = pytest.mark.needs("kafka", "elasticsearch", "postgres")
SIZES = ["embedded", pytest.param("distributed", marks=DISTRIBUTED)]


@dataclass(frozen=True)
class Size:
    """What the environment of the service says, and how to look behind its back."""

    name: str
    env: dict[str, str] = field(default_factory=dict)

    def indexed(self, data: Path) -> int:
        """How many posts are in the index; 0 while there is none."""
        url = self.env.get("YUQING_ELASTICSEARCH")
        if url is None:
            with contextlib.closing(
                sqlite3.connect(f"file:{data / 'index.db'}?mode=ro", uri=True)
            ) as index:
                try:
                    return int(index.execute("select count(*) from posts").fetchone()[0])
                except sqlite3.OperationalError:
                    return 0
        name = self.env["YUQING_ELASTICSEARCH_PREFIX"]
        try:
            with urllib.request.urlopen(f"{url}/{name}*/_count", timeout=10) as answer:
                return int(json.load(answer)["count"])
        except urllib.error.HTTPError:
            return 0


@contextlib.contextmanager
def distributed(kafka: str, elasticsearch: str, server: Postgres) -> Iterator[Size]:
    """Topics, indices and a database of its own, on servers that others use too."""
    topics, index = kafka_logs.a_prefix(), indexes.a_prefix()
    database = server.make()
    env = {
        "YUQING_KAFKA": kafka,
        "YUQING_KAFKA_PREFIX": topics,
        "YUQING_ELASTICSEARCH": elasticsearch,
        "YUQING_ELASTICSEARCH_PREFIX": index,
        "YUQING_DATABASE_URL": database,
    }
    try:
        yield Size("distributed", env)
    finally:
        server.drop(database)
        indexes.remove(elasticsearch, index)
        kafka_logs.remove(kafka, topics)


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> Iterator[Size]:
    """Embedded, then distributed."""
    if request.param == "embedded":
        yield Size("embedded")
        return
    kafka = request.getfixturevalue("kafka_bootstrap")
    elasticsearch = request.getfixturevalue("elasticsearch_url")
    with distributed(kafka, elasticsearch, request.getfixturevalue("postgres")) as made:
        yield made
