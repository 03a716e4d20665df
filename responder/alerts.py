"""Alerts (预警): one for each matter, however often its rule fires, until a person settles it.

待处置 → 已认领 → 处理中 (opened as an incident) → 已解决, or 忽略 or 误报 with a reason. A claim
can be given back; what was dismissed comes back where it grows to red. How signals raise them and
make them grow: alert_growth.py; what else a person does with one: alert_moves.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit, changes, notice_log, raised_thresholds
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.statements import clean
from responder import incidents
from responder.tables import AlertRow
from responder.wording import instant

NEW, CLAIMED, WORKING = "待处置", "已认领", "处理中"
RESOLVED, IGNORED, MISTAKEN = "已解决", "忽略", "误报"
STATES = (NEW, CLAIMED, WORKING, RESOLVED, IGNORED, MISTAKEN)
OPEN = (NEW, CLAIMED, WORKING)


class Reason(Struct, frozen=True, kw_only=True):
    """Why the alert grew: one signal."""

    at: datetime
    rule: str
    text: str
    count: int
    late: bool = False
    basis: dict[str, Any] | None = None  # of an early warning, see posts.model.Basis


class Alert(Struct, frozen=True, kw_only=True):
    """An alert. ``late`` is 补录: nothing in it was fresh on arrival, and nobody is woken.

    ``count`` is the number of posts of the largest window; ``folded`` the number of signals that
    became this one alert; ``posts`` are ids, newest first.
    """

    id: int
    title: str
    rule: str
    heat: str  # red | orange | yellow | blue
    state: str
    count: int
    folded: int
    late: bool
    reasons: tuple[Reason, ...]
    areas: tuple[str, ...]
    sources: tuple[str, ...]
    posts: tuple[str, ...]
    first_post_at: datetime
    newest_post_at: datetime
    created_at: datetime
    updated_at: datetime
    claimed_by: str
    claimed_at: datetime | None
    closed_by: str
    closed_at: datetime | None
    close_reason: str
    incident: int | None
    waiting_since: datetime  # nobody has it since then: raised, grown hotter, given back
    round: int  # how often it began to wait anew


def claim(session: Session, alert: int, *, by: str, now: datetime) -> Alert:
    """Take it on. Of two people who claim, the second gets ConflictError naming who and when."""
    row = open_row(session, alert)
    nobody_else(row, by)
    if row.state == NEW:
        row.state, row.claimed_by, row.claimed_at = CLAIMED, by, now
        changed(session, row, by, "认领预警", now=now)
        notice_log.write(
            session,
            notice_log.ACKNOWLEDGED,
            f"{by}认领预警 {row.id}",
            now=now,
            alert=row.id,
        )
    return alert_of(row)


def dismiss(
    session: Session, alert: int, *, state: str, reason: str, by: str, now: datetime
) -> Alert:
    """忽略 or 误报; needs a reason. The next signal of the matter makes a new alert.

    误报 raises the threshold of the matter for a while, see registry.raised_thresholds.
    """
    if state not in {IGNORED, MISTAKEN}:
        raise InvalidInputError(f"只能处置为忽略或误报，不能是“{state}”", field="state")
    closed = _close(session, alert, state, reason, by=by, now=now)
    if state == MISTAKEN:
        fingerprint = _row(session, alert).fingerprint
        raised_thresholds.raise_for(
            session, fingerprint, title=closed.title, by=by, reason=reason, now=now
        )
    return closed


def resolve(session: Session, alert: int, *, by: str, now: datetime, reason: str) -> Alert:
    """Settled without an incident, or after it; needs a reason."""
    return _close(session, alert, RESOLVED, reason, by=by, now=now)


def open_incident(
    session: Session,
    alert: int,
    *,
    by: str,
    now: datetime,
    title: str = "",
    summary: str = "",
    occurred: datetime | None = None,
    reported: datetime | None = None,
    event_type: str | None = None,
    level: str | None = None,
    criteria: str = "",
) -> incidents.Incident:
    """Open the alert as an incident (转为事件); the alert is then 处理中.

    发现 is when the alert was raised, 首帖 its earliest post: without 事发 the clocks run from the
    earliest that is known, shown as 估计.
    """
    row = open_row(session, alert)
    if row.incident is not None:
        raise ConflictError(f"这条预警已转为事件 {row.incident}")
    nobody_else(row, by)
    # What occurred after the alert was raised can't have been found by it.
    found = row.created_at if occurred is None or occurred <= row.created_at else now
    incident = incidents.open_incident(
        session,
        title=title.strip() or row.title,
        summary=summary,
        by=by,
        now=now,
        occurred=occurred,
        detected=found,
        reported=reported,
        first_post=row.first_post_at,
        event_type=event_type,
        level=level,
        criteria=criteria,
        from_alert=row.id,
    )
    if not row.claimed_by:
        row.claimed_by, row.claimed_at = by, now
    row.state, row.incident = WORKING, incident.id
    changed(session, row, by, "预警转为事件", now=now, after={"incident": incident.id})
    return incident


def get(session: Session, alert: int) -> Alert:
    """The alert. Raises NotFoundError."""
    return alert_of(_row(session, alert))


def alert_of(row: AlertRow) -> Alert:
    """The alert that the row holds."""
    given: dict[str, Any] = {name: getattr(row, name) for name in Alert.__struct_fields__}
    given["waiting_since"] = row.waiting_since or row.created_at
    given["round"] = row.round or 0
    given["reasons"] = tuple(
        Reason(**{**reason, "at": datetime.fromisoformat(reason["at"])}) for reason in row.reasons
    )
    for name in ("areas", "sources", "posts"):
        given[name] = tuple(given[name])
    return Alert(**given)


def _close(
    session: Session, alert: int, state: str, reason: str, *, by: str, now: datetime
) -> Alert:
    if not reason.strip():
        raise InvalidInputError(f"处置为“{state}”须写明理由", field="reason")
    row = open_row(session, alert)
    nobody_else(row, by)
    if row.incident is not None and incidents.get(session, row.incident).state == incidents.OPEN:
        raise ConflictError(f"这条预警已转为事件 {row.incident}，请在事件里办结")
    row.state, row.open_fingerprint = state, None
    row.closed_by, row.closed_at, row.close_reason = by, now, clean(reason.strip(), 2000)
    changed(session, row, by, f"预警处置：{state}", now=now, after={"reason": row.close_reason})
    return alert_of(row)


def wait_anew(row: AlertRow, now: datetime) -> None:
    """From now on it waits for somebody; its escalation begins anew."""
    row.waiting_since, row.round = now, (row.round or 0) + 1


def nobody_else(row: AlertRow, by: str) -> None:
    """Raises ConflictError where another person has claimed it."""
    if row.claimed_by and row.claimed_by != by and row.claimed_at is not None:
        raise ConflictError(f"{row.claimed_by}已于 {instant(row.claimed_at)} 认领这条预警")


def changed(
    session: Session,
    row: AlertRow,
    by: str,
    action: str,
    *,
    now: datetime,
    after: object = None,
) -> None:
    """A person changed it: written down, and told to open consoles."""
    row.updated_at = now
    session.flush()
    audit.record(session, who=by, action=action, subject=f"alert:{row.id}", after=after, now=now)
    changes.note(session, "alert", row.id, now=now)


def open_row(session: Session, alert: int) -> AlertRow:
    """The row of an open alert, locked. Raises NotFoundError, ConflictError where it is settled."""
    row = _row(session, alert, lock=True)
    if row.state not in OPEN and row.closed_at is not None:
        raise ConflictError(f"{row.closed_by}已于 {instant(row.closed_at)} 处置为{row.state}")
    return row


def _row(session: Session, alert: int, *, lock: bool = False) -> AlertRow:
    wanted = select(AlertRow).where(AlertRow.id == alert)
    row = session.scalar(wanted.with_for_update() if lock else wanted)
    if row is None:
        raise NotFoundError(f"没有编号为 {alert} 的预警")
    return row
