"""Tables of what is watched: areas, units, sources with their health, alert rules, sightings."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from registry.tables.base import Base


class AreaRow(Base):
    """A division that matters here; ``own`` marks those that this office answers for."""

    __tablename__ = "areas"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    level: Mapped[str] = mapped_column(String(16))
    parent: Mapped[str | None] = mapped_column(String(16), index=True)
    own: Mapped[bool]


class AreaAliasRow(Base):
    """What people call an area."""

    __tablename__ = "area_aliases"

    code: Mapped[str] = mapped_column(
        String(16), ForeignKey("areas.code", ondelete="CASCADE"), primary_key=True
    )
    alias: Mapped[str] = mapped_column(String(100), primary_key=True)


class UnitRow(Base):
    """A department or public body (单位)."""

    __tablename__ = "units"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(64))
    parent: Mapped[str | None] = mapped_column(String(64))
    head: Mapped[str] = mapped_column(String(100))
    aliases: Mapped[list[str]]


class SourceRow(Base):
    """Where posts come from (信源)."""

    __tablename__ = "sources"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    kind: Mapped[str] = mapped_column(String(64))
    spider: Mapped[str] = mapped_column(String(16))
    url: Mapped[str] = mapped_column(Text)
    interval_s: Mapped[int]
    options: Mapped[dict[str, Any]]
    area: Mapped[str | None] = mapped_column(String(16))
    own: Mapped[bool]
    enabled: Mapped[bool]
    created_at: Mapped[datetime]


class OwnPageRow(Base):
    """A page of an own source as the crawler saw it; ``address``: hash of where it stands."""

    __tablename__ = "own_pages"

    address: Mapped[str] = mapped_column(String(64), primary_key=True)
    source: Mapped[str] = mapped_column(String(64))
    published_at: Mapped[datetime | None]
    first_seen_at: Mapped[datetime]


class SourceStateRow(Base):
    """What the last visits to a source gave; ``state`` is the one that was last announced."""

    __tablename__ = "source_states"

    source: Mapped[str] = mapped_column(
        String(64), ForeignKey("sources.id", ondelete="CASCADE"), primary_key=True
    )
    state: Mapped[str] = mapped_column(String(8))
    since: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    succeeded_at: Mapped[datetime | None]
    new_at: Mapped[datetime | None]
    streak: Mapped[int]
    failure: Mapped[str] = mapped_column(String(32))
    detail: Mapped[str] = mapped_column(Text)
    day: Mapped[str] = mapped_column(String(10))
    day_posts: Mapped[int]


class AlertRuleRow(Base):
    """A monitoring rule (监测规则): words, places and a count within a window."""

    __tablename__ = "alert_rules"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(200))
    any_of: Mapped[list[str]]
    all_of: Mapped[list[str]]
    none_of: Mapped[list[str]]
    areas: Mapped[list[str]]
    kinds: Mapped[list[str]]
    sources: Mapped[list[str]]
    sentiments: Mapped[list[str]]
    min_count: Mapped[int]
    window_s: Mapped[int]
    cooldown_s: Mapped[int]
    heat: Mapped[str] = mapped_column(String(8))
    enabled: Mapped[bool]


class SightingRow(Base):
    """That a post was seen, since when and with which content: unchanged posts are duplicates."""

    __tablename__ = "sightings"

    post_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    content_hash: Mapped[str] = mapped_column(String(80))
    first_seen_at: Mapped[datetime]
    filed_month: Mapped[str] = mapped_column(String(7))
    seen_at: Mapped[datetime]


class SeedRow(Base):
    """That an entry of the settings file was registered once, so that it is never given again."""

    __tablename__ = "seeds"

    name: Mapped[str] = mapped_column(String(200), primary_key=True)
    at: Mapped[datetime]
