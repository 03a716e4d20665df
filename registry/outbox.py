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
from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from registry import deliveries
from registry.deliveries import Event
from registry.errors import NotFoundError
from registry.statements import affected, chunks, clean
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


class Draft(Struct, frozen=True):
    """Something to be written, due then; ``payload["channel"]`` is the channel that it leaves by.

    ``key`` makes it once only.
    """

    kind: str
    key: str
    payload: dict[str, Any]
    due_at: datetime


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
    return bool(put_all(session, [Draft(kind, key, payload, due_at)], now=now))


def put_all(session: Session, drafts: Sequence[Draft], *, now: datetime) -> set[str]:
    """Write those whose keys are not there yet; returns the keys of what is new."""
    put_: set[str] = set()
    for some in chunks(list({draft.key: draft for draft in drafts}.values())):
        keys = [draft.key for draft in some]
        there = set(session.scalars(select(OutboxRow.key).where(OutboxRow.key.in_(keys))))
        fresh = [draft for draft in some if draft.key not in there]
        if _insert(session, fresh, now):
            put_.update(draft.key for draft in fresh)
        else:  # another was quicker with one of them
            put_.update(draft.key for draft in fresh if _insert(session, [draft], now))
    return put_


def _insert(session: Session, drafts: Sequence[Draft], now: datetime) -> bool:
    rows = [
        {
            "kind": draft.kind,
            "key": draft.key,
            "payload": draft.payload,
            "state": WAITING,
            "due_at": draft.due_at,
            "try_at": draft.due_at,
            "created_at": now,
            "attempts": 0,
            "detail": "",
            "channel": str(draft.payload.get("channel", ""))[:64],
            "owner": "",
            "bundle": "",
        }
        for draft in drafts
    ]
    try:
        if rows:
            with session.begin_nested():
                session.execute(insert(OutboxRow), rows)
    except IntegrityError:
        return False
    return True


def due(
    session: Session,
    *,
    now: datetime,
    limit: int = 50,
    channel: str | None = None,
    bundle: str | None = None,
) -> list[Message]:
    """Waiting messages that are due, not put off and claimed by nobody.

    By the instant they were due, then by id. ``channel`` None: of all of them. With ``bundle`` all
    that wait in it: they were due together.
    """
    columns = tuple(getattr(OutboxRow, name) for name in Message.__struct_fields__)
    wanted = _free(now)
    if channel is not None:
        wanted.append(OutboxRow.channel == channel)
    if bundle is None:
        wanted += [OutboxRow.try_at <= now, OutboxRow.due_at <= now]
    else:  # whole, though a clock that was set back says that some are not due: one key names all
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
    numbers = [message.id for message in messages]
    mine = update(OutboxRow).where(OutboxRow.id.in_(numbers), *_free(now))
    affected(session, mine.values(owner=owner, claimed_until=until, bundle=bundle))
    again = [message.id for message in messages if message.owner]
    deliveries.note(session, again, Event.DUPLICATE, now=now, detail=_AGAIN)


def unclaim(session: Session, messages: Sequence[int], *, owner: str) -> None:
    """Give those back unsent."""
    mine = update(OutboxRow).where(OutboxRow.id.in_(messages), OutboxRow.owner == owner)
    affected(session, mine.values(owner="", claimed_until=None))


def split(session: Session, messages: Sequence[int]) -> None:
    """Let each leave by itself from now on: the bundle that they were in was refused."""
    them = update(OutboxRow).where(OutboxRow.id.in_(messages))
    affected(session, them.values(bundle=""))


def sent(
    session: Session, messages: int | Sequence[int], *, now: datetime, detail: str = ""
) -> None:
    """Taken by the receiver: one, or those that left together."""
    _settle(session, messages, SENT, detail, now=now, done_at=now, tried=1)


def not_sent(
    session: Session, messages: int | Sequence[int], *, now: datetime, reason: str
) -> None:
    """Not to be sent any more (the matter was settled, or a newer one names it)."""
    _settle(session, messages, NOT_SENT, reason, now=now, done_at=now, tried=0)


def failed(
    session: Session,
    messages: int | Sequence[int],
    *,
    now: datetime,
    reason: str,
    retry_at: datetime | None,
    owner: str | None = None,
) -> None:
    """This try failed: again at ``retry_at``, or never (None).

    With ``owner`` nothing happens where another one has claimed it meanwhile.
    """
    state, done_at = (FAILED, now) if retry_at is None else (WAITING, None)
    _settle(
        session,
        messages,
        state,
        reason,
        now=now,
        done_at=done_at,
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
    messages: int | Sequence[int],
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
    wanted = [messages] if isinstance(messages, int) else list(messages)
    # What has left the house stays so: only a waiting message changes.
    waiting = update(OutboxRow).where(OutboxRow.id.in_(wanted), OutboxRow.state == WAITING)
    if owner is not None:
        waiting = waiting.where(OutboxRow.owner == owner)
    settled = session.scalars(
        waiting.values(**values).returning(OutboxRow.id),
        execution_options={"synchronize_session": "fetch"},
    ).all()
    deliveries.note(session, sorted(settled), _EVENTS[state], now=now, detail=detail)
    missing = set(wanted) - set(settled)
    if missing:
        missing -= set(session.scalars(select(OutboxRow.id).where(OutboxRow.id.in_(missing))))
    if missing:
        raise NotFoundError(f"待发箱里没有编号 {min(missing)} 的消息。")
