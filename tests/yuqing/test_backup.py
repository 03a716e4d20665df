"""yuqing backup, yuqing restore: what they refuse, and what they leave behind."""

from __future__ import annotations

import json
import shutil
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from support.evidence import NOW, Evidence, make_evidence
from support.service import run

from posts.log.port import SIGNALS
from registry import lease
from registry.errors import ConflictError, InvalidInputError, UnavailableError
from responder import alerts
from yuqing import backup, restoring
from yuqing.folder import DataFolder
from yuqing.settings import Settings
from yuqing.wiring import Wiring


@pytest.fixture
def made(tmp_path: Path):
    evidence = make_evidence(tmp_path / "data")
    (evidence.data / "rejects" / "x.csv").write_text("一行")
    yield evidence
    evidence.wiring.close()


@pytest.fixture
def saved(made: Evidence, tmp_path: Path) -> Path:
    return backup.make(made.wiring, tmp_path / "backups", now=NOW)[0]


def restore(source: Path, folder: Path, **given) -> Wiring:
    wiring = Wiring(Settings(), DataFolder(folder))
    options = {"overwrite": False, "ledgers": (), "now": NOW, **given}
    restoring.restore(wiring, source, **options)
    return wiring


def test_it_is_for_its_owner_only_and_holds_what_data_holds(saved: Path):
    assert stat.S_IMODE(saved.stat().st_mode) == 0o700
    manifest = json.loads((saved / backup.MANIFEST).read_text())
    assert manifest["engine"] == "SQLite"
    assert manifest["log"]
    assert manifest["index"]
    assert manifest["rows"]["incidents"] == 1
    assert "files/rejects/x.csv" in manifest["files"]
    assert not [name for name in manifest["files"] if name.endswith(("first-run.json", "/lock"))]
    assert not list(saved.parent.glob("*.unfinished"))


def test_what_was_in_data_is_there_again(saved: Path, tmp_path: Path):
    wiring = restore(saved, tmp_path / "there")
    assert (tmp_path / "there" / "rejects" / "x.csv").read_text() == "一行"
    with wiring.database.reading() as session:
        assert alerts.get(session, 1).title == "停水"
    wiring.close()


def test_readers_stand_where_they_stood_before_the_snapshot(made: Evidence, tmp_path: Path):
    """A signal that was committed after the snapshot of the database has to be read again."""
    log = made.wiring.log
    consumer = log.consumer(SIGNALS, "responder")
    noted: list[Path] = []

    def table_lines_later(*_: object, **__: object):
        if not noted:  # the snapshot is open: now the responder commits
            noted.append(tmp_path)
            assert len(consumer.poll()) == 1
            consumer.commit()
        return original(*_, **__)

    original = backup.db_dump.lines
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("registry.db_dump.lines", table_lines_later)
        saved, _ = backup.make(made.wiring, tmp_path / "backups", now=NOW)
    assert noted
    assert log.lag(SIGNALS, "responder") == 0
    wiring = restore(saved, tmp_path / "there")
    assert wiring.log.lag(SIGNALS, "responder") == 1
    wiring.close()


def test_it_overwrites_only_when_told_and_keeps_what_was_there(
    made: Evidence, saved: Path, tmp_path: Path
):
    made.write({"type": "note", "text": "后来"})
    made.wiring.close()
    with pytest.raises(ConflictError, match="--overwrite"):
        restore(saved, made.data)
    wiring = restore(saved, made.data, overwrite=True)
    with wiring.database.reading() as session:
        assert alerts.get(session, 1).title == "停水"
    wiring.close()
    (aside,) = made.data.glob("replaced-*")
    assert (aside / "registry.db").stat().st_size > 0
    again = Wiring(Settings(), DataFolder(made.data))
    later, _ = backup.make(again, tmp_path / "more", now=NOW)
    again.close()
    assert not list(later.rglob("replaced-*"))


def test_a_database_that_is_damaged_is_replaced_too(made: Evidence, saved: Path):
    made.wiring.close()
    (made.data / "registry.db").write_bytes(b"nonsense" * 1000)
    wiring = restore(saved, made.data, overwrite=True)
    with wiring.database.reading() as session:
        assert alerts.get(session, 1).title == "停水"
    wiring.close()


def test_a_service_that_runs_is_not_replaced(made: Evidence, saved: Path):
    with (
        made.wiring.folder.owned("http://127.0.0.1:1/"),
        pytest.raises(ConflictError, match="正被另一个舆情台使用"),
    ):
        restore(saved, made.data, overwrite=True)
    with made.wiring.database.transaction() as session:
        lease.acquire(session, "responder", holder="elsewhere", now=NOW, ttl_s=6)
    with pytest.raises(ConflictError, match="请先停掉服务"):
        restore(saved, made.data, overwrite=True)
    restore(saved, made.data, overwrite=True, now=NOW + timedelta(seconds=6)).close()


class TestDamagedBackups:
    def test_a_changed_file(self, saved: Path, tmp_path: Path):
        file = saved / "tables" / "incidents.jsonl.gz"
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
        with pytest.raises(InvalidInputError, match=r"incidents\.jsonl\.gz 被改动"):
            restore(saved, tmp_path / "there")
        assert not (tmp_path / "there" / "registry.db").exists()

    def test_a_missing_file(self, saved: Path, tmp_path: Path):
        (saved / "log.db").unlink()
        with pytest.raises(InvalidInputError, match=r"缺少文件 .*log\.db"):
            restore(saved, tmp_path / "there")

    def test_no_backup_at_all(self, tmp_path: Path):
        with pytest.raises(InvalidInputError, match="里没有备份"):
            backup.newest(tmp_path)
        with pytest.raises(InvalidInputError, match="不是备份"):
            backup.read(tmp_path)

    def test_a_manifest_that_points_outside(self, saved: Path, tmp_path: Path):
        manifest = json.loads((saved / backup.MANIFEST).read_text())
        manifest["files"]["../../passwd"] = [1, "0" * 64]
        (saved / backup.MANIFEST).write_text(json.dumps(manifest))
        with pytest.raises(InvalidInputError, match="文件名不合法"):
            restore(saved, tmp_path / "there")

    @pytest.mark.parametrize(
        ("change", "said"),
        [({"format": 99}, "更新的程序"), ({"revision": "9999_x"}, "版本是 9999_x")],
    )
    def test_one_of_a_later_version(self, saved: Path, tmp_path: Path, change: dict, said: str):
        manifest = json.loads((saved / backup.MANIFEST).read_text())
        (saved / backup.MANIFEST).write_text(json.dumps({**manifest, **change}))
        with pytest.raises((InvalidInputError, UnavailableError), match=said):
            restore(saved, tmp_path / "there")

    def test_a_ledger_that_can_t_be_read(self, saved: Path, tmp_path: Path):
        ledger = tmp_path / "erasures.jsonl"
        with pytest.raises(UnavailableError, match="销毁清单"):
            restore(saved, tmp_path / "there", ledgers=[ledger])
        ledger.write_text("nonsense\n")
        with pytest.raises(InvalidInputError, match="销毁清单"):
            restore(saved, tmp_path / "there", ledgers=[ledger])


def test_two_backups_are_told_apart_and_the_newest_is_taken(made: Evidence, tmp_path: Path):
    place = tmp_path / "backups"
    backup.make(made.wiring, place, now=NOW)
    with pytest.raises(ConflictError, match="已有"):
        backup.make(made.wiring, place, now=NOW)
    later, _ = backup.make(made.wiring, place, now=NOW + timedelta(hours=12))
    assert backup.newest(place) == later
    assert backup.newest(later) == later


def test_a_place_that_can_t_be_written_is_told_and_nothing_is_left(made: Evidence, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="备份写不进"):
        backup.make(made.wiring, tmp_path / "file", now=NOW)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("posts.sqlite_copy.copy", no_room)
        with pytest.raises(UnavailableError, match="备份写不进"):
            backup.make(made.wiring, tmp_path / "backups", now=NOW)
    assert list((tmp_path / "backups").iterdir()) == []


def no_room(*_: object) -> None:
    raise OSError(28, "No space left on device")


def test_the_command_says_what_it_did(made: Evidence, tmp_path: Path):
    made.wiring.close()
    done = run("backup", "kept", "--data", "data", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "已备份到" in done.stdout
    assert "审计链头 sha256:" in done.stdout
    done = run("restore", "kept", "--data", "there", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "与备份时相同" in done.stdout
    done = run("restore", "kept", "--data", "there", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("错误：")
    assert "Traceback" not in done.stderr
    shutil.rmtree(tmp_path / "kept")
