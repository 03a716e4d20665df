"""Entries from options and from JSON Lines, and what bad ones are told."""

from datetime import datetime

import msgspec
import pytest
from support.clocks import Book, at, judged

from registry.errors import InvalidInputError
from responder.clocks import to_dict
from responder.whatif import from_options, happened_by, oddities, parse_instant, read_entries

KEYS = ["rule", "name", "basis", "start", "due", "state", "provisional", "margin_s", "reason"]


def test_a_clock_has_exactly_the_keys_that_people_use():
    clock = judged(from_options(occurred=at("2026-03-02T08:00")), "2026-03-02T09:00")["R1"]
    assert list(to_dict(clock)) == [*KEYS, "citation"]
    assert to_dict(clock)["start"] == "2026-03-02T08:00:00+08:00"
    assert next(iter(to_dict(clock, incident=True))) == "incident"


def test_no_option_gives_no_clock():
    assert judged(from_options(), "2026-03-02T09:00") == {}


def test_all_options_at_once():
    entries = from_options(
        level="重大",
        occurred=at("2026-03-02T08:00"),
        detected=at("2026-03-02T08:20"),
        reported=at("2026-03-02T08:30"),
        classified=at("2026-03-02T09:00"),
        published=at("2026-03-02T10:00"),
        stopped={"R1": at("2026-03-02T12:59"), "R2": at("2026-03-03T09:00")},
    )
    clocks = judged(entries, "2026-03-03T10:00")
    assert {rule: (clock.state.value, clock.margin_s) for rule, clock in clocks.items()} == {
        "R1": ("met", 60),
        "R2": ("met_late", -3600),
        "R5": ("running", 2 * 86400 + 14 * 3600),
    }


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"level": "特大"}, "没有“特大”这个级别"),
        ({"occurred": "2026-03-02T08:00", "detected": "2026-03-02T07:00"}, "发现时间.*早于事发"),
        ({"occurred": "2026-03-02T08:00", "stopped": {"R1": "2026-03-02T07:00"}}, "早于起算时间"),
        ({"detected": "2026-03-02T08:00", "stopped": {"R3": "2026-03-02T07:00"}}, "早于起算时间"),
        ({"published": "2026-03-02T08:00", "stopped": {"R5": "2026-03-02T07:00"}}, "早于起算时间"),
        ({"stopped": {"R7": "2026-03-02T07:00"}}, "没有“R7”这条时限，可用：R1、R2、R3、R5"),
    ],
)
def test_bad_options(options, said):
    given = {
        name: value if name == "level" else at(value) if isinstance(value, str) else
        {rule: at(text) for rule, text in value.items()}
        for name, value in options.items()
    }  # fmt: skip
    with pytest.raises(InvalidInputError, match=said):
        from_options(**given)


def test_an_instant_without_a_zone_or_in_an_impossible_year():
    with pytest.raises(InvalidInputError, match="事发没有时区"):
        from_options(occurred=datetime(2026, 3, 2, 8))  # noqa: DTZ001
    with pytest.raises(InvalidInputError, match="请核对年份"):
        parse_instant("0026-03-02T08:00", "--occurred")
    with pytest.raises(InvalidInputError, match="--occurred“昨天”不是有效的时间"):
        parse_instant("昨天", "--occurred")
    assert parse_instant("2026-03-02T08:00", "x") == parse_instant("2026-03-02T00:00Z", "x")


def test_entries_go_through_json_lines_unchanged():
    book = Book().occurred("2026-03-02T08:00").level("重大", "2026-03-02T08:10")
    book.release("2026-03-02T12:00").typed("事故灾难", "2026-03-02T08:20")
    lines = [msgspec.json.encode(entry) for entry in book.entries]
    assert read_entries([*lines, b"", b"  \n"]) == book.entries


GOOD = '{"type":"note","at":"2026-03-02T08:00:00+08:00","written_at":"2026-03-02T08:00:00+08:00"'


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "第 2 行：不是有效的记录"),
        ("[]", "第 2 行：不是有效的记录"),
        (GOOD + "}", "第 2 行：缺少 text"),
        ('{"type":"什么"}', "第 2 行：type 的值不认识"),
        (GOOD.replace("+08:00", "") + ',"text":"x"}', "第 2 行：at 没有时区"),
        (GOOD.replace("2026-03-02T08", "昨天") + ',"text":"x"}', "第 2 行：at 不是有效的时间"),
        (GOOD + ',"text":3}', "第 2 行：text 的写法不对"),
        (GOOD.replace("2026", "0001") + ',"text":"x"}', "第 2 行的 at：1 年不对"),
        ("[" * 100_000, "第 2 行"),
        (b"\xff\xfe", "第 2 行"),
    ],
)
def test_a_bad_line_is_named(line, said):
    with pytest.raises(InvalidInputError) as caught:
        read_entries([GOOD + ',"text":"好"}', line])
    assert said in caught.value.message


def test_lines_without_numbers_are_numbered_so_that_a_correction_can_name_them():
    def line(kind: str, hour: int, fields: str) -> str:
        when = f'"2026-03-02T0{hour}:00:00+08:00"'
        return f'{{"type":"{kind}","at":{when},"written_at":{when},{fields}}}'

    lines = [
        line("instant", 8, '"which":"occurred","value":"2026-03-02T08:00:00+08:00"'),
        line("correction", 9, '"by":"甲","second":"乙","reason":"误记","target":1,'
             '"value":"2026-03-02T07:00:00+08:00"'),
    ]  # fmt: skip
    entries = read_entries(lines) + from_options(detected=at("2026-03-02T08:30"))
    clock = judged(entries, "2026-03-02T10:00")["R1"]
    assert clock.start == at("2026-03-02T07:00")
    assert "误记，甲、乙" in clock.reason


def test_what_can_not_be_true_in_a_file_is_told_and_changes_nothing():
    book = Book().occurred("2026-03-02T08:00").detected("2026-03-02T07:00")
    book.release("2026-03-02T07:30", written="2026-03-02T09:00")
    book.level("重大", "2026-03-02T12:00", written="2026-03-02T10:00")
    found = oddities(book.entries)
    words = (
        "第 2 条：发现时间",
        "第 4 条定级的时间 2026-03-02 12:00 晚于记入时间",
        "第 3 条权威发布",
    )
    for word in words:
        assert any(word in sentence for sentence in found), word
    assert len(found) == 3
    assert oddities(Book().occurred("2026-03-02T08:00").release("2026-03-02T08:00").entries) == []


def test_what_was_done_later_is_not_there_yet():
    book = Book().occurred("2026-03-02T08:00").level("重大", "2026-03-02T08:10")
    book.release("2026-03-02T12:00").level("一般", "2026-03-02T14:00")
    then = happened_by(book.entries, at("2026-03-02T10:00"))
    clocks = judged(then, "2026-03-02T10:00")
    assert {rule: str(clock.state) for rule, clock in clocks.items()} == {
        "R1": "running",
        "R2": "running",
    }
