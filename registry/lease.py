"""Who owns a piece of work (租约): one holder at a time, until its time runs out.

Safe across processes and machines, as every step is one compare-and-set on a row. The instants
are the callers': their clocks must agree to well within the time to live.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from registry.statements import affected, insert_once
from registry.tables import LeaseRow


def acquire(session: Session, name: str, *, holder: str, now: datetime, ttl_s: float) -> bool:
    """Take or renew the lease until ``now`` + ``ttl_s``; False while another one holds it.

    A lease is free from the instant on which it ends. The taking counts with the commit.
    """
    if ttl_s <= 0:
        raise ValueError("a lease lives longer than 0 s")
    until = now + timedelta(seconds=ttl_s)
    renewed = update(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder)
    if affected(session, renewed.values(until=until)):
        return True
    free = update(LeaseRow).where(LeaseRow.name == name, LeaseRow.until <= now)
    if affected(session, free.values(holder=holder, acquired_at=now, until=until)):
        return True
    if session.scalar(select(LeaseRow.holder).where(LeaseRow.name == name)) is not None:
        return False
    return insert_once(session, LeaseRow(name=name, holder=holder, acquired_at=now, until=until))


def release(session: Session, name: str, *, holder: str) -> None:
    """Give it back; nothing happens where another one holds it."""
    mine = delete(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder)
    affected(session, mine)


def holder(session: Session, name: str, *, now: datetime | None = None) -> str | None:
    """Who took it last and did not give it back; with ``now``: only if it still holds."""
    found = session.execute(
        select(LeaseRow.holder, LeaseRow.until).where(LeaseRow.name == name)
    ).one_or_none()
    if found is None:
        return None
    who, until = found
    return None if now is not None and until <= now else who
