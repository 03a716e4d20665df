"""``yuqing backtest``: what would have been told of stored posts, when, and how often falsely."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from posts.identity import SHANGHAI
from registry.errors import DeskError, InvalidInputError
from yuqing.replaying import own_code, read_posts, read_rules
from yuqing.settings import Settings

START = datetime(2026, 1, 5, tzinfo=SHANGHAI)
RULE = """
[[rule]]
id = "water"
name = "停水"
any_of = ["停水"]
min_count = 5
window_min = 60
"""


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "yuqing", "backtest", *arguments, "--scorer", "trivial"]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("backtest")
    rng, at, rows = random.Random(1), START, []
    while at < START + timedelta(days=8):
        at += timedelta(hours=rng.expovariate(1.0))
        rows.append({"text": "瑞丽市天气不错", "published_at": at.isoformat()})
    burst = START + timedelta(days=7, hours=3)
    for number in range(6):
        minutes = timedelta(minutes=5 * number)
        when = (burst + minutes).isoformat()
        rows.append({"text": "瑞丽市又停水了", "published_at": when, "event": "停水"})
    lines = [json.dumps({"id": str(number), **row}) for number, row in enumerate(rows)]
    (made / "posts.jsonl").write_text("\n".join(lines))
    (made / "rules.toml").write_text(RULE)
    return made


def test_it_says_what_rings_when_and_how_long_after_the_first_post(folder: Path) -> None:
    given = ("--data", "posts.jsonl", "--rules", "rules.toml", "--area", "5331", "--json")
    done = run(*given, cwd=folder)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    told = [(one["rule"], one["count"], one["delay_s"], one["event"]) for one in found["signals"]]
    assert told == [
        ("early-warning", 2, 300.0, "停水"),
        ("early-warning", 4, 900.0, "停水"),
        ("water", 5, 1200.0, "停水"),
    ]
    assert found["signals"][0]["reason"].endswith("；最新：“瑞丽市”一事")
    summary = found["summary"]
    assert (summary["events_found"], summary["median_delay_s"]) == (1, 300.0)
    assert summary["false_per_day"] == 0


def test_people_get_sentences_and_bad_lines_are_told(folder: Path) -> None:
    posts = (folder / "posts.jsonl").read_text()
    (folder / "bad.jsonl").write_text(posts + '\n{"text": "没有时间"}\n{"time": 3, "offsets": 1}\n')
    given = ("--data", "bad.jsonl", "--rules", "rules.toml", "--early-warning", "0")
    done = run(*given, cwd=folder)
    assert done.returncode == 1
    assert "停水：1 小时内 5 条（阈值 5 条）" in done.stdout
    assert "首帖到报警的中位时间 20 分钟；误报每天 0 次" in done.stdout
    assert "没有发布时间，不能回测" in done.stderr
    assert "转发链要有 text 和 time" in done.stderr


def test_rules_are_read_as_the_settings_have_them(folder: Path) -> None:
    (rule,) = read_rules(folder / "rules.toml", [])
    assert (rule.id, rule.window_s, rule.min_count) == ("water", 3600, 5)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("none.jsonl", None, "文件不存在"),
        ("rules.json", "[1]", "第 1 条应是一个对象"),
        ("rules.json", '[{"any_of": ["x"], "what": 1}]', "不认识的字段：what"),
        ("rules.json", '[{"min_count": 3}]', "没有任何条件"),
        ("rules.json", "{", "读不懂"),
        ("rules.json", '[{"any_of": "x"}]', "第 1 条不对：any_of应为列表"),
        ("rules.json", '[{"any_of": [1]}]', "第 1 条不对：any_of.0.应为文字"),
        ("rules.json", '[{"any_of": ["x"], "min_count": "3"}]', "min_count应为整数"),
        ("rules.json", '[{"any_of": ["x"], "sentiments": ["bad"]}]', "不认识的情感 bad"),
        ("rules.json", '[{"any_of": ["x"], "heat": "green"}]', "热度只能是"),
    ],
)
def test_bad_files_are_told_in_a_sentence(
    folder: Path, name: str, text: str | None, said: str
) -> None:
    if text is not None:
        (folder / name).write_text(text)
    work = partial(read_posts, [folder / name], Settings(), "trivial")
    with pytest.raises(InvalidInputError, match=said):
        work() if text is None else read_rules(folder / name, [])


@pytest.mark.parametrize("at", ["9999-12-31T23:59:59Z", "0001-01-01T00:00:00+08:00", "9999-12-31"])
def test_a_time_that_no_clock_shows_is_a_bad_line(tmp_path: Path, at: str) -> None:
    file = tmp_path / "posts.jsonl"
    rows = [{"text": "停水", "published_at": one} for one in (at, "2026-01-05T08:00:00+08:00")]
    file.write_text("\n".join(map(json.dumps, rows)))
    posts, _, bad = read_posts([file], Settings(), "trivial")
    assert len(posts) == 1
    assert "第 1 行：发布时间超出范围" in bad[0]


def test_an_area_that_is_none_is_told() -> None:
    for code in ("99", "abc", ""):
        with pytest.raises(DeskError, match=r"没有代码为 99|不是行政区划代码"):
            own_code(code, Settings())
    assert own_code("533100", Settings()) == "5331"
