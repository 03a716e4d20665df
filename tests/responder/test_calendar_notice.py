"""The State Council's yearly notice: read exactly, and never half."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.notices import notice

from registry.errors import InvalidInputError
from responder.calendar_notice import Notice, parse
from responder.workdays import load_calendar


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_a_notice_gives_exactly_the_days_that_are_packaged(year: int):
    packaged = load_calendar()
    found = parse(notice(year))
    assert found.year == year
    assert found.number == dict(packaged.notices)[year]
    assert set(found.holidays) == {day for day in packaged.holidays if day.year == year}
    assert set(found.workdays) == {day for day in packaged.workdays if day.year == year}


def test_spaces_wide_digits_and_lost_line_ends_change_nothing():
    text = notice(2026)
    wide = text.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    assert parse(wide) == parse(text.replace("\n", "")) == parse(text.replace("，", "，  "))


@pytest.mark.parametrize("form", ["（{}）", "({})", "{}."])
def test_other_numbering_and_a_lost_comma_change_nothing(form: str):
    text = notice(2026).replace("放假，共", "放假共")
    for number, sign in enumerate("一二三四五六七", start=1):
        own = str(number) if form == "{}." else sign
        text = text.replace(f"　　{sign}、", form.format(own), 1)
    assert parse(text) == parse(notice(2026))


def test_what_is_only_encouraged_is_no_day_off():
    found = parse(notice(2024))
    assert date(2024, 2, 9) not in found.holidays
    assert found.remarks[0].startswith("鼓励各单位")


def test_days_of_the_year_before_belong_to_the_new_year():
    text = notice(2026).replace(
        "1月1日（周四）至3日（周六）放假调休，共3天。1月4日（周日）上班",
        "2025年12月31日（周三）至2026年1月2日（周五）放假调休，共3天。1月4日（周日）上班",
    )
    assert date(2025, 12, 31) in parse(text).holidays
    short = text.replace("2025年12月31日", "12月31日").replace("2026年1月2日", "1月2日")
    assert parse(short).holidays == parse(text).holidays


WRONG = {
    "a weekday that is not that day's": (
        "1月4日（周日）上班",
        "1月4日（周六）上班",
        "1 月 4 日是周日",
    ),
    "a count that does not agree": ("共9天", "共8天", "日期算来是 9 天"),
    "a count that is missing": ("放假，共3天。\n　　四", "放假。\n　　四", "没有写共几天"),
    "a working day that is none": ("5月9日（周六）上班", "5月8日（周五）上班", "不是周末"),
    "a holiday that is missing": (
        "六、中秋节：9月25日（周五）至27日（周日）放假，共3天。",
        "",
        "缺少中秋节",
    ),
    "a sentence nobody knows": (
        "5月9日（周六）上班。",
        "5月9日（周六）上班。5月6日另行通知。",
        "“5月6日另行通知”",
    ),
    "a holiday nobody knows": ("三、清明节", "三、重阳节", "“重阳节”不是法定节日"),
    "a day off and worked": ("5月9日（周六）上班", "5月3日（周日）上班", "又放假又上班"),
    "no such day": ("2月28日（周六）上班", "2月30日（周六）上班", "没有 2 月 30 日"),
    "no year": ("2026年", "", "没有写明是哪一年"),
    "two years": ("2026年\n部分节假日", "2025年\n部分节假日", "不止一个年份"),
    "no number": ("国办发明电〔2025〕7号", "", "没有写明文号"),
    "a number of another year": ("〔2025〕7号", "〔2019〕7号", "对不上"),
    "an order that is wrong": ("9月25日（周五）至27日", "9月25日（周五）至20日", "起止日期不对"),
    "a day twice": (
        "9月20日（周日）、10月10日",
        "9月20日（周日）、9月20日（周日）、10月10日",
        "已经写过",
    ),
    "a date outside": ("2月14日（周六）、", "2024年2月17日（周六）、", "不在 2026 年"),
    "a tail nobody knows": ("放假调休，共7天", "放假调休，工资照发，共7天", "读不懂“放假”后面"),
    "the first of May is worked": (
        "5月1日（周五）至5日（周二）放假调休，共5天",
        "5月2日至5日放假，共4天",
        "没有 5 月 1 日",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_notice_that_does_not_hold_together_is_refused_with_its_sentence(case: str):
    was, now, said = WRONG[case]
    assert was in notice(2026)
    with pytest.raises(InvalidInputError) as error:
        parse(notice(2026).replace(was, now))
    assert said in error.value.message


@pytest.mark.parametrize("text", ["", " \n", "今天天气很好。", "一" * 20_001, "2026年部分节假日"])
def test_what_is_no_notice_is_told_so(text: str):
    with pytest.raises(InvalidInputError):
        parse(text)


def test_a_number_that_is_typed_beside_must_agree():
    without = notice(2026).replace("国办发明电〔2025〕7号", "")
    assert parse(without, number="国办发明电[2025] 7 号").number == "国办发明电〔2025〕7号"
    with pytest.raises(InvalidInputError, match="与通知正文中的"):
        parse(notice(2026), number="国办发明电〔2025〕8号")
    with pytest.raises(InvalidInputError, match="写法不对"):
        parse(notice(2026), number="七号")


@given(st.data())
def test_a_damaged_notice_is_read_or_refused_never_a_fault(data: st.DataObject):
    text = notice(2025)
    at = data.draw(st.integers(0, len(text) - 1))
    cut = data.draw(st.integers(0, 12))
    put = data.draw(st.text("0123456789月日周六（）至、。上班放假年共天", max_size=6))
    try:
        found = parse(text[:at] + put + text[at + cut :])
    except InvalidInputError:
        return
    assert isinstance(found, Notice)
