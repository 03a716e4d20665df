"""What befell a notice beside its sending (通知日志): duplicate, escalated, no way to reach.

*sent* and *not sent because …* stand with the messages themselves, see registry/outbox.py.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import changes
from registry.statements import clean
from registry.tables import NoticeLogRow

DUPLICATE, ESCALATED, ACKNOWLEDGED = "duplicate", "escalated", "acknowledged"
UNREACHED = "unreached"
WORDS = {
    DUPLICATE: "重复，未另发",
    ESCALATED: "已升级",
    ACKNOWLEDGED: "已确认",
    UNREACHED: "通知不到",
}


class Line(Struct, frozen=True, kw_only=True):
    """One line of the log."""

    id: int
    at: datetime
    word: str
    text: str
    alert: int | None
    incident: int | None


def write(
    session: Session,
    word: str,
    text: str,
    *,
    now: datetime,
    alert: int | None = None,
    incident: int | None = None,
) -> None:
    """Add a line."""
    row = NoticeLogRow(at=now, word=word, text=clean(text, 1000), alert=alert, incident=incident)
    session.add(row)
    session.flush()
    changes.note(session, "notice", f"log:{row.id}", now=now)


def recent(
    session: Session, limit: int = 50, *, alert: int | None = None, incident: int | None = None
) -> list[Line]:
    """The newest lines, newest first; of one alert or incident where it is given."""
    wanted = select(NoticeLogRow).order_by(NoticeLogRow.id.desc()).limit(limit)
    if alert is not None:
        wanted = wanted.where(NoticeLogRow.alert == alert)
    if incident is not None:
        wanted = wanted.where(NoticeLogRow.incident == incident)
    return [
        Line(**{name: getattr(row, name) for name in Line.__struct_fields__})
        for row in session.scalars(wanted)
    ]
