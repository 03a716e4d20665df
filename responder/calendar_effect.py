"""What another calendar would do (影响): the running deadlines that it moves or makes firm."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from responder import ledger, rulebook
from responder.clocks import judge
from responder.query import RUNNING
from responder.tables import IncidentRow
from responder.workdays import Calendar


class Changed(Struct, frozen=True, kw_only=True):
    """A running deadline that a calendar moves, or makes firm."""

    incident: int
    title: str
    rule: str
    name: str
    due_before: datetime
    due_after: datetime
    provisional_before: bool
    provisional_after: bool


def changed(session: Session, calendar: Calendar, now: datetime) -> list[Changed]:
    """The running deadlines of open incidents that this calendar moves or makes firm."""
    book = rulebook.in_force(session)
    titles = {
        row.id: row.title
        for row in session.execute(select(IncidentRow.id, IncidentRow.title)).all()
    }
    known = {**book.calendar.earlier, book.calendar.version: book.calendar}
    calendar = replace(calendar, earlier=known)
    found = []
    for incident, entries in ledger.load_open(session).items():
        before, after = (
            {
                (verdict.cycle, verdict.clock.rule): verdict.clock
                for verdict in judge(entries, rules=book.rules, calendar=one, now=now)
                if verdict.clock.state in RUNNING
            }
            for one in (book.calendar, calendar)
        )
        for key in sorted(before.keys() & after.keys()):
            old, new = before[key], after[key]
            if (old.due, old.provisional) != (new.due, new.provisional):
                found.append(
                    Changed(
                        incident=incident,
                        title=titles.get(incident, ""),
                        rule=old.rule,
                        name=old.name,
                        due_before=old.due,
                        due_after=new.due,
                        provisional_before=old.provisional,
                        provisional_after=new.provisional,
                    )
                )
    return found
