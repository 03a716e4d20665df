"""A working-day calendar from the packaged one and notices, named by the digest of its days."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from responder.calendar_notice import Notice
from responder.workdays import Calendar

_DECEMBER = 12
_DIGITS = 12  # of the digest, in the calendar's name


def compose(packaged: Calendar, notices: Sequence[Notice]) -> Calendar:
    """The calendar in which each notice holds for its year, the last one of a year.

    Days of the December before, which belong to a new year's holiday, stay with their notice.
    """
    if not notices:
        return packaged
    newest = {notice.year: notice for notice in notices}
    held = {day for day in packaged.holidays if day.year not in newest}
    worked = {day for day in packaged.workdays if day.year not in newest}
    for year, notice in newest.items():
        # 31 December off by the packaged notice of a year that nobody entered again
        if year + 1 not in newest:
            held |= {day for day in packaged.holidays if (day.year, day.month) == (year, _DECEMBER)}
        held |= set(notice.holidays)
        worked |= set(notice.workdays)
    held -= worked
    numbers = dict(packaged.notices) | {year: one.number for year, one in newest.items()}
    made = replace(
        packaged,
        years=packaged.years | frozenset(newest),
        holidays=frozenset(held),
        workdays=frozenset(worked),
        notices=tuple(sorted(numbers.items())),
        earlier={},
    )
    return replace(made, version=f"cn-{max(made.years)}-{_digest(made)[:_DIGITS]}")


def _digest(calendar: Calendar) -> str:
    plain = replace(calendar, version="", earlier={})
    return hashlib.sha256(msgspec.json.encode(plain, order="deterministic")).hexdigest()
