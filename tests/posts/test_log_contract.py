"""What every PostLog does. An adapter joins by one line in ADAPTERS."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.posts import NOON, make_signal

from posts.codec import decode, encode
from posts.errors import PoisonError
from posts.log.memory import MemoryLog
from posts.log.port import DEAD, RAW, SCORED, SIGNALS, PostLog, Record
from posts.log.sqlite import SqliteLog
from posts.model import Signal

Clock = Callable[[], datetime]
ADAPTERS: dict[str, Callable[[Path, Clock], PostLog]] = {
    "memory": lambda folder, clock: MemoryLog(clock=clock),
    "sqlite": lambda folder, clock: SqliteLog(folder / "log.db", clock=clock),
}


class SettableClock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@pytest.fixture(params=ADAPTERS)
def log(request: pytest.FixtureRequest, tmp_path: Path, clock: SettableClock) -> Iterator[PostLog]:
    made = ADAPTERS[request.param](tmp_path, clock)
    yield made
    made.close()


def batch(*names: str) -> list[tuple[str, bytes]]:
    return [(name, f"value of {name}".encode()) for name in names]


def keys(records: list[Record]) -> list[str]:
    return [record.key for record in records]


def test_what_is_appended_is_read_in_order_with_its_bytes(log: PostLog) -> None:
    log.append(RAW, [("甲", b"\x00\xff"), ("b", b"")])
    log.append(RAW, batch("c"))
    records = log.consumer(RAW, "g").poll()
    assert [(r.topic, r.key, r.value) for r in records] == [
        (RAW, "甲", b"\x00\xff"),
        (RAW, "b", b""),
        (RAW, "c", b"value of c"),
    ]
    offsets = [r.offset for r in records]
    assert offsets == sorted(set(offsets))


def test_an_empty_batch_changes_nothing(log: PostLog) -> None:
    log.append(RAW, [])
    assert log.lag(RAW, "g") == 0
    assert log.consumer(RAW, "g").poll() == []


def test_polls_go_on_where_the_last_one_ended(log: PostLog) -> None:
    log.append(RAW, batch("a", "b", "c"))
    consumer = log.consumer(RAW, "g")
    assert keys(consumer.poll(2)) == ["a", "b"]
    assert keys(consumer.poll(2)) == ["c"]
    assert consumer.poll(2) == []
    log.append(RAW, batch("d"))
    assert keys(consumer.poll(2)) == ["d"]


def test_topics_and_groups_do_not_disturb_one_another(log: PostLog) -> None:
    log.append(RAW, batch("a"))
    log.append(SCORED, batch("b"))
    first, second = log.consumer(RAW, "first"), log.consumer(RAW, "second")
    assert keys(first.poll()) == ["a"]
    first.commit()
    assert keys(second.poll()) == ["a"]
    assert keys(log.consumer(SCORED, "first").poll()) == ["b"]
    assert (log.lag(RAW, "first"), log.lag(RAW, "second"), log.lag(SCORED, "first")) == (0, 1, 1)


def test_a_topic_of_any_name_can_be_used(log: PostLog) -> None:
    log.append('odd "name"; --', batch("a"))
    assert keys(log.consumer('odd "name"; --', "g").poll()) == ["a"]
    assert log.lag("never written", "g") == 0
    assert log.consumer("never written", "g").poll() == []


def test_what_was_not_committed_is_read_again_by_the_next_member(log: PostLog) -> None:
    log.append(RAW, batch("a", "b", "c"))
    dying = log.consumer(RAW, "g")
    dying.poll(1)
    dying.commit()
    dying.poll(1)
    dying.close()
    assert keys(log.consumer(RAW, "g").poll()) == ["b", "c"]


def test_rewind_shows_again_what_was_not_committed(log: PostLog) -> None:
    log.append(RAW, batch("a", "b"))
    consumer = log.consumer(RAW, "g")
    consumer.poll(1)
    consumer.commit()
    consumer.poll(1)
    consumer.rewind()
    assert keys(consumer.poll()) == ["b"]


def test_a_commit_without_a_poll_or_after_a_rewind_commits_nothing(log: PostLog) -> None:
    log.append(RAW, batch("a"))
    consumer = log.consumer(RAW, "g")
    consumer.commit()
    consumer.poll()
    consumer.rewind()
    consumer.commit()
    assert log.lag(RAW, "g") == 1


def test_a_late_commit_of_a_slow_member_does_not_move_the_group_back(log: PostLog) -> None:
    log.append(RAW, batch("a", "b", "c"))
    slow, quick = log.consumer(RAW, "g"), log.consumer(RAW, "g")
    slow.poll(1)
    quick.poll(3)
    quick.commit()
    slow.commit()
    assert log.lag(RAW, "g") == 0
    assert slow.poll() == []


def test_lag_counts_what_is_not_committed(log: PostLog) -> None:
    assert log.lag(RAW, "g") == 0
    log.append(RAW, batch("a", "b", "c"))
    assert log.lag(RAW, "g") == 3
    consumer = log.consumer(RAW, "g")
    consumer.poll(2)
    assert log.lag(RAW, "g") == 3
    consumer.commit()
    assert log.lag(RAW, "g") == 1


def test_poll_waits_for_the_first_record_and_no_longer(log: PostLog) -> None:
    consumer = log.consumer(RAW, "g")
    start = time.monotonic()
    assert consumer.poll(timeout=0.1) == []
    assert time.monotonic() - start >= 0.1

    began = threading.Event()

    def write() -> None:
        began.wait()
        log.append(RAW, batch("a"))

    writer = threading.Thread(target=write)
    writer.start()
    began.set()
    start = time.monotonic()
    assert keys(consumer.poll(timeout=30)) == ["a"]
    assert time.monotonic() - start < 10
    writer.join()


def test_a_key_that_is_no_text_is_refused_and_nothing_of_its_batch_is_written(
    log: PostLog,
) -> None:
    with pytest.raises(PoisonError):
        log.append(RAW, [*batch("a"), ("\ud800", b"x")])
    assert log.lag(RAW, "g") == 0
    log.append(RAW, batch("b"))
    assert keys(log.consumer(RAW, "g").poll()) == ["b"]


def test_a_buried_record_is_kept_whole_with_its_reason(log: PostLog) -> None:
    log.append(RAW, [("a", b"\xff not json"), ("b", b"2")])
    first, second = log.consumer(RAW, "g").poll()
    log.bury(first, reason="坏 \ud800", attempts=3, at=NOON)
    log.bury(second, reason="unknown version", attempts=1, at=NOON)
    newest, older = log.dead_letters()
    assert (newest.key, newest.reason, newest.attempts) == ("b", "unknown version", 1)
    assert (older.topic, older.offset, older.key) == (RAW, first.offset, "a")
    assert (older.value, older.reason, older.at) == (
        b"\xff not json",
        "坏 ?",
        "2026-03-02T04:00:00+00:00",
    )
    assert [dead.key for dead in log.dead_letters(limit=1)] == ["b"]
    assert log.lag(DEAD, "g") == 2


def test_a_record_that_is_buried_again_after_a_crash_is_shown_once(log: PostLog) -> None:
    log.append(RAW, batch("a"))
    (record,) = log.consumer(RAW, "g").poll()
    for attempts in (1, 2):
        log.bury(record, reason="bad", attempts=attempts, at=NOON)
    assert [dead.attempts for dead in log.dead_letters()] == [2]


def test_a_message_too_large_to_decode_can_still_be_buried_and_shown(log: PostLog) -> None:
    log.append(RAW, [("bomb", b"x" * 9_000_000)])
    (record,) = log.consumer(RAW, "g").poll()
    log.bury(record, reason="too large", attempts=1, at=NOON)
    assert [len(dead.value) for dead in log.dead_letters()] == [9_000_000]


def test_strange_bytes_on_the_dead_letter_topic_are_passed_over(log: PostLog) -> None:
    log.append(DEAD, [("x", b"not a letter")])
    assert log.dead_letters() == []


def test_prune_takes_what_is_old_and_committed_by_every_group(
    log: PostLog, clock: SettableClock
) -> None:
    log.append(RAW, batch("old 1", "old 2"))
    clock.now += timedelta(days=2)
    log.append(RAW, batch("new"))
    ahead, behind = log.consumer(RAW, "ahead"), log.consumer(RAW, "behind")
    ahead.poll()
    ahead.commit()
    behind.poll(1)
    behind.commit()
    cut = NOON + timedelta(days=1)
    assert log.prune(before=NOON) == 0
    assert log.prune(before=cut) == 1
    behind.poll(1)
    behind.commit()
    assert log.prune(before=cut) == 1
    assert keys(log.consumer(RAW, "fresh").poll()) == ["new"]
    assert (log.lag(RAW, "behind"), log.lag(RAW, "ahead"), log.lag(RAW, "fresh")) == (1, 0, 1)


def test_offsets_go_on_after_everything_was_pruned(log: PostLog, clock: SettableClock) -> None:
    log.append(RAW, batch("a", "b"))
    consumer = log.consumer(RAW, "g")
    last = consumer.poll()[-1].offset
    consumer.commit()
    later = NOON + timedelta(days=1)
    assert log.prune(before=later) == 2
    assert log.lag(RAW, "new group") == 0
    clock.now = later
    log.append(RAW, batch("c"))
    (record,) = consumer.poll()
    assert record.key == "c"
    assert record.offset > last
    assert log.prune(before=later + timedelta(days=1)) == 0, "polled, but not committed"


def test_a_topic_that_nobody_has_read_is_kept_but_old_dead_letters_go(
    log: PostLog, clock: SettableClock
) -> None:
    log.append(RAW, batch("a"))
    log.bury(Record(RAW, 0, "a", b"x"), reason="bad", attempts=1, at=NOON)
    clock.now += timedelta(days=2)
    log.bury(Record(RAW, 1, "b", b"x"), reason="bad", attempts=1, at=clock.now)
    assert log.prune(before=NOON + timedelta(days=1)) == 1
    assert [dead.key for dead in log.dead_letters()] == ["b"]
    assert log.lag(RAW, "g") == 1


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    steps=st.lists(
        st.one_of(
            st.tuples(st.just("append"), st.integers(1, 4)),
            st.tuples(st.just("poll"), st.integers(1, 4)),
            st.tuples(st.sampled_from(["commit", "rewind", "reopen"]), st.just(0)),
        ),
        max_size=25,
    )
)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_whatever_happens_every_record_is_seen_in_order_and_none_is_passed_over(
    adapter: str, tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]
) -> None:
    log = ADAPTERS[adapter](tmp_path_factory.mktemp("log"), lambda: datetime.now(UTC))
    consumer = log.consumer(RAW, "g")
    written = committed = position = 0
    for step, count in steps:
        if step == "append":
            log.append(RAW, batch(*(str(written + n) for n in range(count))))
            written += count
        elif step == "poll":
            expected = [str(n) for n in range(position, min(position + count, written))]
            assert keys(consumer.poll(count)) == expected
            position += len(expected)
        elif step == "commit":
            consumer.commit()
            committed = position
        else:
            if step == "reopen":
                consumer.close()
                consumer = log.consumer(RAW, "g")
            consumer.rewind()
            position = committed
        assert log.lag(RAW, "g") == written - committed
    log.close()


class TestErasure:
    def test_the_records_of_a_post_go_from_all_topics_and_nothing_else(self, log: PostLog) -> None:
        log.append(RAW, batch("a", "b", "c", "b"))
        log.append(SCORED, batch("b", "d"))
        assert log.erase(["b", "unknown"]) == 3
        assert log.erase(["b"]) == 0
        assert keys(log.consumer(RAW, "g").poll()) == ["a", "c"]
        assert keys(log.consumer(SCORED, "g").poll()) == ["d"]

    def test_dead_letters_go_too(self, log: PostLog) -> None:
        log.append(RAW, batch("a", "b"))
        for record in log.consumer(RAW, "g").poll():
            log.bury(record, reason="x", attempts=1, at=NOON)
        assert log.erase(["b"]) == 2
        assert [letter.key for letter in log.dead_letters()] == ["a"]

    def test_what_was_erased_is_no_backlog(self, log: PostLog) -> None:
        reader = log.consumer(RAW, "g")
        log.append(RAW, batch("a", "b", "c"))
        assert keys(reader.poll(1)) == ["a"]
        reader.commit()
        log.erase(["b", "c"])
        assert log.lag(RAW, "g") == 0
        assert reader.poll() == []
        log.append(RAW, batch("d"))
        assert log.lag(RAW, "g") == 1
        assert keys(reader.poll()) == ["d"]
        reader.commit()
        assert log.lag(RAW, "g") == 0

    def test_a_signal_stays_without_what_it_quotes(self, log: PostLog) -> None:
        quoting = make_signal(reason="1 小时内 5 条；最新：某某住在三单元", posts=("p", "q"))
        other = make_signal("other", reason="1 小时内 5 条；最新：停水", posts=("r",))
        log.append(SIGNALS, [(one.fingerprint, encode(one)) for one in (quoting, other)])
        first, second = log.consumer(SIGNALS, "g").poll()
        log.bury(first, reason="x", attempts=1, at=NOON)
        log.erase(["q"])
        after = [decode(r.value, Signal) for r in log.consumer(SIGNALS, "h").poll()]
        assert [one.reason for one in after] == ["1 小时内 5 条；最新：已依法销毁", other.reason]
        assert after[0].posts == ("p", "q")
        assert log.dead_letters() == []
        assert second.value == encode(other)
