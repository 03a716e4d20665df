"""Grouping (聚合): the windows of the alert rules over the scored posts, told as Signals.

One worker at a time, under the lease ``grouping``. Order of a step: read, count, append signals,
save the state, commit. A crash anywhere makes the next worker read some posts again, which are
counted once by their ids, and at worst tell a crossing again under the same signal id.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from analyzer.grouping.lookback import look_back
from analyzer.grouping.matching import Condition, definition, haystack
from analyzer.grouping.memory import Memory, NoMemory, forget
from analyzer.grouping.signals import make_signal
from analyzer.grouping.windows import RuleState, RuleWindow, entry
from posts.codec import decode, encode
from posts.errors import PoisonError, RetryError
from posts.index.port import PostIndex
from posts.log.port import SCORED, SIGNALS, PostLog, Record
from posts.model import ScoredPost, Signal
from registry import alert_rules, erasures, lease
from registry.db import Database, Session
from registry.errors import UnavailableError

GROUP = "grouping"
LEASE = "grouping"
LEASE_TTL_S = 15
_RENEW_AFTER = timedelta(seconds=LEASE_TTL_S / 3)
_REREAD_RULES_AFTER = timedelta(seconds=2)
_SAVE_AFTER = timedelta(seconds=2)
_HOLD_LATE_FOR = timedelta(seconds=60)
"""While a backlog of old posts is being read, its crossings wait for its end, at most so long:
one signal with the whole count, and not one for each batch."""

_log = structlog.get_logger()


class _Watch:
    """A rule at work."""

    def __init__(self, condition: Condition, window: RuleWindow) -> None:
        self.condition = condition
        self.window = window
        self.late_since: datetime | None = None


class GroupingWorker:
    """Reads SCORED, writes SIGNALS.

    ``holder`` names this worker in the lease; ``memory`` is what it remembers in between starts
    (None: nothing is kept); ``index`` lets a new or edited rule see the posts that came before it.
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
    ) -> None:
        self._log = log
        self._database = database
        self._clock = clock
        self._holder = holder
        self._index = index
        self._memory: Memory = memory or NoMemory()
        self._consumer = log.consumer(SCORED, GROUP, alone=True)
        self._watches: dict[str, _Watch] | None = None
        self._states: dict[str, RuleState] = {}
        self._renewed: datetime | None = None
        self._rules_read: datetime | None = None
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
            self._reread_rules(now)
            records = self._consumer.poll(max_records, timeout)
            for record in records:
                self._count(record, now)
            self._uncommitted = self._uncommitted or bool(records)
            self._tell(now, caught_up=not records)
            if self._saved is None or not records or now - self._saved >= _SAVE_AFTER:
                self._save(now)
        except BaseException:
            self._consumer.rewind()
            raise
        return len(records)

    def close(self) -> None:
        """Save, commit and leave; the lease is given back so that another need not wait.

        Where that fails now, the next worker reads again what was not committed.
        """
        try:
            if self._renewed is not None:
                self._save(self._clock())
                with self._database.transaction() as session:
                    lease.release(session, LEASE, holder=self._holder)
        except (RetryError, UnavailableError) as error:
            _log.warning("grouping_left_uncommitted", error=str(error))
        self._renewed = None
        self._consumer.close()

    def _has_lease(self, now: datetime) -> bool:
        if self._renewed is not None and now - self._renewed < _RENEW_AFTER:
            return True
        with self._database.transaction() as session:
            held = lease.acquire(session, LEASE, holder=self._holder, now=now, ttl_s=LEASE_TTL_S)
        if held and self._renewed is None:
            self._start()
        if not held and self._renewed is not None:
            _log.warning("lease_lost", lease=LEASE, holder=self._holder)
        self._renewed = now if held else None
        return held

    def _start(self) -> None:
        """Begin from what was saved last, by this worker or by the one before."""
        self._consumer.rewind()
        self._states = self._memory.load()
        self._erased = None
        self._watches = None
        self._rules_read = self._saved = None
        self._outgoing = []
        self._uncommitted = False

    def _reread_rules(self, now: datetime) -> None:
        if self._rules_read is not None and now - self._rules_read < _REREAD_RULES_AFTER:
            return
        with self._database.reading() as session:
            rules = [rule for rule in alert_rules.everything(session) if rule.enabled]
            gone = self._newly_erased(session)
        if gone and forget(self._states, gone):
            self._saved = None  # the file is written anew without what they said
        old = self._watches or {}
        watches: dict[str, _Watch] = {}
        for rule in rules:
            key = str(rule.id)
            state = self._states.get(key)
            if state is None or state.definition != definition(rule):
                watches[key] = self._begin(Condition(rule), state, now)
            elif key in old:
                watches[key] = old[key]
            else:
                watches[key] = _Watch(Condition(rule), RuleWindow(rule, state))
        self._watches = watches
        self._states = {key: watch.window.state for key, watch in watches.items()}
        self._rules_read = now

    def _newly_erased(self, session: Session) -> list[str]:
        """The posts that were destroyed by law since the last look."""
        if self._erased is None:
            held = [one.id for state in self._states.values() for one in state.entries]
            self._erased = erasures.newest(session)
            return list(erasures.erased(session, erasures.POST, held))
        self._erased, gone = erasures.posts_since(session, self._erased)
        return gone

    def _begin(self, condition: Condition, before: RuleState | None, now: datetime) -> _Watch:
        """A rule at first sight or after an edit: filled from the index, what was told kept."""
        rule = condition.rule
        state = RuleState(definition=definition(rule))
        if before is not None:
            state.live, state.late = before.live, before.late
        watch = _Watch(condition, RuleWindow(rule, state))
        told = {one.id for one in before.entries if one.told} if before else set()
        for one in look_back(self._index, condition, now) if self._index else ():
            one.told = one.id in told
            watch.window.add(one)
        if state.entries:
            watch.late_since = now - _HOLD_LATE_FOR
        _log.info("rule_watched", rule=str(rule.id), posts=len(state.entries))
        return watch

    def _count(self, record: Record, now: datetime) -> None:
        try:
            scored = decode(record.value, ScoredPost)
        except PoisonError as error:
            self._log.bury(record, reason=f"无法解读的消息：{error}", attempts=1, at=now)
            _log.warning("scored_post_buried", offset=record.offset, reason=str(error))
            return
        folded = haystack(scored.post)
        for watch in (self._watches or {}).values():
            if watch.condition.matches(scored, folded):
                new = entry(scored.post, scored.areas)
                if watch.window.add(new) and new.late and watch.late_since is None:
                    watch.late_since = now

    def _tell(self, now: datetime, *, caught_up: bool) -> None:
        """Append what is to be told; on failure it stays outgoing for the next step."""
        for watch in (self._watches or {}).values():
            streams = [False]
            if watch.late_since is not None and (
                caught_up or now - watch.late_since >= _HOLD_LATE_FOR
            ):
                streams.append(True)
                watch.late_since = None
            for late in streams:
                crossing = watch.window.cross(now, late=late)
                if crossing is not None:
                    self._outgoing.append(make_signal(watch.condition.rule, crossing, now))
        if not self._outgoing:
            return
        self._log.append(SIGNALS, [(one.fingerprint, encode(one)) for one in self._outgoing])
        for one in self._outgoing:
            _log.info("signal", rule=one.rule, count=one.count, late=one.late, heat=one.heat)
        self._outgoing = []
        self._saved = None

    def _save(self, now: datetime) -> None:
        if not self._uncommitted and self._saved is not None:
            return
        self._memory.save(self._states)
        if self._uncommitted:
            self._consumer.commit()
        self._uncommitted = False
        self._saved = now
