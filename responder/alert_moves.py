"""What else a person does with an alert: gives it back, or joins it to an incident (退回、并入)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from registry.errors import ConflictError, ForbiddenError, InvalidInputError
from registry.statements import clean
from responder import incidents
from responder.alerts import (
    CLAIMED,
    NEW,
    WORKING,
    Alert,
    alert_of,
    changed,
    nobody_else,
    open_row,
    wait_anew,
)
from responder.drafts import draft


def release(
    session: Session, alert: int, *, reason: str, by: str, now: datetime, anyone: bool = False
) -> Alert:
    """退回: the claim is given back with a reason; the alert waits, and escalates, anew.

    By whom it was claimed; with ``anyone`` also by another (带班领导, 管理员).
    """
    if not reason.strip():
        raise InvalidInputError("退回须写明理由。", field="reason")
    row = open_row(session, alert)
    if row.state != CLAIMED:
        raise ConflictError(f"这条预警是“{row.state}”，只有已认领的可以退回。")
    if row.claimed_by != by and not anyone:
        raise ForbiddenError(f"这条预警由{row.claimed_by}认领，须由本人退回。")
    before = row.claimed_by
    row.state, row.claimed_by, row.claimed_at = NEW, "", None
    wait_anew(row, now)
    after = {"claimed_by": before, "reason": clean(reason.strip(), 500)}
    changed(session, row, by, "退回预警", now=now, after=after)
    return alert_of(row)


def join(session: Session, alert: int, *, incident: int, by: str, now: datetime) -> Alert:
    """并入事件: the alert belongs to an incident that is open already; noted on its timeline."""
    row = open_row(session, alert)
    if row.incident is not None:
        raise ConflictError(f"这条预警已属于事件 {row.incident}。")
    nobody_else(row, by)
    if incidents.get(session, incident).state != incidents.OPEN:
        raise ConflictError(f"事件 {incident} 已办结，不能再并入。请选在办的事件或新建事件。")
    text = f"并入预警 {row.id}《{row.title}》，{row.count} 条"
    note = draft({"type": "note", "text": text}, by=by, now=now)
    incidents.add(session, incident, note, now=now)
    if not row.claimed_by:
        row.claimed_by, row.claimed_at = by, now
    row.state, row.incident = WORKING, incident
    changed(session, row, by, "预警并入事件", now=now, after={"incident": incident})
    return alert_of(row)
