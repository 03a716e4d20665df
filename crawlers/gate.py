"""How many requests are out at once: one for a host, so many over all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit


class Gate:
    """Lets requests through in the order in which they came, host by host.

    The downloader keeps the pause for a host; here it is kept from being handed a crowd that waits
    for one host while another host is free.
    """

    def __init__(self, concurrency: int) -> None:
        self._all = asyncio.Semaphore(concurrency)
        self._hosts: dict[str, tuple[asyncio.Lock, int]] = {}

    @asynccontextmanager
    async def through(self, url: str) -> AsyncIterator[None]:
        """Wait for the turn of a request to that address; the turn ends with the block."""
        host = (urlsplit(url).hostname or "").lower()
        lock, waiting = self._hosts.get(host, (None, 0))
        lock = lock or asyncio.Lock()
        self._hosts[host] = (lock, waiting + 1)
        try:
            async with lock, self._all:
                yield
        finally:
            left = self._hosts[host][1] - 1
            if left:
                self._hosts[host] = (lock, left)
            else:
                del self._hosts[host]
