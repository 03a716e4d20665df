"""After an erasure no byte of a post is left in the files, whatever was done to it before."""

from __future__ import annotations

import random
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest
from support.posts import NOON, make_scored

from posts.codec import encode
from posts.errors import RetryError
from posts.identity import pack_version
from posts.index.port import Query
from posts.index.sqlite import SqliteIndex
from posts.log.port import DEAD, RAW, SCORED
from posts.log.sqlite import SqliteLog

# Words of Latin letters are one token each and stand in the index as they are.
MARK = "qzx"


def left_in(folder: Path, *needles: str) -> list[str]:
    return [
        f"{needle} in {file.name}"
        for file in folder.iterdir()
        for needle in needles
        if needle.encode() in file.read_bytes()
    ]


def scored(number: int, version: int, *, long: bool):
    filler = "".join(chr(random.Random(number).randrange(0x4E00, 0x9000)) for _ in range(40))
    text = f"{MARK}{number}v{version}x 住在{filler} " + (
        "水管坏了又坏了，没有人来修。" * 400 * long
    )
    return make_scored(
        str(number),
        title=f"{MARK}{number}title{version}x",
        text=text,
        version=pack_version(NOON + timedelta(minutes=version)),
        areas=(f"{MARK}{number}area",),
    )


def test_the_index_keeps_nothing_of_what_was_written_and_rewritten(tmp_path: Path) -> None:
    chance = random.Random(7)
    index = SqliteIndex(tmp_path / "index.db")
    for version in range(4):
        numbers = list(range(300))
        chance.shuffle(numbers)
        for start in range(0, 300, 50):
            some = [n for n in numbers[start : start + 50] if version == 0 or n % (version + 1)]
            index.write([scored(n, version, long=n % 7 == 0) for n in some])
    gone = sorted(chance.sample(range(300), 150))
    ids = [make_scored(str(n)).post.id for n in gone]
    assert left_in(tmp_path, f"{MARK}{gone[0]}v0x"), "the test must be able to fail"
    assert index.erase(ids) == 150
    needles = [f"{MARK}{n}{kind}" for n in gone for kind in ("v", "title", "area")]
    assert left_in(tmp_path, *needles, *ids) == []
    connection = sqlite3.connect(tmp_path / "index.db")
    connection.execute("CREATE VIRTUAL TABLE temp.seen USING fts5vocab(main, words, row)")
    seen = {term for (term,) in connection.execute("SELECT term FROM seen")}
    connection.close()
    assert not {f"{MARK}{n}v{v}x" for n in gone for v in range(4)} & seen
    assert index.count(Query(text="水管")) == sum(n % 7 == 0 for n in set(range(300)) - set(gone))
    index.close()


def test_the_log_keeps_nothing_of_it(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    for n in range(300):
        one = scored(n, 0, long=n % 7 == 0)
        log.append(RAW, [(one.post.id, encode(one.post))])
        log.append(SCORED, [(one.post.id, encode(one))])
    for record in log.consumer(RAW, "g").poll(100):
        log.bury(record, reason="x", attempts=3, at=NOON)
    gone = random.Random(7).sample(range(300), 150)
    ids = [make_scored(str(n)).post.id for n in gone]
    buried = sum(n < 100 for n in gone)
    assert log.erase(ids) == 300 + buried
    assert left_in(tmp_path, *(f"{MARK}{n}v" for n in gone), *ids) == []
    reader = log.consumer(DEAD, "g")
    assert len(reader.poll()) == 100 - buried
    log.close()


def test_a_file_of_an_earlier_release_is_rewritten_once(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    log.close()
    old = sqlite3.connect(tmp_path / "log.db")
    old.execute("PRAGMA secure_delete=OFF")
    old.execute("PRAGMA application_id=0")
    old.executemany(
        "INSERT INTO records_1 VALUES (?, ?, ?)", ((n, "k", MARK * 4000) for n in range(20))
    )
    old.execute("DELETE FROM records_1")
    old.commit()
    old.close()
    assert left_in(tmp_path, MARK), "the test must be able to fail"
    log = SqliteLog(tmp_path / "log.db")
    assert log.erase(["k"]) == 0
    assert left_in(tmp_path, MARK) == []
    log.close()


def test_a_reader_that_holds_on_is_told_and_the_next_call_does_the_rest(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", busy_timeout_s=0.1)
    log.append(RAW, [("k", MARK.encode() * 10)])
    reader = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM records_1").fetchone()
    with pytest.raises(RetryError, match="正被读取"):
        log.erase(["k"])
    reader.close()
    assert log.erase(["k"]) == 0
    assert left_in(tmp_path, MARK) == []
    log.close()
