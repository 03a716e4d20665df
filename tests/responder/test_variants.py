"""Local variants as data: each example, and what the linter says of faults and conflicts."""

from datetime import timedelta

import pytest
from support.clocks import EVIDENCE, Book, at

from registry.errors import InvalidInputError
from responder.clocks import State
from responder.entries import (
    Needed,
    NewsCentre,
    Report,
    ReportKind,
)
from responder.rules import desk_file, load, national, variants
from responder.rules.lint import faults
from responder.whatif import from_options

START = "2026-03-02T08:00"


def major() -> Book:
    return Book().occurred(START).detected(START).level("重大", "2026-03-02T08:10")


def under(name: str):
    return load(variants()[name])


def test_every_variant_passes_the_linter_alone_and_together():
    assert faults(list(variants().values())) == []
    assert len(variants()) >= 13


@pytest.mark.parametrize(
    ("name", "rule", "length"),
    [
        ("南京2016", "R1", timedelta(hours=6)),
        ("成都2021", "CD-1", timedelta(hours=24)),
        ("北京2021", "R2", timedelta(hours=24)),
        ("南通", "NT-1", timedelta(hours=3)),
        ("报告20分40分", "R4-1", timedelta(minutes=20)),
        ("报告20分40分", "R4-2", timedelta(minutes=40)),
        ("珠海", "R4-1", timedelta(minutes=30)),
        ("珠海", "R4-2", timedelta(hours=2)),
        ("吉林市", "R4-1", timedelta(hours=1)),
        ("鞍山", "R4-1", timedelta(hours=1)),
        ("兰州", "R4-1", timedelta(hours=2)),
    ],
)
def test_the_length_of_a_variant(name, rule, length):
    clock = major().judged("2026-03-02T08:15", rules=under(name))[rule]
    assert clock.due - clock.start == length


def test_wengang_answers_within_24_hours():
    book = Book().detected(START).level("一般", START)
    clock = book.judged(START, rules=under("文港"))["R3"]
    assert clock.due - clock.start == timedelta(hours=24)


@pytest.mark.parametrize("kind", ["release", "answer", "conference"])
def test_chengdu_counts_a_release_in_any_form(kind):
    book = major()
    getattr(book, kind)("2026-03-02T20:00")
    clocks = book.judged("2026-03-02T21:00", rules=under("成都2021"))
    assert clocks["CD-1"].state is State.MET
    assert "R2" not in clocks


def test_beijing_is_met_by_a_news_centre_and_by_no_conference():
    rules = under("北京2021")
    held = major().conference("2026-03-02T20:00")
    assert held.judged("2026-03-02T21:00", rules=rules)["R2"].state is State.RUNNING
    held.put(NewsCentre, "2026-03-02T20:30", evidence=EVIDENCE)
    clock = held.judged("2026-03-02T21:00", rules=rules)["R2"]
    assert (clock.state, clock.name) == (State.MET, "设立新闻中心")


def test_jilin_has_a_conference_only_where_a_person_found_it_necessary():
    book = major()
    assert "R2" not in book.judged("2026-03-02T09:00", rules=under("吉林2023"))
    book.put(Needed, "2026-03-02T09:00", rule="R2", reason="社会关注度高", signer="王县长")
    clock = book.judged("2026-03-02T09:00", rules=under("吉林2023"))["R2"]
    assert clock.due == at("2026-03-03T08:00")


def test_sixian_has_no_level_above_major():
    rules = under("泗县")
    assert rules.levels == ("重大", "较大", "一般")
    with pytest.raises(InvalidInputError, match="没有“特别重大”这个级别，可用：重大、较大、一般"):
        from_options(level="特别重大", rules=rules)
    assert {"R1", "R2"} <= set(major().judged("2026-03-02T09:00", rules=rules))


def test_wanbu_wants_a_checked_report_after_two_working_days():
    book = Book().detected("2026-09-30T09:00").level("一般", "2026-09-30T09:00")
    clock = book.judged("2026-09-30T10:00", rules=under("万埠"))["WB-1"]
    assert clock.due == at("2026-10-10T00:00")  # 8 and 9 October; nothing of the holidays counts
    report = {"to": "县委宣传部", "evidence": EVIDENCE}
    book.put(Report, "2026-10-08T09:00", method=ReportKind.PHONE, **report)
    later = "2026-10-08T10:00"
    assert book.judged(later, rules=under("万埠"))["WB-1"].state is not State.MET
    book.put(Report, "2026-10-08T09:30", method=ReportKind.CHECK, **report)
    assert book.judged(later, rules=under("万埠"))["WB-1"].state is State.MET


def test_a_unit_may_set_a_limit_for_clarification_and_another_interval_for_releases(tmp_path):
    path = tmp_path / "本单位.toml"
    path.write_text(
        '[[rule]]\nid = "R9"\nlength = { hours = 6 }\n'
        '[[rule]]\nid = "R7"\nlength = { hours = 12 }\n',
        encoding="utf-8",
    )
    rules = load(desk_file(), path)
    clock = major().release("2026-03-02T09:00").judged("2026-03-02T09:00", rules=rules)["R7.1"]
    assert clock.due == at("2026-03-02T21:00")


def write(folder, name, text):
    path = folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    return path


SIX = '[[rule]]\nid = "R1"\nlength = { hours = 6 }\n'


@pytest.mark.parametrize(
    ("first", "second", "clash"),
    [
        ('region = "甲市"\n' + SIX, 'region = "甲市"\n' + SIX, True),
        ('region = "甲市"\n' + SIX, SIX, True),  # without a region: everywhere
        ('region = "甲市"\n' + SIX, 'region = "乙市"\n' + SIX, False),
        (SIX + "until = 2026-01-01\n", SIX + "from = 2026-01-01\n", False),
        (SIX + "until = 2026-01-02\n", SIX + "from = 2026-01-01\n", True),
    ],
)
def test_two_files_that_say_different_things_of_one_rule(tmp_path, first, second, clash):
    one, two = write(tmp_path, "一", first), write(tmp_path, "二", second)
    found = faults([one, two])
    assert bool(found) is clash
    if clash:
        assert f"规则文件 {two}：R1 与 {one} 中的 R1 冲突" in found[0]


def test_all_faults_are_told_at_once_each_with_file_rule_and_key(tmp_path):
    path = write(
        tmp_path,
        "坏",
        'versoin = "x"\n'
        '[[rule]]\nid = "R1"\nthresholds = [0.9, 0.5]\n'
        '[[rule]]\nid = "R2"\nstops = ["吹哨"]\n'
        '[[rule]]\nid = "R3"\nfrom = 2026-02-01\nuntil = 2026-01-01\n'
        '[[rule]]\nname = "无"\n',
    )
    found = faults([path, tmp_path / "没有.toml"])
    assert len(found) == 6
    for sentence, said in zip(
        found,
        (
            "不认识的键 versoin",
            "R1 的 thresholds",
            "R2 的 stops 不能启用：还没有记录 吹哨",
            "R3 的 until 不晚于 from",
            "缺少 id",
            "读不到规则文件",
        ),
        strict=True,
    ):
        assert said in sentence
        assert str(tmp_path) in sentence


def test_a_written_report_may_not_be_due_before_the_phone_call(tmp_path):
    path = write(tmp_path, "快", '[[rule]]\nid = "R4-1"\nlength = { hours = 3 }\n')
    assert "R4-2 的 length（1 小时）短于 R4-1（3 小时）" in faults([path])[0]


def test_the_default_list_of_clocks_is_as_before():
    assert national().ids() == ("R1", "R2", "R3", "R5")
