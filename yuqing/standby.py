"""Who is told when the responder itself can't (备用渠道), and the heartbeat to the outside (心跳).

Both belong to the supervisor and use nothing of the responder's tick: not its lease, not its
outbox, not its threads.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from registry.addresses import Admitted
from responder.notify import AppriseNotifier, Notice, Notifier, NotifyError

log = structlog.get_logger()

NAME = "standby"
_TRIES = 30
_FIRST_RETRY_S, _LONGEST_RETRY_S = 5.0, 300.0
_WAITING = 50
HEARTBEAT_S = 60.0


def notifier(
    url: str, *, secret: bytes, clock: Callable[[], datetime], allowed: Admitted
) -> Notifier:
    """A signed webhook for http(s), apprise for everything else."""
    if url.startswith(("http://", "https://")):
        from responder.webhook import WebhookNotifier

        return WebhookNotifier(NAME, url, secret=secret, clock=clock, allowed=allowed)
    return AppriseNotifier(url, allowed=allowed, name=NAME)


class Standby:
    """Tells each receiver, in a thread of its own, until it was told or half an hour is over."""

    def __init__(
        self, notifiers: Sequence[Notifier], *, first_retry_s: float = _FIRST_RETRY_S
    ) -> None:
        self._first_retry_s = first_retry_s
        self._queues = [self._start(one) for one in notifiers]

    def tell(self, key: str, title: str, text: str) -> None:
        """Returns at once."""
        for waiting in self._queues:
            try:
                waiting.put_nowait(Notice(key=key, title=title, text=text))
            except queue.Full:
                log.warning("standby_full", key=key)

    def _start(self, one: Notifier) -> queue.Queue[Notice]:
        waiting: queue.Queue[Notice] = queue.Queue(_WAITING)
        threading.Thread(target=self._work, args=(one, waiting), name=NAME, daemon=True).start()
        return waiting

    def _work(self, one: Notifier, waiting: queue.Queue[Notice]) -> None:
        while True:
            notice = waiting.get()
            delay = self._first_retry_s
            for _ in range(_TRIES):
                try:
                    one.send(notice)
                    break
                except NotifyError as error:
                    log.warning("standby_failed", key=notice.key, reason=error.reason)
                    if not error.retry:
                        break
                except Exception as error:  # noqa: BLE001 - whatever a receiver answers
                    log.warning("standby_failed", key=notice.key, reason=type(error).__name__)
                time.sleep(delay)
                delay = min(_LONGEST_RETRY_S, delay * 2)


class Heartbeat:
    """Visits ``url`` once a minute while all is well: who watches it notices a dead machine."""

    def __init__(
        self,
        url: str,
        allowed: Admitted,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url = url
        self._allowed = allowed
        self._monotonic = monotonic
        self._next_at = 0.0
        self._busy = threading.Lock()

    def look(self, *, well: bool) -> None:
        """Called often; at most one visit at a time, and none while something is wrong."""
        now = self._monotonic()
        if not self._url or not well or now < self._next_at or self._busy.locked():
            return
        self._next_at = now + HEARTBEAT_S
        threading.Thread(target=self._visit, name="heartbeat", daemon=True).start()

    def _visit(self) -> None:
        from responder import outgoing

        with self._busy:
            try:
                outgoing.request(self._url, method="GET", allowed=self._allowed)
            except NotifyError as error:
                log.warning("heartbeat_failed", reason=error.reason)
