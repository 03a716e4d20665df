"""The stages of the service as they run: the supervisor's word and their own beats (环节)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import changes
from registry.statements import clean
from registry.tables import StageRow

State = Literal["starting", "running", "restarting", "stopped", "failed", "hung"]


class Stage(Struct, frozen=True):
    """A stage; ``since`` is the begin of its state, ``beat_at`` its last sign of life."""

    name: str
    state: str
    pid: int | None
    since: datetime
    beat_at: datetime | None
    restarts: int
    error: str
    detail: str


def beat(session: Session, name: str, *, pid: int, now: datetime, detail: str = "") -> None:
    """A sign of life of the stage itself; it makes the stage known and running.

    Another ``detail`` (what it waits for) is a change of the topic ``stage``.
    """
    row = session.get(StageRow, name)
    if row is None or row.state in ("starting", "hung"):
        report(session, name, state="running", now=now, pid=pid, restarts=_restarts(row))
        row = session.get_one(StageRow, name)
    detail = clean(detail, 2000)
    if row.detail != detail:
        changes.note(session, "stage", name, now=now)
    row.pid, row.beat_at, row.detail = pid, now, detail
    session.flush()


def report(
    session: Session,
    name: str,
    *,
    state: State,
    now: datetime,
    pid: int | None = None,
    restarts: int = 0,
    error: str = "",
) -> None:
    """What the supervisor sees. A new state is noted as a change of the topic ``stage``."""
    row = session.get(StageRow, name)
    if row is None:
        row = StageRow(name=name, state="", since=now, beat_at=None, detail="")
    if row.state != state:
        row.state, row.since = state, now
        changes.note(session, "stage", name, now=now)
    row.pid, row.restarts, row.error = pid, restarts, clean(error, 2000)
    session.add(row)
    session.flush()


def everything(session: Session) -> list[Stage]:
    """All stages that were ever seen, by name."""
    rows = session.scalars(select(StageRow).order_by(StageRow.name))
    return [
        Stage(
            row.name,
            row.state,
            row.pid,
            row.since,
            row.beat_at,
            row.restarts,
            row.error,
            row.detail,
        )
        for row in rows
    ]


def _restarts(row: StageRow | None) -> int:
    return 0 if row is None else row.restarts
