"""The channels by which people are told, and how each of them fares (通知渠道)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry import changes, outbox
from registry.errors import NotFoundError
from registry.statements import affected, clean
from registry.tables import ChannelRow

UNTRIED, OK, FAILING = "untried", "ok", "failing"


class Channel(Struct, frozen=True):
    """A channel: ``untried``, ``ok`` or ``failing``, since when, and what it said last.

    ``to`` are the targets whom it is for (在班:值班员, 角色:分管领导, 用户:…, 单位:…); empty:
    everyone.
    """

    name: str
    kind: str
    state: str
    since: datetime
    sent_at: datetime | None
    failures: int
    detail: str
    to: tuple[str, ...] = ()


def announce(
    session: Session,
    kinds: Mapping[str, str],
    *,
    now: datetime,
    bound: Mapping[str, Sequence[str]] | None = None,
) -> None:
    """These are the channels now, by name and kind, and whom they are for; others are gone."""
    gone = delete(ChannelRow).where(ChannelRow.name.not_in(list(kinds)))
    affected(session, gone)
    for name, kind in kinds.items():
        row = session.get(ChannelRow, name)
        if row is None:
            row = ChannelRow(
                name=name, kind=kind, state=UNTRIED, since=now, sent_at=None, failures=0, detail=""
            )
            session.add(row)
        row.kind = kind
        row.bound = "\n".join((bound or {}).get(name, ())) or None
    session.flush()


def report(session: Session, name: str, *, failure: str, now: datetime) -> None:
    """How the last sending went; ``failure`` "" is a success. Unknown names are ignored."""
    row = session.get(ChannelRow, name)
    if row is None:
        return
    state = FAILING if failure else OK
    if row.state != state:
        row.state, row.since = state, now
        changes.note(session, "notice", f"channel:{name}", now=now)
    row.failures = row.failures + 1 if failure else 0
    row.detail = clean(failure, 500)
    if not failure:
        row.sent_at = now
    session.flush()


def try_out(session: Session, name: str, *, by: str, now: datetime) -> str:
    """Put a test message into the outbox, to leave like any other; returns its key.

    Raises NotFoundError for a channel that is not there.
    """
    get(session, name)
    key = f"test:{now:%Y%m%dT%H%M%S%f}:{name}"
    text = f"【测试】这是{by}试发的一条消息，收到说明渠道“{name}”是通的，不需要处置。"
    payload = {"title": "舆情台测试消息", "text": text, "channel": name}
    outbox.put(session, kind="test", key=key, payload=payload, due_at=now, now=now)
    changes.note(session, "notice", key, now=now)
    return key


def bindings(session: Session) -> dict[str, tuple[str, ...]]:
    """The channels that are not for everyone, with the targets whom they are for."""
    found = session.execute(
        select(ChannelRow.name, ChannelRow.bound).where(ChannelRow.bound.is_not(None))
    )
    return {row.name: tuple(row.bound.splitlines()) for row in found}


def everything(session: Session) -> list[Channel]:
    """All channels by name."""
    return [_channel(row) for row in session.scalars(select(ChannelRow).order_by(ChannelRow.name))]


def get(session: Session, name: str) -> Channel:
    """The channel. Raises NotFoundError that lists the names."""
    row = session.get(ChannelRow, name)
    if row is None:
        known = "、".join(one.name for one in everything(session)) or "（无，服务还没有启动过）"
        raise NotFoundError(f"没有名为“{name}”的通知渠道。已有：{known}。")
    return _channel(row)


def _channel(row: ChannelRow) -> Channel:
    fields = {name: getattr(row, name) for name in Channel.__struct_fields__ if name != "to"}
    return Channel(**fields, to=tuple((row.bound or "").splitlines()))
