"""What is to be told, and when (提醒): thresholds of running clocks, no level, new alerts.

Nothing is scheduled: each tick looks at what is past and not yet in the outbox. Keys make each
reminder once only; what was overtaken is folded into the newest, which names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import changes, outbox
from registry.statements import chunks
from registry.tables import OutboxRow
from responder import ledger
from responder.alerts import Alert
from responder.clocks import State, Verdict, judge
from responder.entries import Entry, EventType, Opened, Reopen
from responder.facts import corrections, gather, in_order
from responder.rules import RuleSet, national
from responder.rungs import DUE, EVERY, Rung, acknowledgement, past_thresholds, repeat
from responder.wording import instant, iso, span
from responder.workdays import Calendar, load_calendar

REMINDER, ALERT = "reminder", "alert"
LEVEL = "level"  # stands for a rule where the reminder is that no level was set
UNDECIDED = timedelta(minutes=60)
LATE = timedelta(seconds=10)  # a reminder that leaves later than this after its time is 迟发
LATE_REASON = "补录：最新帖文到达时已超过 24 小时，只进摘要，不叫醒人"
HEAT_NAMES = {"red": "红", "orange": "橙", "yellow": "黄", "blue": "蓝"}
CONSOLE = "console"


class Reminder(Struct, frozen=True, kw_only=True):
    """A reminder to put into the outbox, once for each channel."""

    key: str
    due_at: datetime
    payload: dict[str, Any]


def wanted(
    session: Session,
    now: datetime,
    *,
    channels: Sequence[str] = (CONSOLE,),
    rules: RuleSet | None = None,
    calendar: Calendar | None = None,
    every: timedelta = EVERY,
) -> list[Reminder]:
    """The reminders that are past and in no outbox yet, of all open incidents. Reads only.

    A channel that is added later gets what comes then, not what was told before.
    """
    rungs: list[tuple[_Timer, list[Rung]]] = []
    for incident, entries in ledger.load_open(session).items():
        verdicts = judge(
            entries,
            rules=rules or national(),
            calendar=calendar or load_calendar(),
            now=now,
            incident=incident,
        )
        timers = [_clock_timer(verdict, entries, now, every) for verdict in verdicts]
        timers.append(_level_timer(incident, entries, now, every))
        rungs += [(timer, timer.rungs) for timer in timers if timer is not None and timer.rungs]
    keys = [_key(timer, rung) for timer, past in rungs for rung in past]
    told = _told(session, keys, channels)
    found = []
    for timer, past in rungs:
        newest = past[-1]
        if _key(timer, newest) not in told:
            folded = [rung for rung in past[:-1] if _key(timer, rung) not in told]
            found.append(_reminder(timer, newest, folded, now))
    return found


def plan(
    session: Session,
    now: datetime,
    *,
    channels: Sequence[str] = (CONSOLE,),
    rules: RuleSet | None = None,
    calendar: Calendar | None = None,
    every: timedelta = EVERY,
) -> int:
    """Put what is wanted into the outbox; returns how many reminders that were."""
    reminders = wanted(session, now, channels=channels, rules=rules, calendar=calendar, every=every)
    return put(session, reminders, now=now, channels=channels)


def put(
    session: Session, reminders: Iterable[Reminder], *, now: datetime, channels: Sequence[str]
) -> int:
    """Write each reminder for each channel; a key that is there already adds nothing."""
    count = 0
    for reminder in reminders:
        for channel in channels:
            fresh = outbox.put(
                session,
                kind=REMINDER,
                key=f"{reminder.key}:{channel}",
                payload={**reminder.payload, "channel": channel},
                due_at=reminder.due_at,
                now=now,
            )
            if fresh:
                changes.note(session, "notice", reminder.key, now=now)
                count += 1
    return count


def announce(
    session: Session, alert: Alert, *, now: datetime, channels: Sequence[str] = (CONSOLE,)
) -> int:
    """Tell of an alert that is new or grew hotter; 补录 is recorded as not sent."""
    stage = "late" if alert.late else alert.heat
    text = (
        f"【{HEAT_NAMES[alert.heat]}】{alert.title}：{alert.reasons[-1].text}"
        f"（{alert.count} 条，{instant(alert.first_post_at)} 起）"
    )
    count = 0
    for channel in channels:
        key = f"alert:{alert.id}:{stage}:{channel}"
        payload = {
            "alert": alert.id,
            "heat": alert.heat,
            "title": alert.title,
            "text": text,
            "channel": channel,
        }
        if not outbox.put(session, kind=ALERT, key=key, payload=payload, due_at=now, now=now):
            continue
        if alert.late:
            found = session.scalar(select(OutboxRow.id).where(OutboxRow.key == key))
            assert found is not None
            outbox.not_sent(session, found, now=now, reason=LATE_REASON)
        changes.note(session, "notice", key, now=now)
        count += 1
    return count


def current(
    entries: Sequence[Entry],
    payload: dict[str, Any],
    *,
    rules: RuleSet,
    calendar: Calendar,
    now: datetime,
) -> str:
    """Why that reminder is not to be sent any more; "" where it still is."""
    rule, cycle = payload["rule"], payload["cycle"]
    seen = acknowledgement(entries, rule, payload["threshold"], cycle=cycle)
    planned = datetime.fromisoformat(payload["planned"])
    if seen is not None and seen.at >= planned:
        return f"{seen.by or '值班员'}已于 {instant(seen.at)} 阅知"
    if rule == LEVEL:
        return "" if _undecided(entries) else "已经定级"
    for verdict in judge(entries, rules=rules, calendar=calendar, now=now):
        if verdict.clock.rule == rule and verdict.cycle == cycle:
            return f"时限已有结论：{verdict.clock.reason}" if verdict.silent else ""
    return "这条时限已不适用"


class _Timer(Struct, frozen=True, kw_only=True):
    """What reminds: a clock, or the wait for a level. ``rungs``: those past, oldest first."""

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
    rungs: list[Rung]


def _clock_timer(
    verdict: Verdict, entries: Sequence[Entry], now: datetime, every: timedelta
) -> _Timer | None:
    if verdict.silent:
        return None
    clock = verdict.clock
    rungs = [
        Rung(percent, at, str(percent)) for percent, at in past_thresholds(verdict, now).items()
    ]
    seen = acknowledgement(entries, clock.rule, DUE, cycle=verdict.cycle)
    if now >= clock.due:
        again = repeat(clock.due, seen, now, every=every)
        rungs += [again] if again else []
    return _Timer(
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
        rungs=rungs,
    )


def _level_timer(
    incident: int, entries: Sequence[Entry], now: datetime, every: timedelta
) -> _Timer | None:
    """No level 60 minutes after the incident was opened is itself an alarm."""
    if not _undecided(entries):
        return None
    opened = next(e for e in reversed(entries) if isinstance(e, Opened | Reopen)).written_at
    due = opened + UNDECIDED
    if now < due:
        return None
    cycle = sum(isinstance(entry, Reopen) for entry in entries)
    again = repeat(due, acknowledgement(entries, LEVEL, DUE, cycle=cycle), now, every=every)
    return _Timer(
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
        rungs=[Rung(DUE, due, str(DUE)), *([again] if again else [])],
    )


def _undecided(entries: Sequence[Entry]) -> bool:
    ordered = in_order(entries)
    standings = gather(ordered, corrections(ordered))[-1].standings
    if not standings:
        return True
    return standings[-1].level is None and standings[-1].event_type is not EventType.NONE


def _title(entries: Sequence[Entry]) -> str:
    first = entries[0]
    return first.title if isinstance(first, Opened) else f"事件 {first.incident}"


def _key(timer: _Timer, rung: Rung) -> str:
    return f"{timer.incident}:{timer.rule}:{timer.cycle}:{rung.key}"


def _told(session: Session, keys: list[str], channels: Sequence[str]) -> set[str]:
    """Which of the reminders are in the outbox, for whatever channel."""
    told: set[str] = set()
    by_row = {f"{key}:{channel}": key for key in keys for channel in channels}
    for some in chunks(sorted(by_row)):
        found = session.scalars(select(OutboxRow.key).where(OutboxRow.key.in_(some)))
        told.update(by_row[row] for row in found)
    return told


def _reminder(timer: _Timer, rung: Rung, folded: list[Rung], now: datetime) -> Reminder:
    # What was past before the clock was there could not have been told in time: that is no 迟发.
    planned = max(rung.at, timer.since)
    earliest = min([rung.at, *(one.at for one in folded)])
    late = now - max(earliest, timer.since) > LATE
    return Reminder(
        key=_key(timer, rung),
        due_at=planned,
        payload={
            "incident": timer.incident,
            "title": timer.title,
            "rule": timer.rule,
            "name": timer.name,
            "cycle": timer.cycle,
            "threshold": rung.threshold,
            "repeat": rung.key != str(rung.threshold),
            "due": iso(timer.due),
            "planned": iso(planned),
            "state": timer.state,
            "late": late,
            "folded": [one.threshold for one in folded],
            "text": _text(timer, rung, folded, late=late, now=now),
        },
    )


def _text(timer: _Timer, rung: Rung, folded: list[Rung], *, late: bool, now: datetime) -> str:
    if timer.rule == LEVEL:
        start = timer.due - UNDECIDED
        what = f"立项于 {instant(start)}，{span((now - start).total_seconds())}仍未定级，请定级"
    else:
        left = (timer.due - now).total_seconds()
        pending = "待定级 · " if timer.state == State.CONDITIONAL else ""
        over = "逾期" if timer.days else "已超时"
        far = span(left, days=timer.days)
        unsure = "（暂定）" if timer.provisional else ""
        what = (
            f"{pending}{timer.rule} {timer.name}{f'剩余 {far}' if left > 0 else f'{over} {far}'}，"
            f"{instant(timer.due, end_of_day=timer.days)} 截止{unsure}"
        )
    parts = [f"事件 {timer.incident}《{timer.title}》{what}"]
    if late:
        parts.append(f"迟发：应于 {instant(max(rung.at, timer.since))} 提醒")
    if folded:
        shares = "、".join(f"{one.threshold}%" for one in folded)
        parts.append(f"含未单独发出的 {shares} 提醒")
    return "；".join(parts) + "。"
