"""What reminds in an incident: its running clocks, and the wait for a level."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from responder.clocks import State, Verdict, judge
from responder.entries import Entry, EventType, Opened, Reopen
from responder.facts import corrections, gather, in_order
from responder.rules import RuleSet
from responder.rungs import DUE, Rung, acknowledgement, next_repeat, repeat, thresholds
from responder.workdays import Calendar

LEVEL = "level"  # stands for a rule where the reminder is that no level was set
UNDECIDED = timedelta(minutes=60)


class Timer(Struct, frozen=True, kw_only=True):
    """``past``: the rungs that are past, oldest first; ``next_at``: when the next one is due."""

    incident: int
    title: str
    rule: str
    name: str
    cycle: int
    due: datetime
    since: datetime
    state: str
    provisional: bool
    days: bool
    past: list[Rung]
    next_at: datetime


def timers_of(
    incident: int,
    entries: Sequence[Entry],
    now: datetime,
    *,
    rules: RuleSet,
    calendar: Calendar,
    every: timedelta,
) -> list[Timer]:
    """The timers of an incident that still run. ``entries`` are all of it, by number."""
    verdicts = judge(entries, rules=rules, calendar=calendar, now=now, incident=incident)
    timers = [_clock_timer(one, entries, now, every) for one in verdicts if not one.silent]
    if undecided(entries):
        timers.append(_level_timer(incident, entries, now, every))
    return timers


def undecided(entries: Sequence[Entry]) -> bool:
    """Whether nobody has set a level yet, or said that it is no emergency."""
    ordered = in_order(entries)
    standings = gather(ordered, corrections(ordered))[-1].standings
    if not standings:
        return True
    return standings[-1].level is None and standings[-1].event_type is not EventType.NONE


def _clock_timer(
    verdict: Verdict, entries: Sequence[Entry], now: datetime, every: timedelta
) -> Timer:
    clock = verdict.clock
    rungs = [Rung(percent, at, str(percent)) for percent, at in thresholds(verdict).items()]
    past = [rung for rung in rungs if rung.at <= now]
    upcoming = [rung.at for rung in rungs if rung.at > now]
    if now >= clock.due:
        seen = acknowledgement(entries, clock.rule, DUE, cycle=verdict.cycle, now=now)
        again = repeat(clock.due, seen, now, every=every)
        past += [again] if again else []
        upcoming.append(next_repeat(clock.due, seen, now, every=every))
    return Timer(
        incident=entries[0].incident,
        title=_title(entries),
        rule=clock.rule,
        name=clock.name,
        cycle=verdict.cycle,
        due=clock.due,
        since=verdict.since,
        state=clock.state.value,
        provisional=clock.provisional,
        days=bool(verdict.rule.length.workdays),
        past=past,
        next_at=min(upcoming, default=max(clock.due, now)),
    )


def _level_timer(incident: int, entries: Sequence[Entry], now: datetime, every: timedelta) -> Timer:
    """No level 60 minutes after the incident was opened is itself an alarm."""
    opened = next(e for e in reversed(entries) if isinstance(e, Opened | Reopen)).written_at
    due = opened + UNDECIDED
    cycle = sum(isinstance(entry, Reopen) for entry in entries)
    seen = acknowledgement(entries, LEVEL, DUE, cycle=cycle, now=now)
    again = repeat(due, seen, now, every=every) if now >= due else None
    return Timer(
        incident=incident,
        title=_title(entries),
        rule=LEVEL,
        name="定级",
        cycle=cycle,
        due=due,
        since=opened,
        state=State.OVERDUE.value,
        provisional=False,
        days=False,
        past=[Rung(DUE, due, str(DUE)), *([again] if again else [])] if now >= due else [],
        next_at=next_repeat(due, seen, now, every=every) if now >= due else due,
    )


def _title(entries: Sequence[Entry]) -> str:
    first = entries[0]
    return first.title if isinstance(first, Opened) else f"事件 {first.incident}"
