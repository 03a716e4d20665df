"""P32 The audit is append-only, hash-chained, kept at least 180 days; a changed byte is found."""

from __future__ import annotations

import random
import re
import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from support.cells import row_bytes
from support.evidence import NOW, PROOF, Evidence, make_evidence
from support.service import run

from posts.errors import PostsError
from registry import audit
from registry.errors import DeskError
from responder import erasing
from yuqing.folder import DataFolder
from yuqing.settings import Settings
from yuqing.verification import check_data
from yuqing.wiring import Wiring

ROOT = Path(__file__).resolve().parents[2]
FLIPS = 120  # for each table
TABLES = ("audit_entries", "incident_entries", "chain_heads", "erasures", "erased")


def written(folder: Path) -> Evidence:
    made = make_evidence(folder)
    made.write({"type": "release", "status": "published", "text": "通报" * 3000, "evidence": PROOF})
    for n in range(25):
        made.write({"type": "fact", "text": f"第 {n} 条" * (n * 7 + 1), "status": "待核实"})
    with made.wiring.database.transaction() as session:
        for seq in (5, 9):
            erasing.act(
                session,
                entries=[(made.incident, seq)],
                posts=[made.posts[seq % 5].post.id],
                reason="当事人申请",
                clause="第四十七条",
                signer="王安",
                second="赵领",
                now=NOW,
            )
    made.wiring.close()
    return made


def faults_of(folder: Path) -> list[str]:
    wiring = Wiring(Settings(), DataFolder(folder))
    try:
        return check_data(wiring).faults
    except (DeskError, PostsError) as refused:
        return [str(refused)]
    finally:
        wiring.close()


@pytest.mark.promise("P32")
def test_one_changed_byte_is_found(tmp_path: Path, figure: Callable[[str], None]) -> None:
    made = written(tmp_path / "data")
    file = made.data / "registry.db"
    whole = file.read_bytes()
    assert faults_of(made.data) == []
    chance, missed, by_sqlite, tried = random.Random(32), [], 0, 0
    for table in TABLES:
        places = row_bytes(file, table)
        for place in chance.sample(places, min(FLIPS, len(places))):
            bit = 1 << chance.randrange(8)
            changed = bytearray(whole)
            changed[place] ^= bit
            file.write_bytes(changed)
            found = faults_of(made.data)
            tried += 1
            by_sqlite += any("从备份恢复" in fault for fault in found)
            if not found:
                missed.append((table, place, bit))
    file.write_bytes(whole)
    assert faults_of(made.data) == []
    assert [one for one in missed if not is_a_null_written_otherwise(whole, *one)] == []
    figure(
        f"{tried - len(missed)} of {tried} changed bytes found "
        f"({by_sqlite} by SQLite itself; {len(missed)} change no value)"
    )


def is_a_null_written_otherwise(whole: bytes, table: str, place: int, bit: int) -> bool:
    """The key of a row is its row id; the record holds a type for it that nothing reads."""
    return (
        table in ("audit_entries", "erasures")
        and whole[place] == 0
        and whole[place] ^ bit in (8, 9, 10, 11)
    )


@pytest.mark.promise("P32")
def test_the_command_line_says_which_entry_and_fails(tmp_path: Path) -> None:
    made = written(tmp_path / "data")
    assert run("verify", str(made.data), cwd=tmp_path).returncode == 0
    connection = sqlite3.connect(made.data / "registry.db")
    connection.execute("UPDATE audit_entries SET who = '别人' WHERE id = 7")
    connection.commit()
    connection.close()
    answer = run("verify", "--data", str(made.data), cwd=tmp_path)
    assert answer.returncode == 1
    assert answer.stderr.startswith("✗ 第 7 条审计记录的时间、人员、动作、对象或校验值被改动过")


@pytest.mark.promise("P32")
def test_a_chain_that_was_written_anew_no_longer_has_the_head_that_was_filed(
    tmp_path: Path,
) -> None:
    made = written(tmp_path / "data")
    with made.wiring.database.reading() as session:
        filed = audit.head(session)
    made.write({"type": "note", "text": "其后"})
    made.wiring.close()
    assert run("verify", str(made.data), "--head", filed, cwd=tmp_path).returncode == 0
    anew = written(tmp_path / "anew")  # whole in itself, with other salts
    answer = run("verify", str(anew.data), "--head", filed, cwd=tmp_path)
    assert answer.returncode == 1
    assert "链被改写过" in answer.stderr


@pytest.mark.promise("P32")
def test_each_entry_says_who_when_before_and_after(tmp_path: Path) -> None:
    from registry import alert_rules

    made = make_evidence(tmp_path / "data")
    rule = alert_rules.AlertRule(id="r1", name="旧名", any_of=("停水",))
    with made.wiring.database.transaction() as session:
        alert_rules.put(session, rule, who="guanli", now=NOW)
        later = NOW + timedelta(minutes=1)
        renamed = alert_rules.AlertRule(id="r1", name="新名", any_of=("停水",))
        alert_rules.put(session, renamed, who="guanli", now=later)
        (entry,) = audit.entries(session, limit=1)
    made.wiring.close()
    assert (entry.who, entry.at) == ("guanli", later)
    assert (entry.before["name"], entry.after["name"]) == ("旧名", "新名")


@pytest.mark.promise("P32")
def test_nothing_deletes_audit_entries_whatever_their_age(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """No statement of ours deletes there; years of housekeeping leave the first entry in place."""
    from registry import changes, jobs, sessions, sources
    from yuqing import erasing as stores

    deleting = re.compile(
        r"delete\(\s*(?:\w+\.)*(?:AuditRow|EntryRow|ChainHeadRow|IncidentRow|ErasureRow|ErasedRow)"
        r"|DELETE\s+FROM\s+(?:audit_entries|incident_entries|incidents|chain_heads|eras)"
        r"|drop_table\(.(?:audit_entries|incident_entries|chain_heads)",
        re.IGNORECASE,
    )
    for folder in ("registry", "responder", "api", "yuqing", "analyzer", "crawlers"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text(encoding="utf-8")
            if file.parent.name == "versions":
                text = text.partition("def downgrade")[0]
            assert not deleting.search(text), file
            keeps = re.search(r"AuditRow|EntryRow|ChainHeadRow", text)
            assert not (keeps and "session.delete(" in text), file
    made = make_evidence(tmp_path / "data", settings=Settings(keep={"log_days": 1, "post_days": 1}))
    with made.wiring.database.reading() as session:
        before = audit.entries(session, limit=1000)
    for days in (30, 179, 181, 4000):
        moment = NOW + timedelta(days=days)
        stores.expire(made.wiring, moment=moment)
        stores.empty_pending(made.wiring, moment=moment)
        made.wiring.prune_log()
        with made.wiring.database.transaction() as session:
            sources.refresh(session, now=moment)
            jobs.expire(session, now=moment)
            changes.prune(session, before=moment)
            sessions.prune(session, now=moment)
    with made.wiring.database.reading() as session:
        after = audit.entries(session, limit=1000)
    assert after[-len(before) :] == before
    assert faults_of(made.data) == []
    made.wiring.close()
    figure("kept for ever: no statement deletes audit entries, 4,000 days of housekeeping tried")
