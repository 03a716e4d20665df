"""What happened to each message that leaves the house, event by event (发送记录).

A message's row says how it stands; this log says how it came to that, so that afterwards nobody
needs to guess whether a person was told.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from registry.statements import chunks, clean
from registry.tables import DeliveryEventRow


class Event(StrEnum):
    """What can happen to a message."""

    SENT = "sent"
    NOT_SENT = "not_sent"
    FAILED = "failed"
    DUPLICATE = "duplicate"


EVENT_NAMES = {
    Event.SENT: "已发",
    Event.NOT_SENT: "没有发，因为",
    Event.FAILED: "没有送达",
    Event.DUPLICATE: "重复",
}


class Happening(Struct, frozen=True):
    """One event of one message."""

    message: int
    at: datetime
    event: str
    detail: str


def note(
    session: Session, messages: Sequence[int], event: Event, *, now: datetime, detail: str = ""
) -> None:
    """Write that this happened to each of the messages."""
    said = clean(detail, 2000)
    rows = [
        {"message": message, "at": now, "event": event.value, "detail": said}
        for message in messages
    ]
    if rows:
        session.execute(insert(DeliveryEventRow), rows)


def of(session: Session, messages: Sequence[int]) -> dict[int, list[Happening]]:
    """What happened to each of those messages, oldest first."""
    found: dict[int, list[Happening]] = {}
    for some in chunks(messages):
        rows = session.scalars(
            select(DeliveryEventRow)
            .where(DeliveryEventRow.message.in_(some))
            .order_by(DeliveryEventRow.id)
        )
        for row in rows:
            happening = Happening(row.message, row.at, row.event, row.detail)
            found.setdefault(row.message, []).append(happening)
    return found
