"""The digest (摘要): what was held back since the last one, in one notice at fixed hours.

What it covers is told by the ids of the outbox, not by time: whatever was held back stands in
exactly one digest, also after the service was down or the clock was set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from itertools import takewhile
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from posts.identity import SHANGHAI
from registry import outbox
from registry.errors import InvalidInputError
from registry.tables import OutboxRow
from responder import addressees, reminders
from responder.colours import HEAT_NAMES, HEATS
from responder.holding import clock
from responder.tables import AlertRow
from responder.telling import CONSOLE, Telling, tell
from responder.wording import instant

DIGEST = "digest"
TIMES = (time(8), time(14), time(20))
_SHOWN = 30
_TO = ("在班:值班员",)


class Digest(Struct, frozen=True, kw_only=True):
    """One digest to put. ``upto`` is the id of the newest message that it has looked at."""

    at: datetime
    upto: int
    text: str
    alerts: tuple[int, ...]
    counts: dict[str, int]


class Digester:
    """A planner beside that of the reminders; give :meth:`on` to the responder as a plan."""

    def __init__(self, *, times: Sequence[time] = TIMES) -> None:
        self._times = tuple(sorted(times))
        self._channels: tuple[str, ...] = (CONSOLE,)
        self._done_at: datetime | None = None
        self._looking: datetime | None = None

    def on(self, channels: tuple[str, ...]) -> Digester:
        """The same, for these channels."""
        self._channels = channels
        return self

    def wanted(self, session: Session, now: datetime) -> list[Digest]:
        """The digest of the last fixed hour, where something was held back before it."""
        slot = last_slot(self._times, now)
        if slot is None or slot == self._done_at:
            return []
        self._looking = slot
        if session.scalar(
            select(OutboxRow.id).where(OutboxRow.key == _key(slot, self._channels[0]))
        ):
            return []
        held = _held(session, slot)
        return [_digest(session, slot, held)] if held else []

    def put(self, session: Session, wanted: Sequence[Digest], *, now: datetime) -> int:
        """Write it for each channel."""
        to = addressees.resolve(session, _TO, now).plain
        tellings = [
            Telling(
                kind=DIGEST,
                key=f"digest:{digest.at.isoformat()}",
                due_at=digest.at,
                payload={
                    "title": "预警摘要",
                    "text": digest.text,
                    "alerts": list(digest.alerts),
                    "counts": digest.counts,
                    "upto": digest.upto,
                },
                to=to,
            )
            for digest in wanted
        ]
        return len(tell(session, tellings, channels=self._channels, now=now))

    def done(self) -> None:
        """That hour is settled."""
        self._done_at = self._looking


def last_slot(times: Sequence[time], now: datetime) -> datetime | None:
    """The newest of the fixed hours (Asia/Shanghai) that is past; None where there are none."""
    local = now.astimezone(SHANGHAI)
    days = (local.date(), local.date() - timedelta(days=1))
    slots = [datetime.combine(day, at, SHANGHAI) for day in days for at in times]
    return max((slot.astimezone(now.tzinfo) for slot in slots if slot <= local), default=None)


def times(given: Sequence[str]) -> tuple[time, ...]:
    """From settings, ``["08:00", "14:00"]``. Raises InvalidInputError."""
    read = tuple(sorted({clock(one) for one in given}))
    if len(read) != len(given):
        raise InvalidInputError("摘要时间里有重复的时刻。")
    return read


def _held(session: Session, slot: datetime) -> list[OutboxRow]:
    """What was held back until that hour and stands in no digest yet.

    Up to the first that came later: with what follows it waits for the next digest.
    """
    newest = session.scalar(
        select(OutboxRow.payload)
        .where(OutboxRow.kind == DIGEST)
        .order_by(OutboxRow.id.desc())
        .limit(1)
    )
    after = int(newest["upto"]) if newest else 0
    rows = session.scalars(
        select(OutboxRow)
        .where(
            OutboxRow.id > after,
            OutboxRow.kind == reminders.ALERT,
            OutboxRow.state == outbox.NOT_SENT,
        )
        .order_by(OutboxRow.id)
    )
    until = takewhile(lambda row: row.created_at <= slot, rows)
    return [row for row in until if row.payload.get("held")]


def _digest(session: Session, slot: datetime, held: Sequence[OutboxRow]) -> Digest:
    about: dict[int, dict[str, Any]] = {row.payload["alert"]: row.payload for row in held}
    found = session.execute(select(AlertRow.id, AlertRow.state).where(AlertRow.id.in_(list(about))))
    states = {number: state for number, state in found}  # noqa: C416 (rows are no pairs to mypy)
    heats = Counter(payload["heat"] for payload in about.values())
    why = Counter(payload["held"] for payload in about.values())
    ordered = sorted(about, key=lambda one: (HEATS.index(about[one]["heat"]), one))
    counted = "、".join(f"{HEAT_NAMES[heat]} {heats[heat]}" for heat in HEATS if heats[heat])
    said = "、".join(f"{reason} {count}" for reason, count in sorted(why.items()))
    lines = [
        f"{instant(slot)} 摘要：{len(about)} 条预警没有单独发送（{counted}；{said}）。",
        *(_line(one, about[one], states.get(one, "")) for one in ordered[:_SHOWN]),
    ]
    if len(ordered) > _SHOWN:
        lines.append(f"其余 {len(ordered) - _SHOWN} 条见预警列表。")
    return Digest(
        at=slot,
        upto=max(row.id for row in held),
        text="\n".join(lines),
        alerts=tuple(ordered),
        counts={heat: heats[heat] for heat in HEATS if heats[heat]},
    )


def _line(number: int, payload: dict[str, Any], state: str) -> str:
    return (
        f"【{HEAT_NAMES[payload['heat']]}】预警 {number}《{payload['title']}》"
        f"（{payload['held']}；现为{state or '已销毁'}）"
    )


def _key(slot: datetime, channel: str) -> str:
    return f"digest:{slot.isoformat()}:{channel}"
