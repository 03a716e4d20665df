"""What changed, in order: the live stream of the console follows these rows (变更流水).

Topics: alert, incident, source, notice, stage. The subject is the id of what changed; a reader
fetches the thing itself. Rows may be pruned: who comes late reads the things, not the changes.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from registry.statements import affected
from registry.tables import ChangeRow


class Change(Struct, frozen=True):
    """One change; ``id`` rises by time and is never used twice."""

    id: int
    topic: str
    subject: str
    at: datetime


def note(session: Session, topic: str, *subjects: str | int, now: datetime) -> None:
    """Say that the subjects changed; seen by readers with the commit."""
    rows = [{"topic": topic, "subject": str(subject), "at": now} for subject in subjects]
    if rows:
        session.execute(insert(ChangeRow), rows)


def since(session: Session, after_id: int, limit: int = 500) -> list[Change]:
    """At most ``limit`` changes after that id, oldest first."""
    columns = (ChangeRow.id, ChangeRow.topic, ChangeRow.subject, ChangeRow.at)
    found = session.execute(
        select(*columns).where(ChangeRow.id > after_id).order_by(ChangeRow.id).limit(limit)
    )
    return [Change(*row) for row in found]


def last(session: Session) -> int:
    """The id of the newest change; 0 before the first."""
    return session.scalar(select(func.max(ChangeRow.id))) or 0


def prune(session: Session, *, before: datetime) -> int:
    """Forget changes older than that; returns how many."""
    return affected(session, delete(ChangeRow).where(ChangeRow.at < before))
