"""Tables of near-duplicates: who copied what, and the window that new posts are compared with."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.base import Base


class CopyGroupRow(Base):
    """An original with copies. ``id`` is the post that came first, ``original`` the earliest."""

    __tablename__ = "copy_groups"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    original: Mapped[str] = mapped_column(String(80))
    original_at: Mapped[datetime]
    newest_at: Mapped[datetime] = mapped_column(index=True)
    posts: Mapped[int]


class CopyMemberRow(Base):
    """A post of a group, its original too: no text, only where and in which hour it stood."""

    __tablename__ = "copy_members"
    __table_args__ = (Index("ix_copy_members_group_at", "group_id", "at"),)

    post_id: Mapped[str] = mapped_column(String(80), primary_key=True)
    group_id: Mapped[str] = mapped_column(String(80))
    source: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    hour: Mapped[datetime]


class CopySegmentRow(Base):
    """A run of the window's records, as grouping packed them. ``last``: the newest's number."""

    __tablename__ = "copy_segments"

    last: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    body: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[datetime]
