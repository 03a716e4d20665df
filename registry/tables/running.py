"""Tables that the stages run by: lease, memory, changes, stages, jobs, audit chain, keys."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.base import Base


class LeaseRow(Base):
    """Who owns a piece of work, and until when."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(200))
    acquired_at: Mapped[datetime]
    until: Mapped[datetime]


class StageMemoryRow(Base):
    """What a stage under a lease remembers between steps, as it encoded it."""

    __tablename__ = "stage_memories"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    holder: Mapped[str] = mapped_column(String(200))
    saved_at: Mapped[datetime]


class ChangeRow(Base):
    """That something changed: the live stream follows these rows."""

    __tablename__ = "changes"
    # An id is never used again, also after old rows were pruned.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 (SQLAlchemy reads it)

    id: Mapped[int] = mapped_column(primary_key=True)
    topic: Mapped[str] = mapped_column(String(16))
    subject: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(index=True)


class StageRow(Base):
    """A stage as its supervisor and itself report it."""

    __tablename__ = "stages"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    pid: Mapped[int | None]
    since: Mapped[datetime]
    beat_at: Mapped[datetime | None]
    restarts: Mapped[int]
    error: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text)


class JobRow(Base):
    """A piece of work that a person asked for and waits on (source check, preview)."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_state_id", "state", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    limit_s: Mapped[int]
    created_at: Mapped[datetime]
    until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    result: Mapped[dict[str, Any]]
    error: Mapped[str] = mapped_column(Text)


class AuditRow(Base):
    """One entry of the audit chain; ``at`` is text, exactly as it was hashed.

    ``body`` and ``salt`` can be destroyed; all other columns stay for ever.
    """

    __tablename__ = "audit_entries"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[str] = mapped_column(String(27))
    who: Mapped[str] = mapped_column(String(100))
    action: Mapped[str] = mapped_column(String(100))
    subject: Mapped[str] = mapped_column(String(200))
    body: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    body_hash: Mapped[str] = mapped_column(String(80))
    prev: Mapped[str] = mapped_column(String(80))
    hash: Mapped[str] = mapped_column(String(80))


class ChainHeadRow(Base):
    """How long a chain is and where it ends: a cut tail is noticed."""

    __tablename__ = "chain_heads"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    count: Mapped[int]
    hash: Mapped[str] = mapped_column(String(80))


class SecretKeyRow(Base):
    """A random key that was made here at its first use."""

    __tablename__ = "secret_keys"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    value: Mapped[bytes] = mapped_column(LargeBinary)
