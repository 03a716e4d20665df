"""Tables of the responder, on the registry's base; made by migration 0002_responder."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables import Base


class AlertRow(Base):
    """An alert (预警). ``open_fingerprint`` is set while it is open: one open alert per matter."""

    __tablename__ = "alerts"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(200))
    open_fingerprint: Mapped[str | None] = mapped_column(String(200), unique=True)
    rule: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(300))
    heat: Mapped[str] = mapped_column(String(8))
    state: Mapped[str] = mapped_column(String(16), index=True)
    count: Mapped[int]
    folded: Mapped[int]
    late: Mapped[bool]
    reasons: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    areas: Mapped[list[str]]
    sources: Mapped[list[str]]
    posts: Mapped[list[str]]
    first_post_at: Mapped[datetime]
    newest_post_at: Mapped[datetime]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    claimed_by: Mapped[str] = mapped_column(String(100))
    claimed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(String(100))
    closed_at: Mapped[datetime | None]
    close_reason: Mapped[str] = mapped_column(Text)
    incident: Mapped[int | None]
    # Since when nobody has it: raised, grown hotter, given back, reopened; how often that was.
    waiting_since: Mapped[datetime | None]
    round: Mapped[int | None]


class AlertSignalRow(Base):
    """A signal that was taken in, and by which alert: taking it in again changes nothing."""

    __tablename__ = "alert_signals"

    signal: Mapped[str] = mapped_column(String(100), primary_key=True)
    alert: Mapped[int] = mapped_column(ForeignKey("alerts.id"), index=True)
    at: Mapped[datetime]


class IncidentRow(Base):
    """An incident (事件): the head of its chain, and what lists show of its entries."""

    __tablename__ = "incidents"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16), index=True)
    level: Mapped[str] = mapped_column(String(16))
    event_type: Mapped[str] = mapped_column(String(16))
    alert: Mapped[int | None]
    opened_by: Mapped[str] = mapped_column(String(100))
    opened_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    cycle: Mapped[int]
    count: Mapped[int]
    head: Mapped[str] = mapped_column(String(80))


class EntryRow(Base):
    """One entry of an incident; ``at`` and ``written_at`` are text, exactly as they were hashed.

    ``body`` and ``salt`` can be destroyed where the law says so; the other columns stay, and
    ``residue`` is then the body without any text: what clocks need, so that verdicts stay.
    """

    __tablename__ = "incident_entries"

    incident: Mapped[int] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    type: Mapped[str] = mapped_column(String(32))
    at: Mapped[str] = mapped_column(String(27))
    written_at: Mapped[str] = mapped_column(String(27))
    by: Mapped[str] = mapped_column(String(100))
    body: Mapped[str | None] = mapped_column(Text)
    salt: Mapped[bytes | None] = mapped_column(LargeBinary)
    residue: Mapped[str | None] = mapped_column(Text)
    body_hash: Mapped[str] = mapped_column(String(80))
    prev: Mapped[str] = mapped_column(String(80))
    hash: Mapped[str] = mapped_column(String(80))
