"""Whether our clock is right, by the Date headers of the sites that we visit (时钟核对).

Every deadline hangs on the clock of this machine. One site may be wrong; the middle of several is
not, so nothing is said before three of them were seen within two hours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from statistics import median

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.tables import ClockSampleRow

OFF = timedelta(seconds=60)
_WITNESSES = 3
_FRESH = timedelta(hours=2)


class Skew(Struct, frozen=True):
    """How far our clock is ahead (negative: behind), by how many sites."""

    offset: timedelta
    witnesses: int

    @property
    def off(self) -> bool:
        """Whether that is more than the 60 s that are tolerated."""
        return abs(self.offset) > OFF

    @property
    def sentence(self) -> str:
        """What to do about it."""
        seconds = round(abs(self.offset).total_seconds())
        far = f"{seconds} 秒" if seconds < 600 else f"{seconds // 60} 分钟"  # noqa: PLR2004
        way = "快" if self.offset > timedelta(0) else "慢"
        return (
            f"本机时钟比 {self.witnesses} 个网站的时间{way} {far}，时限判断会跟着出错，"
            "请立即校准时钟（NTP）"
        )


def record(session: Session, host: str, *, offset: timedelta, now: datetime) -> None:
    """What one site's answer said: ``now`` minus its Date header."""
    row = session.get(ClockSampleRow, host[:255])
    if row is None:
        row = ClockSampleRow(host=host[:255])
        session.add(row)
    row.offset_ms, row.at = round(offset.total_seconds() * 1000), now
    session.flush()


def measured(session: Session, *, now: datetime) -> Skew | None:
    """The middle of what the sites said lately; None where too few were seen."""
    rows = session.execute(select(ClockSampleRow.offset_ms, ClockSampleRow.at))
    found = [offset_ms for offset_ms, at in rows if abs(now - at) <= _FRESH]
    if len(found) < _WITNESSES:
        return None
    return Skew(timedelta(milliseconds=median(found)), len(found))
