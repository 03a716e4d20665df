"""Grouping (聚合): one worker under a lease reads the scored posts in order; its parts count them.

The windows of the alert rules are the first part; others are given to it (parts.py). Order of a
step: read, count, append signals, save the states, commit. A crash anywhere makes the next worker
read some posts again, which are counted once by their ids, and at worst tell a crossing again
under the same signal id.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from analyzer.grouping.alerting import RuleWindows
from analyzer.grouping.memory import Memory, NoMemory
from analyzer.grouping.parts import Part
from posts.codec import decode, encode
from posts.errors import PoisonError, PostsError, RetryError
from posts.index.port import PostIndex
from posts.log.port import SCORED, SIGNALS, PostLog, Record
from posts.model import ScoredPost, Signal
from registry import erasures
from registry.db import Database
from registry.errors import DeskError, UnavailableError
from registry.lease import Tenure

GROUP = "grouping"
LEASE = "grouping"
LEASE_TTL_S = 8.0
"""So long a dead worker holds up the others. Longer than a slow step: a worker that loses the lease
writes nothing twice, but begins anew from what was saved."""
_REFRESH_AFTER = timedelta(seconds=2)
_SAVE_AFTER = timedelta(seconds=2)

_log = structlog.get_logger()


class GroupingWorker:
    """Reads SCORED, writes SIGNALS.

    ``holder`` names this worker in the lease; ``memory`` is what the alert rules remember between
    starts (None: nothing is kept); ``index`` lets a new or edited rule see the posts that came
    before it. ``parts`` come after the rules, and are closed with the worker.
    """

    def __init__(
        self,
        log: PostLog,
        database: Database,
        clock: Callable[[], datetime],
        holder: str,
        *,
        index: PostIndex | None = None,
        memory: Memory | None = None,
        parts: Sequence[Part] = (),
    ) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self._lease = Tenure(LEASE, holder=holder, ttl_s=LEASE_TTL_S)
        self._term = 0  # of the lease: what the parts hold is of this one
        self._parts: tuple[Part, ...] = (
            RuleWindows(database, memory or NoMemory(), index),
            *parts,
        )
        self._consumer = log.consumer(SCORED, GROUP, alone=True)
        self._refreshed: datetime | None = None
        self._saved: datetime | None = None
        self._outgoing: list[Signal] = []
        self._uncommitted = False
        self._erased: int | None = None  # the newest erasure that was obeyed

    def step(self, max_records: int = 500, *, timeout: float = 0.0) -> int:
        """Handle the next batch; returns how many records were read.

        0 is the end of the log, or another worker holds the lease. At the end of the log all that
        was held back is told, saved and committed. Raises RetryError where log, index or state
        file can't be used now; nothing is lost by it.
        """
        now = self._clock()
        if not self._has_lease(now):
            return 0
        try:
            looked = self._refresh(now)
            records = self._consumer.poll(max_records, timeout)
            if scored := self._decoded(records, now):
                for part in self._parts:
                    _read(part, scored, now)
            self._uncommitted = self._uncommitted or bool(records)
            self._tell(now, caught_up=not records)
            if self._saved is None or not records or now - self._saved >= _SAVE_AFTER:
                self._save(now, looked=looked)
        except BaseException:
            self._consumer.rewind()
            raise
        return len(records)

    def close(self) -> None:
        """Save, commit and leave; the lease is given back so that another need not wait.

        Where that fails now, the next worker reads again what was not committed.
        """
        try:
            if self._lease.held:
                self._save(self._clock())
        except (RetryError, UnavailableError) as error:
            _log.warning("grouping_left_uncommitted", error=str(error))
        self._lease.give_back(self._database)
        self._consumer.close()
        for part in self._parts:
            part.close()

    def _has_lease(self, now: datetime) -> bool:
        if not self._lease.hold(self._database, now):
            return False
        if self._term != self._lease.term:
            self._start(now)
            self._term = self._lease.term
        return True

    def _start(self, now: datetime) -> None:
        """Begin from what was saved last, by this worker or by the one before."""
        self._consumer.rewind()
        for part in self._parts:
            part.start(now)
        self._erased = self._refreshed = self._saved = None
        self._outgoing = []
        self._uncommitted = False

    def _refresh(self, now: datetime) -> bool:
        """Obey erasures, and let the parts see what people have changed; False: not yet again."""
        if self._refreshed is not None and now - self._refreshed < _REFRESH_AFTER:
            return False
        gone = self._newly_erased()
        for part in self._parts:
            if gone and part.forget(gone):
                self._saved = None  # its state is written anew without what they said
            part.refresh(now)
        self._refreshed = now
        return True

    def _newly_erased(self) -> list[str]:
        """The posts that were destroyed by law since the last look."""
        with self._database.reading() as session:
            if self._erased is None:
                held = [one for part in self._parts for one in part.held()]
                self._erased = erasures.newest(session)
                return list(erasures.erased(session, erasures.POST, held))
            self._erased, gone = erasures.posts_since(session, self._erased)
            return gone

    def _decoded(self, records: Sequence[Record], now: datetime) -> list[ScoredPost]:
        """The posts; what is none goes to the dead letters."""
        found: list[ScoredPost] = []
        for record in records:
            try:
                found.append(decode(record.value, ScoredPost))
            except PoisonError as error:
                self._log.bury(record, reason=f"无法解读的消息：{error}", attempts=1, at=now)
                _log.warning("scored_post_buried", offset=record.offset, reason=str(error))
        return found

    def _tell(self, now: datetime, *, caught_up: bool) -> None:
        """Append what is to be told; on failure it stays outgoing for the next step."""
        for part in self._parts:
            self._outgoing += part.tell(now, caught_up=caught_up)
        if not self._outgoing:
            return
        self._log.append(SIGNALS, [(one.fingerprint, encode(one)) for one in self._outgoing])
        for one in self._outgoing:
            _log.info("signal", rule=one.rule, count=one.count, late=one.late, heat=one.heat)
        self._outgoing = []
        self._saved = None

    def _save(self, now: datetime, *, looked: bool = False) -> None:
        if not self._uncommitted and self._saved is not None:
            # No post came, but a person may have merged two events: shown now, not with the next
            # post. The windows of the rules, the first part, change by posts alone.
            for part in self._parts[1:] if looked else ():
                part.save(now)
            return
        for part in self._parts:
            part.save(now)
        if self._uncommitted:
            self._consumer.commit()
        self._uncommitted = False
        self._saved = now


def _read(part: Part, scored: Sequence[ScoredPost], now: datetime) -> None:
    """Let the part read; a post that it stumbles over is left out, and the desk goes on."""
    try:
        part.read(scored, now)
    except (PostsError, DeskError):
        raise  # a store that is away: the step is tried again
    except Exception as error:  # noqa: BLE001 (a fault of ours must not blind the alert rules)
        if len(scored) > 1:
            for one in scored:
                _read(part, (one,), now)
            return
        _log.exception("part_stumbled", part=part.name, post=scored[0].post.id, error=repr(error))
