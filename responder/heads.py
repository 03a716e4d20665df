"""The daily head (每日链头): one line a day that, filed on paper, proves a later rewriting."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from posts.identity import SHANGHAI
from registry.chain import GENESIS
from registry.errors import InvalidInputError
from registry.tables import AuditRow, instant_text
from responder.tables import EntryRow

_STATES = {"closed": False, "merged_into": False, "opened": True, "reopen": True}
_LINK = re.compile(r"[a-z0-9]+:[0-9a-f]{64}")


class Head(Struct, frozen=True):
    """The end of an incident's chain: its number of entries and the newest link."""

    incident: int
    count: int
    hash: str


class DailyHead(Struct, frozen=True):
    """All chains at the end of a day in Shanghai, or now where the day is not over."""

    day: date
    audit_count: int
    audit_hash: str
    incidents: tuple[Head, ...]  # those that were open then
    line: str


def daily_head(session: Session, *, now: datetime, day: date | None = None) -> DailyHead:
    """The heads at the end of ``day`` (default: today so far). A past day never changes again.

    Raises InvalidInputError for a day in the future.
    """
    today = now.astimezone(SHANGHAI).date()
    day = day or today
    if day > today:
        raise InvalidInputError(f"{day.isoformat()} 还没有到，没有链头。", field="date")
    end = datetime.combine(day + timedelta(days=1), time(), SHANGHAI).astimezone(UTC)
    until = instant_text(end)
    last = session.execute(
        select(AuditRow.id, AuditRow.hash)
        .where(AuditRow.at < until)
        .order_by(AuditRow.id.desc())
        .limit(1)
    ).one_or_none()
    count, linked = (last.id, last.hash) if last else (0, GENESIS)
    heads: dict[int, Head] = {}
    standing: dict[int, bool] = {}
    rows = session.execute(
        select(EntryRow.incident, EntryRow.seq, EntryRow.type, EntryRow.hash)
        .where(EntryRow.written_at < until)
        .order_by(EntryRow.incident, EntryRow.seq)
    )
    for incident, seq, kind, link in rows:
        heads[incident] = Head(incident, seq, link)
        standing[incident] = _STATES.get(kind, standing.get(incident, True))
    standing_open = tuple(head for number, head in heads.items() if standing[number])
    parts = [f"审计 {count} 条 {linked}"]
    parts += [f"事件 {one.incident} 共 {one.count} 条 {one.hash}" for one in standing_open]
    so_far = "（当日未完）" if day == today else ""
    line = f"{day.isoformat()}{so_far} " + "；".join(parts)
    return DailyHead(day, count, linked, standing_open, line)


def links_in(text: str) -> list[str]:
    """The links in what a person hands in: one link, or the whole line as it was printed."""
    return list(dict.fromkeys(_LINK.findall(text))) or [text]


def contains(session: Session, head: str) -> str:
    """Where a link stands, in Chinese; "" where no chain has it any more."""
    found = session.scalar(select(AuditRow.id).where(AuditRow.hash == head))
    if found is not None:
        return f"审计链第 {found} 条"
    entry = session.execute(
        select(EntryRow.incident, EntryRow.seq).where(EntryRow.hash == head)
    ).one_or_none()
    if entry is not None:
        return f"事件 {entry.incident} 记录链第 {entry.seq} 条"
    return "各链的起点" if head == GENESIS else ""
