"""The responder's tick: signals become alerts, what is past becomes reminders, reminders leave.

One process owns the tick under a lease. Each part is its own short transaction, which begins by
making sure that the tick is still ours: a process that was frozen writes and sends nothing when it
wakes up and another has taken over. Nothing is sent inside a transaction.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog

from posts.codec import decode
from posts.errors import PoisonError, RetryError
from posts.log.port import SIGNALS, Consumer, PostLog, Record
from posts.model import Signal
from registry import lease, silences
from registry.db import Database, Session
from registry.errors import UnavailableError
from registry.statements import chunks
from responder import alert_growth, reminders
from responder.alerts import Alert
from responder.budget import Budget, below_raised
from responder.colours import Colours
from responder.confirming import Confirmer
from responder.courier import Courier
from responder.holding import Holding
from responder.lanes import Check, Limits
from responder.notify import Notifier
from responder.rules import RuleSet
from responder.rungs import EVERY
from responder.workdays import Calendar

log = structlog.get_logger()

GROUP = "responder"
_BATCH = 200
_PUT_AT_ONCE = 500  # others wait for the write lock meanwhile
_WAIT_AT_MOST = 20  # ticks
ENOUGH_S = 0.1  # of looking in one tick: the planners after that have their turn with the next
_LOG_RESTS = timedelta(seconds=5)


class Plan(Protocol):
    """Looks for what is to be told by now and in no outbox yet, e.g. reminders, escalations."""

    def wanted(self, session: Session, now: datetime) -> Sequence[Any]:
        """What is to be put into the outbox now; the session can only read."""

    def put(self, session: Session, wanted: Sequence[Any], *, now: datetime) -> int:
        """Write that into the outbox; returns how many notices were new."""

    def done(self) -> bool | None:
        """What was wanted is committed. True: it was a part only, look again at once."""


class LostLeaseError(Exception):
    """Another process has taken over."""


class Responder:
    """Owns the tick while it holds the lease ``responder``; otherwise it stands by."""

    def __init__(
        self,
        log: PostLog,
        database: Database,
        notifiers: Sequence[Notifier],
        clock: Callable[[], datetime],
        holder: str,
        *,
        rules: RuleSet | None = None,
        calendar: Calendar | None = None,
        every: timedelta = EVERY,
        ttl_s: float = 6.0,
        limits: Mapping[str, Limits] | None = None,
        checks: Mapping[str, Check] | None = None,
        plans: Sequence[Callable[[tuple[str, ...]], Plan]] = (),
        colours: Colours | None = None,
        holding: Holding | None = None,
        budget: Budget | None = None,
    ) -> None:
        """``plans`` make further planners, given the names of the channels.

        ``colours``, ``holding`` and ``budget`` say how hot an alert is, and whether it is sent at
        once.

        ``checks`` say why a message of a kind is not to be sent any more, see responder.lanes.
        """
        self._log = log
        self._database = database
        self._clock = clock
        self._lease = lease.Tenure(GROUP, holder=holder, ttl_s=ttl_s)
        self._colours = colours or Colours()
        self._holding = holding or Holding()
        self._budget = budget or Budget()
        self._consumer: Consumer | None = None
        self._log_rests_until: datetime | None = None
        self._courier = Courier(
            database,
            notifiers,
            clock,
            owner=holder,
            limits=limits,
            checks=checks,
            mine=self._mine,
            rules=rules,
            calendar=calendar,
        )
        channels = self._courier.channels
        self._plans: list[Plan] = [
            reminders.Planner(channels=channels, rules=rules, calendar=calendar, every=every),
            *(make(channels) for make in plans),
            Confirmer(),
        ]
        self._waited = 0  # ticks in which a planner had no turn
        #: When the last whole tick ended: ours, or one that we stood by in.
        self.ticked_at: datetime | None = None
        #: Why signals can't be read right now; None while they can.
        self.unread: RetryError | None = None

    def step(self) -> int:
        """One tick; returns how many signals, reminders and deliveries it handled.

        1 more where a planner looked at a part only: the next tick should come at once.
        0 also where another process holds the lease, or the database can't be used right now:
        then nothing is lost, the next tick sees it all again. A log that can't be read now holds
        up new signals only: clocks, reminders and deliveries go on.
        """
        try:
            done = 0
            if self._own():
                self._courier.announce()
                done = self._signals() + self._plan() + self._courier.deliver()
        except UnavailableError as error:
            log.warning("tick_interrupted", reason=error.message)
            return 0
        except LostLeaseError:
            self._lease.lose()
            return 0
        self.ticked_at = self._clock()
        return done

    def close(self) -> None:
        """Leave the group and give back the lease, so that another one need not wait for it."""
        if self._consumer is not None:
            self._consumer.close()
        self._lease.give_back(self._database)

    def _own(self) -> bool:
        return self._lease.hold(self._database, self._clock())

    @contextmanager
    def _owned(self) -> Generator[tuple[Session, datetime]]:
        """A transaction of the owner, and its instant. Raises LostLeaseError for anyone else."""
        with self._database.transaction() as session:
            now = self._clock()
            if not self._lease.confirm(session, now):
                raise LostLeaseError
            yield session, now

    def _mine(self, session: Session, now: datetime) -> bool:
        return lease.holder(session, GROUP, now=now) == self._lease.holder

    def _signals(self) -> int:
        """Absorb what the log has; where it has nothing to give now, it is asked again later."""
        now, rests = self._clock(), self._log_rests_until
        if rests is not None and now < rests <= now + _LOG_RESTS:
            return 0
        try:
            if self._consumer is None:
                self._consumer = self._log.consumer(SIGNALS, GROUP, alone=True)
            count = self._absorb(self._consumer)
        except RetryError as error:
            self.unread, self._log_rests_until = error, now + _LOG_RESTS
            log.warning("signals_wait", reason=str(error))
            return 0
        self.unread = self._log_rests_until = None
        return count

    def _absorb(self, consumer: Consumer) -> int:
        """Signals into alerts, then the reader moves on; where anything fails, it reads again.

        What was absorbed before such a failure is known by its id and absorbed once only.
        """
        try:
            records = consumer.poll(_BATCH)
            if not records:
                return 0
            poison: list[tuple[Record, str]] = []
            with self._owned() as (session, now):
                for record in records:
                    try:
                        signal = decode(record.value, Signal)
                    except PoisonError as error:
                        poison.append((record, str(error)))
                        continue
                    alert = alert_growth.absorb(session, signal, now=now, colours=self._colours)
                    if alert is not None:
                        self._announce(session, alert, signal, now)
            for record, reason in poison:
                self._log.bury(record, reason=reason, attempts=1, at=now)
            consumer.commit()
        except BaseException:
            consumer.rewind()
            raise
        return len(records)

    def _announce(self, session: Session, alert: Alert, signal: Signal, now: datetime) -> None:
        on = silences.active(session, now)
        met = silences.meeting(on, rule=alert.rule, areas=alert.areas, text=alert.title)
        held = self._holding.reason(alert.heat, met, now)
        low = "" if held or alert.late else below_raised(session, alert.heat, signal, now)
        if not (held or low or alert.late):
            held = self._budget.reason(session, alert.id, alert.heat, now)
        channels = self._courier.channels
        reminders.announce(
            session, alert, now=now, channels=channels, held=held or low, low=bool(low)
        )

    def _plan(self) -> int:
        """Look without the write lock; take it only when there is something to write.

        While one has more to look at, or the looks took long, those after it wait: for some ticks,
        then all have a turn.
        """
        count = 0
        looked = 0.0
        for plan in self._plans:
            if looked > ENOUGH_S and self._waited < _WAIT_AT_MOST:
                self._waited += 1
                return count + 1
            began = time.monotonic()
            with self._database.reading() as session:
                found = plan.wanted(session, self._clock())
            looked += time.monotonic() - began
            for some in chunks(found, _PUT_AT_ONCE):
                with self._owned() as (session, now):
                    count += plan.put(session, some, now=now)
            if plan.done():
                count += 1
                if self._waited < _WAIT_AT_MOST:
                    self._waited += 1
                    return count
        self._waited = 0
        return count
