"""What is to be told, and when (提醒): thresholds of running clocks, no level, new alerts.

Nothing is scheduled: each tick looks at what is past and not yet in the outbox. Keys make each
reminder once only; what was overtaken is folded into the newest, which names it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.orm import Session

from registry import notice_log
from responder import addressees, ledger
from responder.alerts import Alert
from responder.budget import keys
from responder.clocks import State, judge
from responder.colours import HEAT_NAMES
from responder.entries import Entry
from responder.rounds import Rounds
from responder.rulebook import in_force
from responder.rules import RuleSet
from responder.rungs import EVERY, Rung, acknowledgement
from responder.telling import CONSOLE, Telling, known, tell
from responder.timers import LEVEL, UNDECIDED, Timer, timers_of, undecided
from responder.wording import instant, iso, span
from responder.workdays import Calendar

REMINDER, ALERT = "reminder", "alert"
LATE = timedelta(seconds=10)  # a reminder that leaves later than this after its time is 迟发
LATE_REASON = "补录：最新帖文到达时已超过 24 小时，只进摘要，不叫醒人"
_BUDGET_S = 0.06  # of a tick of 0.2 s
_WHY = re.compile("[（，：]")


class Reminder(Struct, frozen=True, kw_only=True):
    """A reminder to put into the outbox, once for each channel."""

    key: str
    due_at: datetime
    payload: dict[str, Any]


class Planner:
    """Looks for reminders that are past and in no outbox yet, of all open incidents.

    It remembers when the next one of each incident is due, so that a tick loads only what changed
    or fell due, and of that only so much that what is found leaves soon, see responder.rounds.
    """

    def __init__(
        self,
        *,
        channels: Sequence[str] = (CONSOLE,),
        rules: RuleSet | None = None,
        calendar: Calendar | None = None,
        every: timedelta = EVERY,
    ) -> None:
        self._channels = channels
        self._rules = rules  # None: what is in force, also when that changes
        self._calendar = calendar
        self._version = ("", "")
        self._every = every
        self._rounds = Rounds(budget_s=_BUDGET_S)
        self._last: datetime | None = None

    def wanted(self, session: Session, now: datetime) -> list[Reminder]:
        """What is to be put into the outbox now; reads only. Call :meth:`done` after it was put."""
        if self._last is not None and now < self._last:  # the clock was set back
            self._rounds.forget()
        self._last = now
        book = in_force(session)
        rules, calendar = self._rules or book.rules, self._calendar or book.calendar
        if (rules.version, calendar.version) != self._version:
            self._rounds.forget()
            self._version = (rules.version, calendar.version)
        found: list[tuple[Timer, list[Rung]]] = []
        for some in self._rounds.take(lambda: ledger.open_heads(session), now):
            for incident, entries in ledger.load_many(session, some).items():
                timers = timers_of(
                    incident, entries, now, rules=rules, calendar=calendar, every=self._every
                )
                found += [(timer, timer.past) for timer in timers if timer.past]
                upcoming = min((timer.next_at for timer in timers), default=None)
                self._rounds.seen(incident, upcoming)
        return self._untold(session, found, now)

    def put(self, session: Session, wanted: Sequence[Reminder], *, now: datetime) -> int:
        """Write what is wanted for each channel; returns how many reminders were new."""
        return put(session, wanted, now=now, channels=self._channels)

    def done(self) -> bool:
        """What was wanted is in the outbox: those incidents rest until their next instant.

        Returns whether there is more to look at right away.
        """
        self._rounds.done()
        return self._rounds.more

    def _untold(
        self, session: Session, found: list[tuple[Timer, list[Rung]]], now: datetime
    ) -> list[Reminder]:
        """One reminder for each timer, the newest, unless it was told; older ones are folded."""
        keys = [_key(timer, rung) for timer, past in found for rung in past]
        keys += [before for timer, past in found if (before := _before(timer, past[-1]))]
        told = known(session, keys, self._channels)
        reminders = []
        for timer, past in found:
            if _key(timer, past[-1]) not in told:
                folded: list[Rung] = []
                for rung in past[:-1]:  # what was told has named those before it
                    folded = [] if _key(timer, rung) in told else [*folded, rung]
                if _before(timer, past[-1]) in told:
                    folded = []
                reminders.append(_reminder(timer, past[-1], folded, now))
        return reminders


def plan(
    session: Session,
    now: datetime,
    *,
    channels: Sequence[str] = (CONSOLE,),
    rules: RuleSet | None = None,
    calendar: Calendar | None = None,
    every: timedelta = EVERY,
) -> int:
    """Put what is wanted into the outbox; returns how many reminders were new.

    A channel that is added later gets what comes then, not what was told before.
    """
    planner = Planner(channels=channels, rules=rules, calendar=calendar, every=every)
    count = 0
    while True:
        count += planner.put(session, planner.wanted(session, now), now=now)
        if not planner.done():
            return count


def put(
    session: Session, reminders: Iterable[Reminder], *, now: datetime, channels: Sequence[str]
) -> int:
    """Write each reminder for each channel; a key that is there already adds nothing.

    Returns how many reminders were new.
    """
    to = addressees.resolve(session, [addressees.ON_DUTY], now).plain if reminders else []
    tellings = [
        Telling(kind=REMINDER, key=one.key, due_at=min(one.due_at, now), payload=one.payload, to=to)
        for one in reminders
    ]
    return len(tell(session, tellings, channels=channels, now=now))


def announce(
    session: Session,
    alert: Alert,
    *,
    now: datetime,
    channels: Sequence[str] = (CONSOLE,),
    held: str = "",
    low: bool = False,
) -> int:
    """Tell of an alert that is new or grew hotter; what is held back is recorded as not sent.

    ``held`` says why; 补录 always is. ``low``: by a raised threshold, over which it is told after
    all. A signal that tells nothing new is logged as a duplicate.
    """
    stage = "late" if alert.late else alert.heat
    reason = LATE_REASON if alert.late else held
    to = addressees.resolve(session, [addressees.ON_DUTY], now).plain
    text = (
        f"【{HEAT_NAMES[alert.heat]}】{alert.title}：{alert.reasons[-1].text}"
        f"（{alert.count} 条，{instant(alert.first_post_at)} 起）"
    )
    telling = Telling(
        kind=ALERT,
        key=keys(alert.id, stage)[low],
        due_at=now,
        payload={
            "alert": alert.id,
            "heat": alert.heat,
            "title": alert.title,
            "text": text,
            "held": _WHY.split(reason)[0],
        },
        to=to,
        held=reason,
    )
    told = tell(session, [telling], channels=channels, now=now)
    if not told:
        said = f"预警 {alert.id} 再次越线（第 {alert.folded} 次），已并入，不另发通知"
        notice_log.write(session, notice_log.DUPLICATE, said, now=now, alert=alert.id)
    return len(told)


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
    seen = acknowledgement(entries, rule, payload["threshold"], cycle=cycle, now=now)
    planned = datetime.fromisoformat(payload["planned"])
    if seen is not None and seen.at >= planned:
        return f"{seen.by or '值班员'}已于 {instant(seen.at)} 确认"
    if rule == LEVEL:
        return "" if undecided(entries) else "已经定级"
    for verdict in judge(entries, rules=rules, calendar=calendar, now=now):
        if verdict.clock.rule == rule and verdict.cycle == cycle:
            return f"时限已有结论：{verdict.clock.reason}" if verdict.silent else ""
    return "这条时限已不适用"


def _key(timer: Timer, rung: Rung) -> str:
    return f"{timer.incident}:{timer.rule}:{timer.cycle}:{rung.key}"


def _before(timer: Timer, rung: Rung) -> str:
    """The key of the repeat before this one; "" for what is no repeat, or the first."""
    stem, _, number = rung.key.rpartition(".")
    if not stem or int(number) == 0:
        return ""
    return _key(timer, replace(rung, key=f"{stem}.{int(number) - 1}"))


def _reminder(timer: Timer, rung: Rung, folded: list[Rung], now: datetime) -> Reminder:
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


def _text(timer: Timer, rung: Rung, folded: list[Rung], *, late: bool, now: datetime) -> str:
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
