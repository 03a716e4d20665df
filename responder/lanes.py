"""One channel's way out (发送通道): claim, look again, send, write down.

A turn is one short transaction, then one sending. The transaction writes what became of the last
sending, sees that the tick is still ours, looks at what is due as it stands *now*, drops what was
settled meanwhile and claims the rest. So no sending begins after a committed stop, and a sender
that was frozen sends nothing when it wakes up.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

import structlog
from msgspec import Struct
from msgspec.structs import replace

from registry import changes, channels, outbox
from registry.db import Database, Session
from registry.errors import DeskError
from registry.outbox import Message
from responder import packing
from responder.lengths import Lengths
from responder.notify import Notifier, NotifyError

log = structlog.get_logger()

_FIRST_RETRY = timedelta(seconds=10)
_LONGEST_RETRY = timedelta(minutes=10)
_MOST_TRIES = 60
_SHORT = timedelta(seconds=2)  # between the claim and the sending; longer: we were frozen
_REFUSALS = 3  # in a row, then the channel rests too, though it answers
_MINUTE = timedelta(minutes=1)

Check = Callable[[Session, Message, datetime], str]
"""Why a message is not to be sent any more, by what is committed; "" where it still is."""
Outcome = Callable[[Session, datetime], None]


class Limits(Struct, frozen=True, kw_only=True):
    """What a channel takes. ``max_chars`` bounds a message's text, as ``lengths`` do in bytes.

    ``to`` are the targets whom it is for, empty: everyone, see responder/telling.py.
    ``heats`` are the colours of alerts and ``levels`` those of incidents that it takes, empty:
    all; what has no colour or level yet is always taken.
    What falls due within ``bundle_s`` seconds after a message leaves as one next message.
    ``rate_per_min`` 0: as often as needed. ``claim_s`` is longer than its ``send`` ever takes.
    """

    kind: str = ""
    to: tuple[str, ...] = ()
    heats: frozenset[str] = frozenset()
    levels: frozenset[str] = frozenset()
    max_chars: int = 2000
    lengths: Lengths = Lengths()
    bundle_s: float = 0.0
    bundle_most: int = 1
    rate_per_min: int = 0
    claim_s: float = 60.0


class Lane:
    """Sends what is due for one channel, in order. Used by one thread at a time."""

    def __init__(
        self,
        database: Database,
        notifier: Notifier,
        clock: Callable[[], datetime],
        *,
        owner: str,
        check: Check,
        mine: Callable[[Session, datetime], bool],
        turn: threading.Lock | None = None,
        limits: Limits | None = None,
    ) -> None:
        self._database = database
        self._notifier = notifier
        self._clock = clock
        self._owner = owner
        self._check = check
        self._mine = mine
        self._turn = turn or threading.Lock()
        self._limits = limits or Limits()
        most = min(self._limits.max_chars, self._limits.lengths.max_chars)
        self._lengths = replace(self._limits.lengths, max_chars=most)
        self._unwritten: list[Outcome] = []
        self._sent_at: deque[datetime] = deque(maxlen=max(1, self._limits.rate_per_min))
        self._rest_until: datetime | None = None
        self._claimed_at = clock()
        self._refused: dict[int, datetime] = {}  # since the last that was taken
        self._alone = 0  # how many messages leave by themselves after a bundle was refused

    def wants(self, session: Session, now: datetime) -> bool:
        """Whether there is something to do now."""
        if self._unwritten:
            return True
        if self._resting(now):
            return False
        return bool(outbox.due(session, now=now, limit=1, channel=self._notifier.name))

    def run(self) -> int:
        """Turn after turn until nothing is due or the channel rests; returns how many settled."""
        settled = 0
        while True:
            batch, dropped = self._claim()
            settled += dropped
            if batch:
                settled += self._send(batch)
            elif not dropped:
                return settled

    def _resting(self, now: datetime) -> bool:
        if self._rest_until is not None:
            # A clock that was set back must not make it rest for longer than it ever may.
            if now < self._rest_until <= now + _LONGEST_RETRY:
                return True
            self._rest_until = None
        if not self._sent_at:
            return False
        apart = timedelta(seconds=self._limits.bundle_s)
        if timedelta(0) <= now - self._sent_at[-1] < apart:
            return True
        full = self._limits.rate_per_min and len(self._sent_at) == self._sent_at.maxlen
        return bool(full and timedelta(0) <= now - self._sent_at[0] < _MINUTE)

    def _claim(self) -> tuple[list[Message], int]:
        """What to send now, claimed in the transaction that saw that it is still to be sent."""
        with self._turn, self._database.transaction() as session:
            now = self._clock()
            outcomes = list(self._unwritten)
            for outcome in outcomes:
                outcome(session, now)
            batch, dropped = ([], 0) if self._resting(now) else self._look(session, now)
        self._claimed_at = now
        del self._unwritten[: len(outcomes)]
        return batch, dropped

    def _look(self, session: Session, now: datetime) -> tuple[list[Message], int]:
        if not self._mine(session, now):
            log.info("lane_left", channel=self._notifier.name)
            return [], 0
        kept: list[Message] = []
        dropped = 0
        for message in self._candidates(session, now):
            reason = self._check(session, message, now)
            if reason:
                outbox.not_sent(session, message.id, now=now, reason=reason)
                changes.note(session, "notice", message.key, now=now)
                dropped += 1
            else:
                kept.append(message)
        kept = packing.fitting(kept, self._lengths)
        if kept:
            until = now + timedelta(seconds=self._limits.claim_s)
            name = kept[0].bundle or packing.name(kept)
            outbox.claim(session, kept, owner=self._owner, now=now, until=until, bundle=name)
            kept = [replace(message, bundle=name) for message in kept]
        return kept, dropped

    def _candidates(self, session: Session, now: datetime) -> Sequence[Message]:
        """The first that is due, with its bundle or what may be bundled with it."""
        most = 1 if self._alone else self._limits.bundle_most
        look = partial(outbox.due, session, now=now, channel=self._notifier.name)
        found = look(limit=most)
        if not found:
            return found
        first = found[0]
        if first.bundle:  # it may have left: the same ones again, alone or together, under one key
            return look(limit=1000, bundle=first.bundle)
        return [message for message in found if not message.bundle]

    def _send(self, batch: list[Message]) -> int:
        notice = packing.packed(
            batch, now=self._claimed_at, channel=self._notifier.name, lengths=self._lengths
        )
        if not timedelta(0) <= self._clock() - self._claimed_at <= _SHORT:
            # Frozen since the claim: who took over may have sent it, a stop may be committed.
            self._later(partial(outbox.unclaim, messages=_ids(batch), owner=self._owner))
            return 0
        try:
            how = self._notifier.send(notice)
        except NotifyError as error:
            return self._failed(batch, error)
        except Exception as error:  # noqa: BLE001 (whatever a receiver answers must not end us)
            return self._failed(batch, NotifyError(f"通知渠道出错：{type(error).__name__}"))
        now = self._clock()
        self._refused.clear()
        self._alone = max(0, self._alone - 1)
        self._sent_at.append(now)
        self._note(batch, partial(outbox.sent, detail=how))
        self._unwritten.append(partial(self._report, failure=""))
        return len(batch)

    def _failed(self, batch: list[Message], error: NotifyError) -> int:
        """Try again later; what is refused for good is given up, one by one."""
        now = self._clock()
        first = batch[0]
        log.warning("notice_failed", key=first.key, attempts=first.attempts + 1, why=error.reason)
        if len(batch) > 1 and error.answered and (not error.retry or first.attempts >= _REFUSALS):
            # One of them may be what it does not like: each by itself, under its own key.
            self._alone = len(batch)
            give_back = partial(outbox.failed, reason=error.reason, retry_at=now)
            self._note(batch, partial(give_back, owner=self._owner))
            self._later(partial(outbox.split, messages=_ids(batch)))
            return 0
        delay = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(first.attempts, 10))
        self._refused[first.id] = now + delay if error.retry else now
        while len(self._refused) > _REFUSALS:
            del self._refused[next(iter(self._refused))]
        self._alone = max(0, self._alone - 1)
        # A moment's trouble: all wait, so that none overtakes another. Where one message is
        # refused again and again, others are tried; where they are too, it is the channel.
        trouble = error.retry and first.attempts < _REFUSALS
        if not error.answered or trouble or len(self._refused) >= _REFUSALS:
            self._rest_until = max(now + delay, *self._refused.values())
        again = [one for one in batch if error.retry and one.attempts + 1 < _MOST_TRIES]
        given_up = [one for one in batch if one not in again]
        for some, retry_at in ((again, now + delay), (given_up, None)):
            outcome = partial(outbox.failed, reason=error.reason, retry_at=retry_at)
            self._note(some, partial(outcome, owner=self._owner))
        self._unwritten.append(partial(self._report, failure=error.reason))
        return len(given_up)

    def _note(self, batch: Sequence[Message], settle: Callable[..., None]) -> None:
        def outcome(session: Session, now: datetime) -> None:
            settle(session, messages=_ids(batch), now=now)
            changes.note(session, "notice", *(message.key for message in batch), now=now)

        if batch:
            self._unwritten.append(outcome)

    def _later(self, work: Callable[[Session], None]) -> None:
        self._unwritten.append(lambda session, _now: work(session))

    def _report(self, session: Session, now: datetime, *, failure: str) -> None:
        channels.report(session, self._notifier.name, failure=failure, now=now)


def interrupted(error: DeskError) -> None:
    """A database that is busy or full: what was to be written is kept and written next time."""
    log.warning("delivery_interrupted", reason=error.message)


def _ids(messages: Sequence[Message]) -> list[int]:
    return [message.id for message in messages]
