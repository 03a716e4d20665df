"""Sources in a registry, and how they fared, for tests of the crawl."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from crawlers.settings import CrawlSettings
from posts.codec import decode
from posts.log.port import RAW, PostLog
from posts.model import Post
from registry import sources
from registry.db import Database
from registry.sources import Health, Source

NOW = datetime(2026, 3, 1, 4, tzinfo=UTC)
FAST = CrawlSettings(delay_s=0.01, allow_private=("127.0.0.0/8",), timeout_s=5, retries=0)


def register(database: Database, source_id: str = "gov", **given: Any) -> None:
    fields = {"id": source_id, "name": source_id, "kind": "gov", "spider": "site", "interval_s": 5}
    with database.transaction() as session:
        sources.put(session, Source(**{**fields, **given}), now=NOW)


def health(database: Database, source_id: str = "gov") -> Health:
    with database.reading() as session:
        return {each.id: state for each, state in sources.health(session, now=NOW)}[source_id]


def posts(log: PostLog) -> list[Post]:
    reader = log.consumer(RAW, "test")
    found = [decode(record.value, Post) for record in reader.poll(10_000)]
    reader.close()
    return found
