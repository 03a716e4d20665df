"""Rules as data: the national file, a unit's own, and what a faulty one is told."""

from datetime import timedelta

import pytest
from support.clocks import at, judged

from registry.errors import InvalidInputError
from responder.rules import load, national
from responder.whatif import from_options


def write(folder, text: str):
    path = folder / "本单位.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_national_rules():
    rules = national()
    assert [rule.id for rule in rules.enabled()] == ["R1", "R2", "R3", "R5"]
    assert {rule.id for rule in rules.rules} >= {
        "R4-1",
        "R4-2",
        "R4b",
        "R4c",
        "R6",
        "R7",
        "R8",
        "R9",
    }
    for rule in rules.rules:
        assert rule.citation
        assert rule.mark in {"T", "N", "D"}
        assert rule.thresholds == (0.5, 0.75, 0.9, 1.0)
        assert rule.due_soon == 0.75


def test_a_unit_overrides_single_keys_by_id(tmp_path):
    path = write(
        tmp_path,
        """
        version = "nanjing-2016"
        [[rule]]
        id = "R1"
        length = { hours = 6 }
        citation = "南京市2016年办法"
        [[rule]]
        id = "R2"
        enabled = false
        """,
    )
    rules = load(path)
    assert rules.version == "national-2026.2+nanjing-2016"
    options = from_options(level="重大", occurred=at("2026-03-02T08:00"))
    clocks = judged(options, "2026-03-02T09:00", rules=rules)
    assert set(clocks) == {"R1"}
    assert clocks["R1"].due == at("2026-03-02T14:00")
    assert clocks["R1"].citation == "南京市2016年办法（T）"
    assert "6 小时" in clocks["R1"].reason


def test_a_unit_adds_a_rule_of_its_own(tmp_path):
    path = write(
        tmp_path,
        """
        [[rule]]
        id = "N1"
        name = "先发一句“已知悉”"
        basis = ["detected"]
        length = { hours = 3 }
        stops = ["release"]
        citation = "南通"
        mark = "N"
        """,
    )
    options = from_options(level="一般", detected=at("2026-03-02T08:00"))
    clocks = judged(options, "2026-03-02T09:00", rules=load(path))
    assert clocks["N1"].due == at("2026-03-02T11:00")


def test_an_override_holds_from_its_day_until_its_day_and_the_national_rule_outside(tmp_path):
    path = write(
        tmp_path,
        '[[rule]]\nid = "R1"\nfrom = 2026-03-03\nuntil = 2026-03-05\nlength = { hours = 6 }\n',
    )
    for day, hours in (("02", 5), ("03", 6), ("04", 6), ("05", 5)):
        start = at(f"2026-03-{day}T00:00")
        options = from_options(level="重大", occurred=start)
        clocks = judged(options, f"2026-03-{day}T01:00", rules=load(path))
        assert set(clocks) == {"R1", "R2"}
        assert clocks["R1"].due - start == timedelta(hours=hours)


def test_a_rule_of_the_units_own_holds_only_in_its_time(tmp_path):
    rule = (
        '[[rule]]\nid = "N1"\nname = "先说"\nbasis = ["occurred"]\nlength = { hours = 1 }\n'
        'stops = ["release"]\ncitation = "本单位"\nmark = "D"\nfrom = 2026-03-03\n'
    )
    path = write(tmp_path, rule)
    for day, there in (("02", False), ("03", True)):
        options = from_options(level="重大", occurred=at(f"2026-03-{day}T00:00"))
        assert ("N1" in judged(options, f"2026-03-{day}T01:00", rules=load(path))) is there


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[rule]]\nid = "R1"\nlength = { hours = -5 }', "R1 的 length 应为正数"),
        ('[[rule]]\nid = "R1"\nlength = { hours = 5, workdays = 1 }', "不能既有工作日又有小时"),
        ('[[rule]]\nid = "R1"\nlength = { days = 5 }', "R1 的 length 应写成"),
        ('[[rule]]\nid = "R1"\nlevels = ["特大"]', "R1 的 levels 只能用"),
        ('[[rule]]\nid = "R1"\nlenght = { hours = 5 }', "R1 的 lenght 是不认识的键"),
        ('[[rule]]\nid = "R1"\nthresholds = [0.9, 0.5]', "R1 的 thresholds 应为由小到大"),
        ('[[rule]]\nid = "R1"\ndue_soon = 75', "R1 的 due_soon 应大于 0"),
        ('[[rule]]\nid = "R1"\nmark = "X"', "R1 的 mark 应为"),
        ('[[rule]]\nid = "R6"\nenabled = true', "R6 的 basis 不能启用"),
        ('[[rule]]\nid = "R7"\nconditional = true\nenabled = true', "R7 的 conditional 不能用于"),
        ('[[rule]]\nid = "R7"\nbasis = ["released", "occurred"]\nenabled = true', "须单独写"),
        ('[[rule]]\nid = "R8"\npresets = { "快" = { hours = 0 } }', "R8 的 presets 应为正数"),
        ('[[rule]]\nid = "R1"\nevent_types = ["战争"]', "R1 的 event_types 只能用"),
        ('[[rule]]\nid = "R1"\nstops = ["电话"]', "R1 的 stops 不能启用：还没有记录 电话"),
        ('levels = ["重大", "特别重大"]', "levels 只能用"),
        ("levels = []", "levels 只能用"),
        ("version = 3", "version 应为文字"),
        ('[[rule]]\nid = "X"\nname = "缺"', "X 的 basis 没有写"),
        ('[[rule]]\nname = "缺"', "缺少 id"),
        ('[[rule]]\nid = "R1"\n[[rule]]\nid = "R1"', "R1 出现了两次"),
        ("rule = 3", "rule 应写成"),
        ("rules = 3", "不认识的键 rules"),
        ("[[rule", "不合 TOML 格式"),
        ('[[rule]]\nid = "R1"\nfrom = 2026-03-03\nuntil = 2026-03-03', "until 不晚于 from"),
    ],
)
def test_a_fault_names_file_rule_and_key(tmp_path, text, said):
    path = write(tmp_path, text)
    with pytest.raises(InvalidInputError) as caught:
        load(path)
    assert str(path) in caught.value.message
    assert said in caught.value.message


def test_a_missing_file_and_bytes_that_are_no_text(tmp_path):
    with pytest.raises(InvalidInputError, match="读不到规则文件"):
        load(tmp_path / "没有.toml")
    broken = tmp_path / "x.toml"
    broken.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInputError, match="不是 UTF-8 编码"):
        load(broken)
