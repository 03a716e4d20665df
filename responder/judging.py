"""One rule against the facts of one cycle: its clock, and what stands behind it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from responder import reasons
from responder.entries import MOMENT_NAMES, Entry, EventType, MergedInto, Moment
from responder.facts import Facts, Standing, Stop
from responder.rules.model import Rule
from responder.workdays import Calendar

_MOMENTS = {moment.value: moment for moment in Moment}


class State(StrEnum):
    """The state of a clock. 待定级 stays ``conditional`` past its due instant."""

    CONDITIONAL = "conditional"
    RUNNING = "running"
    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    MET = "met"
    MET_LATE = "met_late"
    NOT_APPLICABLE = "not_applicable"
    REVOKED = "revoked"


class Clock(Struct, frozen=True, kw_only=True):
    """One countdown as shown. ``margin_s`` is positive while early or remaining, else negative."""

    rule: str
    name: str
    basis: str
    start: datetime
    due: datetime
    state: State
    provisional: bool
    margin_s: int
    reason: str
    citation: str
    incident: int | None = None


class Verdict(Struct, frozen=True, kw_only=True):
    """A clock with what stands behind it, for reminders and statistics.

    ``silent``: nothing more is to be done about it (stopped, revoked, not applicable).
    ``breached``: past due before it was stopped or revoked; nothing later takes that back.
    """

    clock: Clock
    rule: Rule
    cycle: int
    stop: Stop | None
    silent: bool
    breached: bool
    since: datetime  # when what makes it run was written down
    attached: datetime | None  # when the level that brought it was decided
    revoked: datetime | None


class Span(Struct, frozen=True):
    """How a rule applies: the standing that attached it (and the one before), or revoked it.

    ``ended``: the clock ends with the incident, by the entry that closed it.
    """

    conditional: bool
    attached: Standing | None = None
    before: Standing | None = None
    revoked: Standing | None = None
    ended: Entry | None = None

    @property
    def revoked_at(self) -> datetime | None:
        """When it was revoked, by whatever."""
        if self.revoked is not None:
            return self.revoked.at
        return self.ended.at if self.ended is not None else None

    @property
    def revoked_written(self) -> datetime | None:
        """When that was written down."""
        if self.revoked is not None:
            return self.revoked.entry.written_at if self.revoked.entry else self.revoked.at
        return self.ended.written_at if self.ended is not None else None


class Basis(Struct, frozen=True):
    """Where a clock runs from, what that is called, and when it was written down."""

    start: datetime
    label: str
    since: datetime


def judge_rule(
    same_id: Sequence[Rule], facts: Facts, calendar: Calendar, now: datetime, incident: int | None
) -> Verdict | None:
    """The verdict of the rules of one id, of which the one counts that holds at the basis."""
    for rule in same_id:
        basis = _basis(rule, facts)
        if basis is None or not rule.holds(basis.start):
            continue
        span = span_of(rule, facts) if rule.enabled else None
        if span is None or (rule.on_demand and rule.id not in facts.needed):
            return None
        return decide(
            rule, facts, span, basis, _stop(rule, facts, basis.start), calendar, now, incident
        )
    return None


def decide(
    rule: Rule,
    facts: Facts,
    span: Span,
    basis: Basis,
    stop: Stop | None,
    calendar: Calendar,
    now: datetime,
    incident: int | None,
    label: str = "",
) -> Verdict:
    """The verdict of a clock that runs from that basis and was stopped there, or not yet."""
    start = basis.start
    if stop is not None and rule.length.workdays:  # the calendar that was in force at the stop
        calendar = calendar.pinned(stop.entry.calendar)
    due, provisional = _due(rule, start, calendar)
    revoked = span.revoked_at
    if facts.ended is not None and revoked is None and not rule.always:
        revoked = facts.ended
    signed = facts.not_applicable.get(label) or facts.not_applicable.get(rule.id)
    if stop is not None and revoked is not None and due >= revoked:
        # Revoked in time: what came after judges nothing. What had stopped it before the
        # revocation was written stays: a stopped clock is never un-stopped.
        written = span.revoked_written or revoked
        if stop.at > revoked and stop.entry.written_at > written:
            stop = None
    if stop is not None:
        state = State.MET if stop.at <= due else State.MET_LATE
    if signed is not None and (stop is None or stop.entry.written_at > signed.written_at):
        state, stop = State.NOT_APPLICABLE, None
    elif stop is None:
        state = _running(rule, span, start, due, revoked, now)
    until = stop.at if stop else (revoked if state is State.REVOKED and revoked else now)
    ended = until  # 不适用: the wall time goes on, a breach is as it was when that was signed
    if signed is not None and state is State.NOT_APPLICABLE:
        ended = min(until, signed.written_at)
    clock = Clock(
        rule=label or rule.id,
        name=rule.name,
        basis=basis.label,
        start=start,
        due=due,
        state=state,
        provisional=provisional,
        margin_s=math.floor((due - until).total_seconds()),
        reason="",
        citation=rule.quoted,
        incident=incident,
    )
    verdict = Verdict(
        clock=clock,
        rule=rule,
        cycle=facts.cycle,
        stop=stop,
        silent=stop is not None
        or revoked is not None
        or state in {State.NOT_APPLICABLE, State.REVOKED},
        breached=ended > due,
        since=max(basis.since, _brought(rule, span, facts) or basis.since),
        attached=span.attached.at if span.attached else None,
        revoked=revoked,
    )
    return reasons.explained(verdict, facts, span, now)


def span_of(rule: Rule, facts: Facts) -> Span | None:
    """Whether the rule applies at the end of the cycle, is conditional, or was revoked."""
    closed = facts.closed
    ended = closed if closed and (rule.while_open or isinstance(closed, MergedInto)) else None
    if rule.always:
        return Span(conditional=False, ended=ended)
    attached: Standing | None = None
    before: Standing | None = None
    revoked: Standing | None = None
    previous: Standing | None = None
    active = False
    for standing in facts.standings:
        now_active = _applies(rule, standing)
        if now_active and not active:
            attached, before, revoked = standing, previous, None
        elif active and not now_active:
            revoked = standing
        active, previous = now_active, standing
    if attached is not None:
        return Span(False, attached, before, revoked, ended)
    pending = previous is None or (
        previous.level is None and previous.event_type is not EventType.NONE
    )
    return Span(conditional=True, ended=ended) if rule.conditional and pending else None


def _applies(rule: Rule, standing: Standing) -> bool:
    kind = standing.event_type
    if kind is EventType.NONE:
        return rule.plain
    if rule.event_types and (kind is None or kind.value not in rule.event_types):
        return False
    if rule.growing and standing.growing:
        return True
    if rule.event_types and not rule.levels:
        return True
    if standing.level is None:
        return False
    return not rule.levels or standing.level.value in rule.levels


def _basis(rule: Rule, facts: Facts) -> Basis | None:
    # In UTC before any sum: adding hours to an instant in a zone would follow its wall clock.
    if facts.reopened is not None and not rule.always:
        reopened = facts.reopened
        return Basis(reopened.basis.astimezone(UTC), "重启", reopened.written_at)
    for name in rule.basis:
        known = facts.moments.get(_MOMENTS[name]) if name in _MOMENTS else None
        if known is not None:
            label = MOMENT_NAMES[_MOMENTS[name]]
            label = f"{label}（估计）" if known.estimated else label
            return Basis(known.value.astimezone(UTC), label, known.entry.written_at)
    guesses = [
        facts.moments[_MOMENTS[name]]
        for name in rule.estimate
        if name in _MOMENTS and _MOMENTS[name] in facts.moments
    ]
    if not guesses:
        return None
    label = f"{MOMENT_NAMES[_MOMENTS[rule.basis[0]]]}（估计）"
    first = min(guesses, key=lambda known: known.value)
    return Basis(first.value.astimezone(UTC), label, first.entry.written_at)


def _brought(rule: Rule, span: Span, facts: Facts) -> datetime | None:
    """When the level that brought the clock was written; a 待定级 clock ran before it."""
    if rule.on_demand and rule.id in facts.needed:
        return facts.needed[rule.id].written_at
    if span.attached is None or span.attached.entry is None:
        return None
    pending = span.before is None or span.before.level is None
    return None if rule.conditional and pending else span.attached.entry.written_at


def _due(rule: Rule, start: datetime, calendar: Calendar) -> tuple[datetime, bool]:
    if rule.length.workdays:
        return calendar.due(start, rule.length.workdays)
    return start + rule.length.natural, False


def _stop(rule: Rule, facts: Facts, start: datetime) -> Stop | None:
    """The earliest valid stop. One before the event itself belongs to something else.

    A later correction, or a certain instant after an estimated one, never takes a stop away: it is
    held against the earliest that was ever said of the basis.
    """
    floor = min([start, *_ever_said(rule, facts)]) if facts.reopened is None else start
    published = [stop for name in rule.stops for stop in facts.stops.get(name, ())]
    valid = [stop for stop in published if max(stop.at, stop.entry.at) >= floor]
    return min(valid, key=lambda s: (s.at, s.entry.written_at, s.entry.seq), default=None)


def _ever_said(rule: Rule, facts: Facts) -> list[datetime]:
    """Every instant that was given for the rule's basis, or for 事发 where that comes earlier."""
    names = {*rule.basis} if rule.always else {*rule.basis, *rule.estimate, Moment.OCCURRED.value}
    return [
        value for name in names if name in _MOMENTS for value in facts.said.get(_MOMENTS[name], ())
    ]


def _running(
    rule: Rule, span: Span, start: datetime, due: datetime, revoked: datetime | None, now: datetime
) -> State:
    """The state of a clock that nothing has stopped."""
    if revoked is not None and due >= revoked:
        return State.REVOKED
    if span.conditional:
        return State.CONDITIONAL
    if now > due or revoked is not None:
        return State.OVERDUE
    soon = start + timedelta(seconds=(due - start).total_seconds() * rule.due_soon)
    return State.DUE_SOON if now >= soon else State.RUNNING
