"""The watch over what nobody answers (值守): unclaimed alerts, clocks, an empty post.

A planner beside that of the reminders: each look asks what is past, puts what is in no outbox yet,
and remembers when each incident has to be looked at again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry import changes, notice_log, outbox, silences
from registry.outbox import Message
from registry.silences import Silence
from registry.statements import chunks
from registry.tables import OutboxRow
from responder import addressees, alerts, duty_alarm, escalation, ledger, reminders
from responder.colours import HEAT_NAMES
from responder.escalation import Due, Matter
from responder.holding import Holding
from responder.policies import Policies, default
from responder.rulebook import in_force
from responder.rules import RuleSet, national
from responder.rungs import EVERY
from responder.tables import AlertRow
from responder.timers import LEVEL, timers_of
from responder.wording import instant, iso, span
from responder.workdays import Calendar

ESCALATION, DUTY = "escalation", "duty"
LOOK_EVERY = timedelta(seconds=1)  # steps are minutes apart
LATE = timedelta(seconds=10)


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
        self._rules = rules or national()
        self._calendar = calendar  # None: what is in force, also when that changes
        self._version = ""
        self._every = every
        self._channels: tuple[str, ...] = (reminders.CONSOLE,)
        self._matters: dict[int, tuple[str, list[Matter], datetime | None]] = {}
        self._told: set[str] = set()
        self._looked_at: datetime | None = None

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
        if last is not None and last <= now < last + LOOK_EVERY:
            return []
        if last is not None and now < last:  # the clock was set back
            self._matters.clear()
        self._looked_at = now
        matters = [*self._alerts(session, now), *self._clocks(session, now)]
        found = [_notice(due, now) for due in escalation.planned(matters, now)]
        found += [
            Notice(kind=DUTY, key=key, due_at=now, to=to, text=text, payload=payload)
            for key, to, text, payload in duty_alarm.planned(session, now)
        ]
        self._remember(session, {notice.key for notice in found})
        return [notice for notice in found if notice.key not in self._told]

    def put(self, session: Session, wanted: Sequence[Notice], *, now: datetime) -> int:
        """Write each for each channel, with the persons that are meant now."""
        self._looked_at = None  # where the commit fails, the next tick looks again
        return sum(self._put(session, notice, now) for notice in wanted)

    def done(self) -> None:
        """What was wanted is committed; the next look sees it in the outbox."""

    def _put(self, session: Session, notice: Notice, now: datetime) -> int:
        meant = addressees.resolve(session, notice.to, now)
        missing = f"（{'；'.join(meant.missing)}）" if meant.missing else ""
        text = f"{notice.text}通知：{meant.names}{missing}。"
        payload = {**notice.payload, "text": text, "to": meant.plain}
        count = 0
        for channel in self._channels:
            key = f"{notice.key}:{channel}"
            fresh = outbox.put(
                session,
                kind=notice.kind,
                key=key,
                payload={**payload, "channel": channel},
                due_at=notice.due_at,
                now=now,
            )
            count += fresh
        if count:
            changes.note(session, "notice", notice.key, now=now)
            notice_log.write(
                session,
                notice_log.ESCALATED,
                _logged(notice, meant.names, missing),
                now=now,
                alert=notice.payload.get("alert"),
                incident=notice.payload.get("incident"),
            )
        return count

    def _remember(self, session: Session, keys: set[str]) -> None:
        """Which of the keys are in the outbox; asked once for each."""
        self._told &= keys
        by_row = {
            f"{key}:{channel}": key for key in keys - self._told for channel in self._channels
        }
        for some in chunks(sorted(by_row)):
            rows = session.scalars(select(OutboxRow.key).where(OutboxRow.key.in_(some)))
            self._told.update(by_row[row] for row in rows)

    def _alerts(self, session: Session, now: datetime) -> list[Matter]:
        columns = (
            AlertRow.id,
            AlertRow.title,
            AlertRow.heat,
            AlertRow.rule,
            AlertRow.areas,
            AlertRow.created_at,
            AlertRow.waiting_since,
            AlertRow.round,
        )
        rows = session.execute(
            select(*columns).where(AlertRow.state == alerts.NEW, AlertRow.late.is_(False))
        ).all()
        if not rows:
            return []
        began = min(row.waiting_since or row.created_at for row in rows)
        quieted = silences.since(session, began)
        found = []
        for row in rows:
            policy = self._policies.for_alert(row.heat)
            meeting = silences.meeting(quieted, rule=row.rule, areas=row.areas, text=row.title)
            since = self._holding.waits_since(
                row.heat, row.waiting_since or row.created_at, meeting, now
            )
            if policy is None or since is None:
                continue
            found.append(
                Matter(
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
            )
        return found

    def _clocks(self, session: Session, now: datetime) -> Iterable[Matter]:
        calendar = self._calendar or in_force(session).calendar
        if calendar.version != self._version:
            self._matters.clear()
            self._version = calendar.version
        heads = ledger.open_heads(session)
        looked = [number for number, head in heads.items() if self._due(number, head, now)]
        self._matters = {n: known for n, known in self._matters.items() if n in heads}
        for incident, entries in ledger.load_many(session, looked).items():
            timers = timers_of(
                incident,
                entries,
                now,
                rules=self._rules,
                calendar=calendar,
                every=self._every,
            )
            matters, ahead = [], [timer.next_at for timer in timers]
            for timer in timers:
                matter, again = escalation.clock_matter(timer, entries, self._policies, now)
                matters += [matter] if matter else []
                ahead += [again] if again else []
            self._matters[incident] = (heads[incident], matters, min(ahead, default=None))
        return [matter for _, matters, _ in self._matters.values() for matter in matters]

    def _due(self, incident: int, head: str, now: datetime) -> bool:
        known = self._matters.get(incident)
        if known is None or known[0] != head:
            return True
        return known[2] is not None and known[2] <= now

    def _stale(self, session: Session, message: Message, now: datetime) -> str:
        payload = message.payload
        if "rule" in payload:
            return reminders.current(
                ledger.load(session, payload["incident"]),
                payload,
                rules=self._rules,
                calendar=self._calendar or in_force(session).calendar,
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
