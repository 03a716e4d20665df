"""What a stage under a lease remembers (环节记忆): on any machine the next holder goes on from it.

The stage on one machine keeps a file instead, which is quicker to write.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import lease
from registry.tables import StageMemoryRow


def load(session: Session, name: str) -> bytes | None:
    """The bytes that were saved last under that name."""
    found = session.scalar(select(StageMemoryRow.body).where(StageMemoryRow.name == name))
    return None if found is None else bytes(found)


def save(
    session: Session,
    name: str,
    body: bytes,
    *,
    holder: str | None,
    now: datetime,
    under: str | None = None,
) -> bool:
    """Keep the bytes; False, and nothing is kept, where ``holder`` lost the lease.

    The lease is ``under``, or that of the same name.

    So a holder that was frozen and wakes late never overwrites what its successor knows.
    ``holder`` None is a person's act (lawful erasure), which the lease does not concern.
    """
    if holder is not None and lease.holder(session, under or name, now=now) != holder:
        return False
    row = session.get(StageMemoryRow, name)
    if row is None:
        session.add(StageMemoryRow(name=name, body=body, holder=holder or "", saved_at=now))
    else:
        row.body, row.saved_at = body, now
        row.holder = holder if holder is not None else row.holder
    return True
