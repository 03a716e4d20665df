"""What leaves the house: reminders, releases, webhooks (待发箱).

A message is written in the transaction of its cause. Its key makes it once only: writing the same
cause again adds nothing. Delivery is at least once; the key goes along, so that a receiver can
tell a repeat.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from registry.errors import NotFoundError
from registry.statements import affected, clean, insert_once
from registry.tables import OutboxRow

WAITING, SENT, NOT_SENT, FAILED = "waiting", "sent", "not_sent", "failed"


class Message(Struct, frozen=True):
    """Something to send now. ``attempts`` counts the tries before this one."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any]
    due_at: datetime
    attempts: int


class Delivery(Struct, frozen=True):
    """What became of a message: ``waiting``, ``sent``, ``not_sent`` or ``failed``, and why."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any]
    state: str
    due_at: datetime
    try_at: datetime
    attempts: int
    detail: str
    created_at: datetime
    done_at: datetime | None


def put(
    session: Session,
    *,
    kind: str,
    key: str,
    payload: dict[str, Any],
    due_at: datetime,
    now: datetime,
) -> bool:
    """Write a message that is due then; False: that key is there already, nothing is changed."""
    if session.scalar(select(OutboxRow.id).where(OutboxRow.key == key)) is not None:
        return False
    row = OutboxRow(
        kind=kind,
        key=key,
        payload=payload,
        state=WAITING,
        due_at=due_at,
        try_at=due_at,
        created_at=now,
        attempts=0,
        detail="",
        done_at=None,
    )
    return insert_once(session, row)


def due(session: Session, *, now: datetime, limit: int = 50) -> list[Message]:
    """Waiting messages that are due and not put off, by the instant they were due, then by id."""
    columns = (
        OutboxRow.id,
        OutboxRow.kind,
        OutboxRow.key,
        OutboxRow.payload,
        OutboxRow.due_at,
        OutboxRow.attempts,
    )
    found = session.execute(
        select(*columns)
        .where(OutboxRow.state == WAITING, OutboxRow.try_at <= now, OutboxRow.due_at <= now)
        .order_by(OutboxRow.due_at, OutboxRow.id)
        .limit(limit)
    )
    return [Message(*row) for row in found]


def sent(session: Session, message_id: int, *, now: datetime, detail: str = "") -> None:
    """It was taken by the receiver."""
    _settle(session, message_id, SENT, detail, done_at=now, tried=1)


def not_sent(session: Session, message_id: int, *, now: datetime, reason: str) -> None:
    """It is not to be sent any more (the matter was settled, or a newer one names it)."""
    _settle(session, message_id, NOT_SENT, reason, done_at=now, tried=0)


def failed(
    session: Session, message_id: int, *, now: datetime, reason: str, retry_at: datetime | None
) -> None:
    """This try failed: again at ``retry_at``, or never (None)."""
    if retry_at is None:
        _settle(session, message_id, FAILED, reason, done_at=now, tried=1)
    else:
        _settle(session, message_id, WAITING, reason, done_at=None, tried=1, try_at=retry_at)


def recent(session: Session, limit: int = 50) -> list[Delivery]:
    """The newest messages in any state, newest first."""
    rows = session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(limit))
    return [
        Delivery(
            id=row.id,
            kind=row.kind,
            key=row.key,
            payload=row.payload,
            state=row.state,
            due_at=row.due_at,
            try_at=row.try_at,
            attempts=row.attempts,
            detail=row.detail,
            created_at=row.created_at,
            done_at=row.done_at,
        )
        for row in rows
    ]


def _settle(
    session: Session,
    message_id: int,
    state: str,
    detail: str,
    *,
    done_at: datetime | None,
    tried: int,
    try_at: datetime | None = None,
) -> None:
    values: dict[str, Any] = {
        "state": state,
        "detail": clean(detail, 2000),
        "done_at": done_at,
        "attempts": OutboxRow.attempts + tried,
    }
    if try_at is not None:
        values["try_at"] = try_at
    # What has left the house stays so: only a waiting message changes.
    waiting = update(OutboxRow).where(OutboxRow.id == message_id, OutboxRow.state == WAITING)
    if affected(session, waiting.values(**values)):
        return
    if session.scalar(select(OutboxRow.id).where(OutboxRow.id == message_id)) is None:
        raise NotFoundError(f"待发箱里没有编号 {message_id} 的消息。")
