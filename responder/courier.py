"""Delivers the outbox: one lane and one thread for each channel, so that none delays another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import structlog

from registry import changes, channels, outbox
from registry.db import Database, Session
from registry.errors import DeskError
from registry.outbox import Message
from responder import alerts, incidents, ledger, reminders
from responder.colours import HEAT_NAMES
from responder.lanes import Check, Lane, Limits, interrupted
from responder.notify import Notifier
from responder.rulebook import in_force
from responder.rules import RuleSet
from responder.workdays import Calendar

log = structlog.get_logger()

_BATCH = 500
_STRAYS_EVERY_S = 5.0


class _Run(threading.Thread):
    """One channel's batch under way. A daemon: a receiver that hangs must not keep us alive."""

    def __init__(self, work: Callable[[], int]) -> None:
        super().__init__(name="notify", daemon=True)
        self._work = work
        self.settled = 0
        self.start()

    def run(self) -> None:
        """Do the work; a database that is busy or full leaves the messages for the next tick."""
        try:
            self.settled = self._work()
        except DeskError as error:
            interrupted(error)
        except Exception:  # nobody else would see it, and the messages wait in the outbox
            log.exception("delivery_broken")


class Courier:
    """Delivers what is due. Owned by one responder.

    ``checks`` say for each kind of message why it is not to be sent any more. ``mine`` says,
    inside the transaction that claims, whether this process may still send.
    """

    def __init__(
        self,
        database: Database,
        notifiers: Sequence[Notifier],
        clock: Callable[[], datetime],
        *,
        owner: str = "courier",
        limits: Mapping[str, Limits] | None = None,
        checks: Mapping[str, Check] | None = None,
        mine: Callable[[Session, datetime], bool] = lambda _session, _now: True,
        rules: RuleSet | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._rules = rules  # None: what is in force, as for the calendar
        self._calendar = calendar
        self._checks: dict[str, Check] = {
            reminders.REMINDER: self._stale_reminder,
            reminders.ALERT: _stale_alert,
            **(checks or {}),
        }
        self._limits = limits or {}
        # Lanes queue here, not at the database's lock, where who comes last may wait for long.
        turn = threading.Lock()
        self._lanes = {
            notifier.name: Lane(
                database,
                notifier,
                clock,
                owner=owner,
                check=self._check,
                mine=mine,
                turn=turn,
                limits=self._limits.get(notifier.name),
            )
            for notifier in notifiers
        }
        self.patience_s = 0.5
        self._busy: dict[str, _Run] = {}
        self._announced = False
        self._strays_at = 0.0

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels."""
        return tuple(self._lanes)

    def deliver(self) -> int:
        """Start every idle channel on what is due; returns how many messages were settled.

        Waits ``patience_s`` at most, and for what it started only: a channel that is still at it
        goes on and is asked next time.
        """
        settled = self._collect()
        now = self._clock()
        self.announce()
        with self._database.reading() as session:
            idle = [name for name in self._lanes if name not in self._busy]
            wanted = [name for name in idle if self._lanes[name].wants(session, now)]
            strays = self._strays(session, now)
        if strays:
            settled += self._drop(strays)
        started = {name: _Run(self._lanes[name].run) for name in wanted}
        self._busy.update(started)
        until = time.monotonic() + self.patience_s
        for run in started.values():
            run.join(max(0.0, until - time.monotonic()))
        return settled + self._collect()

    def _strays(self, session: Session, now: datetime) -> list[Message]:
        """Messages for channels that are gone; looked for now and then, as it reads them all."""
        tick = time.monotonic()
        if tick < self._strays_at:
            return []
        found = outbox.strays(session, now=now, channels=self.channels, limit=_BATCH)
        self._strays_at = tick if found else tick + _STRAYS_EVERY_S
        return found

    def announce(self) -> None:
        """Say once which channels there are, and whom each is for: before the first notice."""
        if self._announced:
            return
        kinds = {name: self._limits.get(name, Limits()).kind or name for name in self._lanes}
        bound = {name: limits.to for name, limits in self._limits.items()}
        with self._database.transaction() as session:
            channels.announce(session, kinds, now=self._clock(), bound=bound)
        self._announced = True

    def _collect(self) -> int:
        done = {channel: run for channel, run in self._busy.items() if not run.is_alive()}
        for channel in done:
            del self._busy[channel]
        return sum(run.settled for run in done.values())

    def _drop(self, strays: Sequence[Message]) -> int:
        with self._database.transaction() as session:
            now = self._clock()
            for message in strays:
                reason = f"没有名为“{message.channel}”的通知渠道"
                outbox.not_sent(session, message.id, now=now, reason=reason)
                changes.note(session, "notice", message.key, now=now)
        return len(strays)

    def _check(self, session: Session, message: Message, now: datetime) -> str:
        limits = self._limits.get(message.channel)
        if limits is not None and (reason := _unwanted(session, message, limits)):
            return reason
        check = self._checks.get(message.kind)
        return check(session, message, now) if check else ""

    def _stale_reminder(self, session: Session, message: Message, now: datetime) -> str:
        book = in_force(session)
        return reminders.current(
            ledger.load(session, message.payload["incident"]),
            message.payload,
            rules=self._rules or book.rules,
            calendar=self._calendar or book.calendar,
            now=now,
        )


def _unwanted(session: Session, message: Message, limits: Limits) -> str:
    """Why this channel does not take it, by colour and level."""
    heat = str(message.payload.get("heat", ""))
    if limits.heats and heat and heat not in limits.heats:
        return f"这个渠道不收{HEAT_NAMES.get(heat, heat)}色预警"
    incident = message.payload.get("incident")
    if limits.levels and incident is not None:
        level = incidents.get(session, incident).level
        if level and level not in limits.levels:
            return f"这个渠道不收{level}级别的事件"
    return ""


def _stale_alert(session: Session, message: Message, _now: datetime) -> str:
    alert = alerts.get(session, message.payload["alert"])
    if alert.state != alerts.NEW:
        return f"预警已由 {alert.closed_by or alert.claimed_by} 处置：{alert.state}"
    return ""
