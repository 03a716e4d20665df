"""The responder's tick: signals become alerts, what is past becomes reminders, reminders leave.

One process owns the tick under a lease. Each part is its own short transaction; nothing is sent
inside one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from posts.codec import decode
from posts.errors import PoisonError
from posts.log.port import SIGNALS, PostLog, Record
from posts.model import Signal
from registry import lease
from registry.db import Database
from registry.errors import UnavailableError
from responder import alerts, reminders
from responder.notify import Courier, Notifier
from responder.rules import RuleSet
from responder.rungs import EVERY
from responder.workdays import Calendar

log = structlog.get_logger()

GROUP = "responder"
_BATCH = 200


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
    ) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self._holder = holder
        self._ttl_s = ttl_s
        self._held_until: datetime | None = None
        self._consumer = log.consumer(SIGNALS, GROUP)
        self._courier = Courier(database, notifiers, clock, rules=rules, calendar=calendar)
        self._planner = reminders.Planner(
            channels=self._courier.channels, rules=rules, calendar=calendar, every=every
        )

    def step(self) -> int:
        """One tick; returns how many signals, reminders and deliveries it handled.

        0 also where another process holds the lease, or the database can't be used right now:
        then nothing is lost, the next tick sees it all again.
        """
        try:
            if not self._own():
                return 0
            return self._absorb() + self._plan() + self._courier.deliver()
        except UnavailableError as error:
            self._consumer.rewind()
            log.warning("tick_interrupted", reason=error.message)
            return 0

    def close(self) -> None:
        """Leave the group and give back the lease, so that another one need not wait for it."""
        self._consumer.close()
        if self._held_until is None:
            return
        self._held_until = None
        try:
            with self._database.transaction() as session:
                lease.release(session, GROUP, holder=self._holder)
        except UnavailableError as error:  # it runs out by itself
            log.warning("lease_kept", reason=error.message)

    def _own(self) -> bool:
        """Hold the lease; renewed when half of it is over, so that most ticks write nothing."""
        now = self._clock()
        half = timedelta(seconds=self._ttl_s / 2)
        if self._held_until is not None and half < self._held_until - now <= 2 * half:
            return True
        with self._database.transaction() as session:
            own = lease.acquire(session, GROUP, holder=self._holder, now=now, ttl_s=self._ttl_s)
        self._held_until = now + timedelta(seconds=self._ttl_s) if own else None
        return own

    def _absorb(self) -> int:
        records = self._consumer.poll(_BATCH)
        if not records:
            return 0
        poison: list[tuple[Record, str]] = []
        now = self._clock()
        with self._database.transaction() as session:
            for record in records:
                try:
                    signal = decode(record.value, Signal)
                except PoisonError as error:
                    poison.append((record, str(error)))
                    continue
                alert = alerts.absorb(session, signal, now=now)
                if alert is not None:
                    reminders.announce(session, alert, now=now, channels=self._courier.channels)
        for record, reason in poison:
            self._log.bury(record, reason=reason, attempts=1, at=now)
        self._consumer.commit()
        return len(records)

    def _plan(self) -> int:
        """Look without the write lock; take it only when there is something to write."""
        now = self._clock()
        with self._database.reading() as session:
            found = self._planner.wanted(session, now)
        count = 0
        if found:
            with self._database.transaction() as session:
                count = reminders.put(session, found, now=now, channels=self._courier.channels)
        self._planner.done()
        return count
