"""Copies in the service: counted per source and hour, through restarts, kills and erasures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
import structlog
from support.analyzer import Clock
from support.posts import NOON, make_scored
from support.registry import make_database

from analyzer.grouping.copies import KEEP, Copies, forget_stored
from analyzer.grouping.worker import GroupingWorker
from posts.codec import encode
from posts.errors import RetryError
from posts.log.memory import MemoryLog
from posts.log.port import SCORED
from posts.model import ScoredPost
from registry import copies, erasures, lease
from registry.copies import Count

HOUR = timedelta(hours=1)
STORY = "今天下午三点，城东水库附近发生塌方，请大家绕行，不要围观。"


def other(number: int) -> str:
    return "".join(chr(0x4E00 + (number * 997 + step * 131) % 20_000) for step in range(40))


class Desk:
    """A worker with this part only, and posts that come to it."""

    def __init__(self, folder: Path) -> None:
        self.database = make_database(folder)
        self.log, self.clock = MemoryLog(), Clock(NOON)
        self.begin()

    def begin(self, holder: str = "one", size: int = 1_000) -> None:
        self.part = Copies(self.database, holder, size=size)
        self.worker = GroupingWorker(self.log, self.database, self.clock, holder, parts=[self.part])

    def come(
        self, name: str, text: str, *, source: str = "bbs", at: datetime = NOON - HOUR
    ) -> ScoredPost:
        scored = make_scored(
            name, text=text, title="", source=source, published_at=at, first_seen_at=NOON
        )
        self.log.append(SCORED, [(scored.post.id, encode(scored))])
        return scored

    def drain(self) -> None:
        while self.worker.step():
            pass

    def group(self, scored: ScoredPost) -> copies.Group | None:
        with self.database.reading() as session:
            return copies.of_posts(session, [scored.post.id]).get(scored.post.id)

    def dies(self) -> None:
        """It never comes back: nothing is saved, its lease runs out."""
        self.clock.advance(seconds=60)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    desk.worker.close()
    desk.database.dispose()


def test_copies_are_counted_by_source_and_hour_and_the_earliest_is_the_original(desk: Desk):
    first = desk.come("1", STORY, source="news", at=NOON - HOUR)
    desk.come("2", "转发微博：" + STORY, source="weibo", at=NOON - timedelta(minutes=10))
    desk.come("3", STORY + "！", source="weibo", at=NOON - timedelta(minutes=5))
    early = desk.come("4", "【转】" + STORY, source="bbs", at=NOON - 3 * HOUR)
    lone = desk.come("5", other(5))
    desk.drain()
    assert desk.group(lone) is None
    group = desk.group(first)
    assert group is not None
    assert (group.id, group.original) == (first.post.id, early.post.id)
    assert (group.posts, group.copies, group.sources) == (4, 3, 3)
    with desk.database.reading() as session:
        assert copies.counts(session, group.id) == [
            Count("bbs", NOON.replace(minute=0) - 3 * HOUR, 1),
            Count("news", NOON.replace(minute=0) - HOUR, 1),
            Count("weibo", NOON.replace(minute=0) - HOUR, 2),
        ]
        listed = copies.members(session, group.id, limit=2)
        assert [one.post for one in listed] == [early.post.id, first.post.id]


def test_a_post_that_comes_again_counts_once(desk: Desk):
    first = desk.come("1", STORY)
    for _ in range(3):
        copy = desk.come("2", "【转】" + STORY)
        desk.come("1", STORY)
        desk.drain()
    group = desk.group(copy)
    assert group is not None
    assert (group.id, group.posts) == (first.post.id, 2)


@pytest.mark.parametrize("end", ["restart", "hand-over", "death"])
def test_the_window_goes_on_after_a_restart_a_hand_over_or_a_death(desk: Desk, end: str):
    first = desk.come("1", STORY)
    for number in range(300):
        desk.come(f"o{number}", other(number))
        if number % 40 == 0:
            desk.drain()
    desk.drain()
    desk.come("late", other(900))
    if end == "death":
        desk.dies()
    else:
        desk.worker.close()
    desk.begin("one" if end == "restart" else "two")
    copies_of = [desk.come("2", "//@用户:" + STORY), desk.come("3", "【转】" + other(299))]
    desk.drain()
    found = [desk.group(one) for one in copies_of]
    assert all(found)
    assert found[0].id == first.post.id
    with desk.database.reading() as session:
        assert len(copies.segment_numbers(session)) <= 1 + 300 // 64, "a slow flow makes few rows"


def test_what_left_the_window_leaves_the_tables_too(desk: Desk):
    desk.worker.close()
    desk.begin(size=100)
    story = desk.come("story", STORY)
    for number in range(700):
        desk.come(f"o{number}", other(number))
        if number % 50 == 0:
            desk.come(f"c{number}", "【转】" + STORY)
            desk.drain()
    desk.drain()
    with desk.database.reading() as session:
        kept = copies.segment_numbers(session)
        assert sum(len(copies.segment(session, last) or b"") for last in kept) < 400 * 500
        assert len(kept) < 8
    desk.worker.close()
    desk.begin(size=100)
    last = desk.come("last", STORY)
    gone = desk.come("gone", other(3))
    desk.drain()
    assert desk.group(last).id == story.post.id, "it is being copied, so it stayed"
    assert desk.group(gone) is None


def test_what_is_still_copied_is_carried_into_later_segments(desk: Desk):
    desk.worker.close()
    desk.begin(size=200)
    story = desk.come("story", STORY)
    for number in range(500):
        desk.come(f"o{number}", other(number))
        if number % 150 == 149:
            desk.come(f"c{number}", "【转】" + STORY)
            desk.drain()
    desk.drain()
    desk.worker.close()
    desk.begin(size=200)
    last = desk.come("last", STORY[:-12] + "不要围在那里看。")
    desk.drain()
    group = desk.group(last)
    assert group is not None
    assert group.id == story.post.id


def test_segments_of_another_form_are_given_up_and_the_window_goes_on(desk: Desk):
    desk.come("1", STORY)
    desk.drain()
    desk.worker.close()
    with desk.database.transaction() as session:
        (last,) = copies.segment_numbers(session)
        older = msgspec.msgpack.decode(zlib.decompress(copies.segment(session, last) or b""))
        older[0] = 2
        packed = zlib.compress(msgspec.msgpack.encode(older))
        copies.put_segment(session, last, packed, now=NOON)
        copies.put_segment(session, last + 7, b"torn", now=NOON)
    desk.begin()
    with structlog.testing.capture_logs() as told:
        again = desk.come("2", STORY)
        desk.drain()
    assert [one["event"] for one in told if one["log_level"] == "warning"] == [
        "copies_unreadable",
        "copies_unreadable",
    ]
    assert desk.group(again) is None
    desk.worker.close()
    desk.begin()
    copy = desk.come("3", STORY)
    desk.drain()
    group = desk.group(copy)
    assert group is not None
    assert group.id == again.post.id
    with desk.database.transaction() as session:
        assert forget_stored(session, ["nobody"], now=NOON) == 1, "what can't be read goes"
        assert len(copies.segment_numbers(session)) == 1


def test_groups_age_out(desk: Desk):
    desk.come("1", STORY)
    copy = desk.come("2", "【转】" + STORY)
    desk.drain()
    assert desk.group(copy)
    desk.clock.advance(seconds=int(KEEP.total_seconds()) + 3_600)
    desk.come("3", other(3))
    desk.drain()
    assert desk.group(copy) is None


def test_who_lost_the_lease_writes_nothing(desk: Desk):
    desk.come("1", STORY)
    desk.come("2", "【转】" + STORY)
    desk.part.start(NOON)
    desk.part.read([make_scored("1", text=STORY), make_scored("2", text=STORY)], NOON)
    with desk.database.transaction() as session:
        assert lease.acquire(session, "grouping", holder="two", now=NOON, ttl_s=60)
    with pytest.raises(RetryError):
        desk.part.save(NOON)
    with desk.database.reading() as session:
        assert copies.segment_numbers(session) == []


@pytest.mark.parametrize("running", [True, False])
def test_nothing_of_a_destroyed_post_is_compared_any_more(desk: Desk, running: bool):
    first = desk.come("1", STORY)
    desk.come("2", other(2))
    desk.drain()
    if not running:
        desk.worker.close()
    with desk.database.transaction() as session:
        erasures.record(
            session,
            [(erasures.POST, first.post.id)],
            reason="r",
            clause="c",
            signer="a",
            second="b",
            now=NOON,
        )
        assert forget_stored(session, [first.post.id], now=NOON) == 1
        assert forget_stored(session, [first.post.id], now=NOON) == 1
    desk.clock.advance(seconds=10)
    if not running:
        desk.begin()
    again = desk.come("3", STORY)
    kept = desk.come("4", other(2))
    desk.drain()
    assert desk.group(again) is None
    assert desk.group(kept) is not None
    assert desk.group(first) is None


KILLED = """
import os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from support.analyzer import Clock
from support.posts import NOON
from analyzer.grouping.copies import Copies
from analyzer.grouping.worker import GroupingWorker
from posts.log.sqlite import SqliteLog
from registry.db import Database
folder = Path(sys.argv[1])
database = Database(f"sqlite:///{folder / 'registry.db'}")
part = Copies(database, "killed", size=1000)
worker = GroupingWorker(
    SqliteLog(folder / "log.db"), database, Clock(NOON), "killed", parts=[part]
)
saves = 0
save = part.save
def dying(now):
    global saves
    saves += 1
    if saves == 3 and sys.argv[3] == "before":
        os.kill(os.getpid(), 9)
    save(now)
    if saves == 3:
        os.kill(os.getpid(), 9)
part.save = dying
while True:
    worker.step(7)
    worker._saved = None
"""


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_kill_loses_no_copy_and_counts_none_twice(tmp_path: Path, when: str):
    from posts.log.sqlite import SqliteLog

    database = make_database(tmp_path)
    log = SqliteLog(tmp_path / "log.db")
    posts = [
        make_scored(str(n), text=STORY if n % 5 == 0 else other(n), title="") for n in range(60)
    ]
    log.append(SCORED, [(one.post.id, encode(one)) for one in posts])
    killed = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path), str(Path(__file__).parents[1]), when],
        check=False,
        capture_output=True,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    worker = GroupingWorker(
        log,
        database,
        Clock(NOON + timedelta(minutes=1)),
        "next",
        parts=[Copies(database, "next", size=1000)],
    )
    while worker.step():
        pass
    with database.reading() as session:
        group = copies.of_posts(session, [posts[0].post.id])[posts[0].post.id]
        listed = copies.members(session, group.id, limit=100)
    assert group.posts == 12, listed
    assert {one.post for one in listed} == {one.post.id for one in posts[::5]}
    worker.close()
    log.close()
    database.dispose()


def test_instants_are_aware(desk: Desk):
    desk.come("1", STORY)
    copy = desk.come("2", STORY)
    desk.drain()
    group = desk.group(copy)
    assert group is not None
    assert group.newest_at.tzinfo is UTC
