"""Codes as people write them (533100) mean what the gazetteer's (5331) mean, everywhere."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from datetime import UTC, datetime

from support.service import run

SETTINGS = """
[area]
code = "533100"

[area.localities]
533102 = ["瑞丽"]

[[area.places]]
name = "姐告口岸"
parent = "533102"

[[rule]]
id = "water"
name = "本地供水"
any_of = ["停水"]
areas = ["533100"]
min_count = 1

[analyze]
scorer = "trivial"
"""


def test_a_rule_for_the_whole_code_raises_an_alert_and_the_search_finds_it(tmp_path) -> None:
    (tmp_path / "yuqing.toml").write_text(SETTINGS, encoding="utf-8")
    row = {"id": 1, "text": "姐告口岸停水", "published_at": datetime.now(UTC).isoformat()}
    (tmp_path / "a.jsonl").write_text(json.dumps(row), encoding="utf-8")
    for command in (("ingest", "a.jsonl"), ("analyze", "--drain"), ("respond", "--drain")):
        done = run(*command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
    with contextlib.closing(sqlite3.connect(tmp_path / "data" / "registry.db")) as database:
        rows = database.execute("select rule, late from alerts where rule = 'water'").fetchall()
    assert rows == [("water", 0)]
    for area in ("5331", "533100", "53", "533102000", "533102-p1"):
        assert run("search", "--area", area, "--count", cwd=tmp_path).stdout == "1\n"
    assert run("search", "--area", "533103", "--count", cwd=tmp_path).stdout == "0\n"


def test_every_command_sets_up_an_empty_folder(tmp_path) -> None:
    commands = (
        ("search", "--count"),
        ("analyze", "--drain", "--scorer", "trivial"),
        ("respond", "--drain"),
        ("crawl",),
        ("users", "list"),
        ("verify",),
        ("doctor",),
    )
    for number, command in enumerate(commands):
        done = run(*command, "--data", f"new-{number}", cwd=tmp_path)
        assert done.returncode == 0, (command, done.stderr)
        assert "Traceback" not in done.stderr
    (tmp_path / "new-1" / "registry.db").unlink()
    lost = run("verify", "--data", "new-1", cwd=tmp_path)
    assert lost.returncode == 1
    assert "registry.db" in lost.stderr
