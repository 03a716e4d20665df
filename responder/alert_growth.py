"""How signals become alerts: a new one, one that grows, or a dismissed one that comes back red.

Counts, heat and reasons only ever grow; a signal that was taken in before changes nothing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from posts.model import Signal
from registry import audit, changes
from registry.statements import clean
from responder.alerts import IGNORED, MISTAKEN, NEW, Alert, alert_of, wait_anew
from responder.colours import HEATS, Colours, hottest
from responder.tables import AlertRow, AlertSignalRow
from responder.wording import instant

REOPEN_WITHIN = timedelta(days=7)  # a matter that was dismissed longer ago is a new one
_PLAIN = Colours()
_MOST_REASONS = 50
_MOST_POSTS = 200


def absorb(
    session: Session, signal: Signal, *, now: datetime, colours: Colours = _PLAIN
) -> Alert | None:
    """Take a signal in: a new alert, or its matter's open one grows. None: it was in already.

    A dismissed one comes back (待处置) where it grows to red; else the matter is a new alert.
    """
    if session.get(AlertSignalRow, signal.id) is not None:
        return None
    row = session.scalar(
        select(AlertRow).where(AlertRow.open_fingerprint == signal.fingerprint).with_for_update()
    )
    if row is None:
        row = _reopened(session, signal, colours, now)
    if row is None:
        row = _new(signal, colours, now)
        session.add(row)
        session.flush()
    else:
        _grow(row, signal, colours, now)
    session.add(AlertSignalRow(signal=signal.id, alert=row.id, at=now))
    session.flush()
    changes.note(session, "alert", row.id, now=now)
    return alert_of(row)


def _new(signal: Signal, colours: Colours, now: datetime) -> AlertRow:
    return AlertRow(
        fingerprint=signal.fingerprint,
        open_fingerprint=signal.fingerprint,
        rule=signal.rule,
        title=clean(signal.title, 300),
        heat=colours.of(signal.heat, count=signal.count, threshold=signal.threshold),
        state=NEW,
        count=signal.count,
        folded=1,
        late=signal.late,
        reasons=[_reason(signal, now)],
        areas=list(signal.areas),
        sources=list(signal.sources),
        posts=list(signal.posts),
        first_post_at=signal.first_post_at,
        newest_post_at=signal.newest_post_at,
        created_at=now,
        updated_at=now,
        claimed_by="",
        claimed_at=None,
        closed_by="",
        closed_at=None,
        close_reason="",
        incident=None,
        waiting_since=now,
        round=0,
    )


def _reopened(session: Session, signal: Signal, colours: Colours, now: datetime) -> AlertRow | None:
    """The dismissed alert of the matter, waiting again, where the signal makes it red."""
    row = session.scalar(
        select(AlertRow)
        .where(
            AlertRow.fingerprint == signal.fingerprint,
            AlertRow.state.in_([IGNORED, MISTAKEN]),
            AlertRow.closed_at >= now - REOPEN_WITHIN,
            AlertRow.heat != HEATS[0],
        )
        .order_by(AlertRow.id.desc())
        .limit(1)
    )
    if row is None or signal.late or row.closed_at is None:
        return None
    count = max(row.count, signal.count)
    if colours.of(signal.heat, count=count, threshold=signal.threshold) != HEATS[0]:
        return None
    said = f"{row.closed_by}曾于 {instant(row.closed_at)} 处置为{row.state}：{row.close_reason}"
    before = {"state": row.state, "closed_by": row.closed_by, "reason": row.close_reason}
    again = {**_reason(signal, now), "text": clean(f"升为红色，重新打开。{said}", 500)}
    row.reasons = [*row.reasons, again]
    row.state, row.open_fingerprint = NEW, row.fingerprint
    row.claimed_by, row.claimed_at = "", None
    row.closed_by, row.closed_at, row.close_reason = "", None, ""
    session.flush()
    audit.record(
        session,
        who="系统",
        action="预警升红，重新打开",
        subject=f"alert:{row.id}",
        before=before,
        now=now,
    )
    return row


def _grow(row: AlertRow, signal: Signal, colours: Colours, now: datetime) -> None:
    """Counts, heat and reasons only ever grow; one fresh signal ends 补录."""
    before = (row.heat, row.late)
    row.posts = list(dict.fromkeys([*signal.posts, *row.posts]))[:_MOST_POSTS]
    row.count = max(row.count, signal.count, len(row.posts))
    grown = colours.of(signal.heat, count=row.count, threshold=signal.threshold)
    row.heat = hottest(row.heat, grown)
    row.folded += 1
    row.late = row.late and signal.late
    if (row.heat, row.late) != before and row.state == NEW:
        wait_anew(row, now)
    # The first reason tells why it was raised, the newest ones why it goes on.
    row.reasons = [row.reasons[0], *row.reasons[1:][-(_MOST_REASONS - 2) :], _reason(signal, now)]
    row.areas = list(dict.fromkeys([*row.areas, *signal.areas]))
    row.sources = list(dict.fromkeys([*row.sources, *signal.sources]))
    row.first_post_at = min(row.first_post_at, signal.first_post_at)
    row.newest_post_at = max(row.newest_post_at, signal.newest_post_at)
    row.updated_at = now


def _reason(signal: Signal, now: datetime) -> dict[str, Any]:
    said: dict[str, Any] = {
        "at": now.isoformat(),
        "rule": signal.rule,
        "text": clean(signal.reason, 500),
        "count": signal.count,
        "late": signal.late,
    }
    if signal.basis is not None:
        said["basis"] = msgspec.to_builtins(signal.basis)
    return said
