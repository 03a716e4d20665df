"""Files in and results out, as a script would use them."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

from support.service import environment, run

ROWS = [
    {"id": 7, "title": "停水", "text": "芒市停水", "published_at": "2026-03-01 08:00"},
    {"id": "b", "text": "没有标题 😀", "published_at": "2026-03-01T09:00:00+08:00", "author": "某"},
    {"id": "c", "url": "https://x.example/3", "text": "只有日期", "published_at": "2026-03-02"},
]


def written(path, rows) -> str:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")
    return str(path)


def summary(done) -> dict[str, object]:
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    assert list(found) == ["read", "accepted", "duplicates", "rejected", "rejects_file"]
    return found


def posts(folder, *arguments: str) -> list[dict[str, object]]:
    done = run("search", *arguments, "--json", cwd=folder)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_search_as_json_has_one_level_and_every_key(tmp_path) -> None:
    run("ingest", written(tmp_path / "a.jsonl", ROWS), cwd=tmp_path)
    run("analyze", "--drain", "--scorer", "trivial", cwd=tmp_path)
    found = posts(tmp_path)
    assert len({tuple(post) for post in found}) == 1
    by_text = {post["text"]: post for post in found}
    first = by_text["芒市停水"]
    assert first["published_at"] == "2026-03-01T08:00:00+08:00"
    assert (first["title"], first["url"], first["certainty"]) == ("停水", None, "exact")
    assert by_text["只有日期"]["certainty"] == "day"
    assert first["sentiment"] == "negative"


def test_search_as_json_gives_all_that_match(tmp_path) -> None:
    rows = [{"id": number, "text": f"第 {number} 条"} for number in range(250)]
    run("ingest", written(tmp_path / "a.jsonl", rows), cwd=tmp_path)
    run("analyze", "--drain", "--scorer", "trivial", cwd=tmp_path)
    assert len({post["id"] for post in posts(tmp_path)}) == 250
    assert len(posts(tmp_path, "--limit", "7")) == 7
    assert run("search", "--count", cwd=tmp_path).stdout == "250\n"


def test_an_edited_row_replaces_and_neither_order_nor_form_matters(tmp_path) -> None:
    file = written(tmp_path / "a.jsonl", ROWS)
    assert summary(run("ingest", file, cwd=tmp_path))["accepted"] == 3
    written(tmp_path / "a.jsonl", ROWS[::-1])
    assert summary(run("ingest", file, cwd=tmp_path))["duplicates"] == 3
    table = io.StringIO()
    out = csv.DictWriter(table, ["id", "url", "title", "text", "published_at", "author"])
    out.writeheader()
    out.writerows(ROWS)
    (tmp_path / "a.csv").write_bytes(table.getvalue().encode("gb18030"))
    assert summary(run("ingest", "a.csv", cwd=tmp_path))["duplicates"] == 3
    edited = [{**ROWS[0], "text": "芒市停水，已恢复"}, *ROWS[1:]]
    again = summary(run("ingest", written(tmp_path / "b.jsonl", edited), cwd=tmp_path))
    assert (again["accepted"], again["duplicates"]) == (1, 2)
    run("analyze", "--drain", "--scorer", "trivial", cwd=tmp_path)
    texts = [post["text"] for post in posts(tmp_path)]
    assert len(texts) == 3
    assert "芒市停水，已恢复" in texts


def test_the_summary_is_last_where_both_streams_go_to_one_place(tmp_path) -> None:
    file = written(tmp_path / "a.jsonl", [ROWS[0], {"id": 2}])
    done = subprocess.run(
        [sys.executable, "-m", "yuqing", "ingest", file],
        cwd=tmp_path,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0
    assert summary(done)["rejected"] == 1


def test_a_file_that_cannot_be_read_is_told_once_and_fails_the_command(tmp_path) -> None:
    done = run("ingest", "missing.csv", written(tmp_path / "a.jsonl", ROWS), cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("missing.csv：") == 1
    assert '"event"' not in done.stderr
    assert summary(done)["accepted"] == 3
