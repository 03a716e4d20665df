"""What a stage under a lease remembers (环节记忆): on any machine the next holder goes on from it.

The stage on one machine keeps a file instead, which is quicker to write.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from registry import lease
from registry.tables import StageMemoryRow

_MORE = "#"
"""Between a name and the number of what was added under it."""


def load(session: Session, name: str) -> bytes | None:
    """The bytes that were saved last under that name, and what was added to them since."""
    added = StageMemoryRow.name.startswith(name + _MORE, autoescape=True)
    found = session.scalars(
        select(StageMemoryRow.body)
        .where(or_(StageMemoryRow.name == name, added))
        .order_by(func.length(StageMemoryRow.name), StageMemoryRow.name)
    ).all()
    return b"".join(map(bytes, found)) if found else None


def append(
    session: Session, name: str, body: bytes, *, holder: str | None, now: datetime, under: str
) -> bool:
    """Add bytes to what is kept under that name; False, and nothing is added, as for `save`."""
    if holder is not None and lease.holder(session, under, now=now) != holder:
        return False
    added = StageMemoryRow.name.startswith(name + _MORE, autoescape=True)
    number = session.scalar(select(func.count()).select_from(StageMemoryRow).where(added)) or 0
    fresh = f"{name}{_MORE}{number + 1:06d}"
    session.add(StageMemoryRow(name=fresh, body=body, holder=holder or "", saved_at=now))
    return True


def save(
    session: Session,
    name: str,
    body: bytes,
    *,
    holder: str | None,
    now: datetime,
    under: str | None = None,
) -> bool:
    """Keep the bytes in place of all; False, and nothing is kept, where ``holder`` lost the lease.

    The lease is ``under``, or that of the same name.

    So a holder that was frozen and wakes late never overwrites what its successor knows.
    ``holder`` None is a person's act (lawful erasure), which the lease does not concern.
    """
    if holder is not None and lease.holder(session, under or name, now=now) != holder:
        return False
    added = StageMemoryRow.name.startswith(name + _MORE, autoescape=True)
    session.execute(delete(StageMemoryRow).where(added))
    row = session.get(StageMemoryRow, name)
    if row is None:
        session.add(StageMemoryRow(name=name, body=body, holder=holder or "", saved_at=now))
    else:
        row.body, row.saved_at = body, now
        row.holder = holder if holder is not None else row.holder
    return True
