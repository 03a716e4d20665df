"""Tables of event candidates: what grouping found, and what people decided of it (事件线索)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.base import Base


class EventRow(Base):
    """A candidate: posts that seem to speak of one matter. ``body`` holds words of posts."""

    __tablename__ = "events"
    __table_args__ = (Index("ix_events_state_heat", "state", "heat"),)

    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    state: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(Text)
    heat: Mapped[float]
    heat_version: Mapped[str] = mapped_column(String(16))
    first_at: Mapped[datetime]
    newest_at: Mapped[datetime] = mapped_column(index=True)
    body: Mapped[dict[str, Any]]
    merged_into: Mapped[str] = mapped_column(String(32))
    decided_by: Mapped[str] = mapped_column(String(100))
    decided_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class EventPostRow(Base):
    """That a post is of a candidate. No text of the post."""

    __tablename__ = "event_posts"
    __table_args__ = (Index("ix_event_posts_event_at", "event", "at"),)

    post: Mapped[str] = mapped_column(String(80), primary_key=True)
    event: Mapped[str] = mapped_column(String(32))
    at: Mapped[datetime]
    source: Mapped[str] = mapped_column(String(200))


class EventDecisionRow(Base):
    """What a person decided: ``merge`` (subject into event), ``apart`` (the post is not of it)."""

    __tablename__ = "event_decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    event: Mapped[str] = mapped_column(String(32), index=True)
    subject: Mapped[str] = mapped_column(String(80), index=True)
    by: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
