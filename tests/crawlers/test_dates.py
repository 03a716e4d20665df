from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from crawlers.dates import SHANGHAI, find_dates, instant, parse_stamp

NOW = datetime(2024, 3, 5, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2024年3月5日 09:30", at(2024, 3, 5, 9, 30)),
        ("2024年03月05日09:30:15", at(2024, 3, 5, 9, 30, 15)),
        ("2024-03-05 09:30:00", at(2024, 3, 5, 9, 30)),
        ("发布时间：2024/3/5 9:30", at(2024, 3, 5, 9, 30)),
        ("２０２４年３月５日　０９：３０", at(2024, 3, 5, 9, 30)),
        ("2024-03-04T22:30:00Z", at(2024, 3, 5, 6, 30)),
        ("2024-03-05T09:30:00.123+08:00", at(2024, 3, 5, 9, 30)),
        ("2024.03.05", date(2024, 3, 5)),
        ("2024年3月5日", date(2024, 3, 5)),
        ("2024年3月4日 下午3时20分", at(2024, 3, 4, 15, 20)),
        ("2024-03-04 星期一 21:05", at(2024, 3, 4, 21, 5)),
        ("2005年09月07日 11:57 PM", at(2005, 9, 7, 23, 57)),
        ("二〇二四年三月五日", date(2024, 3, 5)),
        ("二〇二三年十二月三十一日", date(2023, 12, 31)),
        ("03-05 09:30", at(2024, 3, 5, 9, 30)),
        ("11-20 09:15", at(2023, 11, 20, 9, 15)),
        ("3月4日 22:10", at(2024, 3, 4, 22, 10)),
        ("今天 09:30", at(2024, 3, 5, 9, 30)),
        ("昨天 23:59", at(2024, 3, 4, 23, 59)),
        ("5分钟前", at(2024, 3, 5, 11, 55)),
        ("半小时前", at(2024, 3, 5, 11, 30)),
        ("3天前", date(2024, 3, 2)),
        ("20240305093000", at(2024, 3, 5, 9, 30)),
    ],
)
def test_forms_of_chinese_pages(text, value):
    assert parse_stamp(text, NOW) == value


@pytest.mark.parametrize(
    "text",
    ["2024年13月5日", "2024-02-30", "2025-01-01", "1890-01-01", "192.168.1.20", "13812345678",
     "第2024号", "版本 2.3.5", "12:30", "3-5人", "2023-2024", ""],
)  # fmt: skip
def test_what_is_no_date_or_lies_ahead_is_none(text):
    assert parse_stamp(text, NOW) is None


def test_several_dates_come_in_order_with_their_places():
    text = "来源 2024-03-01 10:00 更新 2024-03-02 11:00"
    first, second = find_dates(text, NOW)
    assert (first.day, second.day) == (date(2024, 3, 1), date(2024, 3, 2))
    assert text[first.start : first.end].startswith("2024-03-01 10:00")


def test_a_day_stands_for_its_first_moment_in_shanghai():
    assert instant(date(2024, 3, 5)) == datetime(2024, 3, 4, 16, 0, tzinfo=UTC)
