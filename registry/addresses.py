"""Which network addresses we may connect to: public ones, and what a person listed (地址审核).

Pure judgement, without a connection: who fetches or sends resolves the name itself, asks here about
every address, and connects to one that was admitted. A name that answers differently a moment later
then gains nothing.
"""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

from registry.errors import InvalidInputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# Networks that carry an IPv4 address inside, or lead out of the public net by another way.
_TUNNELS = tuple(
    ipaddress.ip_network(network)
    for network in ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96")
)


def is_public(address: Address) -> bool:
    """Whether the address is one of the open internet, in whatever form it is written."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.is_site_local or any(address in network for network in _TUNNELS):
            return False
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not address.is_unspecified
    )


class Admitted:
    """The public addresses and those that ``entries`` list.

    An entry is an address, a network (CIDR), a host name, or one of them with ``:port``.
    ``setting`` names the list in messages. Raises InvalidInputError for an entry that is none.
    """

    def __init__(self, entries: Iterable[str] = (), *, setting: str) -> None:
        self._rules = [_Rule(entry, setting) for entry in entries]

    def of(self, host: str, port: int, addresses: Iterable[str]) -> list[str]:
        """Those of the host's addresses that may be connected to."""
        return [text for text in addresses if self._may(host, port, text)]

    def _may(self, host: str, port: int, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text.split("%", 1)[0])
        except ValueError:
            return False
        if is_public(address):
            return True
        mapped = getattr(address, "ipv4_mapped", None)
        return any(rule.admits(host, mapped or address, port) for rule in self._rules)


class _Rule:
    """One entry of the list."""

    def __init__(self, entry: str, setting: str) -> None:
        text = entry.strip().lower()
        self._setting = setting
        if not text:
            raise InvalidInputError(f"{setting} 里有空项", field="allow_private")
        self._network: Network | None = None
        self._port: int | None = None
        try:
            self._network = ipaddress.ip_network(text.strip("[]"), strict=False)
            self._host = ""
        except ValueError:
            self._host, self._port = self._split(entry, text)
            with contextlib.suppress(ValueError):
                self._network = ipaddress.ip_network(self._host)

    def _split(self, entry: str, text: str) -> tuple[str, int | None]:
        try:
            parts = urlsplit(f"//{text}")
            host, port = parts.hostname or "", parts.port
        except ValueError:
            host, port = "", None
        if not host or "/" in text or "@" in text:
            raise InvalidInputError(
                f"{self._setting} 里的「{entry}」看不懂，"
                "应为地址（10.1.2.3）、网段（10.1.0.0/16）、主机名，或再加 :端口",
                field="allow_private",
            )
        return host, port

    def admits(self, host: str, address: Address, port: int) -> bool:
        """Whether this entry lists that address of the host."""
        if self._port is not None and self._port != port:
            return False
        if self._network is None:
            return host == self._host
        return address.version == self._network.version and address in self._network
