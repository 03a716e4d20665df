"""Entries that a second person signs (双人): corrections and 不适用, put forward and confirmed."""

from __future__ import annotations

from datetime import datetime

import msgspec
from msgspec.structs import replace
from sqlalchemy.orm import Session

from registry import approvals, changes
from registry.errors import InvalidInputError
from registry.users import User
from responder import incidents, ledger
from responder.checks import check_entry
from responder.entries import KIND_NAMES, Correction, Entry, NotApplicable, kind
from responder.rulebook import in_force

SIGNED = approvals.two_person("事件记录")  # an entry that waits for a second person


def propose(session: Session, incident: int, entry: Entry, *, by: User, now: datetime) -> int:
    """Put forward a correction or 不适用; returns the number under which another confirms it."""
    found = incidents.get(session, incident)
    if not isinstance(entry, incidents.TWO_PERSONS):
        raise InvalidInputError(f"{KIND_NAMES[kind(entry)]}不需要第二人，直接记入即可")
    entry = replace(entry, incident=incident, by=by.display_name or by.name)
    there = ledger.load(session, incident)
    rules = in_force(session).rules
    check_entry(entry, there, open_=found.state == incidents.OPEN, rules=rules, now=now)
    body = msgspec.to_builtins(entry)
    number = SIGNED.propose(session, subject=f"incident:{incident}", body=body, by=by.id, now=now)
    changes.note(session, "incident", incident, now=now)
    return number


def confirm(session: Session, approval: int, *, by: User, now: datetime) -> Entry:
    """The second person signs; the entry is written. ForbiddenError for the same person."""
    confirmed = SIGNED.confirm(session, approval, by=by.id, now=now)
    entry: Entry = msgspec.convert(confirmed.body, Correction | NotApplicable)
    second = by.display_name or by.name
    if second == entry.by:  # two accounts of one name can't be told apart in the records
        second = f"{second}（{by.name}）"
    entry = replace(entry, written_at=now, second=second)
    return incidents.append(session, entry.incident, entry, now=now)
