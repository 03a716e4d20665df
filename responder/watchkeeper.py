"""The watch over what nobody answers (值守): unclaimed alerts, clocks, an empty post.

A planner beside that of the reminders: each look asks what is past, puts what is in no outbox yet,
and remembers when each incident has to be looked at again.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import notice_log, silences
from registry.outbox import Message
from registry.silences import Silence
from registry.statements import chunks
from responder import addressees, alerts, duty_alarm, escalation, ledger, reminders
from responder.addressees import Addressed
from responder.budget import withheld
from responder.colours import HEAT_NAMES
from responder.escalation import Due, Matter
from responder.escalation_clocks import ClockWatch
from responder.holding import Holding
from responder.policies import Policies, default
from responder.rulebook import in_force
from responder.rules import RuleSet
from responder.rungs import EVERY
from responder.tables import AlertRow
from responder.telling import CONSOLE, Telling, known, tell
from responder.timers import LEVEL
from responder.wording import instant, iso, span
from responder.workdays import Calendar

ESCALATION, DUTY = "escalation", "duty"
LOOK_EVERY = timedelta(seconds=1)  # steps are minutes apart
MANNED_EVERY = timedelta(seconds=20)
HELD_EVERY = timedelta(minutes=1)
LATE = timedelta(seconds=10)
_COLUMNS = (
    AlertRow.id,
    AlertRow.title,
    AlertRow.heat,
    AlertRow.rule,
    AlertRow.areas,
    AlertRow.created_at,
    AlertRow.waiting_since,
    AlertRow.round,
)
_Subject = tuple[str, int]


class Notice(Struct, frozen=True, kw_only=True):
    """Something to put into the outbox, once for each channel. ``to`` are targets, unresolved."""

    kind: str
    key: str
    due_at: datetime
    to: tuple[str, ...]
    text: str
    payload: dict[str, Any]


class Watchkeeper:
    """Give :meth:`on` to the responder as a plan and :meth:`checks` as its checks."""

    def __init__(
        self,
        *,
        policies: Policies | None = None,
        holding: Holding | None = None,
        rules: RuleSet | None = None,
        calendar: Calendar | None = None,
        every: timedelta = EVERY,
    ) -> None:
        self._policies = policies or default()
        self._holding = holding or Holding()
        self._rules = rules  # None: what is in force, also when that changes
        self._calendar = calendar
        self._clocks = ClockWatch(
            policies=self._policies, rules=rules, calendar=calendar, every=every
        )
        self._channels: tuple[str, ...] = (CONSOLE,)
        self._quieted: list[Silence] = []
        self._next: dict[_Subject, tuple[str, datetime | None]] = {}
        self._seen: dict[_Subject, tuple[str, datetime | None]] = {}
        self._looked_at: datetime | None = None  # None: look again
        self._last: datetime | None = None
        self._manned_at: datetime | None = None

    def on(self, channels: tuple[str, ...]) -> Watchkeeper:
        """The same watch, for these channels."""
        self._channels = channels
        return self

    def checks(self) -> dict[str, Any]:
        """Why a notice of its kinds is not to be sent any more, see responder.lanes."""
        return {ESCALATION: self._stale, DUTY: duty_alarm.stale}

    def wanted(self, session: Session, now: datetime) -> list[Notice]:
        """What is past and in no outbox yet; reads only."""
        last = self._looked_at
        if last is not None and last <= now < last + LOOK_EVERY and not self._clocks.more:
            return []
        if self._last is not None and now < self._last:  # the clock was set back
            self._next.clear()
            self._clocks.forget()
            self._manned_at = None
        self._looked_at = self._last = now
        self._seen = {}
        matters = [*self._alerts(session, now), *self._clocks.matters(session, now)]
        found = [_notice(due, now) for due in escalation.planned(matters, now)]
        if self._manned_at is None or now >= self._manned_at + MANNED_EVERY:
            self._manned_at = now
            found += [
                Notice(kind=DUTY, key=key, due_at=now, to=to, text=text, payload=payload)
                for key, to, text, payload in duty_alarm.planned(session, now)
            ]
        told = known(session, {notice.key for notice in found}, self._channels)
        return [notice for notice in found if notice.key not in told]

    def put(self, session: Session, wanted: Sequence[Notice], *, now: datetime) -> int:
        """Write each for each channel, with the persons that are meant now."""
        self._looked_at = self._manned_at = None  # where the commit fails, all is looked at again
        meant = {
            to: addressees.resolve(session, to, now)
            for to in dict.fromkeys(notice.to for notice in wanted)
        }
        tellings = [_telling(notice, meant[notice.to]) for notice in wanted]
        new = tell(session, tellings, channels=self._channels, now=now)
        for notice in wanted:
            if notice.key in new:
                self._log(session, notice, meant[notice.to], now)
        return len(new)

    def done(self) -> bool:
        """What was wanted is in the outbox: those matters rest until their next step.

        Returns whether there is more to look at right away.
        """
        self._clocks.done()
        self._next.update(self._seen)
        self._seen = {}
        return self._clocks.more

    def _log(self, session: Session, notice: Notice, meant: Addressed, now: datetime) -> None:
        notice_log.write(
            session,
            notice_log.ESCALATED,
            _logged(notice, meant.names, _missing(meant)),
            now=now,
            alert=notice.payload.get("alert"),
            incident=notice.payload.get("incident"),
        )

    def _alerts(self, session: Session, now: datetime) -> list[Matter]:
        """The unclaimed alerts whose next step is past, or of which nothing is known yet."""
        waiting = (AlertRow.state == alerts.NEW, AlertRow.late.is_(False))
        light = select(AlertRow.id, AlertRow.heat, AlertRow.round).where(*waiting)
        stamps = {("alert", row.id): f"{row.heat}:{row.round}" for row in session.execute(light)}
        self._forget("alert", stamps)
        if not stamps:
            return []
        quieted = silences.since(session, now - silences.LONGEST)
        if quieted != self._quieted:  # any of them may be held back now, or no longer
            self._quieted = quieted
            stamps = {subject: f"{stamp}:again" for subject, stamp in stamps.items()}
        looked = [subject[1] for subject, stamp in stamps.items() if self._due(subject, stamp, now)]
        found = []
        for some in chunks(looked):
            for row in session.execute(select(*_COLUMNS).where(AlertRow.id.in_(some))):
                held = withheld(session, row.id, row.heat, self._channels)
                matter = None if held else self._alert(row, now)
                again = escalation.next_at(matter, now) if matter else None
                if matter is None and self._policies.for_alert(row.heat) is not None:
                    again = now + HELD_EVERY
                found += [matter] if matter else []
                self._seen["alert", row.id] = (f"{row.heat}:{row.round}", again)
        return found

    def _alert(self, row: Any, now: datetime) -> Matter | None:
        policy = self._policies.for_alert(row.heat)
        meeting = silences.meeting(self._quieted, rule=row.rule, areas=row.areas, text=row.title)
        since = self._holding.waits_since(
            row.heat, row.waiting_since or row.created_at, meeting, now
        )
        if policy is None or since is None:
            return None
        return Matter(
            key=f"alert:{row.id}:{row.round or 0}",
            since=since,
            policy=policy,
            what=f"【{HEAT_NAMES[row.heat]}】预警 {row.id}《{row.title}》无人认领",
            payload={
                "alert": row.id,
                "heat": row.heat,
                "title": row.title,
                "round": row.round or 0,
            },
        )

    def _forget(self, kind: str, there: Container[_Subject]) -> None:
        gone = [one for one in self._next if one[0] == kind and one not in there]
        for subject in gone:
            del self._next[subject]

    def _due(self, subject: _Subject, stamp: str, now: datetime) -> bool:
        known = self._next.get(subject)
        if known is None or known[0] != stamp:
            return True
        return known[1] is not None and known[1] <= now

    def _stale(self, session: Session, message: Message, now: datetime) -> str:
        payload = message.payload
        if "rule" in payload:
            book = in_force(session)
            return reminders.current(
                ledger.load(session, payload["incident"]),
                payload,
                rules=self._rules or book.rules,
                calendar=self._calendar or book.calendar,
                now=now,
            )
        alert = alerts.get(session, payload["alert"])
        if alert.state != alerts.NEW:
            return f"预警已由{alert.closed_by or alert.claimed_by}处置：{alert.state}"
        if alert.round != payload["round"]:
            return "预警已重新计时，另行通知"
        return self._holding.reason(alert.heat, meeting(session, alert, now), now)


def meeting(session: Session, alert: alerts.Alert, now: datetime) -> list[Silence]:
    """The silences that are on and meet the alert."""
    active = silences.active(session, now)
    return silences.meeting(active, rule=alert.rule, areas=alert.areas, text=alert.title)


def _missing(meant: Addressed) -> str:
    return f"（{'；'.join(meant.missing)}）" if meant.missing else ""


def _telling(notice: Notice, meant: Addressed) -> Telling:
    text = f"{notice.text}通知：{meant.names}{_missing(meant)}。"
    return Telling(
        kind=notice.kind,
        key=notice.key,
        due_at=notice.due_at,
        payload={**notice.payload, "text": text},
        to=meant.plain,
    )


def _logged(notice: Notice, names: str, missing: str) -> str:
    """Without titles: what a log says needs no erasing."""
    payload = notice.payload
    if notice.kind == DUTY:
        return f"{notice.text}通知：{names}{missing}"
    again = f"第 {payload['repeat'] + 1} 次，" if payload["repeat"] else ""
    what = f"预警 {payload.get('alert')} 无人认领"
    if "rule" in payload:
        about = "未定级" if payload["rule"] == LEVEL else payload["rule"]
        what = f"事件 {payload['incident']} 的 {about} {payload['threshold']}% 提醒无人确认"
    return f"{what}，升级第 {payload['step']} 步（{again}通知 {names}）{missing}"


def _notice(due: Due, now: datetime) -> Notice:
    matter = due.matter
    waited = span((now - matter.since).total_seconds())
    late = now - due.at > LATE
    parts = [
        f"升级第 {due.step} 步" + (f"（第 {due.repeat + 1} 次）" if due.repeat else ""),
        f"{matter.what}，已 {waited}" + ("" if "rule" not in matter.payload else "无人确认"),
    ]
    if late:
        parts.append(f"迟发：应于 {instant(due.at)} 发出")
    return Notice(
        kind=ESCALATION,
        key=f"escalation:{due.key}",
        due_at=due.at,
        to=due.to,
        text="；".join(parts) + "。",
        payload={
            **matter.payload,
            "policy": matter.policy.id,
            "step": due.step,
            "repeat": due.repeat,
            "due": iso(due.at),
            "late": late,
        },
    )
