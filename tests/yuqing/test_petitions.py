"""Real petitions through the command line: read, found, counted, and one alert, not dozens."""

import gzip
import json
import sqlite3
from pathlib import Path

import pytest
from support.service import run

PETITIONS = Path("gov") / "messages_4326.jsonl.gz"
RULE = """
[[rule]]
id = "mixer"
name = "搅拌站扰民"
any_of = ["搅拌站"]
min_count = 3
window_min = 43200
heat = "red"
"""


@pytest.fixture(scope="module")
def ingested(tmp_path_factory, eval_data):
    tmp_path = tmp_path_factory.mktemp("petitions")
    (tmp_path / "yuqing.toml").write_text(RULE, encoding="utf-8")
    arguments = ("--source", "petitions", "--kind", "mailbox", "--map", "published_at=time")
    first = run("ingest", *arguments, str(eval_data / PETITIONS), cwd=tmp_path)
    second = run("ingest", *arguments, str(eval_data / PETITIONS), cwd=tmp_path)
    scored = run("analyze", "--scorer", "trivial", "--drain", cwd=tmp_path)
    assert scored.returncode == 0, scored.stderr
    return tmp_path, first, second


def summary(done) -> dict[str, object]:
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.needs("eval_data")
def test_all_petitions_come_in_once_and_are_found(ingested, eval_data) -> None:
    folder, first, second = ingested
    assert summary(first) == {
        "read": 4326,
        "accepted": 4326,
        "duplicates": 0,
        "rejected": 0,
        "rejects_file": None,
    }
    assert summary(second)["duplicates"] == 4326
    with gzip.open(eval_data / PETITIONS) as lines:
        texts = [f"{row['title']}\n{row['text']}" for row in map(json.loads, lines)]
    for word in ("丽发新城", "停水", "水"):
        counted = run("search", word, "--count", cwd=folder)
        assert int(counted.stdout) == sum(word in text for text in texts)
    assert run("search", "--count", cwd=folder).stdout == "4326\n"


@pytest.mark.needs("eval_data")
def test_a_rule_on_old_petitions_raises_one_alert_and_wakes_nobody(ingested) -> None:
    folder, _, _ = ingested
    assert run("respond", "--drain", cwd=folder).returncode == 0
    with sqlite3.connect(folder / "data" / "registry.db") as database:
        alerts = database.execute("select rule, late, count from alerts").fetchall()
        sent = database.execute("select count(*) from outbox where state = 'sent'").fetchone()
    assert len(alerts) == 1
    rule, late, count = alerts[0]
    assert (rule, bool(late)) == ("mixer", True)
    assert count >= 3
    assert sent[0] == 0


@pytest.mark.needs("eval_data")
def test_the_source_documents_come_in_as_documents(tmp_path, eval_data) -> None:
    seeds = sorted((eval_data.parent / "seeds").glob("*.txt"))
    assert seeds
    done = run("ingest", "--source", "seeds", "--kind", "document", *map(str, seeds), cwd=tmp_path)
    assert summary(done)["accepted"] == len(seeds)
    run("analyze", "--scorer", "trivial", "--drain", cwd=tmp_path)
    assert int(run("search", "政务公开", "--count", cwd=tmp_path).stdout) == len(seeds)
