"""The rules and the calendar that are in force here, and all that ever were (时限规则的版本).

What entries name stays readable for ever, so that later rules never change a verdict. Until
somebody adopts others, the national defaults and the packaged calendar hold.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import audit
from responder.rules import RuleSet, national, packaged
from responder.tables_rulebook import RuleVersionRow
from responder.workdays import Calendar, load_calendar

RULES, CALENDAR = "rules", "calendar"
SYSTEM = "系统"
_DIGITS = 8  # of the digest, where two contents came under one name


class Rulebook(Struct, frozen=True):
    """What is in force; ``earlier`` of each holds the versions that entries may name."""

    rules: RuleSet
    calendar: Calendar


class Version(Struct, frozen=True):
    """A version that was adopted, without its content."""

    kind: str
    version: str
    digest: str
    adopted_by: str
    adopted_at: datetime


def in_force(session: Session) -> Rulebook:
    """The rules and the calendar that hold now; the same object while nothing was adopted."""
    found = session.execute(
        select(RuleVersionRow.id, RuleVersionRow.digest).order_by(RuleVersionRow.id)
    ).all()
    key = tuple((row.id, row.digest) for row in found)
    book = _books.get(key)
    if book is None:
        book = _read(session)
        _books.clear()  # one service has one database; tests have many
        _books[key] = book
    return book


_books: dict[tuple[tuple[int, str], ...], Rulebook] = {}


def adopt(
    session: Session, content: RuleSet | Calendar, *, who: str, now: datetime
) -> RuleSet | Calendar:
    """Put these rules or this calendar in force; returns them under the name that entries use.

    Nothing changes where they are. A name that stood for another content gets the begin of the
    digest behind it.
    """
    kind = RULES if isinstance(content, RuleSet) else CALENDAR
    book = in_force(session)
    current: RuleSet | Calendar = book.rules if kind == RULES else book.calendar
    plain = replace(content, earlier={})
    digest = _digest(plain)
    kept = {row.version for row in versions(session) if row.kind == kind}
    if _digest(replace(current, earlier={}, version=plain.version)) == digest and (
        current.version.partition("~")[0] == plain.version
    ):
        if current.version in kept:
            return current
        plain = replace(plain, version=current.version)
    elif plain.version in kept or _digest_of(current, plain.version) not in {"", digest}:
        plain = replace(plain, version=f"{plain.version}~{digest[:_DIGITS]}")
        if plain.version in kept:  # back to a content that held before
            plain = replace(plain, version=f"{plain.version}~{len(kept)}")
    session.add(
        RuleVersionRow(
            kind=kind,
            version=plain.version,
            digest=_digest(plain),
            body=msgspec.json.encode(plain, order="deterministic").decode(),
            adopted_by=who,
            adopted_at=now,
        )
    )
    session.flush()
    audit.record(
        session,
        who=who,
        action="启用时限规则" if kind == RULES else "启用工作日历",
        subject=kind,
        before=current.version,
        after={"version": plain.version, "digest": digest},
        now=now,
    )
    return plain


def start_with(
    session: Session, *, rules: RuleSet, calendar: Calendar, now: datetime, who: str = SYSTEM
) -> None:
    """What a service adopts when it starts: the rules of its settings, and the calendar.

    A calendar that a person adopted stays until there is one that covers a further year.
    """
    for content in wanting(session, rules=rules, calendar=calendar):
        adopt(session, content, who=who, now=now)


def wanting(session: Session, *, rules: RuleSet, calendar: Calendar) -> list[RuleSet | Calendar]:
    """What of these :func:`start_with` would adopt; reads only."""
    newest = {one.kind: one for one in reversed(versions(session))}
    found: list[RuleSet | Calendar] = []
    for kind, content in ((RULES, rules), (CALENDAR, calendar)):
        kept = newest.get(kind)
        persons = kept is not None and kept.adopted_by != SYSTEM
        known = in_force(session).calendar.years
        if persons and isinstance(content, Calendar) and content.years <= known:
            continue  # a person's calendar stays until there is one for a further year
        plain = replace(content, earlier={})
        if kept is None or kept.digest != _digest(replace(plain, version=kept.version)):
            found.append(content)
    return found


def versions(session: Session) -> list[Version]:
    """All that were adopted, newest first."""
    rows = session.scalars(select(RuleVersionRow).order_by(RuleVersionRow.id.desc()))
    return [
        Version(row.kind, row.version, row.digest, row.adopted_by, row.adopted_at) for row in rows
    ]


def _read(session: Session) -> Rulebook:
    rules: dict[str, RuleSet] = dict(packaged())
    calendars: dict[str, Calendar] = {load_calendar().version: load_calendar()}
    newest: dict[str, Any] = {RULES: national(), CALENDAR: load_calendar()}
    for row in session.scalars(select(RuleVersionRow).order_by(RuleVersionRow.id)):
        if row.kind == RULES:
            newest[RULES] = rules[row.version] = _decode_rules(row.body)
        else:
            newest[CALENDAR] = calendars[row.version] = _decode_calendar(row.body)
    return Rulebook(
        rules=replace(newest[RULES], earlier=rules),
        calendar=replace(newest[CALENDAR], earlier=calendars),
    )


@lru_cache(maxsize=64)
def _decode_rules(body: str) -> RuleSet:
    return msgspec.json.decode(body, type=RuleSet)


@lru_cache(maxsize=64)
def _decode_calendar(body: str) -> Calendar:
    return msgspec.json.decode(body, type=Calendar)


def _digest_of(current: RuleSet | Calendar, version: str) -> str:
    """The digest of what that name stands for already; "" where it is free."""
    known: RuleSet | Calendar | None = current.earlier.get(version)
    return _digest(replace(known, earlier={})) if known is not None else ""


def _digest(content: RuleSet | Calendar) -> str:
    return hashlib.sha256(msgspec.json.encode(content, order="deterministic")).hexdigest()
