"""Alerts, incidents and clocks as the console shows them, read from the responder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import structlog
from msgspec import Struct
from sqlalchemy.orm import Session

from api.console import words
from api.console.clock_view import ClockView, by_urgency, clock_view
from posts.errors import PostsError
from posts.index.port import PostIndex
from posts.model import ScoredPost
from responder import incidents, query
from responder.alerts import CLAIMED, MISTAKEN, NEW, RESOLVED, WORKING, Alert
from responder.clocks import Clock
from responder.entries import Entry
from responder.incidents import Incident
from responder.rungs import DUE, EXPIRY, acknowledgement
from responder.timers import LEVEL, UNDECIDED

log = structlog.get_logger()
_MANY = 1000
_POSTS_SHOWN = 50
_SETTLED = {RESOLVED: "met", MISTAKEN: "na", WORKING: "run"}


class AlertView(Struct, frozen=True, kw_only=True):
    """What the templates need of one alert."""

    id: int
    title: str
    heat: str
    state: str
    sign: str
    new: bool
    open: bool
    reason: str
    reasons: list[tuple[datetime, str]]
    rule: str
    count: int
    folded: int
    late: bool
    places: str
    source_names: str
    source_count: int
    first_post_at: datetime
    newest_post_at: datetime
    created_at: datetime
    age: str
    claimed_by: str
    closed: str
    incident: int | None


class IncidentRow(Struct, frozen=True, kw_only=True):
    """One line of the list of incidents."""

    id: int
    title: str
    level: str
    event_type: str
    state_word: str
    opened_at: datetime
    clock: str


class ReminderView(Struct, frozen=True, kw_only=True):
    """The newest past threshold of a running clock that nobody has acknowledged."""

    rule: str
    threshold: int
    text: str
    result: str
    code: str
    sign: str


def running_clocks(session: Session, now: datetime) -> list[ClockView]:
    """All clocks that still ask for something, the overdue first."""
    heads = {row.id: row for row in query.incidents(session, state="open", limit=_MANY)}
    return by_urgency(
        [
            view(clock, heads[clock.incident], now)
            for clock in query.open_clocks(session, now)
            if clock.incident in heads
        ]
    )


def view(clock: Clock, incident: Incident, now: datetime) -> ClockView:
    """A clock of that incident."""
    return clock_view(
        clock,
        title=incident.title,
        level=incident.level,
        undecided_since=None if incident.level else incident.opened_at,
        now=now,
    )


def unclaimed(session: Session) -> int:
    """How many alerts nobody has taken."""
    return query.alert_counts(session).get(NEW, 0)


def open_incidents(session: Session) -> int:
    """How many incidents are open."""
    return len(query.incidents(session, state="open", limit=_MANY))


def longest_wait(alerts: Sequence[AlertView]) -> str:
    """How long the oldest of these waits, in words."""
    return min(alerts, key=lambda alert: alert.created_at).age if alerts else ""


def alert_view(alert: Alert, now: datetime, names: Mapping[str, str]) -> AlertView:
    """One alert; ``names`` names the sources and areas by id and code."""
    fresh = alert.state in {NEW, CLAIMED}
    closed = ""
    if alert.closed_at is not None:
        closed = f"{alert.closed_by} {words.when(alert.closed_at, now)}：{alert.close_reason}"
    return AlertView(
        id=alert.id,
        title=alert.title,
        heat=alert.heat,
        state=alert.state,
        sign="soon" if alert.state == NEW else _SETTLED.get(alert.state, "run"),
        new=alert.state == NEW,
        open=fresh,
        reason=alert.reasons[-1].text if alert.reasons else "",
        reasons=[(reason.at, reason.text) for reason in reversed(alert.reasons)],
        rule=alert.rule,
        count=alert.count,
        folded=alert.folded,
        late=alert.late,
        places="、".join(names.get(code, code) for code in alert.areas),
        source_names="、".join(names.get(source, source) for source in alert.sources),
        source_count=len(alert.sources),
        first_post_at=alert.first_post_at,
        newest_post_at=alert.newest_post_at,
        created_at=alert.created_at,
        age=words.span((now - alert.created_at).total_seconds()),
        claimed_by=alert.claimed_by,
        closed=closed,
        incident=alert.incident,
    )


def posts_of(session: Session, index: PostIndex, alert_id: int | None) -> list[ScoredPost] | None:
    """The posts of that alert which the index has, newest first; None while the index is away.

    Clocks and what is to be done are shown all the same.
    """
    if alert_id is None:
        return []
    wanted = query.alert(session, alert_id).posts[:_POSTS_SHOWN]
    try:
        found = index.get_many(wanted)
    except PostsError as error:
        log.warning("posts_not_shown", error=type(error).__name__)
        return None
    return [found[post] for post in wanted if post in found]


def incident_rows(
    session: Session, clocks: Sequence[ClockView], *, state: str | None
) -> list[IncidentRow]:
    """Incidents in that state (None: all), those in work first, then the newest."""
    next_due = {clock.incident: clock for clock in reversed(clocks)}
    rows = query.incidents(session, state=state, limit=_MANY)
    return [
        IncidentRow(
            id=row.id,
            title=row.title,
            level=row.level,
            event_type=row.event_type,
            state_word="已办结" if row.state == "closed" else "处置中",
            opened_at=row.opened_at,
            clock=_next(next_due.get(row.id)),
        )
        for row in sorted(rows, key=lambda row: (row.state == "closed", -row.id))
    ]


def _next(clock: ClockView | None) -> str:
    if clock is None:
        return ""
    return f"{clock.name} {clock.word} {words.span(clock.urgency)}"


def reminders(
    detail: query.IncidentDetail,
    clocks: Sequence[ClockView],
    entries: Sequence[Entry],
    now: datetime,
) -> list[ReminderView]:
    """What was reminded of and nobody has acknowledged, or whose acknowledgement has run out."""
    names = {clock.rule: clock for clock in clocks}
    made = []
    for reminder in detail.reminders:
        clock = names.get(reminder.rule)
        if clock is None or _holds(reminder.acknowledged_at, reminder.threshold, now):
            continue
        over = clock.state == "over"
        state = (
            f"{clock.word} {words.span(clock.urgency)}" if over else f"已用 {reminder.threshold}%"
        )
        made.append(
            _reminder(reminder.rule, reminder.threshold, f"{clock.name} {state}。", over=over)
        )
    head = detail.incident
    waited = now - head.opened_at
    if not head.level and head.state == incidents.OPEN and waited >= UNDECIDED:
        seen = acknowledgement(entries, LEVEL, DUE, cycle=head.cycle, now=now)
        if not _holds(seen.at if seen else None, DUE, now):
            said = f"尚未定级，已 {words.span(waited.total_seconds())}。"
            made.append(_reminder(LEVEL, DUE, said, over=True))
    return made


def _holds(seen: datetime | None, threshold: int, now: datetime) -> bool:
    return seen is not None and (threshold < DUE or now - seen < EXPIRY)


def _reminder(rule: str, threshold: int, text: str, *, over: bool) -> ReminderView:
    again = (
        "确认后半小时内不再重复。"
        if threshold >= DUE
        else "确认后，这一道不再重复；下一道仍会发出。"
    )
    return ReminderView(
        rule=rule,
        threshold=threshold,
        text=text,
        result=again,
        code="blind" if over else "slow",
        sign="over" if over else "soon",
    )
