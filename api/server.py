"""Run the application on a socket of our own, and end it within seconds."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from api.stream import ChangeFeed

GRACE_S = 3
BACKLOG = 128


def bind(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises OSError (EADDRINUSE: port in use)."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sends small pieces at once; else each answer waits 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    listener.set_inheritable(False)
    return listener


class _Server(uvicorn.Server):
    """Uvicorn that obeys a stop event and ends the live streams before it waits for them."""

    def __init__(
        self,
        config: uvicorn.Config,
        stop: threading.Event,
        feed: ChangeFeed,
        on_ready: Callable[[], object],
    ) -> None:
        super().__init__(config)
        self.stop = stop
        self.feed = feed
        self.on_ready = on_ready

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals belong to the process that serves: it sets ``stop``."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """As usual, then say that it answers."""
        await super().startup(sockets)
        self.on_ready()

    async def on_tick(self, counter: int) -> bool:
        """Each tenth of a second: whether to end."""
        if self.stop.is_set():
            self.should_exit = True
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End the streams, then as usual."""
        self.feed.close()
        await super().shutdown(sockets)


def serve(
    app: FastAPI,
    host: str,
    port: int,
    stop: threading.Event,
    *,
    listener: socket.socket | None = None,
    on_ready: Callable[[str], None] | None = None,
    certificate: tuple[Path, Path] | None = None,
) -> None:
    """Serve until ``stop`` is set; open requests get three seconds.

    ``on_ready`` is told the address once it answers. ``certificate``: files of the chain and of the
    key, for TLS (1.2 and newer). Raises OSError where the port is taken.
    """
    chain, key = certificate or (None, None)
    listener = listener or bind(host, port)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        timeout_keep_alive=15,
        ws="none",
        lifespan="on",
        proxy_headers=False,
        ssl_certfile=chain,
        ssl_keyfile=key,
    )
    address = address_of(listener)
    server = _Server(config, stop, app.state.feed, lambda: on_ready and on_ready(address))

    with listener:
        asyncio.run(server.serve(sockets=[listener]))


def address_of(listener: socket.socket) -> str:
    """``http://host:port`` of a listening socket, as a browser on this machine asks for it."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
