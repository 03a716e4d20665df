"""Who is told, and how (通知): the Notifier port, the console, and apprise's many services.

When and in which order is the lanes' matter, see responder/lanes.py.
"""

from __future__ import annotations

import logging
from importlib import import_module
from typing import Any, Protocol

import structlog
from msgspec import Struct

from registry.addresses import Admitted
from responder.guarding import Guard, guarded, listen_to
from responder.telling import CONSOLE
from responder.vendors import vendor_of

log = structlog.get_logger()

_NUMBERS = 5  # of a bundle; the console has them all
_TITLE = 100


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
    """One address of those that apprise knows (企业微信, 钉钉, 飞书, 邮件, …).

    The address holds secrets: it is never logged. Wherever it leads, it connects to admitted
    addresses only, and comes to an end. What a maker of robots answers is judged by its own code.
    """

    def __init__(
        self, url: str, *, allowed: Admitted, name: str = "apprise", limit_s: float = 30.0
    ) -> None:
        self.name = name
        self._url = url
        self._allowed = allowed
        self._limit_s = limit_s
        self._vendor = vendor_of(url)
        self._sender: Any = None

    def send(self, notice: Notice) -> str:
        """Send. Raises NotifyError where it is refused or not answered."""
        if self._sender is None:
            self._sender = self._made()
        title, body = self._fitted(notice)
        with guarded(self._allowed, limit_s=self._limit_s) as guard:
            # What posts say is text: in a mail it must become no markup.
            taken = self._sender.notify(title=title, body=body, body_format="text")
        if guard.refused:
            raise NotifyError(not_admitted(guard.refused[0]), retry=False)
        if guard.cut:  # what was cut off can look like an answer that ended
            raise NotifyError(f"接收方没有在 {self._limit_s:g} 秒内答完")
        said = guard.answers[-1] if guard.answers else None
        if self._vendor is not None and said is not None and said.body:
            refusal, again = self._vendor.refusal(said.body)
            if refusal:
                raise NotifyError(refusal, retry=again, answered=True)
        if not taken:
            raise self._not_taken(guard)
        if self._vendor is not None and (said is None or not said.body):
            raise NotifyError(f"{self._vendor.name}没有答复内容，按没有收下处理")
        return f"{self._vendor.name}已收下" if self._vendor is not None else "已交给接收地址"

    def _not_taken(self, guard: Guard) -> NotifyError:
        if guard.answers:
            status = guard.answers[-1].status
            return NotifyError(f"接收方答复 HTTP {status}，没有收下", answered=True)
        return NotifyError("接收方没有收下（拒绝、无应答或地址有误）")

    def _fitted(self, notice: Notice) -> tuple[str, str]:
        """Title and body, as long as the receiver takes them."""
        # Who reads it is a person: the number lets them tell a repeat from a second matter.
        keys = notice.keys or (notice.key,)
        tail = f"\n编号 {'、'.join(keys)}"
        if len(keys) > _NUMBERS:
            tail = f"\n编号 {'、'.join(keys[:_NUMBERS])} 等 {len(keys)} 条"
        if self._vendor is None:
            return notice.title, notice.text + tail
        lengths = self._vendor.lengths
        title = lengths.less(tail).shortened(notice.title[:_TITLE])
        return title, lengths.less(title, "\r\n", tail).shortened(notice.text) + tail

    def _made(self) -> Any:
        import apprise

        logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its lines quote addresses
        listen_to(import_module("apprise.plugins.custom_json").requests)
        sender = apprise.Apprise(asset=apprise.AppriseAsset(async_mode=False))
        if not sender.add(self._url) or len(list(sender)) != 1:
            raise NotifyError("通知地址写法不对（一项只能写一个地址），请检查设置", retry=False)
        return sender
