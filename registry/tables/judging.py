"""Tables of what people say of scores: labels, without any text of the post (更正评分)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.base import Base


class LabelRow(Base):
    """An officer's word on one post, beside what the scorer had said of it.

    ``polarity`` and ``appeal`` are None where nothing was said of them. Never holds the text.
    """

    __tablename__ = "labels"

    id: Mapped[int] = mapped_column(primary_key=True)
    post: Mapped[str] = mapped_column(String(80), index=True)
    polarity: Mapped[int | None]
    appeal: Mapped[bool | None]
    by: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
    scorer: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(64))
    sentiment: Mapped[str] = mapped_column(String(16))
    p_negative: Mapped[float]
    p_positive: Mapped[float]
    p_appeal: Mapped[float | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(String(100))
