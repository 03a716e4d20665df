"""The table of stops whose time waits to be confirmed by a page; made by its own migration."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables import Base


class UnconfirmedStopRow(Base):
    """A stop that says where it stands; the row goes once its time is confirmed or was refused."""

    __tablename__ = "unconfirmed_stops"

    incident: Mapped[int] = mapped_column(ForeignKey("incidents.id"), primary_key=True)
    seq: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(String(64), index=True)
