"""Posts cross to the other network in files: nothing lost, nothing twice, nothing altered."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta

import pytest
from support.crawling import NOW, posts, register
from support.registry import make_database

from crawlers import relay
from crawlers.admission import Admission, Item
from crawlers.relay import outgoing, parcel
from posts.errors import RetryError
from posts.log.memory import MemoryLog
from posts.log.port import RAW
from registry import erasures, sources
from registry.errors import ConflictError, InvalidInputError, UnavailableError


class Side:
    """A network of its own: log, registry, what it remembers."""

    def __init__(self, folder) -> None:
        folder.mkdir()
        self.log = MemoryLog()
        self.database = make_database(folder)
        self.state = folder / "state"
        self.admission = Admission(self.log, self.database)

    def admit(self, *numbers: int, text: str = "停水", at=NOW) -> None:
        self.admission.admit([
            Item(
                source="gov", kind="gov", native=str(n), text=f"{text} {n}", author="某",
                published_at=NOW, fetched_at=at,
            )
            for n in numbers
        ])  # fmt: skip

    def send(self, folder, **given):
        given = {"now": NOW, **given}
        return relay.send(
            folder, posts_log=self.log, database=self.database, state=self.state, **given
        )

    def receive(self, folder, **given):
        given = {"now": NOW + timedelta(days=400), **given}
        return relay.receive(
            folder, posts_log=self.log, database=self.database, state=self.state, **given
        )


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch) -> None:
    monkeypatch.setattr(outgoing, "_WAIT_S", 0.0)


@pytest.fixture
def outer(tmp_path):
    side = Side(tmp_path / "outer")
    register(side.database, "gov", name="县政府网", own=True, spider="manual")
    yield side
    side.database.dispose()


@pytest.fixture
def inner(tmp_path):
    side = Side(tmp_path / "inner")
    yield side
    side.database.dispose()


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "one-way"
    made.mkdir()
    return made


def files(folder) -> list[str]:
    return sorted(file.name for file in folder.glob("*") if file.is_file())


def test_what_is_admitted_outside_is_inside_as_it_was(outer, inner, folder) -> None:
    outer.admit(*range(5))
    assert outer.send(folder, most=2) == relay.Sent(3, 5, 0)
    assert [parcel.read_name(name)[1] for name in files(folder)] == [1, 2, 3]
    found = inner.receive(folder)
    assert (found.files, found.read, found.accepted, found.duplicates) == (3, 5, 5, 0)
    assert not found.rejected
    assert not found.missing
    assert posts(inner.log) == posts(outer.log)
    with inner.database.reading() as session:
        known = {one.id: one for one in sources.everything(session)}
    assert (known["gov"].name, known["gov"].own, known["gov"].spider) == (
        "县政府网",
        True,
        "manual",
    )
    assert files(folder) == []
    assert len(files(folder / "done")) == 3
    assert outer.send(folder) == relay.Sent(0, 0, 0)


def test_a_file_that_comes_twice_and_a_post_that_is_known_change_nothing(
    outer, inner, folder
) -> None:
    outer.admit(1, 2)
    outer.send(folder)
    content = {name: (folder / name).read_bytes() for name in files(folder)}
    inner.receive(folder)
    for name, data in content.items():
        (folder / name).write_bytes(data)
    again = inner.receive(folder)
    assert (again.accepted, again.duplicates) == (0, 2)
    inner.admit(1)  # the same page, reached from inside
    assert len(posts(inner.log)) == 2


def test_a_changed_post_keeps_the_month_that_this_side_gave_it(outer, inner, folder) -> None:
    inner.admit(1, text="旧", at=NOW - timedelta(days=60))
    outer.admit(1, text="新")
    outer.send(folder)
    assert inner.receive(folder).accepted == 1
    old, new = posts(inner.log)
    assert (new.text, new.filed_month, new.first_seen_at) == (
        "新 1",
        old.filed_month,
        old.first_seen_at,
    )
    assert new.version > old.version


class Crash(BaseException):
    """kill -9, as far as a process can tell."""


@pytest.mark.parametrize("step", range(1, 11))
def test_killed_at_any_step_nothing_is_lost_and_no_number_is_missing(
    outer, inner, folder, monkeypatch, step
) -> None:
    """Each durable step of sending is the last one once."""
    outer.admit(*range(6))
    done = 0
    real_put, real_commit = parcel.put_down, type(outer.log.consumer(RAW, "x")).commit

    def counted(real):
        def act(*given):
            nonlocal done
            done += 1
            if done == step:
                raise Crash
            return real(*given)

        return act

    with monkeypatch.context() as broken:
        broken.setattr(outgoing, "put_down", counted(real_put))
        broken.setattr("crawlers.relay.memory.put_down", counted(real_put))
        broken.setattr(type(outer.log.consumer(RAW, "y")), "commit", counted(real_commit))
        with pytest.raises(Crash):
            outer.send(folder, most=3)
    carried = inner.receive(folder)  # the gateway may carry at once what is there
    outer.send(folder, most=3)
    found = inner.receive(folder)
    assert carried.accepted + found.accepted == 6
    assert not found.missing
    assert {post.id for post in posts(inner.log)} == {post.id for post in posts(outer.log)}
    assert len(posts(inner.log)) == 6


def test_a_missing_number_is_told_until_it_comes(outer, inner, folder) -> None:
    outer.admit(*range(4))
    outer.send(folder, most=1)
    for name in files(folder)[1:3]:
        (folder / name).unlink()
    stream = parcel.read_name(files(folder)[0])[0]
    assert inner.receive(folder).missing == ((stream, (2, 3)),)
    assert inner.receive(folder).missing == ((stream, (2, 3)),)
    assert relay.again(folder, state=outer.state, first=2, last=3) == 2
    found = inner.receive(folder)
    assert (found.accepted, found.missing) == (2, ())
    with pytest.raises(InvalidInputError, match="第 9 个"):
        relay.again(folder, state=outer.state, first=9, last=9)


def changed(data: bytes, old: str, new: str) -> bytes:
    return gzip.compress(gzip.decompress(data).replace(old.encode(), new.encode()))


def altered(data: bytes, **header: object) -> bytes:
    first, _, body = gzip.decompress(data).partition(b"\n")
    return gzip.compress(json.dumps({**json.loads(first), **header}).encode() + b"\n" + body)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda data: data[:-9], "没有传完"),
        (lambda data: b"\x00" * len(data), "没有传完"),
        (lambda data: changed(data, "停水", "供水"), "校验值"),
        (lambda data: altered(data, number=7), "文件名与文件头不符"),
        (lambda data: altered(data, count=3), "应有 3 条"),
        (lambda data: altered(data, relay=2), "先升级"),
        (lambda data: gzip.compress(b"hello\n"), "文件头读不懂"),
        (lambda data: gzip.compress(b""), "文件头读不懂"),
    ],
)  # fmt: skip
def test_what_is_not_as_it_was_sent_is_put_aside_whole(outer, inner, folder, spoil, said) -> None:
    outer.admit(1, 2)
    outer.send(folder)
    (name,) = files(folder)
    (folder / name).write_bytes(spoil((folder / name).read_bytes()))
    ((file, reason),) = inner.receive(folder).rejected
    assert file == name
    assert said in reason
    assert posts(inner.log) == []
    assert reason in (folder / "rejected" / f"{name}.原因.txt").read_text(encoding="utf-8")
    relay.again(folder, state=outer.state, first=1, last=1)
    assert inner.receive(folder).accepted == 2


def test_a_file_of_a_newer_version_is_put_aside_and_not_half_taken(
    outer, inner, folder, monkeypatch
) -> None:
    outer.admit(1, 2)
    real = parcel.encode
    monkeypatch.setattr(parcel, "encode", lambda post: real(post).replace(b'{"v":1', b'{"v":9', 1))
    outer.send(folder)
    ((_, reason),) = inner.receive(folder).rejected
    assert "升级本侧" in reason
    assert posts(inner.log) == []


def test_a_bomb_is_refused_before_it_fills_the_memory(inner, folder, monkeypatch) -> None:
    monkeypatch.setattr(parcel, "MAX_FILE_BYTES", 1_000_000)
    bomb = gzip.compress(b"{}\n" + b"\0" * 20_000_000)
    (folder / parcel.name_of("0" * 8, 1)).write_bytes(bomb)
    ((_, reason),) = inner.receive(folder).rejected
    assert "上限" in reason


def test_a_file_that_is_still_being_written_is_waited_for(outer, inner, folder) -> None:
    outer.admit(1)
    outer.send(folder)
    (name,) = files(folder)
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:40])
    written = (folder / name).stat().st_mtime
    soon = NOW.fromtimestamp(written + 5, tz=NOW.tzinfo)
    assert inner.receive(folder, now=soon) == relay.Received(0, 0, 0, 0, (), ())
    (folder / name).write_bytes(whole)
    assert inner.receive(folder, now=soon).accepted == 1


def test_other_files_are_left_alone(inner, folder) -> None:
    (folder / "readme.txt").write_text("x")
    (folder / f".{parcel.name_of('0' * 8, 1)}.part").write_bytes(b"half")
    assert inner.receive(folder).files == 0
    assert "readme.txt" in files(folder)


def test_with_the_folder_or_the_log_away_the_next_run_goes_on(
    outer, inner, folder, tmp_path, monkeypatch
) -> None:
    outer.admit(1)
    with pytest.raises(UnavailableError, match="不会丢"):
        outer.send(tmp_path / "gone")
    assert outer.send(folder).posts == 1

    def refuse(*_given):
        raise RetryError("消息日志连不上。")

    with monkeypatch.context() as away:
        away.setattr(inner.log, "append", refuse)
        with pytest.raises(UnavailableError, match="不会产生重复"):
            inner.receive(folder)
    found = inner.receive(folder)
    assert (found.accepted, found.missing) == (1, ())


def test_what_was_destroyed_by_law_does_not_come_back(outer, inner, folder, monkeypatch) -> None:
    outer.admit(1, 2)
    gone = posts(outer.log)[0].id
    outer.send(folder)
    monkeypatch.setattr(erasures, "erased", lambda _session, _kind, _ids: {gone: None})
    assert inner.receive(folder).accepted == 1
    assert gone not in {post.id for post in posts(inner.log)}


def test_what_cannot_be_read_is_buried_and_the_rest_leaves(outer, folder) -> None:
    outer.admit(1)
    outer.log.append(RAW, [("x", b"not a post")])
    assert outer.send(folder) == relay.Sent(1, 1, 1)
    assert len(outer.log.dead_letters()) == 1


def test_copies_go_after_their_time_and_only_one_runs_at_a_time(outer, folder) -> None:
    outer.admit(1)
    outer.send(folder)
    later = NOW + timedelta(days=4000)
    outer.admit(2)
    from crawlers.relay.memory import alone

    with alone(outer.state / "relay-out.json"), pytest.raises(ConflictError, match="还没有结束"):
        outer.send(folder)
    outer.send(folder, now=later)
    assert len(list((outer.state / "relay-sent").iterdir())) == 1
    (outer.state / "relay-out.json").write_text("{")
    with pytest.raises(UnavailableError, match="损坏"):
        outer.send(folder)
