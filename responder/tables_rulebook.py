"""The table of rules and calendars that were in force; made by migration 0007_rulebook."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables import Base


class RuleVersionRow(Base):
    """Rules or a calendar as they were adopted; the newest of a kind is in force."""

    __tablename__ = "rule_versions"
    __table_args__ = (UniqueConstraint("kind", "version", name="uq_rule_versions_kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # rules | calendar
    version: Mapped[str] = mapped_column(String(300))
    digest: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    adopted_by: Mapped[str] = mapped_column(String(100))
    adopted_at: Mapped[datetime]
