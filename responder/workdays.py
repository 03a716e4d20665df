"""Working days by the State Council's calendar with 调休 (工作日).

The first day is not counted and the last ends at 24:00 Asia/Shanghai (民法典 201, 203, by analogy).
The calendar is data and ends somewhere: outside it a day counts by Monday to Friday and the answer
is *provisional* (暂定). Nothing here raises for a date, and the hour clocks never come here.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from posts.errors import reason_of
from registry.errors import InvalidInputError
from responder.wording import toml_fault

SHANGHAI = ZoneInfo("Asia/Shanghai")
_PACKAGED = Path(__file__).parent / "calendar" / "cn.toml"
_FRIDAY = 4


class Calendar(Struct, frozen=True, kw_only=True):
    """Days off and weekend days that are worked, for the years that notices cover."""

    version: str
    years: frozenset[int]
    holidays: frozenset[date]
    workdays: frozenset[date]
    notices: tuple[tuple[int, str], ...] = ()
    earlier: Mapping[str, Calendar] = {}

    def pinned(self, version: str) -> Calendar:
        """The calendar of that version, this one where it is not known."""
        return self if version == self.version else self.earlier.get(version, self)

    def covers(self, day: date) -> bool:
        """Whether a notice for the day's year is in the calendar."""
        return day.year in self.years

    def is_workday(self, day: date) -> bool:
        """Whether the day is worked; Monday to Friday where no notice says anything."""
        if day in self.workdays:
            return True
        return day.weekday() <= _FRIDAY and day not in self.holidays

    def add(self, day: date, days: int) -> tuple[date, bool]:
        """The ``days``-th working day after ``day`` and whether it is provisional."""
        provisional = False
        while days > 0 and day < date.max:
            day += timedelta(days=1)
            provisional = provisional or not self.covers(day)
            days -= self.is_workday(day)
        return day, provisional

    def due(self, start: datetime, days: int) -> tuple[datetime, bool]:
        """The end (24:00 Asia/Shanghai) of the ``days``-th working day after ``start``, in UTC."""
        last, provisional = self.add(start.astimezone(SHANGHAI).date(), days)
        midnight = datetime.combine(last, time(), SHANGHAI) + timedelta(days=1)
        return midnight.astimezone(UTC), provisional


@cache
def load_calendar(path: Path = _PACKAGED) -> Calendar:
    """The calendar in that file, by default the one that comes with the service.

    Raises InvalidInputError naming the file and what is wrong.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidInputError(f"读不到工作日历 {path}：{reason_of(error)}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInputError(f"工作日历 {path} {toml_fault(error)}") from error
    years: list[dict[str, Any]] = data.get("year", [])
    holidays: set[date] = set()
    workdays: set[date] = set()
    for entry in years:
        year = entry.get("year")
        for key, days in (("holidays", holidays), ("workdays", workdays)):
            for day in entry.get(key, []):
                if type(day) is not date or day.year != year:
                    raise InvalidInputError(f"工作日历 {path}：{year} 年 {key} 中的 {day} 不对")
                days.add(day)
    both = holidays & workdays
    if both:
        raise InvalidInputError(f"工作日历 {path}：{min(both)} 既放假又上班")
    return Calendar(
        version=str(data.get("version", path.stem)),
        years=frozenset(entry["year"] for entry in years),
        holidays=frozenset(holidays),
        workdays=frozenset(workdays),
        notices=tuple((entry["year"], str(entry.get("notice", ""))) for entry in years),
    )
