from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from support.registry import make_database
from support.stores import ONLY_SQLITE

from registry import changes, outbox
from registry.db import Database, revisions
from registry.db_sqlite import sentence_of
from registry.errors import (
    ConflictError,
    DeskError,
    InvalidInputError,
    SignInError,
    UnavailableError,
)

ROOT = Path(__file__).resolve().parents[2]


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def note_and_raise(session: Session, error: DeskError, now: datetime) -> None:
    changes.note(session, "stage", "x", now=now)
    raise error


def fill_the_disk(session: Session, now: datetime) -> None:
    session.execute(text("PRAGMA max_page_count=1"))
    for number in range(2000):
        changes.note(session, "stage", f"{number}", now=now)


def test_an_empty_place_becomes_a_database_in_less_than_a_second(tmp_path: Path):
    database = Database(f"sqlite:///{tmp_path}/new/deeper/registry.db")
    begin = time.process_time()
    database.migrate()
    assert time.process_time() - begin < 1
    with database.reading() as session:
        assert changes.last(session) == 0
        assert session.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar() == 1
    database.dispose()


def test_a_current_database_is_opened_without_alembic(tmp_path: Path):
    make_database(tmp_path)
    code = (
        "import sys; from registry.db import Database;"
        "Database('sqlite:///' + sys.argv[1]).migrate(); print('alembic' in sys.modules)"
    )
    out, err = python(code, f"{tmp_path}/registry.db").communicate(timeout=30)
    assert out.strip() == "False", err


def test_processes_that_start_together_on_nothing_all_come_up(tmp_path: Path):
    code = (
        "import sys; from registry.db import Database;"
        "d = Database('sqlite:///' + sys.argv[1]); sys.stdin.readline(); d.migrate()\n"
        "from registry import changes\n"
        "with d.transaction() as s: print('last', changes.last(s))"
    )
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code, f"{tmp_path}/registry.db"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for one in started:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    for one in started:
        out, err = one.communicate(timeout=60)
        assert one.returncode == 0, err
        assert "last 0" in out


def test_an_error_rolls_back(database: Database, now: datetime):
    with pytest.raises(ConflictError), database.transaction() as session:
        note_and_raise(session, ConflictError("状态冲突"), now)
    with database.reading() as session:
        assert changes.last(session) == 0


def test_an_error_that_has_to_be_kept_commits(database: Database, now: datetime):
    with pytest.raises(SignInError), database.transaction() as session:
        note_and_raise(session, SignInError("用户名或密码不对。"), now)
    with database.reading() as session:
        assert changes.last(session) == 1


def test_reading_sees_one_snapshot_and_does_not_wait(database: Database, now: datetime):
    with database.reading() as before:
        assert changes.last(before) == 0
        with database.transaction() as session:
            changes.note(session, "stage", "x", now=now)
        assert changes.last(before) == 0
    with database.reading() as after:
        assert changes.last(after) == 1


def test_what_a_transaction_read_stays_true_until_its_commit(database: Database, now: datetime):
    other = database.again(busy_timeout_s=0.1)
    with database.transaction() as session:
        assert changes.last(session) == 0
        with pytest.raises(UnavailableError, match="等待超时"), other.transaction() as second:
            changes.note(second, "stage", "x", now=now)
    with other.transaction() as second:
        changes.note(second, "stage", "x", now=now)
    other.dispose()


def test_a_connection_that_is_out_while_all_are_closed_is_closed_when_it_comes_back(
    database: Database, now: datetime
):
    with database.reading() as session:
        changes.last(session)
        line = session.connection().connection.dbapi_connection
        assert line is not None
        database.dispose()
        changes.last(session)  # what was begun can be ended
    if database.sqlite:
        with pytest.raises(sqlite3.ProgrammingError, match="closed"):
            line.cursor()
    else:
        assert line.closed  # type: ignore[attr-defined]
    with database.transaction() as session:
        changes.note(session, "stage", "x", now=now)


def test_reading_cannot_write(database: Database, now: datetime):
    with pytest.raises(DBAPIError, match=r"read-?only"), database.reading() as session:
        changes.note(session, "stage", "x", now=now)
    with database.transaction() as session:  # the same connection writes again
        changes.note(session, "stage", "x", now=now)


def test_an_acknowledged_write_survives_kill_9(tmp_path: Path):
    make_database(tmp_path)
    code = (
        "import sys, datetime as t\n"
        "from registry.db import Database; from registry import changes\n"
        "d = Database('sqlite:///' + sys.argv[1])\n"
        "while True:\n"
        "  with d.transaction() as s:\n"
        "    changes.note(s, 'stage', 'x', now=t.datetime.now(t.UTC)); n = changes.last(s)\n"
        "  print(n, flush=True)"
    )
    writer = python(code, f"{tmp_path}/registry.db")
    assert writer.stdout is not None
    acknowledged = [int(writer.stdout.readline()) for _ in range(20)]
    writer.send_signal(signal.SIGKILL)
    rest, _ = writer.communicate(timeout=30)
    newest = max([*acknowledged, *(int(line) for line in rest.split())])
    database = Database(f"sqlite:///{tmp_path}/registry.db")
    with database.reading() as session:
        assert changes.last(session) >= newest
        assert session.execute(text("PRAGMA integrity_check")).scalar() == "ok"
    database.dispose()


class TestWhatAPersonIsTold:
    def test_text_that_no_database_keeps(self, database: Database, now: datetime):
        with (
            pytest.raises(InvalidInputError, match="无法保存的字符"),
            database.transaction() as session,
        ):
            changes.note(session, "stage", "\ud800", now=now)

    def test_the_same_inside_a_payload_is_replaced(self, database: Database, now: datetime):
        with database.transaction() as session:
            payload = {"标题": "\ud800停水\x00"}
            outbox.put(session, kind="x", key="k", payload=payload, due_at=now, now=now)
        with database.reading() as session:
            assert outbox.recent(session, 1)[0].payload == {"标题": "?停水\x00"}

    def test_a_locked_database(self, tmp_path: Path, now: datetime):
        database = make_database(tmp_path, busy_timeout_s=0.1)
        other = sqlite3.connect(tmp_path / "registry.db")
        other.execute("BEGIN IMMEDIATE")
        with (
            pytest.raises(UnavailableError, match=r"registry\.db 正被另一个进程占用"),
            database.transaction() as session,
        ):
            changes.note(session, "stage", "x", now=now)
        other.close()
        with database.transaction() as session:
            changes.note(session, "stage", "x", now=now)
        database.dispose()

    @ONLY_SQLITE
    def test_a_full_disk_loses_nothing_that_was_there(self, database: Database, now: datetime):
        with database.transaction() as session:
            changes.note(session, "stage", "before", now=now)
        with (
            pytest.raises(UnavailableError, match="磁盘已满"),
            database.transaction() as session,
        ):
            fill_the_disk(session, now)
        with database.reading() as session:
            assert [change.subject for change in changes.since(session, 0)] == ["before"]

    def test_a_file_that_is_no_database(self, tmp_path: Path):
        (tmp_path / "registry.db").write_text("说明：这不是数据库。" * 100)
        with pytest.raises(UnavailableError, match=r"registry\.db 不是数据库文件"):
            Database(f"sqlite:///{tmp_path}/registry.db").migrate()

    def test_a_folder_in_place_of_the_file(self, tmp_path: Path):
        with pytest.raises(UnavailableError, match="打不开数据库"):
            Database(f"sqlite:///{tmp_path}").migrate()

    def test_a_file_in_place_of_the_folder(self, tmp_path: Path):
        (tmp_path / "data").write_text("")
        with pytest.raises(UnavailableError, match="建不了数据目录"):
            Database(f"sqlite:///{tmp_path}/data/registry.db").migrate()

    def test_a_damaged_file(self, tmp_path: Path):
        make_database(tmp_path).dispose()
        path = tmp_path / "registry.db"
        data = bytearray(path.read_bytes())
        for page in range(1, len(data) // 4096):
            data[page * 4096 : page * 4096 + 8] = b"\xff" * 8
        path.write_bytes(data)
        database = Database(f"sqlite:///{path}")
        with pytest.raises(UnavailableError, match="已损坏"):
            database.migrate()
        database.dispose()

    @pytest.mark.parametrize(
        ("driver", "said"),
        [
            ("attempt to write a readonly database", "是只读的"),
            ("database is locked", "另一个进程占用"),
            ("database or disk is full", "磁盘已满"),
            ("disk I/O error", "磁盘出错"),
        ],
    )
    def test_each_cause_names_the_file(self, driver: str, said: str):
        failure = sentence_of(driver, "data/registry.db")
        assert failure is not None
        assert said in failure.sentence
        assert "data/registry.db" in failure.sentence

    def test_a_database_of_a_newer_version(self, tmp_path: Path):
        database = make_database(tmp_path)
        with database.transaction() as session:
            session.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
        with pytest.raises(UnavailableError, match=r"9999_future.*比本程序认识的"):
            database.migrate()
        database.dispose()


def test_revisions_are_in_order_and_known_by_their_files():
    known = revisions()
    assert known[0] == "0001_registry"
    assert list(known) == sorted(known)
