"""Who is told, and how (通知): the Notifier port, the console, and apprise's many services.

Delivery is at least once: the state is looked at again just before sending, the outcome is written
right after. One channel that is down, slow or hangs delays no other: each has its own thread.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog
from msgspec import Struct

from registry import changes, outbox
from registry.db import Database
from registry.errors import DeskError
from registry.outbox import Message
from responder import alerts, ledger, reminders
from responder.rules import RuleSet, national
from responder.wording import instant
from responder.workdays import Calendar, load_calendar

log = structlog.get_logger()

_FIRST_RETRY = timedelta(seconds=10)
_LONGEST_RETRY = timedelta(minutes=10)
_MOST_TRIES = 60
_BATCH = 500


class Notice(Struct, frozen=True, kw_only=True):
    """One message for a receiver. ``key`` is the same for each repeat of one sending."""

    key: str
    title: str
    text: str


class NotifyError(Exception):
    """The receiver did not take it; ``retry`` False: it never will."""

    def __init__(self, reason: str, *, retry: bool = True) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry = retry


class Notifier(Protocol):
    """A channel. ``name`` is part of the outbox key: it must not change between runs."""

    name: str

    def send(self, notice: Notice) -> str:
        """Send and return a word on how; raises NotifyError."""


class ConsoleNotifier:
    """The console's own 通知 table: the outbox row is the notice; a log line goes with it."""

    name = reminders.CONSOLE

    def send(self, notice: Notice) -> str:
        """Log that the notice is there."""
        log.info("notice", key=notice.key, title=notice.title)
        return "已列入控制台通知"


class AppriseNotifier:
    """Every service that apprise knows (企业微信, 钉钉, 飞书, 邮件, …), by its addresses.

    The addresses hold secrets: they are never logged.
    """

    def __init__(self, urls: Sequence[str], *, name: str = "apprise") -> None:
        self.name = name
        self._urls = tuple(urls)
        self._sender: Any = None

    def send(self, notice: Notice) -> str:
        """Send to all addresses. Raises NotifyError where one refuses or does not answer."""
        if self._sender is None:
            self._sender = self._made()
        if not self._sender.notify(title=notice.title, body=notice.text):
            raise NotifyError("接收方没有收下（拒绝、无应答或地址有误）")
        return f"已交给 {len(self._urls)} 个接收地址"

    def _made(self) -> Any:
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines quote addresses
        sender = apprise.Apprise()
        for number, url in enumerate(self._urls, start=1):
            if not sender.add(url):
                raise NotifyError(f"第 {number} 个通知地址写法不对，请检查设置", retry=False)
        return sender


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
            log.warning("delivery_interrupted", reason=error.message)
        except Exception:  # nobody else would see it, and the messages wait in the outbox
            log.exception("delivery_broken")


class Courier:
    """Delivers what is due, each channel in its own thread. Owned by one responder."""

    def __init__(
        self,
        database: Database,
        notifiers: Sequence[Notifier],
        clock: Callable[[], datetime],
        *,
        rules: RuleSet | None = None,
        calendar: Calendar | None = None,
    ) -> None:
        self._database = database
        self._notifiers = {notifier.name: notifier for notifier in notifiers}
        self._clock = clock
        self._rules = rules or national()
        self._calendar = calendar or load_calendar()
        self._busy: dict[str, _Run] = {}

    @property
    def channels(self) -> tuple[str, ...]:
        """The names of the channels."""
        return tuple(self._notifiers)

    def deliver(self, *, patience_s: float = 0.5) -> int:
        """Start every idle channel on what is due; returns how many messages were settled.

        Waits ``patience_s`` at most: a channel that is still at it goes on and is asked next time.
        """
        settled = self._collect()
        with self._database.reading() as session:
            due = outbox.due(session, now=self._clock(), limit=_BATCH)
        by_channel: dict[str, list[Message]] = {}
        for message in due:
            by_channel.setdefault(str(message.payload.get("channel", "")), []).append(message)
        for channel, messages in by_channel.items():
            if channel not in self._busy:
                self._busy[channel] = _Run(partial(self._run, channel, messages))
        until = time.monotonic() + patience_s
        for run in self._busy.values():
            run.join(max(0.0, until - time.monotonic()))
        return settled + self._collect()

    def _collect(self) -> int:
        done = {channel: run for channel, run in self._busy.items() if not run.is_alive()}
        for channel in done:
            del self._busy[channel]
        return sum(run.settled for run in done.values())

    def _run(self, channel: str, messages: Sequence[Message]) -> int:
        """Send one channel's messages in order; the first failure leaves the rest for later."""
        notifier = self._notifiers.get(channel)
        for done, message in enumerate(messages, start=1):
            reason = f"没有名为“{channel}”的通知渠道" if notifier is None else self._stale(message)
            if notifier is None or reason:
                self._settle(message, partial(outbox.not_sent, reason=reason))
                continue
            if not self._send(notifier, message):
                return done
        return len(messages)

    def _send(self, notifier: Notifier, message: Message) -> bool:
        notice = Notice(
            key=message.key,
            title=str(message.payload.get("title", "")),
            text=self._text(message),
        )
        try:
            how = notifier.send(notice)
        except NotifyError as error:
            self._failed(message, error.reason, retry=error.retry)
            return False
        except Exception as error:  # noqa: BLE001 (whatever a receiver answers must not end us)
            self._failed(message, f"通知渠道出错：{type(error).__name__}", retry=True)
            return False
        self._settle(message, partial(outbox.sent, detail=how))
        return True

    def _text(self, message: Message) -> str:
        """The text; what waited for a receiver that was down says so too."""
        text = str(message.payload.get("text", ""))
        waited = self._clock() - message.due_at
        if waited <= reminders.LATE or message.payload.get("late"):
            return text
        return f"【迟发，应于 {instant(message.due_at)} 发出】{text}"

    def _failed(self, message: Message, reason: str, *, retry: bool) -> None:
        log.warning("notice_failed", key=message.key, attempts=message.attempts + 1, reason=reason)
        delay = min(_LONGEST_RETRY, _FIRST_RETRY * 2 ** min(message.attempts, 10))
        again = retry and message.attempts + 1 < _MOST_TRIES
        retry_at = self._clock() + delay if again else None
        self._settle(message, partial(outbox.failed, reason=reason, retry_at=retry_at))

    def _settle(self, message: Message, how: Callable[..., None]) -> None:
        now = self._clock()
        with self._database.transaction() as session:
            how(session, message.id, now=now)
            changes.note(session, "notice", message.key, now=now)

    def _stale(self, message: Message) -> str:
        """Why it is not to be sent any more, by what is committed now."""
        payload = message.payload
        with self._database.reading() as session:
            if message.kind == reminders.REMINDER:
                return reminders.current(
                    ledger.load(session, payload["incident"]),
                    payload,
                    rules=self._rules,
                    calendar=self._calendar,
                    now=self._clock(),
                )
            if message.kind == reminders.ALERT:
                alert = alerts.get(session, payload["alert"])
                if alert.state != alerts.NEW:
                    return f"预警已由 {alert.closed_by or alert.claimed_by} 处置：{alert.state}"
        return ""
