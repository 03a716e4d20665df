"""What leaves the house: reminders, releases, webhooks (待发箱).

A message is written in the transaction of its cause. Its key makes it once only: writing the same
cause again adds nothing. Who sends it claims it first, for a while: a claim whose time is over is
free again, so that what a dead sender held is sent by another. Delivery is at least once; the key
goes along, so that a receiver can tell a repeat.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import Session

from registry import deliveries
from registry.deliveries import Event
from registry.errors import NotFoundError
from registry.statements import affected, clean, insert_once
from registry.tables import OutboxRow

WAITING, SENT, NOT_SENT, FAILED = "waiting", "sent", "not_sent", "failed"
_LONGEST_CLAIM = timedelta(minutes=10)  # one that ends later was made by a clock that was wrong
_AGAIN = "上一次发送没有留下结果，可能已经送达；用同一编号再发一次"


class Message(Struct, frozen=True):
    """Something to send now. ``attempts`` counts the tries before this one."""

    id: int
    kind: str
    key: str
    payload: dict[str, Any]
    due_at: datetime
    attempts: int
    channel: str = ""
    owner: str = ""
    bundle: str = ""


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
    channel: str = ""
    bundle: str = ""


def put(
    session: Session,
    *,
    kind: str,
    key: str,
    payload: dict[str, Any],
    due_at: datetime,
    now: datetime,
) -> bool:
    """Write a message that is due then; False: that key is there already, nothing is changed.

    ``payload["channel"]`` names the channel that it leaves by.
    """
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
        channel=str(payload.get("channel", ""))[:64],
        owner="",
        claimed_until=None,
        bundle="",
    )
    return insert_once(session, row)


def due(
    session: Session,
    *,
    now: datetime,
    limit: int = 50,
    channel: str | None = None,
    bundle: str | None = None,
) -> list[Message]:
    """Waiting messages that are due, not put off and claimed by nobody.

    By the instant they were due, then by id. ``channel`` and ``bundle`` None: of all of them.
    """
    columns = tuple(getattr(OutboxRow, name) for name in Message.__struct_fields__)
    wanted = [*_free(now), OutboxRow.try_at <= now, OutboxRow.due_at <= now]
    if channel is not None:
        wanted.append(OutboxRow.channel == channel)
    if bundle is not None:
        wanted.append(OutboxRow.bundle == bundle)
    found = session.execute(
        select(*columns).where(*wanted).order_by(OutboxRow.due_at, OutboxRow.id).limit(limit)
    )
    return [Message(*row) for row in found]


def strays(
    session: Session, *, now: datetime, channels: Collection[str], limit: int = 50
) -> list[Message]:
    """Due messages for channels that are not among these (any more)."""
    columns = tuple(getattr(OutboxRow, name) for name in Message.__struct_fields__)
    found = session.execute(
        select(*columns)
        .where(*_free(now), OutboxRow.due_at <= now, OutboxRow.channel.not_in(list(channels)))
        .order_by(OutboxRow.id)
        .limit(limit)
    )
    return [Message(*row) for row in found]


def claim(
    session: Session,
    messages: Sequence[Message],
    *,
    owner: str,
    now: datetime,
    until: datetime,
    bundle: str = "",
) -> None:
    """Take the messages, which :func:`due` gave in this transaction, for sending until then.

    A message whose last claim ended without an outcome is noted as a possible duplicate.
    """
    for message in messages:
        mine = update(OutboxRow).where(OutboxRow.id == message.id, *_free(now))
        affected(session, mine.values(owner=owner, claimed_until=until, bundle=bundle))
        if message.owner:
            deliveries.note(session, message.id, Event.DUPLICATE, now=now, detail=_AGAIN)


def unclaim(session: Session, message_id: int, *, owner: str) -> None:
    """Give it back unsent."""
    mine = update(OutboxRow).where(OutboxRow.id == message_id, OutboxRow.owner == owner)
    affected(session, mine.values(owner="", claimed_until=None))


def split(session: Session, message_id: int) -> None:
    """Let it leave by itself from now on: the bundle that it was in was refused."""
    affected(session, update(OutboxRow).where(OutboxRow.id == message_id).values(bundle=""))


def sent(session: Session, message_id: int, *, now: datetime, detail: str = "") -> None:
    """It was taken by the receiver."""
    _settle(session, message_id, SENT, detail, now=now, done_at=now, tried=1)


def not_sent(session: Session, message_id: int, *, now: datetime, reason: str) -> None:
    """It is not to be sent any more (the matter was settled, or a newer one names it)."""
    _settle(session, message_id, NOT_SENT, reason, now=now, done_at=now, tried=0)


def failed(
    session: Session,
    message_id: int,
    *,
    now: datetime,
    reason: str,
    retry_at: datetime | None,
    owner: str | None = None,
) -> None:
    """This try failed: again at ``retry_at``, or never (None).

    With ``owner`` nothing happens where another one has claimed it meanwhile.
    """
    if retry_at is None:
        _settle(session, message_id, FAILED, reason, now=now, done_at=now, tried=1, owner=owner)
    else:
        _settle(
            session,
            message_id,
            WAITING,
            reason,
            now=now,
            done_at=None,
            tried=1,
            try_at=retry_at,
            owner=owner,
        )


def recent(session: Session, limit: int = 50) -> list[Delivery]:
    """The newest messages in any state, newest first."""
    rows = session.scalars(select(OutboxRow).order_by(OutboxRow.id.desc()).limit(limit))
    return [
        Delivery(**{name: getattr(row, name) for name in Delivery.__struct_fields__})
        for row in rows
    ]


def _free(now: datetime) -> list[ColumnElement[bool]]:
    over = or_(
        OutboxRow.claimed_until.is_(None),
        OutboxRow.claimed_until <= now,
        OutboxRow.claimed_until > now + _LONGEST_CLAIM,
    )
    return [OutboxRow.state == WAITING, over]


_EVENTS = {SENT: Event.SENT, NOT_SENT: Event.NOT_SENT, FAILED: Event.FAILED, WAITING: Event.FAILED}


def _settle(
    session: Session,
    message_id: int,
    state: str,
    detail: str,
    *,
    now: datetime,
    done_at: datetime | None,
    tried: int,
    try_at: datetime | None = None,
    owner: str | None = None,
) -> None:
    values: dict[str, Any] = {
        "state": state,
        "detail": clean(detail, 2000),
        "done_at": done_at,
        "attempts": OutboxRow.attempts + tried,
        "owner": "",
        "claimed_until": None,
    }
    if try_at is not None:
        values["try_at"] = try_at
    # What has left the house stays so: only a waiting message changes.
    waiting = update(OutboxRow).where(OutboxRow.id == message_id, OutboxRow.state == WAITING)
    if owner is not None:
        waiting = waiting.where(OutboxRow.owner == owner)
    if affected(session, waiting.values(**values)):
        deliveries.note(session, message_id, _EVENTS[state], now=now, detail=detail)
        return
    if session.scalar(select(OutboxRow.id).where(OutboxRow.id == message_id)) is None:
        raise NotFoundError(f"待发箱里没有编号 {message_id} 的消息。")
