"""Tables of lawful erasure: each act with who and why, and what it destroyed (依法销毁)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.base import Base


class ErasureRow(Base):
    """One act of erasure; ``finished_at`` is set when nothing is left in any store."""

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(Text)
    clause: Mapped[str] = mapped_column(Text)
    signer: Mapped[str] = mapped_column(String(100))
    second: Mapped[str] = mapped_column(String(100))
    at: Mapped[datetime]
    count: Mapped[int]
    digest: Mapped[str] = mapped_column(String(80))
    finished_at: Mapped[datetime | None] = mapped_column(index=True)


class ErasedRow(Base):
    """A thing that was destroyed: it never comes back. Holds nothing of its content."""

    __tablename__ = "erased"

    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(String(80), primary_key=True)
    erasure: Mapped[int] = mapped_column(ForeignKey("erasures.id"), index=True)
