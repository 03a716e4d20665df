"""Who is told, and how (通知): the Notifier port, the console, and apprise's many services.

When and in which order is the lanes' matter, see responder/lanes.py.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Protocol

import structlog
from msgspec import Struct

from registry.addresses import Admitted
from responder.guarding import guarded
from responder.telling import CONSOLE

log = structlog.get_logger()


class Notice(Struct, frozen=True, kw_only=True):
    """One message for a receiver. ``key`` is the same for each repeat of one sending.

    ``keys`` names each reminder and alert in it: several where they were bundled. ``payloads``
    are theirs, for receivers that are machines.
    """

    key: str
    title: str
    text: str
    keys: tuple[str, ...] = ()
    payloads: tuple[dict[str, Any], ...] = ()


class NotifyError(Exception):
    """The receiver did not take it; ``retry`` False: it never will.

    ``answered``: it is there and said no, so that another message may have better luck.
    """

    def __init__(self, reason: str, *, retry: bool = True, answered: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry = retry
        self.answered = answered


def not_admitted(host: str) -> str:
    """What is said of a receiver whose address is neither public nor listed."""
    return (
        f"{host} 指向内网或本机地址，按安全策略不予发送；"
        "确需发送时由管理员把它写进 respond.allow_private"
    )


class Notifier(Protocol):
    """A channel. ``name`` is part of the outbox key: it must not change between runs.

    ``send`` comes to an end by itself, well before the claim of its messages does.
    """

    name: str

    def send(self, notice: Notice) -> str:
        """Send and return a word on how; raises NotifyError."""


class ConsoleNotifier:
    """The console's own 通知 table: the outbox row is the notice; a log line goes with it."""

    name = CONSOLE

    def send(self, notice: Notice) -> str:
        """Log that the notice is there."""
        log.info("notice", key=notice.key, title=notice.title)
        return "已列入控制台通知"


class AppriseNotifier:
    """Every service that apprise knows (企业微信, 钉钉, 飞书, 邮件, …), by its addresses.

    The addresses hold secrets: they are never logged. Wherever they lead, it connects to admitted
    addresses only.
    """

    def __init__(self, urls: Sequence[str], *, allowed: Admitted, name: str = "apprise") -> None:
        self.name = name
        self._allowed = allowed
        self._urls = tuple(urls)
        self._sender: Any = None

    def send(self, notice: Notice) -> str:
        """Send to all addresses. Raises NotifyError where one refuses or does not answer."""
        if self._sender is None:
            self._sender = self._made()
        # Who reads it is a person: the number lets them tell a repeat from a second matter.
        body = f"{notice.text}\n编号 {'、'.join(notice.keys) or notice.key}"
        with guarded(self._allowed) as guard:
            taken = self._sender.notify(title=notice.title, body=body)
        if guard.refused:
            raise NotifyError(not_admitted(guard.refused[0]), retry=False)
        if not taken:
            raise NotifyError("接收方没有收下（拒绝、无应答或地址有误）")
        return f"已交给 {len(self._urls)} 个接收地址"

    def _made(self) -> Any:
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines quote addresses
        # One after the other: what was refused is known when it returns.
        sender = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
        for number, url in enumerate(self._urls, start=1):
            if not sender.add(url):
                raise NotifyError(f"第 {number} 个通知地址写法不对，请检查设置", retry=False)
        return sender
