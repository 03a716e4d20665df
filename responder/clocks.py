"""The countdowns of an incident: a pure function of (entries, rules, calendar, now).

Nothing is stored and nothing ticks: whoever asks gets every clock as it stands at ``now``. What
decides what is written in docs/rules.md; each clock explains itself in one Chinese sentence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from responder import reasons, wording
from responder.entries import MOMENT_NAMES, Entry, EventType, Moment
from responder.facts import Facts, Standing, Stop, corrections, gather, in_order
from responder.rules.model import Rule, RuleSet
from responder.workdays import Calendar


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


def clocks(
    entries: Sequence[Entry],
    *,
    rules: RuleSet,
    calendar: Calendar,
    now: datetime,
    incident: int | None = None,
) -> list[Clock]:
    """Every clock of the incident, in the order of the rules, older cycles first.

    A rule that does not apply or has no basis is left out. ``now`` is aware.
    """
    return [
        verdict.clock
        for verdict in judge(entries, rules=rules, calendar=calendar, now=now, incident=incident)
    ]


def judge(
    entries: Sequence[Entry],
    *,
    rules: RuleSet,
    calendar: Calendar,
    now: datetime,
    incident: int | None = None,
) -> list[Verdict]:
    """As :func:`clocks`, with what stands behind each clock."""
    ordered = in_order(entries)
    held = corrections(ordered)
    cycles = gather(ordered, held)
    verdicts: list[Verdict] = []
    for facts in cycles:
        for rule in rules.enabled():
            verdict = _judge_rule(rule, facts, calendar, now, incident)
            if verdict is not None:
                verdicts.append(verdict)
    for number, correction in enumerate(held):
        earlier = gather(ordered, held[:number])
        for at, verdict in enumerate(verdicts):
            facts = earlier[verdict.cycle]
            before = _judge_rule(verdict.rule, facts, calendar, correction.written_at, incident)
            if before is not None and _differs(before, verdict):
                verdicts[at] = reasons.with_earlier(verdict, before, correction)
    return verdicts


def as_of(entries: Sequence[Entry], instant: datetime) -> list[Entry]:
    """The entries that were written by that instant: the incident as it stood."""
    return [entry for entry in entries if entry.written_at <= instant]


def to_dict(clock: Clock, *, incident: bool = False) -> dict[str, object]:
    """The clock's keys as ``yuqing clocks`` prints them; instants are ISO with +08:00."""
    shown: dict[str, object] = {"incident": clock.incident} if incident else {}
    for name in Clock.__struct_fields__:
        if name != "incident":
            value = getattr(clock, name)
            if isinstance(value, datetime):
                value = wording.iso(value)
            shown[name] = str(value) if isinstance(value, State) else value
    return shown


def _differs(one: Verdict, other: Verdict) -> bool:
    stops = (one.stop and one.stop.at, other.stop and other.stop.at)
    return one.clock.due != other.clock.due or stops[0] != stops[1]


def _judge_rule(
    rule: Rule, facts: Facts, calendar: Calendar, now: datetime, incident: int | None
) -> Verdict | None:
    span = _span(rule, facts)
    basis = _basis(rule, facts)
    if span is None or basis is None:
        return None
    # In UTC before any sum: adding hours to an instant in a zone would follow its wall clock.
    start, label, since = basis[0].astimezone(UTC), *basis[1:]
    if (rule.valid_from and start < rule.valid_from) or (
        rule.valid_until and start >= rule.valid_until
    ):
        return None
    due, provisional = _due(rule, start, calendar)
    stop = _stop(rule, facts, start)
    revoked = span.revoked.at if span.revoked else None
    if facts.ended is not None and revoked is None and not rule.always:
        revoked = facts.ended
    signed = facts.not_applicable.get(rule.id)
    if stop is not None and revoked is not None and due >= revoked:
        # Revoked in time: what came after judges nothing. What had stopped it before the
        # revocation was written stays: a stopped clock is never un-stopped.
        written = span.revoked.entry.written_at if span.revoked and span.revoked.entry else revoked
        if stop.at > revoked and stop.entry.written_at > written:
            stop = None
    if stop is not None:
        state = State.MET if stop.at <= due else State.MET_LATE
    if signed is not None and (stop is None or stop.entry.written_at > signed.written_at):
        state, stop = State.NOT_APPLICABLE, None
    elif stop is None:
        state = _running(rule, span, start, due, revoked, now)
    until = stop.at if stop else (revoked if state is State.REVOKED and revoked else now)
    margin = math.floor((due - until).total_seconds())
    clock = Clock(
        rule=rule.id,
        name=rule.name,
        basis=label,
        start=start,
        due=due,
        state=state,
        provisional=provisional,
        margin_s=margin,
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
        breached=until > due,
        since=max(since, _brought(rule, span) or since),
        attached=span.attached.at if span.attached else None,
        revoked=revoked,
    )
    return reasons.explained(verdict, facts, span, now)


class Span(Struct, frozen=True):
    """How a rule applies: the standing that attached it (and the one before), or revoked it."""

    conditional: bool
    attached: Standing | None = None
    before: Standing | None = None
    revoked: Standing | None = None


def _span(rule: Rule, facts: Facts) -> Span | None:
    """Whether the rule applies at the end of the cycle, is conditional, or was revoked."""
    if rule.always:
        return Span(conditional=False)
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
        return Span(conditional=False, attached=attached, before=before, revoked=revoked)
    pending = previous is None or (
        previous.level is None and previous.event_type is not EventType.NONE
    )
    return Span(conditional=True) if rule.conditional and pending else None


def _applies(rule: Rule, standing: Standing) -> bool:
    if standing.event_type is EventType.NONE:
        return rule.plain
    if standing.level is None:
        return False
    return not rule.levels or standing.level.value in rule.levels


def _basis(rule: Rule, facts: Facts) -> tuple[datetime, str, datetime] | None:
    """Where the rule runs from, what that is called, and when it was written down."""
    if facts.reopened is not None and not rule.always:
        return facts.reopened.basis, "重启", facts.reopened.written_at
    for name in rule.basis:
        known = facts.moments.get(Moment(name))
        if known is not None:
            label = MOMENT_NAMES[Moment(name)]
            label = f"{label}（估计）" if known.estimated else label
            return known.value, label, known.entry.written_at
    guesses = [facts.moments[Moment(name)] for name in rule.estimate if name in facts.moments]
    if not guesses:
        return None
    label = f"{MOMENT_NAMES[Moment(rule.basis[0])]}（估计）"
    first = min(guesses, key=lambda known: known.value)
    return first.value, label, first.entry.written_at


def _brought(rule: Rule, span: Span) -> datetime | None:
    """When the level that brought the clock was written; a 待定级 clock ran before it."""
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
    names = {*rule.basis} if rule.always else {*rule.basis, *rule.estimate, Moment.OCCURRED}
    return [value for name in names for value in facts.said.get(Moment(name), ())]


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
