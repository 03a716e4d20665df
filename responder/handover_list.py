"""What the next shift has to know (交班清单): all that is open, as plain data to be signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from registry import outbox, roster, silences, sources
from registry.tables import OutboxRow
from responder import alerts, query
from responder.colours import HEAT_NAMES
from responder.wording import iso

_MOST = 200
_UNDELIVERED = timedelta(hours=24)

# The parts of the list, in the order in which they are read.
PARTS = {
    "clocks": "在跑的时限",
    "alerts": "未了结的预警",
    "incidents": "在办的事件",
    "silences": "生效的静默",
    "blind": "看不见的信源",
    "undelivered": "没有送达的通知",
    "on_duty": "在班",
}


def checklist(session: Session, now: datetime) -> dict[str, Any]:
    """The list as it stands: for each part ``{"total": n, "items": [...]}``, at most 200 items."""
    return {
        "at": iso(now),
        "clocks": _part(
            [
                {
                    "incident": clock.incident,
                    "rule": clock.rule,
                    "name": clock.name,
                    "state": clock.state.value,
                    "due": iso(clock.due),
                }
                for clock in query.open_clocks(session, now)
            ]
        ),
        "alerts": _part(
            [
                {
                    "id": alert.id,
                    "heat": HEAT_NAMES[alert.heat],
                    "title": alert.title,
                    "state": alert.state,
                    "claimed_by": alert.claimed_by,
                }
                for alert in query.alerts(session, states=alerts.OPEN, limit=10_000)
            ]
        ),
        "incidents": _part(
            [
                {"id": one.id, "title": one.title, "level": one.level or "待定级"}
                for one in query.incidents(session, state="open", limit=10_000)
            ]
        ),
        "silences": _part(
            [
                {
                    "id": one.id,
                    "what": " ".join(part for part in (one.rule, one.area, one.word) if part),
                    "until": iso(one.end),
                    "owner": one.owner,
                    "reason": one.reason,
                }
                for one in silences.active(session, now)
            ]
        ),
        "blind": _part(
            [
                {
                    "id": source.id,
                    "name": source.name,
                    "since": iso(health.since),
                    "failure": health.failure,
                }
                for source, health in sources.health(session, now=now)
                if health.state == "blind"
            ]
        ),
        "undelivered": _part(_undelivered(session, now)),
        "on_duty": _part(
            [
                {"role": shift.role.value, "name": shift.name, "shift": shift.kind.value}
                for shift in roster.who_is_on(session, now)
            ]
        ),
    }


def _undelivered(session: Session, now: datetime) -> list[dict[str, Any]]:
    """What failed for good in the last day, and what waits after a failed try."""
    failed = (OutboxRow.state == outbox.FAILED) & (OutboxRow.done_at > now - _UNDELIVERED)
    trying = (OutboxRow.state == outbox.WAITING) & (OutboxRow.attempts > 0)
    rows = session.scalars(select(OutboxRow).where(or_(failed, trying)).order_by(OutboxRow.id))
    return [
        {
            "channel": str(row.payload.get("channel", "")),
            "text": str(row.payload.get("text", ""))[:200],
            "attempts": row.attempts,
            "reason": row.detail,
        }
        for row in rows
    ]


def _part(items: Sequence[dict[str, Any]]) -> dict[str, Any]:
    return {"total": len(items), "items": list(items[:_MOST])}
