"""A clock of this machine that jumps (时钟跳变): told, and what was told too early is told again.

While a clock is fast, reminders, escalations and digests leave whose time has not come, and their
keys are used up. Once the clock is right again those keys are freed, so that each is told at its
own instant; what waits for an instant that is far away is taken up at once. Deadlines never moved.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from registry import outbox
from registry.statements import affected
from registry.tables import OutboxRow
from responder import addressees, alerts
from responder.tables import AlertRow
from responder.telling import CONSOLE, Telling, tell
from responder.wording import span

KIND = "clock"
SLACK = timedelta(seconds=60)  # less than that is a clock that is kept right
FREED = "~"  # in the key of what was told too early
_ONCE = frozenset({"alert", "test", "service", KIND})  # told when it happened, not at an instant
_TO = ("在班:值班员", "角色:管理员")
_EARLY = "本机时钟曾走快，这条提前了；到时另发"


class Jump(Struct, frozen=True):
    """How far the clock went, negative: back; and the messages of a time that is still to come."""

    by: timedelta
    early: tuple[int, ...] = ()
    alerts: tuple[int, ...] = ()


class SetBack:
    """The first of the planners: those after it look again at what it has freed."""

    def __init__(self, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._channels: tuple[str, ...] = (CONSOLE,)
        self._last: tuple[datetime, float] | None = None
        self._looking: tuple[datetime, float] | None = None

    def on(self, channels: tuple[str, ...]) -> SetBack:
        """The same, for these channels."""
        self._channels = channels
        return self

    def wanted(self, session: Session, now: datetime) -> list[Jump]:
        """The jump since the last look; at the first look what an earlier process left."""
        tick = self._monotonic()
        last, self._looking = self._last, (now, tick)
        if last is None:
            found = _ahead(session, now)
            return [found] if found.early or found.alerts else []
        by = now - last[0]
        if by < -SLACK:
            return [Jump(by, *_ahead_of(session, now))]
        if by < timedelta(0):  # a small step: many of them are not forgotten
            self._looking = last
        forward = by - timedelta(seconds=tick - last[1])
        return [Jump(forward)] if forward > SLACK else []

    def put(self, session: Session, wanted: Sequence[Jump], *, now: datetime) -> int:
        """Free what was told too early, take up what would wait too long, and say so."""
        tellings = []
        for jump in wanted:
            _free(session, jump.early, now)
            waiting = update(AlertRow).where(AlertRow.id.in_(jump.alerts))
            affected(session, waiting.values(waiting_since=now))
            tellings.append(_telling(session, jump, now))
        return len(tell(session, tellings, channels=self._channels, now=now))

    def done(self) -> None:
        """What was wanted is committed."""
        self._last = self._looking


def _ahead(session: Session, now: datetime) -> Jump:
    newest = session.scalar(
        select(OutboxRow.created_at).where(OutboxRow.created_at > now + SLACK).limit(1)
    )
    return Jump(now - (newest or now), *_ahead_of(session, now))


def _ahead_of(session: Session, now: datetime) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The messages and the alerts that stand in a time that is still to come."""
    limit = now + SLACK
    waits = (OutboxRow.state == outbox.WAITING) & (OutboxRow.try_at > limit)
    early = (OutboxRow.due_at > limit) & OutboxRow.kind.not_in(_ONCE)
    messages = session.scalars(
        select(OutboxRow.id)
        .where(
            OutboxRow.created_at > limit,
            or_(early, waits),
            OutboxRow.key.not_like(f"%{FREED}%"),
        )
        .order_by(OutboxRow.id)
    ).all()
    waiting = session.scalars(
        select(AlertRow.id).where(AlertRow.state == alerts.NEW, AlertRow.waiting_since > limit)
    ).all()
    return tuple(messages), tuple(waiting)


def _free(session: Session, messages: Sequence[int], now: datetime) -> None:
    for number in messages:
        row = session.get_one(OutboxRow, number, with_for_update=True)
        if row.kind not in _ONCE and row.due_at > now + SLACK:
            if row.state == outbox.WAITING:
                outbox.not_sent(session, number, now=now, reason=_EARLY)
            row.key = f"{row.key[:180]}{FREED}{number}"
        elif row.state == outbox.WAITING:
            row.due_at = row.try_at = now
    session.flush()


def _telling(session: Session, jump: Jump, now: datetime) -> Telling:
    far = span(jump.by.total_seconds())
    if jump.by < timedelta(0):
        said = f"本机时钟刚才倒退了 {far}：此前走快了，或者现在走慢了"
        early = f"提前发出的 {len(jump.early)} 条通知到时会再发；" if jump.early else ""
    else:
        said = f"本机时钟刚才向前跳了 {far}（被校时，或机器休眠过）"
        early = "其间到时的提醒已补发；"
    text = f"{said}。{early}法定时限按各条记录的时刻计算，没有改变。请核对本机时间（NTP）。"
    return Telling(
        kind=KIND,
        key=f"{KIND}:{now.isoformat()}",
        due_at=now,
        payload={"title": "本机时钟跳变", "text": text, "by_s": jump.by.total_seconds()},
        to=addressees.resolve(session, _TO, now).plain,
    )
