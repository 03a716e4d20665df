"""Who owns a piece of work (租约): one holder at a time, until its time runs out.

Safe across processes and machines, as every step is one compare-and-set on a row. The instants
are the callers': their clocks must agree to well within the time to live.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import Session

from registry.db import Database
from registry.errors import DeskError
from registry.statements import affected, insert_once
from registry.tables import LeaseRow

log = structlog.get_logger()

_LONGEST = timedelta(minutes=10)  # one that ends later was taken by a clock that was wrong


def acquire(session: Session, name: str, *, holder: str, now: datetime, ttl_s: float) -> bool:
    """Take or renew the lease until ``now`` + ``ttl_s``; False while another one holds it.

    A lease is free from the instant on which it ends. The taking counts with the commit.
    """
    if ttl_s <= 0:
        raise ValueError("a lease lives longer than 0 s")
    if renew(session, name, holder=holder, now=now, ttl_s=ttl_s):
        return True
    until = now + timedelta(seconds=ttl_s)
    over = or_(LeaseRow.until <= now, LeaseRow.until > now + _LONGEST)
    free = update(LeaseRow).where(LeaseRow.name == name, over)
    if affected(session, free.values(holder=holder, acquired_at=now, until=until)):
        return True
    if session.scalar(select(LeaseRow.holder).where(LeaseRow.name == name)) is not None:
        return False
    return insert_once(session, LeaseRow(name=name, holder=holder, acquired_at=now, until=until))


def renew(session: Session, name: str, *, holder: str, now: datetime, ttl_s: float) -> bool:
    """Only renew it: True where nobody else has held it since it was taken, however long ago."""
    mine = update(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder)
    return bool(affected(session, mine.values(until=now + timedelta(seconds=ttl_s))))


def release(session: Session, name: str, *, holder: str) -> None:
    """Give it back; nothing happens where another one holds it."""
    mine = delete(LeaseRow).where(LeaseRow.name == name, LeaseRow.holder == holder)
    affected(session, mine)


def holder(session: Session, name: str, *, now: datetime | None = None) -> str | None:
    """Who took it last and did not give it back; with ``now``: only if it still holds."""
    found = session.execute(
        select(LeaseRow.holder, LeaseRow.until).where(LeaseRow.name == name)
    ).one_or_none()
    if found is None:
        return None
    who, until = found
    return None if now is not None and until <= now else who


def release_all(session: Session, *, holder: str) -> int:
    """Give back all that a process held which is known to have ended; returns how many."""
    return affected(session, delete(LeaseRow).where(LeaseRow.holder == holder))


class Tenure:
    """One process's hold on one lease: renewed when half of it is over, so seldom written.

    What it believes is not proof: a process that was frozen believes what was true before. Where
    that matters, ``confirm`` asks inside the transaction that writes.

    ``term`` counts how often it was taken anew: what one remembers of a term before is stale.
    """

    def __init__(self, name: str, *, holder: str, ttl_s: float) -> None:
        self.name = name
        self.holder = holder
        self.ttl_s = ttl_s
        self.term = 0
        self._until: datetime | None = None

    @property
    def held(self) -> bool:
        """Whether it was ours when we asked last."""
        return self._until is not None

    def sure(self, now: datetime) -> bool:
        """Held, and not yet to be renewed. A clock that was set back is asked about too."""
        half = timedelta(seconds=self.ttl_s / 2)
        return self._until is not None and half < self._until - now <= 2 * half

    def hold(self, database: Database, now: datetime) -> bool:
        """Take it or keep it; False while another one holds it. Raises UnavailableError."""
        if self.sure(now):
            return True
        with database.transaction() as session:
            kept = self.held and renew(
                session, self.name, holder=self.holder, now=now, ttl_s=self.ttl_s
            )
            own = kept or self.confirm(session, now)
        if not kept:
            self.lose()  # another one may have come and gone while we stood still
            self.term += own
        self._until = now + timedelta(seconds=self.ttl_s) if own else None
        return own

    def confirm(self, session: Session, now: datetime) -> bool:
        """Take or renew it with this transaction: what it writes stands only with the lease."""
        return acquire(session, self.name, holder=self.holder, now=now, ttl_s=self.ttl_s)

    def lose(self) -> None:
        """Another one has it; told once."""
        if self.held:
            log.warning("lease_lost", lease=self.name, holder=self.holder)
        self._until = None

    def give_back(self, database: Database) -> None:
        """At the end, so that another one need not wait; where that fails it runs out by itself."""
        if not self.held:
            return
        self._until = None
        try:
            with database.transaction() as session:
                release(session, self.name, holder=self.holder)
        except DeskError as error:
            log.warning("lease_kept", lease=self.name, reason=error.message)
