"""What every PostLog does, on the real engine of each adapter. An adapter joins in ADAPTERS.

Order is promised for each key only, so the records of one test have one key and different values,
but for those where keys are the matter.
"""

from __future__ import annotations

import contextlib
import hashlib
import random
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.kafka_logs import kafka_log
from support.posts import NOON, make_signal

from posts.codec import DeadLetter, decode, encode
from posts.errors import PoisonError
from posts.log.letters import replay
from posts.log.memory import MemoryLog
from posts.log.port import DEAD, RAW, SCORED, SIGNALS, PostLog, Record
from posts.log.sqlite import SqliteLog
from posts.model import Signal

Clock = Callable[[], datetime]
ADAPTERS = ["memory", "sqlite", pytest.param("kafka", marks=pytest.mark.needs("kafka"))]
KEY = "甲"


class SettableClock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


@contextlib.contextmanager
def a_log(
    adapter: str, request: pytest.FixtureRequest, folder: Path, clock: Clock
) -> Iterator[PostLog]:
    if adapter == "kafka":
        with kafka_log(request.getfixturevalue("kafka_bootstrap"), folder, clock=clock) as made:
            yield made
        return
    log = MemoryLog(clock=clock) if adapter == "memory" else SqliteLog(folder / "l.db", clock=clock)
    yield log
    log.close()


@pytest.fixture(params=ADAPTERS)
def log(request: pytest.FixtureRequest, tmp_path: Path, clock: SettableClock) -> Iterator[PostLog]:
    with a_log(request.param, request, tmp_path, clock) as made:
        yield made


def batch(*names: str) -> list[tuple[str, bytes]]:
    """Records of one key, told apart by their values."""
    return [(KEY, name.encode()) for name in names]


def keyed(*keys: str) -> list[tuple[str, bytes]]:
    """Records of different keys."""
    return [(key, f"value of {key}".encode()) for key in keys]


def names(records: list[Record]) -> list[str]:
    return [record.value.decode() for record in records]


def keys(records: list[Record]) -> list[str]:
    """In no order: that is promised within a key only."""
    return sorted(record.key for record in records)


def test_what_is_appended_is_read_in_order_with_its_bytes(log: PostLog) -> None:
    log.append(RAW, [(KEY, b"\x00\xff"), (KEY, b"")])
    log.append(RAW, batch("c"))
    records = log.consumer(RAW, "g").poll()
    assert [(r.topic, r.key, r.value) for r in records] == [
        (RAW, KEY, b"\x00\xff"),
        (RAW, KEY, b""),
        (RAW, KEY, b"c"),
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
    assert names(consumer.poll(2)) == ["a", "b"]
    assert names(consumer.poll(2)) == ["c"]
    assert consumer.poll(2) == []
    log.append(RAW, batch("d"))
    assert names(consumer.poll(2)) == ["d"]


def test_all_is_read_from_outside_whoever_has_committed_and_no_group_is_left(
    log: PostLog, clock: SettableClock
) -> None:
    assert list(log.read_all(SCORED)) == []
    written = [f"{n}" for n in range(1203)]
    log.append(SCORED, keyed(*written))
    reader = log.consumer(SCORED, "g")
    while reader.poll():
        reader.commit()
    log.erase(["700"])
    parts = list(log.read_all(SCORED))
    assert max(map(len, parts)) <= 500
    assert keys([one for part in parts for one in part]) == sorted({*written} - {"700"})
    clock.now += timedelta(days=1)
    assert log.prune(before=clock.now) > 0, "nobody else is waited for"
    assert [part for part in log.read_all(SCORED) if part] == []


def test_topics_and_groups_do_not_disturb_one_another(log: PostLog) -> None:
    log.append(RAW, batch("a"))
    log.append(SCORED, batch("b"))
    first, second = log.consumer(RAW, "first"), log.consumer(RAW, "second")
    assert names(first.poll()) == ["a"]
    first.commit()
    assert names(second.poll()) == ["a"]
    assert names(log.consumer(SCORED, "first").poll()) == ["b"]
    assert (log.lag(RAW, "first"), log.lag(RAW, "second"), log.lag(SCORED, "first")) == (0, 1, 1)


def test_a_topic_of_any_name_can_be_used(log: PostLog) -> None:
    log.append('odd "name"; --', batch("a"))
    assert names(log.consumer('odd "name"; --', "g").poll()) == ["a"]
    assert log.lag("never written", "g") == 0
    assert log.consumer("never written", "g").poll() == []


def test_what_was_not_committed_is_read_again_by_the_next_member(log: PostLog) -> None:
    log.append(RAW, batch("a", "b", "c"))
    dying = log.consumer(RAW, "g")
    dying.poll(1)
    dying.commit()
    dying.poll(1)
    dying.close()
    assert names(log.consumer(RAW, "g").poll()) == ["b", "c"]


def test_rewind_shows_again_what_was_not_committed(log: PostLog) -> None:
    log.append(RAW, batch("a", "b"))
    consumer = log.consumer(RAW, "g")
    consumer.poll(1)
    consumer.commit()
    consumer.poll(1)
    consumer.rewind()
    assert names(consumer.poll()) == ["b"]


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
    slow = log.consumer(RAW, "g")
    seen = set(names(slow.poll(1)))
    quick = log.consumer(RAW, "g")
    enough = threading.Event()

    def read() -> None:
        while not enough.is_set():
            seen.update(names(quick.poll(3, timeout=0.05)))
            quick.commit()

    reader = threading.Thread(target=read)
    reader.start()
    try:
        slow.commit()
        deadline = time.monotonic() + 60
        while log.lag(RAW, "g") and time.monotonic() < deadline:
            seen.update(names(slow.poll(1)))
            slow.commit()
    finally:
        enough.set()
        while reader.is_alive():  # a group is dealt out only when every member asks
            slow.poll(1)
    assert seen == {"a", "b", "c"}
    assert log.lag(RAW, "g") == 0


def test_one_who_is_alone_takes_over_at_once_and_moves_nothing_back(log: PostLog) -> None:
    log.append(RAW, batch("a", "b", "c"))
    frozen = log.consumer(RAW, "g", alone=True)
    assert names(frozen.poll(1)) == ["a"]
    heir = log.consumer(RAW, "g", alone=True)
    start = time.monotonic()
    assert names(heir.poll(3)) == ["a", "b", "c"]
    assert time.monotonic() - start < 8, "less than a session of a member takes to end"
    heir.commit()
    frozen.commit()
    assert log.lag(RAW, "g") == 0
    frozen.rewind()
    assert frozen.poll(1) == []


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
    assert names(consumer.poll(timeout=30)) == ["a"]
    assert time.monotonic() - start < 25
    writer.join()


def test_a_key_that_is_no_text_is_refused_and_nothing_of_its_batch_is_written(
    log: PostLog,
) -> None:
    with pytest.raises(PoisonError):
        log.append(RAW, [*batch("a"), ("\ud800", b"x")])
    assert log.lag(RAW, "g") == 0
    log.append(RAW, batch("b"))
    assert names(log.consumer(RAW, "g").poll()) == ["b"]


def test_a_buried_record_is_kept_whole_with_its_reason(log: PostLog) -> None:
    log.append(RAW, [("a", b"\xff not json"), ("b", b"2")])
    first, second = sorted(log.consumer(RAW, "g").poll(), key=lambda record: record.key)
    log.bury(first, reason="坏 \ud800", attempts=3, at=NOON)
    log.bury(second, reason="unknown version", attempts=1, at=NOON)
    newest, older = log.dead_letters()
    assert (newest.key, newest.reason, newest.attempts) == ("b", "unknown version", 1)
    assert (older.topic, older.partition, older.offset) == (RAW, first.partition, first.offset)
    assert older.key == "a"
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
    assert names(log.consumer(RAW, "fresh").poll()) == ["new"]
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
    assert record.value == b"c"
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


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 4)),
        st.tuples(st.just("poll"), st.integers(1, 4)),
        st.tuples(st.sampled_from(["commit", "rewind", "reopen"]), st.just(0)),
    ),
    max_size=25,
)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@settings(UNHURRIED, max_examples=30)
@given(steps=STEPS)
@pytest.mark.parametrize("adapter", ["memory", "sqlite"])
def test_whatever_happens_every_record_is_seen_in_order_and_none_is_passed_over(
    adapter: str,
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int]],
) -> None:
    folder = tmp_path_factory.mktemp("log")
    with a_log(adapter, request, folder, lambda: datetime.now(UTC)) as log:
        _walk(log, steps)


@pytest.mark.needs("kafka")
@settings(UNHURRIED, max_examples=6)  # each with topics of its own: a second or two
@given(steps=STEPS)
def test_whatever_happens_on_kafka_too(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, int]],
) -> None:
    folder = tmp_path_factory.mktemp("log")
    with a_log("kafka", request, folder, lambda: datetime.now(UTC)) as log:
        _walk(log, steps)


def _walk(log: PostLog, steps: list[tuple[str, int]]) -> None:
    consumer = log.consumer(RAW, "g")
    written = committed = position = 0
    for step, count in steps:
        if step == "append":
            log.append(RAW, batch(*(str(written + n) for n in range(count))))
            written += count
        elif step == "poll":
            expected = [str(n) for n in range(position, min(position + count, written))]
            read: list[str] = []
            while len(read) < count and (some := consumer.poll(count - len(read))):
                read.extend(names(some))
            assert read == expected
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


def test_of_many_keys_all_are_seen_and_each_in_its_order(log: PostLog) -> None:
    sent = [(f"post {n % 40}", str(n).encode()) for n in range(600)]
    log.append(RAW, sent[:350])
    log.append(RAW, sent[350:])
    consumer = log.consumer(RAW, "g")
    read: list[Record] = []
    while some := consumer.poll(90):
        read.extend(some)
    consumer.commit()
    assert log.lag(RAW, "g") == 0
    assert log.written(RAW) == 600
    for key in {key for key, _ in sent}:
        assert [r.value for r in read if r.key == key] == [v for k, v in sent if k == key]


class TestDeadLetters:
    def test_a_replayed_record_is_on_its_topic_again_and_no_letter_any_more(
        self, log: PostLog
    ) -> None:
        log.append(RAW, keyed("a", "b"))
        reader = log.consumer(RAW, "g")
        for record in reader.poll():
            for attempts in (1, 2):
                log.bury(record, reason="x", attempts=attempts, at=NOON)
        reader.commit()
        [letter] = [dead for dead in log.dead_letters() if dead.key == "b"]
        replay(log, letter)
        assert [dead.key for dead in log.dead_letters()] == ["a"]
        [again] = reader.poll()
        assert (again.key, again.value) == ("b", b"value of b")
        log.bury(again, reason="still bad", attempts=1, at=NOON)
        assert [dead.reason for dead in log.dead_letters()] == ["still bad", "x"]
        log.settle(letter)
        assert len(log.dead_letters()) == 2

    def test_a_letter_that_kept_only_the_head_is_not_replayed(self, log: PostLog) -> None:
        cut = DeadLetter(
            topic=RAW, offset=1, key="a", value=b"head", reason="", attempts=1, at="", size=99
        )
        with pytest.raises(PoisonError, match="99"):
            replay(log, cut)
        assert log.lag(RAW, "g") == 0

    def test_a_message_of_50_mb_is_taken_or_refused_but_can_be_buried(self, log: PostLog) -> None:
        noise = random.Random(1).randbytes(50_000_000)
        with contextlib.suppress(PoisonError):
            log.append(RAW, [("huge", noise)])
        log.bury(Record(RAW, 7, "huge", noise), reason="huge", attempts=1, at=NOON)
        [letter] = log.dead_letters()
        assert letter.value == noise[: len(letter.value)]
        if letter.size is not None:
            assert letter.size == 50_000_000
            assert letter.sha256 == hashlib.sha256(noise).hexdigest()
        log.append(RAW, keyed("next"))
        reader, read = log.consumer(RAW, "g"), set[str]()
        while some := keys(reader.poll()):
            read.update(some)
        assert "next" in read


class TestErasure:
    def test_the_records_of_a_post_go_from_all_topics_and_nothing_else(self, log: PostLog) -> None:
        log.append(RAW, keyed("a", "b", "c", "b"))
        log.append(SCORED, keyed("b", "d"))
        log.erase(["b", "unknown"])
        log.erase(["b"])
        assert keys(log.consumer(RAW, "g").poll()) == ["a", "c"]
        assert keys(log.consumer(SCORED, "g").poll()) == ["d"]

    def test_dead_letters_go_too(self, log: PostLog) -> None:
        log.append(RAW, keyed("a", "b"))
        for record in log.consumer(RAW, "g").poll():
            log.bury(record, reason="x", attempts=1, at=NOON)
        log.erase(["b"])
        assert [letter.key for letter in log.dead_letters()] == ["a"]

    def test_what_was_erased_is_no_backlog(self, log: PostLog) -> None:
        reader = log.consumer(RAW, "g")
        log.append(RAW, keyed("a"))
        assert keys(reader.poll(1)) == ["a"]
        reader.commit()
        log.append(RAW, keyed("b", "c"))
        log.erase(["b", "c"])
        assert reader.poll() == []
        assert log.lag(RAW, "g") == 0
        log.append(RAW, keyed("d"))
        assert log.lag(RAW, "g") == 1
        assert keys(reader.poll()) == ["d"]
        reader.commit()
        assert log.lag(RAW, "g") == 0

    def test_a_signal_stays_without_what_it_quotes(self, log: PostLog) -> None:
        quoting = make_signal(reason="1 小时内 5 条；最新：某某住在三单元", posts=("p", "q"))
        other = make_signal("other", reason="1 小时内 5 条；最新：停水", posts=("r",))
        log.append(SIGNALS, [(one.fingerprint, encode(one)) for one in (quoting, other)])
        records = {record.value: record for record in log.consumer(SIGNALS, "g").poll()}
        assert set(records) == {encode(quoting), encode(other)}
        log.bury(records[encode(quoting)], reason="x", attempts=1, at=NOON)
        log.erase(["q"])
        after = [decode(r.value, Signal) for r in log.consumer(SIGNALS, "h").poll()]
        erased, kept = sorted(after, key=lambda one: one.id != quoting.id)
        assert (erased.reason, kept.reason) == ("1 小时内 5 条；最新：已依法销毁", other.reason)
        assert erased.posts == ("p", "q")
        assert log.dead_letters() == []

    def test_a_post_that_comes_again_after_its_erasure_is_read(self, log: PostLog) -> None:
        log.append(RAW, keyed("b"))
        log.erase(["b"])
        log.append(RAW, [("b", b"again")])
        assert names(log.consumer(RAW, "g").poll()) == ["again"]
