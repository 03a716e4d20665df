"""What the settings file has given to the registry: each entry once, so that changes stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.statements import insert_once
from registry.tables.places import SeedRow


def seen(session: Session) -> set[str]:
    """The names of all entries that were given before."""
    return set(session.scalars(select(SeedRow.name)))


def mark(session: Session, names: Iterable[str], *, now: datetime) -> None:
    """Remember that these entries were given."""
    for name in sorted(names):
        insert_once(session, SeedRow(name=name, at=now))
