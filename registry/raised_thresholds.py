"""Thresholds that were raised after 误报 (误报后提高的门槛), for a while, visible and reversible.

Who dismisses an alert as a false alarm raises the threshold of its matter (a rule, or a locality's
topic) to twice for two weeks; another false alarm meanwhile to four times, then eight, and from
then on the two weeks begin anew. Anybody who may silence alerts can take it back.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit, changes
from registry.errors import ConflictError, NotFoundError
from registry.statements import clean
from registry.tables import RaisedThresholdRow

FOR = timedelta(days=14)
ONCE, MOST = 2, 8


class Raised(Struct, frozen=True, kw_only=True):
    """A raised threshold: ``factor`` times its own, for the matter of that fingerprint."""

    id: int
    fingerprint: str
    title: str
    factor: int
    since: datetime
    until: datetime
    by: str
    reason: str
    ended_at: datetime | None = None
    ended_by: str = ""

    def holds(self, at: datetime) -> bool:
        """Whether it is on at that instant."""
        return self.since <= at < min(self.until, self.ended_at or self.until)


def raise_for(
    session: Session, fingerprint: str, *, title: str, by: str, reason: str, now: datetime
) -> Raised:
    """Raise it, or raise it further."""
    before = of(session, fingerprint, now)
    if before is not None:
        _end(session, before.id, by=by, now=now)
    row = RaisedThresholdRow(
        fingerprint=fingerprint,
        title=clean(title, 300),
        factor=ONCE if before is None else min(MOST, before.factor * ONCE),
        since=now,
        until=now + FOR,
        by=by,
        reason=clean(reason.strip(), 500),
        ended_at=None,
        ended_by="",
    )
    session.add(row)
    session.flush()
    _told(session, "误报后提高门槛", row, by, now)
    return _raised(row)


def end(session: Session, number: int, *, by: str, now: datetime) -> Raised:
    """Take it back. Raises NotFoundError, ConflictError where it ended already."""
    row = session.get(RaisedThresholdRow, number)
    if row is None:
        raise NotFoundError(f"没有编号为 {number} 的门槛调整。")
    if not _raised(row).holds(now):
        raise ConflictError("这次门槛调整已经结束。")
    _end(session, number, by=by, now=now)
    _told(session, "恢复门槛", row, by, now)
    return _raised(row)


def of(session: Session, fingerprint: str, now: datetime) -> Raised | None:
    """The one that is on for that matter."""
    row = session.scalar(
        select(RaisedThresholdRow)
        .where(RaisedThresholdRow.fingerprint == fingerprint)
        .order_by(RaisedThresholdRow.id.desc())
        .limit(1)
    )
    found = None if row is None else _raised(row)
    return found if found is not None and found.holds(now) else None


def active(session: Session, now: datetime) -> list[Raised]:
    """Those that are on, the newest first."""
    rows = session.scalars(
        select(RaisedThresholdRow)
        .where(RaisedThresholdRow.until > now)
        .order_by(RaisedThresholdRow.id.desc())
    )
    return [one for one in map(_raised, rows) if one.holds(now)]


def _end(session: Session, number: int, *, by: str, now: datetime) -> None:
    row = session.get_one(RaisedThresholdRow, number)
    row.ended_at, row.ended_by = now, by
    session.flush()


def _told(session: Session, action: str, row: RaisedThresholdRow, by: str, now: datetime) -> None:
    subject = f"threshold:{row.id}"
    audit.record(session, who=by, action=action, subject=subject, after=_raised(row), now=now)
    changes.note(session, "alert", subject, now=now)


def _raised(row: RaisedThresholdRow) -> Raised:
    return Raised(**{name: getattr(row, name) for name in Raised.__struct_fields__})
