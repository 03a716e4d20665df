"""Which posts were seen, since when, and with which content (首见记录).

An unchanged post is a duplicate; a changed one keeps its first sight and its month. Remembered
*after* the log has taken the posts: a crash in between sees them again, and loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from registry.statements import chunks
from registry.tables import SightingRow


class Sighting(Struct, frozen=True):
    """A post as last seen; ``first_seen_at`` and ``filed_month`` (``YYYY-MM``) never change."""

    post_id: str
    content_hash: str
    first_seen_at: datetime
    filed_month: str


def known(session: Session, ids: Iterable[str]) -> dict[str, Sighting]:
    """The sightings of those ids that were seen before."""
    columns = (
        SightingRow.post_id,
        SightingRow.content_hash,
        SightingRow.first_seen_at,
        SightingRow.filed_month,
    )
    found: dict[str, Sighting] = {}
    for some in chunks(list(dict.fromkeys(ids))):
        rows = session.execute(select(*columns).where(SightingRow.post_id.in_(some)))
        found.update((row.post_id, Sighting(*row)) for row in rows)
    return found


def remember(
    session: Session, sightings: Iterable[Sighting], *, now: datetime
) -> dict[str, Sighting]:
    """Keep them. Of an id that is known only the content changes; the last of an id wins.

    Returns what was there before, by id: whoever looked earlier learns that another was quicker.
    """
    newest = {sighting.post_id: sighting for sighting in sightings}
    if not newest:
        return {}
    old = known(session, newest)
    changed = [
        {"id": new.post_id, "hash": new.content_hash, "seen": now}
        for new in newest.values()
        if new.post_id in old and old[new.post_id].content_hash != new.content_hash
    ]
    added = [
        {
            "post_id": new.post_id,
            "content_hash": new.content_hash,
            "first_seen_at": new.first_seen_at,
            "filed_month": new.filed_month,
            "seen_at": now,
        }
        for new in newest.values()
        if new.post_id not in old
    ]
    if added:
        session.execute(insert(SightingRow.__table__), added)  # type: ignore[arg-type]
    if changed:
        table = SightingRow.__table__
        statement = (
            update(table)  # type: ignore[arg-type]
            .where(table.c.post_id == bindparam("id"))
            .values(content_hash=bindparam("hash"), seen_at=bindparam("seen"))
        )
        session.execute(statement, changed)
    return old


def seen_before(session: Session, before: datetime, *, limit: int) -> list[str]:
    """Posts first seen before that instant and not destroyed yet, oldest first."""
    wanted = (
        select(SightingRow.post_id)
        .where(SightingRow.first_seen_at < before, SightingRow.content_hash != "")
        .order_by(SightingRow.first_seen_at, SightingRow.post_id)
        .limit(limit)
    )
    return list(session.scalars(wanted))
