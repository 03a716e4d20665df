"""The address guard: the crawl connects to public addresses, and to what is listed (防内网访问).

A name is resolved by us, every address is judged, and the connection is made to an address that
was judged: a name that answers differently a moment later gains nothing. Redirects pass here too.
"""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from twisted.internet.address import IPv4Address as TxIPv4Address
from twisted.internet.address import IPv6Address as TxIPv6Address

from crawlers.failures import CONNECTION, REFUSED_ADDRESS, CrawlFailure
from registry.addresses import Admitted

Resolve = Callable[[str], Sequence[str]]

_PORTS = {"http": 80, "https": 443}
_KEEP_S = 60.0
_KEEP_MOST = 2000
_RESOLVE_S = 10.0


class Guard:
    """Says which addresses of a host the crawl may connect to. ``allow_private``: see settings."""

    def __init__(
        self,
        allow_private: Iterable[str] = (),
        *,
        resolve: Resolve | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._allowed = Admitted(allow_private, setting="crawl.allow_private")
        self._resolve = resolve or _system_resolve
        self._clock = clock
        self._judged: dict[tuple[str, int], tuple[float, list[str]]] = {}

    async def check(self, url: str) -> list[str]:
        """The addresses to which this URL may be fetched; kept for the connection that follows.

        Raises CrawlFailure (refused_address, or connection where the host is not known).
        """
        host, port = _host_and_port(url)
        kept = self._judged.get((host, port))
        if kept is not None and kept[0] > self._clock():
            return kept[1]
        try:
            found = await asyncio.wait_for(asyncio.to_thread(self._resolve, host), _RESOLVE_S)
        except (OSError, UnicodeError, TimeoutError) as error:
            raise CrawlFailure(CONNECTION, f"找不到主机 {host}，请检查地址和网络") from error
        admitted = self.admitted(host, port, found)
        if not admitted:
            self._judged.pop((host, port), None)
            raise refusal(host, found)
        if len(self._judged) >= _KEEP_MOST:
            self._judged.clear()
        self._judged[host, port] = (self._clock() + _KEEP_S, admitted)
        return admitted

    def admitted(self, host: str, port: int, addresses: Iterable[str]) -> list[str]:
        """Those of the addresses that may be connected to."""
        return self._allowed.of(host, port, addresses)

    def kept(self, host: str, port: int) -> list[str]:
        """What the last check admitted for the host and port; nothing without a check."""
        # Kept a little longer than it is reused, so that a request that waited its turn is served.
        return self._judged.get((_plain(host), port), (0.0, []))[1]


def refusal(host: str, addresses: Sequence[str]) -> CrawlFailure:
    """The failure that says what was refused and who may change that."""
    shown = "、".join(addresses[:3]) or "无"
    return CrawlFailure(
        REFUSED_ADDRESS,
        f"{host} 指向内网或本机地址（{shown}），按安全策略不予访问；"
        "确需采集时由管理员把它写进 crawl.allow_private",
    )


def _host_and_port(url: str) -> tuple[str, int]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise CrawlFailure(REFUSED_ADDRESS, f"地址 {url[:200]} 不合法，请检查写法") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise CrawlFailure(REFUSED_ADDRESS, f"只采集 http 和 https 地址，不访问 {url[:200]}")
    return _plain(parts.hostname), port or _PORTS[parts.scheme]


def _plain(host: str) -> str:
    """The host as the connection will name it: lower case, ASCII, no dot at the end."""
    host = host.lower().rstrip(".")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host


def _system_resolve(host: str) -> list[str]:
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class _Resolution:
    """What Twisted wants to see of a resolution; ours is done at once."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Nothing to cancel."""


class GuardedResolver:
    """The reactor's only way from a name to an address: what the guard has admitted.

    Literal addresses pass here as well, because Twisted resolves every host. The guard is that of
    the crawl that runs; without one nothing resolves.
    """

    def __init__(self) -> None:
        self.guard: Guard | None = None

    def resolveHostName(  # noqa: N802  -- Twisted's name
        self,
        resolutionReceiver: Any,  # noqa: N803
        hostName: str,  # noqa: N803
        portNumber: int = 0,  # noqa: N803
        addressTypes: Any = None,  # noqa: ARG002, N803
        transportSemantics: str = "TCP",  # noqa: ARG002, N803
    ) -> _Resolution:
        """Give the receiver the admitted addresses of that host and port."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        for text in self.guard.kept(hostName, portNumber) if self.guard else []:
            kind = TxIPv6Address if ":" in text else TxIPv4Address
            resolutionReceiver.addressResolved(kind("TCP", text, portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution
