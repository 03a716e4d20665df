"""Cells become fields: ids, texts, times in the many forms in which people write them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import Any

from posts.identity import SHANGHAI

_WRITTEN = re.compile(
    r"""(?P<year>\d{4})\s*[-/.年]\s*(?P<month>\d{1,2})\s*[-/.月]\s*(?P<day>\d{1,2})\s*日?
    (?:\s*(?:星期|周)[一二三四五六日天])?
    (?:[T\s]*(?P<half>上午|下午|中午|晚上|凌晨)?\s*
       (?P<hour>\d{1,2})\s*[:：时点]\s*(?P<minute>\d{1,2})?\s*分?
       (?:\s*[:：]?\s*(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,9}))?\s*秒?)?)?
    \s*(?P<zone>Z|UTC|[+-]\d{2}:?\d{2}|[+-]\d{2})?""",
    re.VERBOSE | re.IGNORECASE,
)
_COMPACT = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2})?)?")
_EPOCH_S = (100_000_000, 100_000_000_000)
_EPOCH_MS = (100_000_000_000, 100_000_000_000_000)
_EXCEL_DAYS = (20_000, 80_000)  # 1954 to 2119
_EXCEL_ZERO = datetime(1899, 12, 30, tzinfo=SHANGHAI)
_NOON = 12
_MIDNIGHT = 24
_FORMS = "2019-02-28 11:25:05、2019/2/28 11:25、2019年2月28日、ISO 8601、纪元秒或毫秒"


class UnfitValueError(ValueError):
    """A value that a field can't take; the message is Chinese."""


def parse_time(value: object) -> datetime | date | None:
    """An aware instant, a day, or None for an empty cell; without a zone: Asia/Shanghai.

    Takes text in many forms, seconds and milliseconds since 1970, Excel's datetimes and serial
    days. Raises UnfitValueError with a Chinese reason.
    """
    try:
        return _parse(value)
    except (OverflowError, OSError) as error:
        raise UnfitValueError(f"时间「{str(value)[:60]}」超出范围") from error


def _parse(value: object) -> datetime | date | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return _from_excel(value)
    if isinstance(value, date):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnfitValueError(f"时间应为文字或数字，这里是「{str(value)[:60]}」")
    if isinstance(value, str):
        text = value.strip()
        return _from_text(text) if text else None
    return _from_number(float(value), str(value))


def _from_excel(value: datetime) -> datetime | date:
    if value.tzinfo is not None:
        return value
    # A cell with a date format comes as midnight: it states the day only.
    return value.date() if value.time() == time() else value.replace(tzinfo=SHANGHAI)


def _from_number(number: float, shown: str) -> datetime | date:
    if _EPOCH_S[0] <= number < _EPOCH_S[1]:
        return datetime.fromtimestamp(number, UTC)
    if _EPOCH_MS[0] <= number < _EPOCH_MS[1]:
        return datetime.fromtimestamp(number / 1000, UTC)
    if _EXCEL_DAYS[0] <= number < _EXCEL_DAYS[1]:
        at = _EXCEL_ZERO + timedelta(seconds=round(number * 86_400))
        return at.date() if number == int(number) else at
    raise UnfitValueError(f"数字「{shown[:60]}」不像时间（应为纪元秒、毫秒或 Excel 日期）")


def _from_text(text: str) -> datetime | date:
    compact = _COMPACT.fullmatch(text)
    if compact:
        year, month, day, hour, minute, second = (int(part or 0) for part in compact.groups())
        if compact[4] is None:
            return _date(text, year, month, day)
        return _instant(text, _date(text, year, month, day), hour, minute, second)
    if re.fullmatch(r"\d{5,14}(\.\d+)?", text):
        return _from_number(float(text), text)
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return _from_mail(text)
    stated = _date(text, int(match["year"]), int(match["month"]), int(match["day"]))
    if match["hour"] is None:
        return stated
    hour = int(match["hour"])
    if match["half"] in ("下午", "晚上") and hour < _NOON:
        hour += _NOON
    at = _instant(text, stated, hour, int(match["minute"] or 0), int(match["second"] or 0))
    micro = int((match["fraction"] or "").ljust(6, "0")[:6])
    return at.replace(microsecond=micro, tzinfo=_zone(text, match["zone"]))


def _date(text: str, year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise UnfitValueError(f"时间「{text[:60]}」里没有这一天") from error


def _instant(text: str, day: date, hour: int, minute: int, second: int) -> datetime:
    later = hour == _MIDNIGHT and minute == second == 0  # 24:00 ends a day
    try:
        at = datetime.combine(day, time(0 if later else hour, minute, second), SHANGHAI)
    except ValueError as error:
        raise UnfitValueError(f"时间「{text[:60]}」里没有这个钟点") from error
    return at + timedelta(days=1) if later else at


def _zone(text: str, written: str | None) -> Any:
    if not written:
        return SHANGHAI
    if written.upper() in ("Z", "UTC"):
        return UTC
    digits = written[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset >= timedelta(days=1):
        raise UnfitValueError(f"时间「{text[:60]}」的时区看不懂")
    return timezone(-offset if written[0] == "-" else offset)


def _from_mail(text: str) -> datetime:
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError) as error:
        raise UnfitValueError(f"时间「{text[:60]}」看不懂，支持：{_FORMS}") from error
    return at if at.tzinfo is not None else at.replace(tzinfo=SHANGHAI)


def parse_text(value: object) -> str:
    """A text cell; numbers are written out. Raises UnfitValueError with a Chinese reason."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | date):
        raise UnfitValueError(f"这里应为文字，不是「{str(value)[:60]}」")
    return parse_id(value) or "" if isinstance(value, int | float) else str(value)


def parse_id(value: object) -> str | None:
    """An id: text or number (a workbook's 188006.0 is 188006); None for an empty cell.

    Raises UnfitValueError with a Chinese reason.
    """
    if value is None:
        return None
    if isinstance(value, str):
        return value.strip() or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise UnfitValueError(f"编号应为文字或数字，这里是「{str(value)[:60]}」")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
