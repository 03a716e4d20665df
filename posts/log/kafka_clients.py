"""Clients of kafka-python that leave nothing open when a broker does not answer.

The library leaves the socket of a refused connection to the garbage collector, and the thread of
a client that could not be made to nobody: hours without a broker would use up all descriptors.
"""

from __future__ import annotations

from typing import Any, ClassVar

from kafka.net import KafkaNetSocket
from kafka.net.compat import KafkaNetClient

from posts.log.kafka_settings import KafkaSettings

_DIRECT = "yuqing-direct"


class _TidySocket(KafkaNetSocket):  # type: ignore[misc]
    """A plain connection; the library finds it by its scheme, as it finds proxies."""

    SCHEMES: ClassVar = (_DIRECT,)

    async def connect(
        self, net: Any, addrinfo: Any, socket_options: Any = (), timeout_at: float | None = None
    ) -> Any:
        """As the library's own, but closed where it fails."""
        family, kind, proto, _, address = addrinfo
        sock = self.socket(family, kind, proto)
        try:
            sock.setblocking(False)
            for option in socket_options:
                sock.setsockopt(*option)
            return await self.sock_connect(net, sock, address, timeout_at=timeout_at)
        except BaseException:
            sock.close()
            raise


def made(kind: Any, settings: KafkaSettings, **config: Any) -> Any:
    """A client of that class, connected. Errors are Kafka's own, and nothing is left of it."""
    begun: list[Any] = []

    def client(**given: Any) -> Any:
        begun.append(KafkaNetClient(**given))
        return begun[-1]

    try:
        return kind(
            **{**settings.connection(), **config},
            kafka_client=client,
            proxy_url=f"{_DIRECT}://",
        )
    except BaseException:
        for one in begun:
            one.close()
        raise
