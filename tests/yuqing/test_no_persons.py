"""It watches topics, not persons: a rule of the code."""

import json
import re

from support.api import make_desk
from support.service import run

from posts.index.port import Query
from posts.model import Post, ScoredPost, Signal

AUTHOR = "独孤求败九千岁"
PHONE = "13912345678"
CITIZEN = "11010519491231002X"
ALLOWED_WITH_AUTHOR = {"Post.author"}


def test_author_names_phones_and_citizen_numbers_leave_no_trace_on_disk(tmp_path) -> None:
    rows = [
        {
            "id": number,
            "title": "反映停水",
            "text": f"第 {number} 次反映停水，请打 {PHONE}，身份证 {CITIZEN}",
            "published_at": "2026-01-02 03:04:05",
            "author": AUTHOR,
        }
        for number in range(3)
    ]
    rows.append({"id": 9, "title": "", "text": "", "author": AUTHOR, "published_at": "x"})
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows))
    done = run("ingest", "--source", "mail", "--data", "data", str(file), cwd=tmp_path)
    assert json.loads(done.stdout.splitlines()[-1])["accepted"] == 3
    assert run("analyze", "--scorer", "trivial", "--drain", cwd=tmp_path).returncode == 0
    assert run("search", "停水", "--count", cwd=tmp_path).stdout == "3\n"
    for path in (tmp_path / "data").rglob("*"):
        if path.is_file() and path.parent.name != "rejects":
            data = path.read_bytes()
            for secret in (AUTHOR, PHONE, CITIZEN):
                assert secret.encode() not in data, f"{secret} stands in {path.name}"
                assert json.dumps(secret)[1:-1].encode() not in data


def test_no_search_and_no_signal_can_ask_for_an_author() -> None:
    for kind in (Query, Signal, ScoredPost, Post):
        for field in kind.__struct_fields__:
            if re.search("author|user|person|handle|nick", field):
                assert f"{kind.__name__}.{field}" in ALLOWED_WITH_AUTHOR


def test_the_interface_has_no_way_to_profile_hide_or_report(tmp_path) -> None:
    with make_desk(tmp_path) as desk:
        schema = desk.app.openapi()
    paths = " ".join(schema["paths"])
    assert not re.search(
        r"author|person|profile|persona|block|takedown|delete-post|report-post", paths
    )
    for path, methods in schema["paths"].items():
        if path.startswith("/api/v1/posts"):
            assert "delete" not in methods
            assert "author" not in json.dumps(methods.get("get", {}).get("parameters", []))
