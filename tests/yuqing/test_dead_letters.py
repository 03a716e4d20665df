"""Dead letters from the command line: what is listed, shown, and put back once."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from support.service import run

from posts.log.port import RAW, Record
from posts.log.sqlite import SqliteLog

AT = datetime(2026, 3, 2, 4, 0, tzinfo=UTC)
EVIL = b'{"v": 9, \x1b[2J "\xe2\x80\xae"}'


def buried(folder, *values: bytes) -> None:
    folder.mkdir()
    log = SqliteLog(folder / "log.db")
    log.append(RAW, [(f"post {n}", value) for n, value in enumerate(values)])
    reader = log.consumer(RAW, "scoring")
    for record in reader.poll():
        log.bury(record, reason="无法解读的消息：\x1b[2J", attempts=3, at=AT)
    reader.commit()
    log.close()


def letters(tmp_path, *arguments: str, status: int = 0):
    done = run("dead-letters", *arguments, "--data", str(tmp_path / "data"), cwd=tmp_path)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_letter_is_listed_shown_and_replayed_once(tmp_path):
    buried(tmp_path / "data", EVIL, b"other")
    listed = letters(tmp_path, "list").stdout
    assert "posts.raw/0/0  2026-03-02 12:00" in listed
    assert "试 3 次" in listed
    assert "\x1b" not in listed
    shown = letters(tmp_path, "show", "posts.raw/0/0").stdout
    assert "\\u001b[2J" in shown
    assert "\\u202e" in shown, "what would turn the line round is shown as its code"
    assert "\x1b" not in shown
    assert letters(tmp_path, "replay", "posts.raw/0/0").stdout == "已放回 1 条。\n"
    rest = [json.loads(line) for line in letters(tmp_path, "list", "--json").stdout.splitlines()]
    assert [(one["id"], one["key"], one["whole"]) for one in rest] == [
        ("posts.raw/0/1", "post 1", True)
    ]
    log = SqliteLog(tmp_path / "data" / "log.db")
    again = log.consumer(RAW, "scoring").poll()
    log.close()
    assert [(one.key, one.value) for one in again] == [("post 0", EVIL)]
    gone = letters(tmp_path, "replay", "posts.raw/0/0", status=1)
    assert "没有编号为 posts.raw/0/0 的死信" in gone.stderr


def test_a_letter_of_which_only_the_head_is_left_stays(tmp_path):
    buried(tmp_path / "data", b"x")
    log = SqliteLog(tmp_path / "data" / "log.db")
    [dead] = log.dead_letters()
    log.settle(dead)
    log.close()
    assert letters(tmp_path, "list").stderr == "没有死信。\n"
    letters(tmp_path, "replay", status=1)
    letters(tmp_path, "show", "posts.raw/0/0", status=1)


def test_all_are_replayed_but_those_that_are_cut(tmp_path):
    from msgspec.structs import replace

    from posts.codec import encode
    from posts.log.letters import letter
    from posts.log.port import DEAD

    buried(tmp_path / "data", b"a", b"b")
    log = SqliteLog(tmp_path / "data" / "log.db")
    cut = replace(
        letter(Record(RAW, 99, "big", b"head"), "太大", 1, AT), size=50_000_000, sha256="ab" * 32
    )
    log.append(DEAD, [("big", encode(cut))])
    log.close()
    assert "50000000 字节" in letters(tmp_path, "show", "posts.raw/0/99").stdout
    done = letters(tmp_path, "replay", "--all", status=1)
    assert done.stdout == "已放回 2 条。\n"
    assert "posts.raw/0/99" in done.stderr
    assert "不能重放" in done.stderr
    assert "共 1 条" in letters(tmp_path, "list").stderr
