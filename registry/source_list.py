"""The sources that are watched, as people set them up (信源)."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit, changes, gazetteer
from registry.errors import InvalidInputError, NotFoundError
from registry.statements import clean
from registry.tables import SourceRow, SourceStateRow

OK, SLOW, BLIND, NA = "ok", "slow", "blind", "na"
SPIDERS = ("site", "feed", "sitemap", "manual")
_ID = re.compile(r"[\w.-]{1,64}")


class Source(Struct, frozen=True, kw_only=True):
    """A source. ``spider``: ``site``, ``feed``, ``sitemap``, or ``manual`` (files, by hand).

    ``options`` are the spider's (selectors, limits); ``own`` marks a publication of this office.
    """

    id: str
    name: str
    kind: str
    spider: str = "manual"
    url: str = ""
    interval_s: int = 300
    options: dict[str, Any] = msgspec.field(default_factory=dict)
    area: str | None = None
    own: bool = False
    enabled: bool = True


def put(session: Session, source: Source, *, now: datetime, who: str = "系统") -> None:
    """Keep the source, in place of what stood under its id. Raises InvalidInputError.

    A new address or spider is tried at once, and its failures are counted from 0.
    """
    _require_good(source)
    if source.area:
        source = msgspec.structs.replace(source, area=gazetteer.area_code(source.area))
    row = session.get(SourceRow, source.id)
    before = None if row is None else to_source(row)
    if before == source:
        return
    row = row or SourceRow(id=source.id, created_at=now)
    for field, value in msgspec.structs.asdict(source).items():
        setattr(row, field, clean(value) if isinstance(value, str) else value)
    session.add(row)
    session.flush()
    _renew_state(session, before, source, now)
    changes.note(session, "source", source.id, now=now)
    action = "新建信源" if before is None else "修改信源"
    audit.record(
        session, who=who, action=action, subject=source.id, before=before, after=source, now=now
    )


def ensure(
    session: Session,
    source_id: str,
    name: str = "",
    kind: str = "",
    *,
    now: datetime,
    who: str = "系统",
) -> Source:
    """The source of that id; where there is none, a manual one is made."""
    row = session.get(SourceRow, source_id)
    if row is None:
        made = Source(id=source_id, name=name or source_id, kind=kind or "other")
        put(session, made, now=now, who=who)
        return made
    return to_source(row)


def get(session: Session, source_id: str) -> Source:
    """The source. Raises NotFoundError."""
    return to_source(_row(session, source_id))


def everything(session: Session) -> list[Source]:
    """All sources, by id."""
    return [to_source(row) for row in session.scalars(select(SourceRow).order_by(SourceRow.id))]


def remove(session: Session, source_id: str, *, now: datetime, who: str = "系统") -> None:
    """The source and what is known of its health are gone; its posts stay."""
    row = _row(session, source_id)
    before = to_source(row)
    if (state := session.get(SourceStateRow, source_id)) is not None:
        session.delete(state)
        session.flush()
    session.delete(row)
    session.flush()
    changes.note(session, "source", source_id, now=now)
    audit.record(session, who=who, action="删除信源", subject=source_id, before=before, now=now)


def to_source(row: SourceRow) -> Source:
    """The row as a plain value."""
    return Source(
        id=row.id,
        name=row.name,
        kind=row.kind,
        spider=row.spider,
        url=row.url,
        interval_s=row.interval_s,
        options=row.options,
        area=row.area,
        own=row.own,
        enabled=row.enabled,
    )


def is_watched(source: Source | SourceRow) -> bool:
    """Whether it is visited by itself: enabled, and not filled by hand."""
    return source.enabled and source.spider != "manual"


def _renew_state(session: Session, before: Source | None, source: Source, now: datetime) -> None:
    row = session.get(SourceStateRow, source.id)
    if row is None:
        row = _fresh_state(source, now)
        session.add(row)
    elif before is not None:
        if (before.url, before.spider) != (source.url, source.spider):
            row.streak, row.failure, row.detail, row.tried_at = 0, "", "", None
            row.state, row.since = _first_state(source), now
        if is_watched(before) != is_watched(source):
            row.state, row.since = _first_state(source), now
    session.flush()


def _first_state(source: Source) -> str:
    return OK if is_watched(source) else NA


def _fresh_state(source: Source, now: datetime) -> SourceStateRow:
    return SourceStateRow(
        source=source.id,
        state=_first_state(source),
        since=now,
        tried_at=None,
        succeeded_at=None,
        new_at=None,
        streak=0,
        failure="",
        detail="",
        day="",
        day_posts=0,
    )


def _row(session: Session, source_id: str) -> SourceRow:
    row = session.get(SourceRow, source_id)
    if row is None:
        raise NotFoundError(f"没有编号为 {source_id} 的信源。")
    return row


def _require_good(source: Source) -> None:
    def refuse(field: str, sentence: str) -> None:
        raise InvalidInputError(f"信源 {source.id or '（无编号）'}：{sentence}", field=field)

    if not _ID.fullmatch(source.id):
        refuse("id", "编号要有 1 到 64 个字符，只能用文字、数字、下划线、点和连字符。")
    if not source.name.strip() or not source.kind.strip():
        refuse("name", "要有名称和类型。")
    if source.spider not in SPIDERS:
        refuse("spider", f"采集方式只能是 {'、'.join(SPIDERS)}，不能是 {source.spider}。")
    if source.spider == "manual":
        return
    try:
        parts = urlsplit(source.url)
        good = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        good = False
    if not good:
        refuse("url", f"网址 {source.url or '（空）'} 要以 http:// 或 https:// 开头并写明主机。")
    if source.interval_s < 1:
        refuse("interval_s", "采集间隔至少为 1 秒。")
