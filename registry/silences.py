"""Silence windows (静默): alerts of a rule, a place or a word are not sent until an end.

Each has an owner and a reason and ends by itself. Red alerts ignore all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit, changes
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.statements import clean
from registry.tables import SilenceRow

LONGEST = timedelta(days=7)


class Silence(Struct, frozen=True, kw_only=True):
    """What it names has all to hold: ``rule``, ``area`` (with what lies in it), ``word``."""

    id: int
    rule: str
    area: str
    word: str
    starts_at: datetime
    until: datetime
    owner: str
    reason: str
    ended_at: datetime | None = None
    ended_by: str = ""

    @property
    def end(self) -> datetime:
        """When it ends, or was ended."""
        return min(self.until, self.ended_at or self.until)

    def holds(self, at: datetime) -> bool:
        """Whether it is on at that instant."""
        return self.starts_at <= at < self.end

    def meets(self, *, rule: str, areas: Iterable[str], text: str) -> bool:
        """Whether an alert of that rule, in those places, with that text is silenced."""
        return (
            (not self.rule or self.rule == rule)
            and (not self.area or any(area.startswith(self.area) for area in areas))
            and (not self.word or self.word in text)
        )


def add(
    session: Session,
    *,
    until: datetime,
    owner: str,
    reason: str,
    now: datetime,
    rule: str = "",
    area: str = "",
    word: str = "",
) -> Silence:
    """Begin a silence now. It needs an end (7 days at most), a reason, and something it names."""
    rule, area, word = clean(rule.strip(), 64), clean(area.strip(), 16), clean(word.strip(), 100)
    if not (rule or area or word):
        raise InvalidInputError("静默要写明规则、地点或词语，不能静默一切。", field="rule")
    if not reason.strip():
        raise InvalidInputError("静默要写明理由。", field="reason")
    if not now < until <= now + LONGEST:
        raise InvalidInputError("静默的结束时间要在现在之后、7 天之内。", field="until")
    row = SilenceRow(
        rule=rule,
        area=area,
        word=word,
        starts_at=now,
        until=until,
        owner=owner,
        reason=clean(reason.strip(), 500),
        ended_at=None,
        ended_by="",
    )
    session.add(row)
    session.flush()
    _told(session, "开始静默", row, owner, now)
    return _silence(row)


def end(session: Session, silence: int, *, by: str, now: datetime) -> Silence:
    """End it before its time. Raises NotFoundError, ConflictError where it ended already."""
    row = session.get(SilenceRow, silence)
    if row is None:
        raise NotFoundError(f"没有编号为 {silence} 的静默。")
    if not _silence(row).holds(now):
        raise ConflictError("这次静默已经结束。")
    row.ended_at, row.ended_by = now, by
    session.flush()
    _told(session, "提前结束静默", row, by, now)
    return _silence(row)


def active(session: Session, now: datetime) -> list[Silence]:
    """Those that are on, by their end."""
    return [one for one in since(session, now) if one.holds(now)]


def since(session: Session, at: datetime) -> list[Silence]:
    """Those that did not end before that instant, by their end."""
    rows = session.scalars(
        select(SilenceRow).where(SilenceRow.until > at).order_by(SilenceRow.until, SilenceRow.id)
    )
    return [_silence(row) for row in rows]


def recent(session: Session, limit: int = 50) -> list[Silence]:
    """The newest, also those that ended."""
    rows = session.scalars(select(SilenceRow).order_by(SilenceRow.id.desc()).limit(limit))
    return [_silence(row) for row in rows]


def meeting(
    silences: Sequence[Silence], *, rule: str, areas: Iterable[str], text: str
) -> list[Silence]:
    """Those that meet an alert, the one that ends last first."""
    areas = tuple(areas)
    found = [one for one in silences if one.meets(rule=rule, areas=areas, text=text)]
    return sorted(found, key=lambda one: one.end, reverse=True)


def _told(session: Session, action: str, row: SilenceRow, by: str, now: datetime) -> None:
    audit.record(
        session, who=by, action=action, subject=f"silence:{row.id}", after=_silence(row), now=now
    )
    changes.note(session, "alert", f"silence:{row.id}", now=now)


def _silence(row: SilenceRow) -> Silence:
    return Silence(**{name: getattr(row, name) for name in Silence.__struct_fields__})
