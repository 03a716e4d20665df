"""How each source fares (信源健康): a source that falls silent must not look like a calm day.

ok: it gives rows. slow: no success for 3 intervals (at least 5 minutes). blind: 3 visits in a row
without a row, be they failures or empty lists. na: switched off, or filled by hand.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import changes
from registry.errors import NotFoundError
from registry.source_list import BLIND, NA, OK, SLOW, Source, is_watched, to_source
from registry.statements import clean
from registry.tables import SourceRow, SourceStateRow

FAILURES = (
    "not_found",
    "forbidden",
    "blocked",
    "login_page",
    "captcha",
    "empty_list",
    "layout_changed",
    "robots",
    "timeout",
    "connection",
    "refused_address",
    "too_large",
    "decode",
    "other",
)
BLIND_AFTER = 3  # visits in a row without a row
SLOW_INTERVALS = 3
SLOW_AT_LEAST = timedelta(minutes=5)
SHANGHAI = ZoneInfo("Asia/Shanghai")


class Health(Struct, frozen=True):
    """A source's health. ``since``: when the state began; ``streak``: visits without a row.

    ``failure`` (one of FAILURES, or "") and ``detail`` tell of the last visit without a row.
    """

    state: str
    since: datetime
    last_success_at: datetime | None
    last_new_at: datetime | None
    streak: int
    failure: str
    detail: str
    posts_today: int


def record_success(
    session: Session, source_id: str, *, now: datetime, found: int | None, new: int
) -> None:
    """A visit went well: ``found`` rows on the list, of which ``new`` were taken in.

    ``found=0`` is an empty list and counts towards blindness; ``found=None`` says that the list
    has not changed since the last visit (HTTP 304), which is a good visit.
    """
    source, row = _rows(session, source_id)
    row.tried_at = row.succeeded_at = now
    if found == 0:
        row.streak += 1
        row.failure, row.detail = "empty_list", "列表是空的，一条也没有。"
    else:
        row.streak, row.failure, row.detail = 0, "", ""
    if new > 0:
        day = _day(now)
        row.day_posts = new + (row.day_posts if row.day == day else 0)
        row.day, row.new_at = day, now
    _settle(session, source, row, now)


def record_failure(
    session: Session, source_id: str, *, now: datetime, failure: str, detail: str = ""
) -> None:
    """A visit failed; ``failure`` is one of FAILURES, anything else counts as ``other``."""
    source, row = _rows(session, source_id)
    row.tried_at = now
    row.streak += 1
    row.failure = failure if failure in FAILURES else "other"
    row.detail = clean(detail, 500)
    _settle(session, source, row, now)


def health(session: Session, *, now: datetime) -> list[tuple[Source, Health]]:
    """All sources with their health at ``now``, by id."""
    found = []
    for source, row in _everything(session):
        state, since = _judge(source, row, now)
        shown = Health(
            state=state,
            since=since,
            last_success_at=row.succeeded_at,
            last_new_at=row.new_at,
            streak=row.streak,
            failure=row.failure,
            detail=row.detail,
            posts_today=row.day_posts if row.day == _day(now) else 0,
        )
        found.append((to_source(source), shown))
    return found


def refresh(session: Session, *, now: datetime) -> int:
    """Note the changes that came by the mere passing of time (ok → slow); returns how many."""
    return sum(_settle(session, source, row, now) for source, row in _everything(session))


def due(session: Session, *, now: datetime) -> list[Source]:
    """Sources to visit now, longest waiting first: enabled, not manual, interval elapsed."""
    waiting = [
        (row.tried_at.timestamp() if row.tried_at else 0.0, source.id, to_source(source))
        for source, row in _everything(session)
        if is_watched(source)
        and (row.tried_at is None or row.tried_at + timedelta(seconds=source.interval_s) <= now)
    ]
    return [source for _, _, source in sorted(waiting, key=lambda item: item[:2])]


def _judge(source: SourceRow, row: SourceStateRow, now: datetime) -> tuple[str, datetime]:
    """The state at ``now`` and since when; the stored one keeps its begin while it lasts."""
    good_at = row.succeeded_at or source.created_at
    if row.state == OK:
        good_at = max(good_at, row.since)  # switched on again: its silence counts from then
    slow_at = good_at + max(SLOW_INTERVALS * timedelta(seconds=source.interval_s), SLOW_AT_LEAST)
    if not is_watched(source):
        state, since = NA, now
    elif row.streak >= BLIND_AFTER:
        state, since = BLIND, row.tried_at or now
    elif now > slow_at:
        state, since = SLOW, slow_at
    else:
        state, since = OK, now
    return state, row.since if state == row.state else since


def _settle(session: Session, source: SourceRow, row: SourceStateRow, now: datetime) -> bool:
    state, since = _judge(source, row, now)
    changed = state != row.state
    if changed:
        row.state, row.since = state, since
        changes.note(session, "source", source.id, now=now)
    session.flush()
    return changed


def _rows(session: Session, source_id: str) -> tuple[SourceRow, SourceStateRow]:
    source = session.get(SourceRow, source_id)
    if source is None:
        raise NotFoundError(f"没有编号为 {source_id} 的信源。")
    return source, session.get_one(SourceStateRow, source_id)


def _everything(session: Session) -> list[tuple[SourceRow, SourceStateRow]]:
    found = session.execute(
        select(SourceRow, SourceStateRow)
        .join(SourceStateRow, SourceStateRow.source == SourceRow.id)
        .order_by(SourceRow.id)
    )
    return [(source, row) for source, row in found]


def _day(now: datetime) -> str:
    return now.astimezone(SHANGHAI).date().isoformat()
