"""An exported incident proves itself: without the service, and with any byte changed it fails."""

from __future__ import annotations

import json
import random
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
from support.evidence import MARK, NOW, PROOF, Evidence, found_in, make_evidence

from registry import audit
from registry.errors import InvalidInputError, NotFoundError
from responder import erasing, export, heads, incidents, query
from responder.check_export import GENESIS, MANIFEST, check

CHECKER = Path(export.__file__).with_name("check_export.py")


@pytest.fixture
def made(tmp_path: Path):
    made = make_evidence(tmp_path / "data", posts=3)
    made.write({"type": "release", "status": "published", "text": "情况通报", "evidence": PROOF})
    made.write({"type": "note", "text": '汉字 “引号” \\ " \n \x07 😀'})
    yield made
    made.wiring.close()


def taken(made: Evidence, *, now=NOW) -> export.Export:
    with made.wiring.database.reading() as session:
        find = made.wiring.index.get_many
        return export.export(session, made.incident, find=find, now=now)


def test_it_holds_entries_clocks_and_posts_and_says_how_to_check(made: Evidence) -> None:
    files = taken(made).files
    assert set(files) == {
        "incident.json",
        "entries.jsonl",
        "clocks.json",
        "evidence/posts.jsonl",
        "check_export.py",
        "说明.txt",
        MANIFEST,
    }
    incident = json.loads(files["incident.json"])
    lines = [json.loads(line) for line in files["entries.jsonl"].splitlines()]
    assert (incident["title"], incident["state"]) == ("某小区停水", "open")
    assert len(lines) == incident["count"]
    assert lines[-1]["hash"] == incident["head"]
    assert [line["header"]["seq"] for line in lines] == list(range(1, len(lines) + 1))
    clocks = {clock["rule"]: clock["state"] for clock in json.loads(files["clocks.json"])}
    assert clocks["R1"] == "met"
    posts = [json.loads(line) for line in files["evidence/posts.jsonl"].splitlines()]
    assert {post["post"]["id"] for post in posts} == {one.post.id for one in made.posts}
    assert "yuqing verify" in files["说明.txt"].decode()


def test_the_same_data_give_the_same_bytes(made: Evidence) -> None:
    assert taken(made).archive() == taken(made).archive()
    assert taken(made).files == taken(made).files
    assert taken(made, now=NOW + timedelta(hours=1)).files != taken(made).files


def test_it_is_checked_by_a_script_of_the_standard_library_alone(
    made: Evidence, tmp_path: Path
) -> None:
    folder, archive = export.write(taken(made), tmp_path)
    copied = tmp_path / "alone.py"
    copied.write_bytes(CHECKER.read_bytes())
    assert CHECKER.read_bytes() == (folder / "check_export.py").read_bytes()
    for target in (folder, archive):
        # -I -S: nothing of ours, nothing installed, can be imported
        command = [sys.executable, "-I", "-S", str(copied), str(target)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert answer.returncode == 0, answer.stdout + answer.stderr
        assert answer.stdout.startswith(f"✓ 事件 {made.incident}，")
    (folder / "clocks.json").write_text("[]", encoding="utf-8")
    command = [sys.executable, "-I", "-S", str(copied), str(folder)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert answer.returncode == 1
    assert "✗ 文件 clocks.json 与清单不符" in answer.stdout
    assert "✓" not in answer.stdout


def test_any_changed_byte_fails_in_the_folder_and_in_the_archive(
    made: Evidence, tmp_path: Path
) -> None:
    chance = random.Random(4)
    folder, archive = export.write(taken(made), tmp_path)
    assert check(folder)[1] == check(archive)[1] == []
    files = [file for file in folder.rglob("*") if file.is_file()]
    for file in [*files, *[archive] * 3]:
        whole = file.read_bytes()
        target = archive if file == archive else folder
        for place in chance.sample(range(len(whole)), min(100, len(whole))):
            changed = bytearray(whole)
            changed[place] ^= 1 << chance.randrange(8)
            file.write_bytes(changed)
            broken = check(target)[1]
            assert broken, (file.name, place)
        file.write_bytes(whole)
    assert check(folder)[1] == check(archive)[1] == []


def test_the_first_broken_entry_is_named(made: Evidence, tmp_path: Path) -> None:
    folder, _ = export.write(taken(made), tmp_path)
    entries = folder / "entries.jsonl"
    whole = entries.read_text(encoding="utf-8")
    lines = whole.splitlines(keepends=True)
    for changed, said in (
        (whole.replace("情况通报", "情况通告"), r"^第 \d+ 条记录（release，.*内容被改动过"),
        (whole.replace('"by":"张三"', '"by":"李四"', 1), r"^第 1 条记录（opened，.*人员"),
        ("".join(lines[:-1]), "末尾被截去"),
        ("".join(lines[:1] + lines[2:]), "^第 2 条记录不见了"),
        ("".join(lines[1::-1] + lines[2:]), "^第 1 条记录不见了，或次序"),
        (
            re.sub(r'"body":"(.*?[^\\])"', '"body":null', whole, count=1),
            "^第 1 条.*没有写明依法销毁",
        ),
        (whole.replace('"body"', '"bodi"', 1), "^缺少“body”"),
        (whole.replace("{", "", 1), r"^第 1 条记录（entries\.jsonl 第 1 行）不是合法的 JSON"),
    ):
        assert changed != whole
        entries.write_text(changed, encoding="utf-8")
        _, broken = check(folder)
        assert re.search(said, broken[0]), (said, broken)


def test_what_is_missing_or_was_put_there_is_told(made: Evidence, tmp_path: Path) -> None:
    folder, archive = export.write(taken(made), tmp_path)
    (folder / "evidence" / "附加.txt").write_text("x", encoding="utf-8")
    assert check(folder)[1] == ["文件 evidence/附加.txt 不在清单上，是后来放进去的"]
    (folder / "evidence" / "附加.txt").unlink()
    (folder / ".DS_Store").write_text("left by a file manager", encoding="utf-8")
    assert check(folder)[1] == []
    (folder / "clocks.json").unlink()
    assert check(folder)[1] == ["文件 clocks.json 不见了"]
    (folder / MANIFEST).unlink()
    assert "不是舆情台导出的事件" in check(folder)[1][0]
    archive.write_bytes(archive.read_bytes()[:-100])
    assert "已损坏" in check(archive)[1][0]
    archive.write_text("no archive", encoding="utf-8")
    assert "已损坏" in check(archive)[1][0]
    assert "没有这个文件夹或压缩包" in check(tmp_path / "nothing")[1][0]


def test_a_head_that_was_filed_is_found_or_not(made: Evidence, tmp_path: Path) -> None:
    with made.wiring.database.reading() as session:
        filed = incidents.get(session, made.incident).head
    made.write({"type": "note", "text": "其后"})
    folder, _ = export.write(taken(made), tmp_path)
    said, broken = check(folder, filed)
    assert broken == []
    assert "那之前的记录没有被改写" in said[-1]
    assert "链中没有" in check(folder, GENESIS)[1][0]


def test_an_erased_title_is_gone_everywhere_and_the_export_says_so(tmp_path: Path) -> None:
    made = make_evidence(tmp_path / "data", posts=3, mark="平常")
    with made.wiring.database.transaction() as session:
        opened = incidents.open_incident(
            session, title=f"{MARK} 事件", by="张三", now=NOW, summary=MARK, level="重大"
        )
        made.incident = opened.id
        before = [c.due for c in query.open_clocks(session, NOW)]
    with made.wiring.database.transaction() as session:
        erasing.act(
            session,
            entries=[(made.incident, 1)],
            reason="当事人申请",
            clause="第四十七条",
            signer="王安",
            second="赵领",
            now=NOW,
        )
        assert incidents.get(session, made.incident).title == "已依法销毁"
        assert audit.verify(session) == []
    folder, archive = export.write(taken(made), tmp_path / "out")
    for target in (folder, archive):
        said, broken = check(target)
        assert broken == []
        assert said[1].startswith("第 1 条记录的内容已依法销毁：当事人申请（依据 第四十七条，")
    made.reopen()
    assert found_in(tmp_path, MARK) == []
    with made.wiring.database.reading() as session:
        after = [c.due for c in query.open_clocks(session, NOW)]
    assert after == before
    made.wiring.close()


def test_an_incident_that_does_not_exist_is_told(made: Evidence) -> None:
    made.incident = 99
    with pytest.raises(NotFoundError, match="99"):
        taken(made)


class TestDailyHead:
    def test_one_line_with_each_open_chain(self, made: Evidence) -> None:
        with made.wiring.database.reading() as session:
            found = heads.daily_head(session, now=NOW)
            incident = incidents.get(session, made.incident)
            assert found == heads.daily_head(session, now=NOW)
            assert "\n" not in found.line
            assert found.line.startswith("2026-03-02（当日未完） 审计 ")
            assert found.audit_hash == audit.head(session)
            assert [one.hash for one in found.incidents] == [incident.head]
            assert found.line.endswith(f"事件 {incident.id} 共 {incident.count} 条 {incident.head}")

    def test_a_past_day_never_changes_again(self, made: Evidence) -> None:
        with made.wiring.database.reading() as session:
            tomorrow = NOW + timedelta(days=1)
            line = heads.daily_head(session, now=tomorrow, day=date(2026, 3, 2)).line
            empty = heads.daily_head(session, now=tomorrow, day=date(2026, 3, 1))
        assert (empty.audit_count, empty.audit_hash, empty.incidents) == (0, GENESIS, ())
        made.write({"type": "note", "text": "次日"}, now=NOW + timedelta(days=1))
        with made.wiring.database.reading() as session:
            later = NOW + timedelta(days=9)
            again = heads.daily_head(session, now=later, day=date(2026, 3, 2))
            assert again.line == line
            assert heads.contains(session, again.audit_hash).startswith("审计链第")
            assert "记录链" in heads.contains(session, again.incidents[0].hash)
            assert heads.contains(session, "sha256:" + "1" * 64) == ""
            links = [again.audit_hash, *(one.hash for one in again.incidents)]
            assert heads.links_in(again.line) == links  # the printed line as a whole
            assert heads.links_in("抄错的") == ["抄错的"]

    def test_a_day_to_come_has_none(self, made: Evidence) -> None:
        with (
            made.wiring.database.reading() as session,
            pytest.raises(InvalidInputError, match="还没有到"),
        ):
            heads.daily_head(session, now=NOW, day=date(2026, 3, 3))
