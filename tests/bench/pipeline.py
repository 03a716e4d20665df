"""From a file to searchable, embedded, with the trivial scorer: posts/s and the split by stage.

One process does everything in turn, so that the figure is the sum of the stages; in service they
run side by side and the slowest one counts.
"""

from __future__ import annotations

import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from analyzer import sentiment
from analyzer.grouping.defaults import default_rules
from analyzer.grouping.worker import GroupingWorker
from analyzer.locality import Matcher
from analyzer.scoring import worker as scoring
from analyzer.scoring.worker import ScoringWorker
from crawlers.admission import Admission
from crawlers.imports import ingest
from posts.index.port import Query
from posts.index.sqlite import SqliteIndex
from posts.log.sqlite import SqliteLog
from registry import alert_rules, gazetteer
from registry.areas import Area
from registry.db import Database

POSTS = 8_000
BATCH = 500
GOAL = 2_000
OWN = Area(code="5331", name="德宏傣族景颇族自治州", level="city", parent="53", own=True)
# fmt: off
_PARTS = (
    "小区已经连续停水三天", "物业电话一直没有人接", "希望有关部门尽快处理", "施工噪音到凌晨",
    "孩子上学的路上没有路灯", "昨天下午下了一场大雨", "感谢社区工作人员的帮助", "搅拌站灰尘太大",
    "请问什么时候能恢复正常", "菜市场旁边垃圾堆成山", "公交车二十分钟才来一趟", "周末去江边走了走",
)
# fmt: on
_PLACES = (
    "瑞丽市",
    "芒市",
    "盈江县太平镇",
    "陇川",
    "勐卯街道",
    "北京",
    "城关镇",
    "本小区",
    "我们村",
)


def bench() -> Iterator[str]:
    """Lines with the figures."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _run(Path(folder))


def write_posts(path: Path, count: int) -> None:
    """A JSON Lines file of made-up posts of about 100 to 250 characters, the same at each call."""
    dice = random.Random(2)
    start = datetime(2026, 3, 2, tzinfo=UTC)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            parts = dice.choices(_PARTS, k=dice.randint(8, 20))
            row = {
                "id": number,
                "title": f"关于{dice.choice(_PLACES)}的第 {number} 件事",
                "text": f"{dice.choice(_PLACES)}，{'，'.join(parts)}。",
                "published_at": (start + timedelta(seconds=number)).isoformat(),
                "author": f"网友{number % 500}",
            }
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _run(folder: Path) -> Iterator[str]:
    database = Database(f"sqlite:///{folder / 'registry.db'}")
    database.migrate()
    log, index = SqliteLog(folder / "log.db"), SqliteIndex(folder / "index.db")
    write_posts(folder / "posts.jsonl", POSTS)
    now = datetime(2026, 3, 2, 4, tzinfo=UTC)
    with database.transaction() as session:
        for rule in default_rules("5331"):
            alert_rules.put(session, rule, now=now)
    matcher = Matcher(gazetteer.load(), [OWN])
    scorer = sentiment.load("trivial")

    began, cpu = time.perf_counter(), time.process_time()
    summary = ingest(
        [folder / "posts.jsonl"],
        source="bench",
        kind="forum",
        mapping={},
        admission=Admission(log, database),
        database=database,
        now=now,
        rejects_dir=folder,
    )
    ingested = time.perf_counter() - began

    split = dict.fromkeys(("decode", "score", "localities", "index", "append"), 0.0)
    _time(split, "score", scorer, "score")
    _time(split, "localities", matcher, "find_many")
    _time(split, "index", index, "write")
    _time(split, "append", log, "append")
    _time(split, "decode", scoring, "decode")
    worker = ScoringWorker(log, index, scorer, matcher, lambda: now)
    began = time.perf_counter()
    while worker.step(BATCH):
        pass
    scored = time.perf_counter() - began
    cpu = time.process_time() - cpu
    found = index.count(Query())

    grouping = GroupingWorker(log, database, lambda: now, "bench")
    began = time.perf_counter()
    while grouping.step(BATCH):
        pass
    grouped = time.perf_counter() - began

    if not summary.accepted == found == POSTS:
        raise AssertionError(f"{summary.accepted} accepted, {found} searchable of {POSTS}")
    rate = POSTS / (ingested + scored)
    mark = "" if rate >= GOAL else f"  BELOW THE GOAL of {GOAL}"
    yield f"file to searchable, one stage after the other: {rate:,.0f} posts/s{mark}"
    yield f"  by time on the processor, whatever else runs: {POSTS / cpu:,.0f} posts/s"
    side = POSTS / max(ingested, scored)
    yield f"side by side, as in service, the slower of the two: {side:,.0f} posts/s"
    yield f"ingest: {POSTS / ingested:,.0f} posts/s ({share(ingested, ingested + scored)})"
    yield f"scoring: {POSTS / scored:,.0f} posts/s ({share(scored, ingested + scored)})"
    rest = scored - sum(split.values())
    parts = ", ".join(f"{name} {share(took, scored)}" for name, took in split.items())
    yield f"  of it: {parts}, rest {share(rest, scored)}"
    yield f"grouping, six rules: {POSTS / grouped:,.0f} posts/s"
    index.close()
    log.close()
    database.dispose()


def _time(split: dict[str, float], name: str, owner: Any, attribute: str) -> None:
    """Add the time that calls of this attribute take to the split."""
    call: Callable[..., Any] = getattr(owner, attribute)

    def timed(*args: Any, **kwargs: Any) -> Any:
        began = time.perf_counter()
        try:
            return call(*args, **kwargs)
        finally:
            split[name] += time.perf_counter() - began

    setattr(owner, attribute, timed)


def share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %"
