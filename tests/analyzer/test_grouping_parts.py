"""Parts of grouping: each sees every post, tells signals, and is saved before the commit."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from support.analyzer import Clock, signals
from support.posts import NOON, make_scored
from support.registry import make_database

from analyzer.grouping.events import Events
from analyzer.grouping.memory import FileStore, TableStore
from analyzer.grouping.worker import GroupingWorker
from posts.codec import encode
from posts.errors import RetryError
from posts.log.memory import MemoryLog
from posts.log.port import SCORED
from posts.model import ScoredPost, Signal
from registry import erasures, events, lease


class Counting:
    """Remembers ids; stumbles over one text; tells once at the end of the log."""

    name = "counting"

    def __init__(self, store: FileStore) -> None:
        self.store, self.ids, self.calls = store, [], []
        self.fail_save = False

    def start(self, now: datetime) -> None:
        self.ids = (self.store.load() or b"").decode().split()
        self.calls.append("start")

    def refresh(self, now: datetime) -> None:
        self.calls.append("refresh")

    def read(self, scored: Sequence[ScoredPost], now: datetime) -> None:
        for one in scored:
            if one.post.text == "bad":
                raise ZeroDivisionError
            if one.post.id not in self.ids:
                self.ids.append(one.post.id)

    def tell(self, now: datetime, *, caught_up: bool) -> list[Signal]:
        if not caught_up or "told" in self.calls or not self.ids:
            return []
        self.calls.append("told")
        return [make_signal(len(self.ids), now)]

    def save(self, now: datetime) -> None:
        if self.fail_save:
            raise RetryError("disk full")
        self.store.save(" ".join(self.ids).encode())

    def held(self) -> Iterable[str]:
        return self.ids

    def forget(self, posts: Collection[str]) -> bool:
        before = len(self.ids)
        self.ids = [one for one in self.ids if one not in posts]
        return len(self.ids) < before

    def close(self) -> None:
        self.calls.append("close")


def make_signal(count: int, now: datetime) -> Signal:
    instants: Any = dict.fromkeys(
        ("window_start", "window_end", "first_post_at", "newest_post_at", "newest_arrival_at"), now
    )
    return Signal(
        id="s",
        rule="r",
        fingerprint="f",
        title="t",
        reason="",
        heat="blue",
        count=count,
        threshold=1,
        created_at=now,
        **instants,
    )


class Bench:
    def __init__(self, folder: Path) -> None:
        self.database = make_database(folder)
        self.log, self.clock = MemoryLog(), Clock(NOON)
        self.store = FileStore(folder / "counting.bin")
        self.begin()

    def begin(self, holder: str = "one") -> None:
        self.part = Counting(self.store)
        self.worker = GroupingWorker(self.log, self.database, self.clock, holder, parts=[self.part])

    def come(self, *texts: str) -> list[str]:
        posts = [make_scored(text, text=text) for text in texts]
        self.log.append(SCORED, [(one.post.id, encode(one)) for one in posts])
        return [one.post.id for one in posts]

    def drain(self) -> None:
        while self.worker.step():
            pass


@pytest.fixture
def bench(tmp_path: Path) -> Any:
    bench = Bench(tmp_path)
    yield bench
    bench.worker.close()
    bench.database.dispose()


def test_a_part_sees_every_post_tells_and_goes_on_where_it_was(bench: Bench):
    ids = bench.come("a", "b", "c")
    bench.drain()
    assert bench.part.ids == ids
    assert [one.count for one in signals(bench.log)] == [3]
    bench.worker.close()
    assert bench.part.calls[-1] == "close"
    bench.begin("two")
    (fourth,) = bench.come("d")
    bench.drain()
    assert bench.part.ids == [*ids, fourth]


def test_a_post_that_a_part_stumbles_over_is_left_out_and_blinds_nobody(bench: Bench):
    first, _, third = bench.come("a", "bad", "c")
    bench.drain()
    assert bench.part.ids == [first, third]


def test_what_a_part_could_not_save_is_read_again(bench: Bench):
    ids = bench.come("a", "b")
    bench.part.fail_save = True
    with pytest.raises(RetryError):
        bench.drain()
    bench.part.fail_save = False
    bench.drain()
    assert bench.part.ids == ids
    assert bench.store.load() == " ".join(ids).encode()


@pytest.mark.parametrize("running", [True, False])
def test_a_part_forgets_what_was_destroyed_by_law(bench: Bench, running: bool):
    first, second = bench.come("a", "b")
    bench.drain()
    if not running:
        bench.worker.close()
    with bench.database.transaction() as session:
        erasures.record(
            session,
            [(erasures.POST, first)],
            reason="r",
            clause="c",
            signer="a",
            second="b",
            now=NOON,
        )
    bench.clock.advance(seconds=10)
    if not running:
        bench.begin()
    bench.worker.step()
    assert bench.store.load() == second.encode()


def test_parts_in_one_database_are_written_under_the_lease_of_grouping(tmp_path: Path):
    database, clock = make_database(tmp_path), Clock(NOON)
    with database.transaction() as session:
        assert lease.acquire(session, "grouping", holder="one", now=NOON, ttl_s=15)

    def store(name: str, holder: str) -> TableStore:
        return TableStore(database, name, holder=holder, clock=clock, lease="grouping")

    store("grouping:a", "one").save(b"1")
    store("grouping:b", "one").save(b"2")
    assert store("grouping:a", "two").load() == b"1"
    with pytest.raises(RetryError):
        store("grouping:b", "two").save(b"3")
    assert store("grouping:b", "two").load() == b"2"
    database.dispose()


def test_what_a_person_merged_is_counted_together_before_another_post_comes(tmp_path: Path):
    database, log, clock = make_database(tmp_path), MemoryLog(), Clock(NOON)
    part = Events(database, FileStore(tmp_path / "events.bin"))
    worker = GroupingWorker(log, database, clock, "one", parts=[part])
    texts = [f"明德双语学校乱收服务费{n}千元，家长要求退费" for n in range(3)]
    texts += [f"云溪花园搅拌站{n}点施工，粉尘噪音扰民" for n in range(3)]
    posts = [make_scored(f"post-{n}", text=text, title="") for n, text in enumerate(texts)]
    log.append(SCORED, [(one.post.id, encode(one)) for one in posts])
    while worker.step():
        pass
    with database.transaction() as session:
        into, gone = (one.key for one in events.listed(session))
        events.merge(session, into, gone, by="王敏", now=NOON)
    clock.advance(seconds=5)
    assert worker.step() == 0
    with database.reading() as session:
        assert [one.body["posts"] for one in events.listed(session)] == [6]
    worker.close()
    database.dispose()
