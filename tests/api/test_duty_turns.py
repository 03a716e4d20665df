"""A roster by turns, by JSON and on the command line: shown first, then written."""

from __future__ import annotations

from pathlib import Path

from support.api import MadeDesk
from support.evidence import make_wiring
from support.service import run

BODY = {"people": ["zhiban", "yanpan", "丙"], "since": "2026-09-30", "until": "2026-10-01"}


def test_it_is_shown_before_it_is_written(desk: MadeDesk):
    leader = desk.client("分管领导")
    shown = leader.post("/api/v1/duty/turns", json=BODY).json()
    assert [(one["day"], one["kind"], one["name"]) for one in shown["items"]] == [
        ("2026-09-30", "白班", "zhiban"),
        ("2026-09-30", "夜班", "yanpan"),
        ("2026-10-01", "节假日班", "丙"),
    ]
    assert (shown["written"], shown["unknown_years"]) == (None, [])
    week = "/api/v1/duty?since=2026-09-30&until=2026-10-02"
    assert leader.get(week).json()["stretches"] == []
    done = leader.post("/api/v1/duty/turns", json={**BODY, "write": True}).json()["written"]
    assert done == {"added": 3, "kept": 0, "withdrawn": 0, "without_account": ["丙"]}
    assert len(leader.get(week).json()["stretches"]) == 3
    past = {**BODY, "since": "2031-01-01", "until": "2031-01-01"}
    assert leader.post("/api/v1/duty/turns", json=past).json()["unknown_years"] == [2031]


def test_only_who_plans_duty_may_and_bad_input_is_named(desk: MadeDesk):
    assert desk.client("值班员").post("/api/v1/duty/turns", json=BODY).status_code == 403
    wrong = {**BODY, "until": "2026-09-01"}
    answer = desk.client("管理员").post("/api/v1/duty/turns", json=wrong)
    assert answer.status_code == 422
    assert "结束日期" in answer.text


def test_the_command_line_lists_and_writes(tmp_path: Path):
    make_wiring(tmp_path / "data").close()
    plan = ("duty", "plan", "甲", "乙", "--from", "2036-09-30", "--until", "2036-10-01")
    shown = run(*plan, "--data", "data", cwd=tmp_path)
    assert shown.stdout.splitlines() == [
        "2036-09-30,白班,甲,值班员",
        "2036-09-30,夜班,乙,值班员",
        "2036-10-01,白班,甲,值班员",
        "2036-10-01,夜班,乙,值班员",
    ]
    assert "2036 年的放假安排还没有录入" in shown.stderr
    done = run(*plan, "--write", "--data", "data", cwd=tmp_path)
    assert "新增 4 个班次" in done.stdout
    for option, value in (("--from", "明天"), ("--role", "司机"), ("--shifts", "早班")):
        bad = run(*plan, option, value, "--data", "data", cwd=tmp_path)
        assert bad.returncode == 1, bad.stderr
        assert f"{option} {value}" in bad.stderr
