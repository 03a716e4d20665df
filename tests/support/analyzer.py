"""What the tests of the analyzer share: the gazetteer's matcher, a stepping clock, raw posts."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from support.posts import NOON, make_post

from analyzer.locality import Matcher
from posts.codec import decode, encode
from posts.identity import SHANGHAI
from posts.log.port import RAW, SIGNALS, PostLog
from posts.model import Post, Score, Signal
from registry import gazetteer
from registry.alert_rules import AlertRule
from registry.areas import Area

DEHONG = Area(code="5331", name="德宏傣族景颇族自治州", level="city", parent="53", own=True)
RUILI = Area(
    code="533102",
    name="瑞丽市",
    level="county",
    parent="5331",
    own=True,
    aliases=("姐告", "勐卯城"),
)


@cache
def dehong() -> Matcher:
    """A desk of 德宏州: made once, as building takes half a second."""
    return Matcher(gazetteer.load(), [DEHONG, RUILI])


@cache
def nowhere() -> Matcher:
    """A desk without an own area."""
    return Matcher(gazetteer.load())


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self, now: datetime = NOON) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **by: float) -> None:
        self.now += timedelta(**by)


def put_raw(log: PostLog, posts: Iterable[Post]) -> None:
    """Append the posts to RAW."""
    log.append(RAW, [(post.id, encode(post)) for post in posts])


def make_rule(**fields: Any) -> AlertRule:
    """A rule on 停水: three posts in two hours, six hours of cool-down."""
    return AlertRule(
        **{
            "id": "water",
            "name": "停水",
            "any_of": ("停水",),
            "all_of": (),
            "none_of": (),
            "areas": (),
            "kinds": (),
            "sources": (),
            "sentiments": (),
            "min_count": 3,
            "window_s": 7_200,
            "cooldown_s": 21_600,
            "heat": "yellow",
            "enabled": True,
            **fields,
        }
    )


def signals(log: PostLog, group: str = "test-reader") -> list[Signal]:
    """The signals that this group has not read yet."""
    consumer = log.consumer(SIGNALS, group)
    found = [decode(record.value, Signal) for record in consumer.poll(10_000)]
    consumer.commit()
    consumer.close()
    return found


def petitions(eval_data: Path, *, arrived: datetime = NOON) -> list[Post]:
    """The 4,326 petitions as posts of the source ``petitions`` that arrived at that instant."""
    with gzip.open(eval_data / "gov" / "messages_4326.jsonl.gz", "rt", encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return [
        make_post(
            str(row["id"]),
            title=row["title"],
            text=row["text"],
            published_at=datetime.fromisoformat(row["time"]).replace(tzinfo=SHANGHAI),
            first_seen_at=arrived,
        )
        for row in rows
    ]


class BrittleScorer:
    """Fails for any batch with a text that has the mark, the mark's first ``times`` times."""

    name = "brittle"
    version = "1"

    def __init__(self, inner: Any, mark: str, times: int = 1_000) -> None:
        self.inner, self.mark, self.times = inner, mark, times

    def score(self, texts: Sequence[str]) -> list[Score]:
        if self.times and any(self.mark in text for text in texts):
            self.times -= 1
            raise ValueError("the scorer chokes on it")
        return self.inner.score(texts)
