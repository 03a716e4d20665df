"""Tables of what leaves the house: the outbox, its log, the channels; and the witnesses of time."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.base import Base


class OutboxRow(Base):
    """Something that leaves the house, written with its cause; ``key`` makes it once only.

    ``owner`` claimed it for sending until ``claimed_until``; ``bundle`` names what it leaves in,
    alone or together with others, from the first claim on.
    """

    __tablename__ = "outbox"
    __table_args__ = (
        Index("ix_outbox_state_try_at", "state", "try_at"),
        Index("ix_outbox_channel_state_due_at", "channel", "state", "due_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[str] = mapped_column(String(200), unique=True)
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16))
    due_at: Mapped[datetime]
    try_at: Mapped[datetime]
    created_at: Mapped[datetime]
    attempts: Mapped[int]
    detail: Mapped[str] = mapped_column(Text)
    done_at: Mapped[datetime | None]
    channel: Mapped[str] = mapped_column(String(64), default="")
    owner: Mapped[str] = mapped_column(String(200), default="")
    claimed_until: Mapped[datetime | None]
    bundle: Mapped[str] = mapped_column(String(80), default="")


class DeliveryEventRow(Base):
    """What happened to a message: sent, not sent, failed, sent again."""

    __tablename__ = "delivery_events"

    id: Mapped[int] = mapped_column(primary_key=True)
    message: Mapped[int] = mapped_column(ForeignKey("outbox.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]
    event: Mapped[str] = mapped_column(String(16))
    detail: Mapped[str] = mapped_column(Text)


class ChannelRow(Base):
    """A channel as the responder last saw it; ``bound``: whom it is for, a target a line."""

    __tablename__ = "channels"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    since: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    failures: Mapped[int]
    detail: Mapped[str] = mapped_column(Text)
    bound: Mapped[str | None] = mapped_column(Text)


class ClockSampleRow(Base):
    """How far our clock was from a site's, by its last Date header; positive: ours is ahead."""

    __tablename__ = "clock_samples"

    host: Mapped[str] = mapped_column(String(255), primary_key=True)
    offset_ms: Mapped[int]
    at: Mapped[datetime]
