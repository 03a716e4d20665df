"""The one-way folder on the command line, from one DATA to another."""

from __future__ import annotations

import json

from support.service import run


def test_from_one_side_to_the_other_with_a_file_that_did_not_come(tmp_path) -> None:
    outer, inner, folder = (tmp_path / name for name in ("outer", "inner", "one-way"))
    for made in (outer, inner, folder):
        made.mkdir()
    told = run("relay", "out", str(tmp_path / "none"), cwd=outer)
    assert told.returncode == 1
    assert "没有文件夹" in told.stderr
    for number in (1, 2):
        row = json.dumps({"id": number, "text": f"芒市停水 {number}", "author": "某"})
        (outer / "a.jsonl").write_text(row, encoding="utf-8")
        run("ingest", "a.jsonl", cwd=outer)
        sent = run("relay", "out", str(folder), cwd=outer)
        assert json.loads(sent.stdout) == {"files": 1, "posts": 1}, sent.stderr
    first = min(folder.iterdir())
    first.unlink()
    found = run("relay", "in", str(folder), cwd=inner)
    assert found.returncode == 1
    assert "缺第 1 个" in found.stderr
    assert json.loads(found.stdout)["accepted"] == 1
    assert run("relay", "again", str(folder), "--from", "1", cwd=outer).returncode == 0
    found = run("relay", "in", str(folder), cwd=inner)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == {
        "files": 1,
        "read": 1,
        "accepted": 1,
        "duplicates": 0,
        "rejected": 0,
        "missing": 0,
    }
