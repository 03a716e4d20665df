"""The list of what was destroyed, apart from the database (销毁清单): it outlives a restore.

A backup that is older than an erasure still holds what was destroyed. So the acts are written
beside the backups, and whoever restores one carries the later acts out again. It holds no content:
only what was destroyed (ids), when, by whom and why.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import erasures
from registry.errors import InvalidInputError
from registry.tables import ErasedRow, ErasureRow


class Act(Struct, frozen=True):
    """One act of erasure; ``things`` are (kind, subject), see registry/erasures.py."""

    reason: str
    clause: str
    signer: str
    second: str
    at: datetime
    things: tuple[tuple[str, str], ...]


def acts(session: Session) -> list[Act]:
    """All acts, oldest first."""
    things: dict[int, list[tuple[str, str]]] = {}
    order = (ErasedRow.erasure, ErasedRow.kind, ErasedRow.subject)
    for number, kind, subject in session.execute(select(*order).order_by(*order)):
        things.setdefault(number, []).append((kind, subject))
    return [
        Act(
            reason=row.reason,
            clause=row.clause,
            signer=row.signer,
            second=row.second,
            at=row.at,
            things=tuple(things.get(row.id, ())),
        )
        for row in session.scalars(select(ErasureRow).order_by(ErasureRow.id))
    ]


def missing(session: Session, known: Iterable[Act]) -> list[Act]:
    """Those of the acts, each once and oldest first, whose things this database still has."""
    found: list[Act] = []
    seen: set[tuple[str, str]] = set()
    for act in sorted(known, key=lambda one: one.at):
        gone = {
            (kind, subject)
            for kind in erasures.KINDS
            for subject in erasures.erased(session, kind, (s for k, s in act.things if k == kind))
        }
        left = tuple(thing for thing in act.things if thing not in gone and thing not in seen)
        seen.update(left)
        if left:
            found.append(msgspec.structs.replace(act, things=left))
    return found


def to_lines(given: Iterable[Act]) -> bytes:
    """One act a line, as JSON."""
    return b"".join(msgspec.json.encode(act) + b"\n" for act in given)


def from_lines(data: bytes, *, place: str) -> list[Act]:
    """What :func:`to_lines` wrote. Raises InvalidInputError that names the place."""
    try:
        return [msgspec.json.decode(line, type=Act) for line in data.splitlines() if line.strip()]
    except msgspec.DecodeError as error:
        raise InvalidInputError(f"销毁清单 {place} 读不懂，文件可能已损坏。") from error
