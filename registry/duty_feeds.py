"""Calendar subscriptions of the roster (日历订阅): a read-only token per person, and iCalendar.

The token opens nothing but the calendar. The calendar is RFC 5545 with its zone, so that a phone
abroad shows the same hours.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from posts.identity import SHANGHAI
from registry import audit, users
from registry.duty import Stretch
from registry.errors import InvalidInputError, NotFoundError
from registry.tables import DutyFeedRow
from registry.tokens import digest, new_secret

MINE, ALL = "mine", "all"
_OCTETS = 75
_LONGEST_TOKEN = 100


class Feed(Struct, frozen=True):
    """A subscription: whose it is, and whether it shows all shifts or only the person's own."""

    id: int
    user_id: int
    scope: str
    made_at: datetime
    revoked_at: datetime | None


def issue(session: Session, user_id: int, *, now: datetime, scope: str = MINE) -> str:
    """A new subscription; the token is seen this one time."""
    if scope not in {MINE, ALL}:
        raise InvalidInputError("订阅范围只能是 mine（本人）或 all（全部）。", field="scope")
    user = users.get(session, user_id)
    secret = new_secret()
    row = DutyFeedRow(
        digest=digest(secret), user_id=user_id, scope=scope, made_at=now, revoked_at=None
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        who=user.name,
        action="订阅值班日历",
        subject=f"feed:{row.id}",
        after={"scope": scope},
        now=now,
    )
    return secret


def for_token(session: Session, token: str) -> Feed | None:
    """The subscription of that token, where neither it was revoked nor its user closed."""
    if not token or len(token) > _LONGEST_TOKEN:
        return None
    row = session.scalar(
        select(DutyFeedRow).where(
            DutyFeedRow.digest == digest(token), DutyFeedRow.revoked_at.is_(None)
        )
    )
    if row is None or not users.get(session, row.user_id).active:
        return None
    return _feed(row)


def revoke(session: Session, feed: int, *, user_id: int, now: datetime) -> None:
    """End a subscription of one's own. Raises NotFoundError."""
    row = session.get(DutyFeedRow, feed)
    if row is None or row.user_id != user_id:
        raise NotFoundError(f"没有编号为 {feed} 的订阅。")
    if row.revoked_at is None:
        row.revoked_at = now
        session.flush()
        who = users.get(session, user_id).name
        audit.record(session, who=who, action="取消日历订阅", subject=f"feed:{feed}", now=now)


def of_user(session: Session, user_id: int) -> list[Feed]:
    """The subscriptions of a person that work."""
    rows = session.scalars(
        select(DutyFeedRow)
        .where(DutyFeedRow.user_id == user_id, DutyFeedRow.revoked_at.is_(None))
        .order_by(DutyFeedRow.id)
    )
    return [_feed(row) for row in rows]


def calendar(stretches: Iterable[Stretch], *, name: str, now: datetime) -> str:
    """The shifts as iCalendar text (CRLF, folded lines)."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Yuqing Desk//Duty//ZH",
        "CALSCALE:GREGORIAN",
        f"X-WR-CALNAME:{_escaped(name)}",
        "X-WR-TIMEZONE:Asia/Shanghai",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "BEGIN:VTIMEZONE",
        "TZID:Asia/Shanghai",
        "BEGIN:STANDARD",
        "DTSTART:19700101T000000",
        "TZOFFSETFROM:+0800",
        "TZOFFSETTO:+0800",
        "TZNAME:CST",
        "END:STANDARD",
        "END:VTIMEZONE",
    ]
    for one in stretches:
        shift = one.shift
        lines += [
            "BEGIN:VEVENT",
            f"UID:duty-{shift.id}-{one.start:%Y%m%dT%H%M%SZ}@yuqing-desk",
            f"DTSTAMP:{now:%Y%m%dT%H%M%SZ}",
            f"DTSTART;TZID=Asia/Shanghai:{_local(one.start)}",
            f"DTEND;TZID=Asia/Shanghai:{_local(one.end)}",
            f"SUMMARY:{_escaped(f'{shift.kind.value} {shift.role.value} {shift.name}')}",
        ]
        if shift.note:
            lines.append(f"DESCRIPTION:{_escaped(shift.note)}")
        lines.append("END:VEVENT")
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _local(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%Y%m%dT%H%M%S")


def _escaped(text: str) -> str:
    for plain, escaped in (("\\", "\\\\"), (";", "\\;"), (",", "\\,")):
        text = text.replace(plain, escaped)
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
    return "".join(character for character in text if character >= " " and character != "\x7f")


def _folded(line: str) -> str:
    """Lines of at most 75 octets, cut between characters; what follows begins with a blank."""
    parts, held, size = [], "", 0
    for character in line:
        octets = len(character.encode())
        if size + octets > _OCTETS:
            parts.append(held)
            held, size = " ", 1
        held += character
        size += octets
    return "\r\n".join([*parts, held])


def _feed(row: DutyFeedRow) -> Feed:
    return Feed(row.id, row.user_id, row.scope, row.made_at, row.revoked_at)
