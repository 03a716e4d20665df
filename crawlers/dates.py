"""Dates and times as Chinese pages write them, found in running text.

Times without a zone are Asia/Shanghai. Forms without a year (``3月5日 09:30``, ``昨天 12:00``,
``5分钟前``) are read relative to ``now``. Every pattern has bounded repeats: linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from typing import Final, TypeAlias

from msgspec import Struct

Value: TypeAlias = datetime | date
SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has one zone and, since 1992, no summer time: a fixed offset is enough for web pages."""

_OLDEST: Final = date(1994, 1, 1)  # no Chinese page is older
_AHEAD: Final = timedelta(days=1)  # clocks of servers differ; a day later is a mistake

_WIDE: Final = str.maketrans("０１２３４５６７８９：－／．", "0123456789:-/.")
_CHINESE_DIGITS: Final = str.maketrans("〇○零一二三四五六七八九", "000123456789")

_TIME: Final = (
    r"(?P<half>凌晨|清晨|早上|上午|中午|下午|傍晚|晚上|晚)?\s{0,2}"
    r"(?P<hour>[01]?\d|2[0-4])\s?[:时点]\s?(?P<minute>[0-5]\d)(?!\d)"
    r"(?:\s?[:分]\s?(?P<second>[0-5]\d)(?!\d)秒?|分)?(?:\.\d{1,9})?"
    r"\s?(?P<meridiem>[AP]M)?(?P<zone>Z|[+-]\d\d:?\d\d)?"
)
_BETWEEN: Final = r"(?:[\s,，T|]{0,4}|\s{0,3}[(（]?(?:星期|周)[一二三四五六日天][)）]?[\s,，]{0,3})"
_FULL: Final = re.compile(
    r"(?<![\d.])(?P<year>19[89]\d|20\d\d)(?:\s{0,2}年\s{0,2}(?P<m1>1[0-2]|0?[1-9])\s{0,2}月\s{0,2}"
    r"(?P<d1>3[01]|[12]\d|0?[1-9])\s{0,2}(?:[日号]|(?!\d))|\s{0,2}(?P<sep>[-/.])\s?(?P<m2>1[0-2]|0?[1-9])\s?(?P=sep)\s?"
    r"(?P<d2>3[01]|[12]\d|0?[1-9])(?!\d|\.\d)|"
    # year and day in elements of their own, as one national agency heads its pages
    r"(?<=\d) {1,2}(?P<m3>1[0-2]|0[1-9])/(?P<d3>3[01]|[12]\d|0[1-9])(?= {1,2}\d\d:))(?:"
    + _BETWEEN
    + _TIME
    + r")?",
    re.IGNORECASE,
)
_COMPACT: Final = re.compile(
    r"(?<!\d)(?P<year>20\d\d)(?P<m1>1[0-2]|0[1-9])(?P<d1>3[01]|[12]\d|0[1-9])"
    r"(?:(?P<hour>[01]\d|2[0-3])(?P<minute>[0-5]\d)(?P<second>[0-5]\d)?)?(?!\d)"
)
_MONTH_DAY: Final = re.compile(
    r"(?<![\d年/.:-])(?P<m1>1[0-2]|0?[1-9])(?:月(?P<d1>3[01]|[12]\d|0?[1-9])日|"
    r"[-/](?P<d2>3[01]|[12]\d|0?[1-9]))" + _BETWEEN + _TIME,
    re.IGNORECASE,
)
_DAY_WORD: Final = re.compile(r"(?P<word>今天|今日|昨天|昨日|前天)\s{0,3}" + _TIME)
_AGO: Final = re.compile(r"(?P<count>\d{1,3}|半)\s?个?(?P<unit>秒钟?|分钟|小时|天)(?:之|以)?前")
_JUST_NOW: Final = re.compile(r"刚刚(?:发布|发表|更新)?")
_NUMERALS: Final = re.compile(
    r"(?P<year>[一二]{1}[〇○零九][〇○零一二三四五六七八九]{2})年"
    r"(?P<month>十[一二]?|[一二三四五六七八九])月(?P<day>[一二三]?十[一二三四五六七八九]?|[一二三四五六七八九])日"
)
_LATE_HALVES: Final = frozenset({"下午", "傍晚", "晚上", "晚"})
_DAYS_BACK: Final = {"今天": 0, "今日": 0, "昨天": 1, "昨日": 1, "前天": 2}
_NOON: Final = 12
_MIDNIGHT: Final = 24


class Found(Struct, frozen=True):
    """A date in a text: its place (code points), its value and the kind of form it had.

    ``value`` is an aware datetime at +08:00 where the time stands with it, else a date.
    ``form`` is ``full``, ``month_day``, ``relative``, ``numerals`` or ``compact``.
    """

    start: int
    end: int
    value: datetime | date
    form: str

    @property
    def exact(self) -> bool:
        """Whether the time of day is known."""
        return isinstance(self.value, datetime)

    @property
    def day(self) -> date:
        """The day in Asia/Shanghai."""
        return self.value.date() if isinstance(self.value, datetime) else self.value


def find_dates(text: str, now: datetime) -> list[Found]:
    """All plausible dates in ``text`` (between 1994 and a day after ``now``), in their order."""
    text = text.translate(_WIDE)
    found: list[Found] = []
    taken: list[tuple[int, int]] = []
    for item in _candidates(text, now):
        if any(start < item.end and item.start < end for start, end in taken[-200:]):
            continue
        taken.append((item.start, item.end))
        if _OLDEST <= item.day <= (now.astimezone(SHANGHAI) + _AHEAD).date():
            found.append(item)
    return sorted(found, key=lambda item: item.start)


def parse_stamp(text: str, now: datetime) -> Value | None:
    """The first date in a short field such as a meta tag, an attribute or a table cell."""
    text = text.strip()[:200]
    if found := find_dates(text, now):
        return found[0].value
    if (match := _COMPACT.fullmatch(text)) and (value := _value(match)) is not None:
        day = value.date() if isinstance(value, datetime) else value
        return value if _OLDEST <= day <= (now.astimezone(SHANGHAI) + _AHEAD).date() else None
    return None


def instant(value: datetime | date) -> datetime:
    """The instant in UTC; a day stands for its 00:00 in Asia/Shanghai."""
    if isinstance(value, datetime):
        return value.astimezone(UTC)
    return datetime(value.year, value.month, value.day, tzinfo=SHANGHAI).astimezone(UTC)


def _candidates(text: str, now: datetime) -> Iterator[Found]:
    local = now.astimezone(SHANGHAI)
    forms: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], Value | None]], ...] = (
        ("full", _FULL, _value),
        ("numerals", _NUMERALS, _numerals),
        ("month_day", _MONTH_DAY, partial(_recent, local=local)),
        ("relative", _DAY_WORD, partial(_day_word, local=local)),
        ("relative", _AGO, partial(_ago, local=local)),
        ("relative", _JUST_NOW, lambda _: local),
    )
    for form, pattern, read in forms:
        for match in pattern.finditer(text):
            if (value := read(match)) is not None:
                yield Found(match.start(), match.end(), value, form)


def _value(match: re.Match[str], year: int | None = None) -> Value | None:
    groups = match.groupdict()
    month = groups.get("m1") or groups.get("m2") or groups.get("m3")
    day = groups.get("d1") or groups.get("d2") or groups.get("d3")
    try:
        value = date(year or int(groups["year"]), int(month or 0), int(day or 0))
    except ValueError:
        return None
    return _at(value, match) if groups.get("hour") else value


def _recent(match: re.Match[str], local: datetime) -> Value | None:
    """A month and day without a year: the latest such day that is not ahead of now."""
    for year in (local.year, local.year - 1):
        value = _value(match, year)
        if isinstance(value, datetime) and value <= local + _AHEAD:
            return value
    return None


def _day_word(match: re.Match[str], local: datetime) -> datetime | None:
    return _at(local.date() - timedelta(days=_DAYS_BACK[match["word"]]), match)


def _at(day: date, match: re.Match[str]) -> datetime | None:
    groups = match.groupdict()
    hour, minute = int(groups["hour"]), int(groups["minute"])
    late = groups.get("half") in _LATE_HALVES or (groups.get("meridiem") or "").upper() == "PM"
    if late and hour < _NOON:
        hour += _NOON
    elif (groups.get("meridiem") or "").upper() == "AM" and hour == _NOON:
        hour = 0
    if hour == _MIDNIGHT:
        hour, day = 0, day + timedelta(days=1)
    value = datetime(
        day.year,
        day.month,
        day.day,
        hour,
        minute,
        int(groups.get("second") or 0),
        tzinfo=_zone(groups.get("zone")),
    )
    return value.astimezone(SHANGHAI)


def _zone(text: str | None) -> timezone:
    if not text:
        return SHANGHAI
    if text.upper() == "Z":
        return timezone.utc  # noqa: UP017  # the type says timezone, not tzinfo
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 14 or minutes > 59:  # noqa: PLR2004
        return SHANGHAI
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(-offset if text[0] == "-" else offset)


def _ago(match: re.Match[str], local: datetime) -> Value:
    count = 0.5 if match["count"] == "半" else int(match["count"])
    unit = match["unit"]
    if unit == "天":
        return (local - timedelta(days=count)).date()
    seconds = count * {"分钟": 60, "小时": 3600}.get(unit, 1)
    return local - timedelta(seconds=seconds)


def _numerals(match: re.Match[str]) -> date | None:
    year = match["year"].translate(_CHINESE_DIGITS)
    try:
        return date(int(year), _number(match["month"]), _number(match["day"]))
    except ValueError:
        return None


def _number(text: str) -> int:
    """一 to 三十一."""
    tens, ten, ones = text.rpartition("十")
    if not ten:
        return int(text.translate(_CHINESE_DIGITS))
    return (int(tens.translate(_CHINESE_DIGITS)) if tens else 1) * 10 + (
        int(ones.translate(_CHINESE_DIGITS)) if ones else 0
    )
