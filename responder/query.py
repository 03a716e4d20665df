"""What the api and the console show: lists and details, computed on read."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from msgspec import Struct
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from registry import outbox
from registry.outbox import Delivery
from responder import alerts as alerting
from responder import incidents as recording
from responder import ledger
from responder.alerts import Alert
from responder.clocks import Clock, State, Verdict, judge
from responder.entries import Entry, Moment
from responder.facts import Known, corrections, gather, in_order
from responder.incidents import Incident
from responder.rulebook import in_force
from responder.rules import RuleSet
from responder.rungs import acknowledgement, past_thresholds
from responder.tables import AlertRow, IncidentRow
from responder.timeline import TimelineItem, timeline_of
from responder.workdays import Calendar

RUNNING = frozenset({State.CONDITIONAL, State.RUNNING, State.DUE_SOON, State.OVERDUE})


class Reminded(Struct, frozen=True, kw_only=True):
    """A threshold of a running clock that is past: whether somebody saw it (确认)."""

    rule: str
    threshold: int  # percent
    at: datetime
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None


class IncidentDetail(Struct, frozen=True, kw_only=True):
    """One incident with all that is shown of it.

    ``clocks``: overdue first, then by due, then the settled. ``moments``: the instants by name.
    ``timeline``: what happened last comes first. ``deliveries``: what was sent about it.
    """

    incident: Incident
    clocks: tuple[Clock, ...]
    moments: dict[str, Known]
    timeline: tuple[TimelineItem, ...]
    deliveries: tuple[Delivery, ...]
    reminders: tuple[Reminded, ...] = ()


def open_clocks(
    session: Session,
    now: datetime,
    *,
    rules: RuleSet | None = None,
    calendar: Calendar | None = None,
    settled: bool = False,
) -> list[Clock]:
    """The clocks of all open incidents that still run, overdue first, then by due.

    With ``settled`` those that are met, revoked or not applicable follow.
    """
    found = [
        verdict.clock
        for verdicts in open_verdicts(session, now, rules=rules, calendar=calendar).values()
        for verdict in verdicts
        if settled or verdict.clock.state in RUNNING
    ]
    return by_urgency(found)


def open_verdicts(
    session: Session,
    now: datetime,
    *,
    rules: RuleSet | None = None,
    calendar: Calendar | None = None,
) -> dict[int, list[Verdict]]:
    """The verdicts of each open incident."""
    book = in_force(session)
    return {
        incident: judge(
            entries,
            rules=rules or book.rules,
            calendar=calendar or book.calendar,
            now=now,
            incident=incident,
        )
        for incident, entries in ledger.load_open(session).items()
    }


def by_urgency(clocks: list[Clock]) -> list[Clock]:
    """Running before settled, overdue first, then by the due instant."""
    return sorted(
        clocks,
        key=lambda c: (c.state not in RUNNING, c.margin_s >= 0, c.due, c.incident or 0, c.rule),
    )


def alert_counts(session: Session) -> dict[str, int]:
    """How many alerts there are in each state; every state is there."""
    counted = session.execute(select(AlertRow.state, func.count()).group_by(AlertRow.state))
    return {**dict.fromkeys(alerting.STATES, 0), **{row[0]: row[1] for row in counted}}


def alerts(
    session: Session,
    *,
    states: Collection[str] | None = None,
    late: bool | None = None,
    limit: int = 50,
    before_id: int | None = None,
) -> list[Alert]:
    """Alerts, newest first; ``states`` None: all. ``before_id``: those older than that one."""
    wanted: list[ColumnElement[bool]] = []
    if states is not None:
        wanted.append(AlertRow.state.in_(list(states)))
    if late is not None:
        wanted.append(AlertRow.late.is_(late))
    if before_id is not None:
        wanted.append(AlertRow.id < before_id)
    rows = session.scalars(
        select(AlertRow).where(*wanted).order_by(AlertRow.id.desc()).limit(limit)
    )
    return [alerting.alert_of(row) for row in rows]


def alert(session: Session, alert_id: int) -> Alert:
    """One alert. Raises NotFoundError."""
    return alerting.get(session, alert_id)


def incidents(
    session: Session,
    *,
    state: str | None = None,
    limit: int = 50,
    before_id: int | None = None,
) -> list[Incident]:
    """Incidents, newest first; ``state`` is open or closed, None for all."""
    wanted: list[ColumnElement[bool]] = []
    if state is not None:
        wanted.append(IncidentRow.state == state)
    if before_id is not None:
        wanted.append(IncidentRow.id < before_id)
    rows = session.scalars(
        select(IncidentRow).where(*wanted).order_by(IncidentRow.id.desc()).limit(limit)
    )
    return [recording.incident_of(row) for row in rows]


def incident(
    session: Session,
    incident_id: int,
    now: datetime,
    *,
    rules: RuleSet | None = None,
    calendar: Calendar | None = None,
) -> IncidentDetail:
    """One incident with its clocks, instants and timeline. Raises NotFoundError."""
    found = recording.get(session, incident_id)
    entries = ledger.load(session, incident_id)
    book = in_force(session)
    verdicts = judge(
        entries,
        rules=rules or book.rules,
        calendar=calendar or book.calendar,
        now=now,
        incident=incident_id,
    )
    return IncidentDetail(
        incident=found,
        clocks=tuple(by_urgency([verdict.clock for verdict in verdicts])),
        moments=moments(entries),
        timeline=tuple(timeline_of(entries)),
        deliveries=tuple(
            delivery
            for delivery in outbox.recent(session, 200)
            if delivery.payload.get("incident") == incident_id
        ),
        reminders=tuple(reminded(entries, verdicts, now)),
    )


def moments(entries: list[Entry]) -> dict[str, Known]:
    """The instants of the newest cycle as corrected, by name (occurred, detected, …)."""
    ordered = in_order(entries)
    facts = gather(ordered, corrections(ordered))[-1]
    return {which.value: facts.moments[which] for which in Moment if which in facts.moments}


def reminded(entries: list[Entry], verdicts: list[Verdict], now: datetime) -> list[Reminded]:
    """The newest past threshold of each running clock, with who has seen it."""
    shown = []
    for verdict in verdicts:
        past = past_thresholds(verdict, now)
        if verdict.silent or not past:
            continue
        newest = max(past)
        seen = acknowledgement(entries, verdict.clock.rule, newest, cycle=verdict.cycle, now=now)
        shown.append(
            Reminded(
                rule=verdict.clock.rule,
                threshold=newest,
                at=past[newest],
                acknowledged_by=seen.by if seen else "",
                acknowledged_at=seen.at if seen else None,
            )
        )
    return shown


def deliveries(session: Session, limit: int = 50) -> list[Delivery]:
    """The newest notices (通知) with what became of each, newest first."""
    return outbox.recent(session, limit)
