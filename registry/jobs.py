"""Work that a person asked for and waits on: source check, preview (后台任务).

A job has a time limit that counts from its claim; past it the job has failed, whatever its worker
does later.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from registry.errors import InvalidInputError, NotFoundError
from registry.statements import affected, clean
from registry.tables import JobRow


class Job(Struct, frozen=True):
    """A job: ``queued``, ``running``, ``done`` or ``failed``; ``until`` ends a running one."""

    id: int
    kind: str
    subject: str
    body: dict[str, Any]
    state: str
    limit_s: int
    created_at: datetime
    until: datetime | None
    finished_at: datetime | None
    result: dict[str, Any]
    error: str


def add(
    session: Session, *, kind: str, subject: str, body: dict[str, Any], now: datetime, limit_s: int
) -> int:
    """Queue a job; returns its id."""
    if limit_s <= 0:
        raise InvalidInputError("任务的时限要大于 0 秒。", field="limit_s")
    row = JobRow(
        kind=kind,
        subject=clean(subject, 200),
        body=body,
        state="queued",
        limit_s=limit_s,
        created_at=now,
        until=None,
        finished_at=None,
        result={},
        error="",
    )
    session.add(row)
    session.flush()
    return row.id


def waiting(session: Session, *, kinds: list[str]) -> bool:
    """Whether a job of these kinds is queued; needs no write lock, unlike :func:`claim`."""
    queued = select(JobRow.id).where(JobRow.state == "queued", JobRow.kind.in_(kinds)).limit(1)
    return session.scalar(queued) is not None


def claim(session: Session, *, kinds: list[str], now: datetime) -> Job | None:
    """Take the oldest queued job of these kinds; None where there is none."""
    expire(session, now=now)
    oldest = (
        select(JobRow.id)
        .where(JobRow.state == "queued", JobRow.kind.in_(kinds))
        .order_by(JobRow.id)
        .limit(1)
    )
    while (job_id := session.scalar(oldest)) is not None:
        limit_s = session.scalars(select(JobRow.limit_s).where(JobRow.id == job_id)).one()
        until = now + timedelta(seconds=limit_s)
        mine = update(JobRow).where(JobRow.id == job_id, JobRow.state == "queued")
        if affected(session, mine.values(state="running", until=until)):
            return get(session, job_id)
    return None


def finish(session: Session, job_id: int, *, now: datetime, result: dict[str, Any]) -> bool:
    """Its result; False where the job is not running any more (too late)."""
    return _end(session, job_id, now=now, state="done", result=result, error="")


def fail(session: Session, job_id: int, *, now: datetime, error: str) -> bool:
    """Why it failed, in Chinese; False where the job is not running any more."""
    return _end(session, job_id, now=now, state="failed", result={}, error=error)


def get(session: Session, job_id: int) -> Job:
    """The job as it stands. Raises NotFoundError."""
    row = session.get(JobRow, job_id)
    if row is None:
        raise NotFoundError(f"没有编号为 {job_id} 的任务。")
    return Job(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        body=row.body,
        state=row.state,
        limit_s=row.limit_s,
        created_at=row.created_at,
        until=row.until,
        finished_at=row.finished_at,
        result=row.result,
        error=row.error,
    )


def expire(session: Session, *, now: datetime) -> int:
    """Jobs past their time limit, running or not even begun, have failed; returns how many."""
    late = update(JobRow).where(JobRow.state == "running", JobRow.until <= now)
    count = affected(
        session,
        late.values(state="failed", finished_at=now, error="超过时限，任务没有完成。请稍后重试。"),
    )
    queued = select(JobRow.id, JobRow.created_at, JobRow.limit_s).where(JobRow.state == "queued")
    for job_id, created_at, limit_s in session.execute(queued).all():
        if created_at + timedelta(seconds=limit_s) <= now:
            mine = update(JobRow).where(JobRow.id == job_id, JobRow.state == "queued")
            error = "超过时限也没有环节来做，请看相应环节是否在运行，再重试。"
            count += affected(session, mine.values(state="failed", finished_at=now, error=error))
    return count


def _end(
    session: Session, job_id: int, *, now: datetime, state: str, result: dict[str, Any], error: str
) -> bool:
    running = update(JobRow).where(
        JobRow.id == job_id, JobRow.state == "running", JobRow.until > now
    )
    return bool(
        affected(
            session,
            running.values(state=state, finished_at=now, result=result, error=clean(error, 2000)),
        )
    )
