"""Tables of duty: shifts, swaps, hand-overs, subscriptions; silences and the notice log."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.base import Base


class DutyShiftRow(Base):
    """One person on one shift. Never deleted: what does not hold any more is withdrawn."""

    __tablename__ = "duty_shifts"
    __table_args__ = (Index("ix_duty_shifts_ends_at_starts_at", "ends_at", "starts_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[date]
    kind: Mapped[str] = mapped_column(String(16))
    role: Mapped[str] = mapped_column(String(16))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(64))
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(16))
    replaces: Mapped[int | None] = mapped_column(ForeignKey("duty_shifts.id"))
    note: Mapped[str] = mapped_column(String(300))
    made_by: Mapped[str] = mapped_column(String(100))
    made_at: Mapped[datetime]
    withdrawn_by: Mapped[str] = mapped_column(String(100))
    withdrawn_at: Mapped[datetime | None]


class DutySwapRow(Base):
    """A swap that one person asks for and the other accepts."""

    __tablename__ = "duty_swaps"

    id: Mapped[int] = mapped_column(primary_key=True)
    shift: Mapped[int] = mapped_column(ForeignKey("duty_shifts.id"))
    other: Mapped[int | None] = mapped_column(ForeignKey("duty_shifts.id"))
    asked_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    asked_of: Mapped[int] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16), index=True)
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class HandoverRow(Base):
    """A hand-over: one row when it was prepared, one when it was signed; neither ever changes."""

    __tablename__ = "duty_handovers"
    __table_args__ = (UniqueConstraint("prepared", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    prepared: Mapped[int | None] = mapped_column(ForeignKey("duty_handovers.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)
    note: Mapped[str] = mapped_column(Text)
    body: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(80))


class DutyFeedRow(Base):
    """A calendar subscription of a user; only the hash of its token is kept."""

    __tablename__ = "duty_feeds"

    id: Mapped[int] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    scope: Mapped[str] = mapped_column(String(8))
    made_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SilenceRow(Base):
    """A silence: which alerts are not sent, until when, whose it is and why."""

    __tablename__ = "silences"

    id: Mapped[int] = mapped_column(primary_key=True)
    rule: Mapped[str] = mapped_column(String(64))
    area: Mapped[str] = mapped_column(String(16))
    word: Mapped[str] = mapped_column(String(100))
    starts_at: Mapped[datetime]
    until: Mapped[datetime] = mapped_column(index=True)
    owner: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(500))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(100))


class RaisedThresholdRow(Base):
    """A threshold that was raised after a false alarm: of what matter, how far, until when."""

    __tablename__ = "raised_thresholds"

    id: Mapped[int] = mapped_column(primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(200), index=True)
    title: Mapped[str] = mapped_column(String(300))
    factor: Mapped[int]
    since: Mapped[datetime]
    until: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(100))
    reason: Mapped[str] = mapped_column(String(500))
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(String(100))


class NoticeLogRow(Base):
    """What befell a notice beside its sending: a duplicate, an escalation, an acknowledgement."""

    __tablename__ = "notice_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    word: Mapped[str] = mapped_column(String(16))
    text: Mapped[str] = mapped_column(Text)
    alert: Mapped[int | None]
    incident: Mapped[int | None]
