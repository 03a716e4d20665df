"""Duty on the command line, as a person types it."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from registry.errors import InvalidInputError
from yuqing import settings, watching
from yuqing.cli import program

CSV = "日期,班次,姓名,角色\n2099-01-01,白班,张三,值班员\n2099-01-01,夜班,李四,值班员\n"


@pytest.fixture
def say(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = CliRunner()

    def run(*words: str, ok: bool = True):
        answer = runner.invoke(program(), ["duty", *words], catch_exceptions=True)
        assert (answer.exit_code == 0) is ok, (answer.output, answer.exception)
        return answer

    return run


def test_a_roster_is_imported_and_listed(say, tmp_path):
    file = tmp_path / "roster.csv"
    file.write_text(CSV, encoding="gb18030")
    said = say("import", str(file)).output
    assert "新增 2 个班次，不变 0 个，撤下 0 个。" in said
    assert "没有账号、通知不到的人：张三、李四" in said
    assert "不变 2 个" in say("import", str(file)).output
    listed = say("list", "--since", "2099-01-01T08:00", "--days", "1").output.splitlines()
    assert listed == [
        "2099-01-01 08:00\t2099-01-01 20:00\t白班\t值班员\t张三",
        "2099-01-01 20:00\t2099-01-02 08:00\t夜班\t值班员\t李四",
        "2099-01-01 08:00\t2099-01-02 08:00\t无人在班\t带班领导\t",
    ]


def test_nobody_on_now_is_a_failure_that_scripts_see(say):
    assert "现在没有值班员在班" in say("now", ok=False).output


def test_a_bad_file_is_one_sentence(say, tmp_path):
    file = tmp_path / "roster.csv"
    file.write_text(CSV + "2099-02-30,白班,张三,值班员\n", encoding="utf-8")
    error = say("import", str(file), ok=False).exception
    assert isinstance(error, InvalidInputError)
    assert "第 4 行：日期“2099-02-30”读不懂" in error.message
    assert isinstance(say("import", "missing.csv", ok=False).exception, InvalidInputError)


def test_policies_are_checked(say, tmp_path):
    assert "没有发现问题" in say("check").output
    file = tmp_path / "unit.toml"
    step = 'step = [{ after_min = 1, to = ["用户:nobody"] }]\n'
    head = '[[policy]]\nid = "b"\nname = "b"\napplies = "预警"\n'
    file.write_text(head + 'heats = ["blue"]\n' + step, encoding="utf-8")
    assert "没有登录名为 nobody 的在用用户" in say("check", str(file), ok=False).output


def test_the_settings_become_what_the_responder_is_given():
    from datetime import timedelta

    def made(**given):
        return watching.parts(
            settings.DutySettings(**given),
            rules="",
            every=timedelta(minutes=30),
        )

    usual = made()
    assert usual["colours"].of("yellow", count=15, threshold=3) == "orange"
    assert {"escalation", "duty"} <= set(usual["checks"])
    for wrong in (
        {"digest_only": ["red"]},
        {"digest_at": ["8点"]},
        {"hotter_at": {"pink": 2}},
        {"quiet_from": "22", "quiet_until": "later"},
        {"policies": "missing.toml"},
    ):
        with pytest.raises(InvalidInputError):
            made(**wrong)
    with pytest.raises(InvalidInputError):
        watching.hours(settings.DutySettings(day_start="20:00", night_start="08:00"))
