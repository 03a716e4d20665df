"""The commands about rules, and looking back: what they print, and what bad input is told."""

import json
from datetime import timedelta

import pytest
from support.responder import NOON
from typer.testing import CliRunner

from registry.errors import DeskError
from responder import incidents, rulebook
from responder.rules import variants
from yuqing.cli import program
from yuqing.folder import DataFolder
from yuqing.settings import Settings
from yuqing.wiring import Wiring

THEN = NOON - timedelta(days=9)


def run(*arguments):
    result = CliRunner().invoke(program(), [str(one) for one in arguments])
    if isinstance(result.exception, DeskError):
        return 1, result.exception.message
    return result.exit_code, result.output


@pytest.fixture
def data(tmp_path):
    wiring = Wiring(Settings(), DataFolder(tmp_path / "data"))
    with wiring.database.transaction() as session:
        made = incidents.open_incident(
            session, title="塌陷", by="张三", now=THEN, occurred=THEN, level="较大"
        )
        later = THEN + timedelta(hours=6)
        incidents.set_level(session, made.id, "重大", by="王县长", now=later)
    wiring.close()
    return tmp_path / "data"


def test_replay_shows_an_incident_as_it_stood_and_under_other_rules(data):
    at = (THEN + timedelta(hours=1)).isoformat()
    code, text = run("replay", 1, "--at", at, "--json", "--data", data)
    assert code == 0
    then = json.loads(text)
    assert (then["incident"]["level"], then["entries"]) == ("较大", 4)
    assert [clock["rule"] for clock in then["clocks"]] == ["R3"]
    code, text = run("replay", 1, "--rules", "北京2021", "--data", data)
    assert code == 0
    assert "按北京市，R2 设立新闻中心" in text
    code, text = run("replay", 1, "--rules", variants()["南京2016"], "--data", data)
    assert "按南京市，R1 首次权威发布：自事发" in text


def test_replay_tells_bad_input(data, tmp_path):
    for arguments, said in (
        ((2,), "没有编号为 2 的事件"),
        ((1, "--at", "2100-01-01"), "在将来"),
        ((1, "--at", "2001-01-01"), "还没有记录"),
        ((1, "--rules", tmp_path / "没有.toml"), "读不到规则文件"),
    ):
        code, text = run("replay", *arguments, "--data", data)
        assert code != 0
        assert said in text


def test_rules_are_listed_and_checked(tmp_path):
    code, text = run("rules", "list")
    assert code == 0
    assert "R4-1" in text
    assert "只在系统内启用" in text
    rows = json.loads(run("rules", "list", "--json")[1])
    assert next(row for row in rows if row["id"] == "R9")["length"] == "不设时限"
    code, text = run("rules", "check", *variants().values())
    assert code == 0
    bad = tmp_path / "坏.toml"
    bad.write_text('[[rule]]\nid = "R1"\nlength = { hours = -1 }\n', encoding="utf-8")
    code, text = run("rules", "check", bad)
    assert code == 1
    assert f"规则文件 {bad}：R1 的 length 应为正数" in text


def test_a_units_own_file_is_put_in_force_at_the_start_and_a_faulty_one_is_told(tmp_path):
    own = tmp_path / "own.toml"
    own.write_text('version = "本县"\n[[rule]]\nid = "R1"\nlength = { hours = 6 }\n', "utf-8")
    given = Settings.model_validate({"respond": {"rules": str(own)}})
    wiring = Wiring(given, DataFolder(tmp_path / "data"))
    with wiring.database.transaction() as session:
        made = incidents.open_incident(
            session, title="塌陷", by="张三", now=THEN, occurred=THEN, level="重大"
        )
        kept = incidents.entries(session, made.id)[0]
    wiring.close()
    assert kept.rules.endswith("+本县")
    own.write_text('[[rule]]\nid = "R1"\nlength = { hours = 0 }\n', "utf-8")
    with pytest.raises(DeskError, match="R1 的 length 应为正数"):
        _ = Wiring(given, DataFolder(tmp_path / "new")).database
    again = Wiring(given, DataFolder(tmp_path / "data"))  # a stage that starts again goes on
    with again.database.reading() as session:
        assert rulebook.in_force(session).rules.version == kept.rules
    again.close()
