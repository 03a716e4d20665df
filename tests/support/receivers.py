"""Receivers of notices on loopback: willing, refusing, hanging, resetting, trickling."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Receiver:
    """A webhook's other end. ``mood``: ok, refuse, broken, hang, reset, trickle, nonsense, endless.

    ``says`` is the body of its answers.
    """

    def __init__(self) -> None:
        self.mood = "ok"
        self.got: list[dict[str, Any]] = []
        self.at: list[float] = []
        self.headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []
        self.tried = 0
        self.says = b""
        self.on_request: Callable[[], None] | None = None
        self.let_go = threading.Event()
        self._lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                receiver._answer(self)

            def do_GET(self) -> None:
                receiver._answer(self)

            def log_message(self, *given: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 64

            def handle_error(self, *given: Any) -> None:
                pass  # who resets or is cut off is part of the test

        self._server = Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self.url = f"http://127.0.0.1:{self.port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self.let_go.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def keys(self) -> list[str]:
        """Every key that was named, also those in bundles, in the order of arrival."""
        return [key for one in list(self.got) for key in one["keys"]]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:  # noqa: C901, PLR0911 - a mood each
        length = int(request.headers.get("Content-Length") or 0)
        body = request.rfile.read(length)
        if len(body) < length:  # the sender was killed while it wrote: nothing arrived
            return
        with self._lock:
            self.tried += 1
        if self.mood == "ok" and self.on_request is not None:
            self._keep(request, body)  # it arrived, whatever becomes of the sender
            self.on_request()
            self._say(request, 200)
            return
        mood = self.mood
        if mood == "reset":
            # Closing with linger 0 sends a reset in place of an end.
            request.connection.setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
            )
            request.connection.close()
            return
        if mood == "hang":
            self.let_go.wait(60)
            return
        if mood == "trickle":
            with contextlib.suppress(OSError):
                for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 600:
                    request.wfile.write(bytes([byte]))
                    if self.let_go.wait(0.1):
                        return
            return
        if mood == "nonsense":
            request.wfile.write(b"\x00\xff not http at all\r\n\r\n" * 50)
            return
        if mood == "endless":
            self._go_on(request)
            return
        status = {"ok": 200, "refuse": 400, "broken": 503}[mood]
        if mood == "ok":
            self._keep(request, body)
        self._say(request, status)

    def _go_on(self, request: BaseHTTPRequestHandler) -> None:
        with contextlib.suppress(OSError):
            request.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n")
            while not self.let_go.is_set():
                request.wfile.write(b"x" * 65_536)

    def _keep(self, request: BaseHTTPRequestHandler, body: bytes) -> None:
        with self._lock:
            self.at.append(time.monotonic())
            self.headers.append(dict(request.headers.items()))
            self.bodies.append(body)
            self.got.append(json.loads(body) if body else {})

    def _say(self, request: BaseHTTPRequestHandler, status: int) -> None:
        request.send_response(status)
        request.send_header("Content-Length", str(len(self.says)))
        request.end_headers()
        request.wfile.write(self.says)


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver until the block ends."""
    receiver = Receiver()
    try:
        yield receiver
    finally:
        receiver.close()
