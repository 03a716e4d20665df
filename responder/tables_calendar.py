"""The table of the yearly notices that two persons confirmed; made by its own migration."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables import Base


class CalendarNoticeRow(Base):
    """A notice as it was confirmed; the newest of a year holds. ``digest``: of all that it says."""

    __tablename__ = "calendar_notices"

    id: Mapped[int] = mapped_column(primary_key=True)
    year: Mapped[int] = mapped_column(index=True)
    number: Mapped[str] = mapped_column(String(100))
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    holidays: Mapped[list[str]] = mapped_column(JSON)  # ISO dates, in order
    workdays: Mapped[list[str]] = mapped_column(JSON)
    text: Mapped[str] = mapped_column(Text)
    approval: Mapped[int]
    proposed_by: Mapped[str] = mapped_column(String(100))
    confirmed_by: Mapped[str] = mapped_column(String(100))
    confirmed_at: Mapped[datetime]
