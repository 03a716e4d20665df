"""A notice that changes one holiday: read on top of the year that is known."""

from __future__ import annotations

from datetime import date

import pytest
from msgspec.structs import replace
from support.notices import ADJUSTMENT, EXTENSION, notice

from registry.errors import InvalidInputError
from responder.calendar_amendment import read
from responder.calendar_notice import parse
from responder.workdays import Calendar, load_calendar

LONGER_2020 = EXTENSION.format(
    year=2020, until="2月2日（农历正月初九，星期日）", then="2月3日（星期一）"
)
LONGER_2026 = EXTENSION.format(year=2026, until="2月25日（星期三）", then="2月26日（星期四）")


def before(year: int, *, off: set[date], work: set[date], number: str) -> Calendar:
    """The packaged calendar as it was before the notice of that year was amended."""
    packaged = load_calendar()
    days = {day for day in packaged.holidays if day.year == year}
    worked = {day for day in packaged.workdays if day.year == year}
    return replace(
        packaged,
        holidays=(packaged.holidays - days) | (days - off),
        workdays=(packaged.workdays - worked) | work,
        notices=tuple((y, number if y == year else n) for y, n in packaged.notices),
    )


def packaged_days(year: int) -> tuple[set[date], set[date]]:
    packaged = load_calendar()
    return (
        {day for day in packaged.holidays if day.year == year},
        {day for day in packaged.workdays if day.year == year},
    )


def test_the_spring_festival_of_2020_made_longer_gives_the_packaged_year():
    off = {date(2020, 1, 31), date(2020, 2, 1), date(2020, 2, 2)}
    work = packaged_days(2020)[1] | {date(2020, 2, 1)}
    base = before(2020, off=off, work=work, number="国办发明电〔2019〕16号")
    found = read(LONGER_2020, base=base)
    assert (set(found.holidays), set(found.workdays)) == packaged_days(2020)
    assert found.number == dict(load_calendar().notices)[2020]
    assert found.by_festival == (("春节", tuple(sorted(off))),)
    assert "2020 年 2 月 1 日原定上班，改为放假" in found.remarks


def test_the_labour_day_of_2019_laid_anew_gives_the_packaged_year():
    off = {date(2019, 5, n) for n in (2, 3, 4)}
    work = packaged_days(2019)[1] - {date(2019, 4, 28), date(2019, 5, 5)}
    base = before(2019, off=off, work=work, number="国办发明电〔2018〕15号")
    found = read(ADJUSTMENT, base=base)
    assert (set(found.holidays), set(found.workdays)) == packaged_days(2019)
    assert found.number == dict(load_calendar().notices)[2019]


def test_a_notice_of_a_whole_year_is_read_as_before():
    assert read(notice(2026), base=load_calendar()) == parse(notice(2026))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("2026年", "2031年", "2031 年的放假安排还没有录入"),
        ("2月25日（星期三）", "2月25日（星期四）", "是周三，写的是周四"),
        ("2月26日（星期四）", "2月27日（星期五）", "不是假期之后的一天"),
        ("2月25日（星期三）", "4月1日（星期三）", "没有可以延长的假期"),
        ("延长2026年春节假期至2月25日", "春节假期至2月25日补休", "读不懂"),
        (
            "一、延长2026年春节假期至2月25日（星期三），2月26日（星期四）起正常上班。",
            "",
            "没有读到",
        ),
    ],
)
def test_what_does_not_agree_is_refused_and_quoted(old: str, new: str, said: str):
    with pytest.raises(InvalidInputError, match=said):
        read(LONGER_2026.replace(old, new), base=load_calendar())
