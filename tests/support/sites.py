"""Small sites on loopback that serve given pages and remember when they were asked."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Answer:
    """What a path answers. ``stream``: chunks that are sent as they come, without a length."""

    body: bytes = b""
    content_type: str | None = "text/html; charset=utf-8"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    stream: Callable[[], Iterator[bytes]] | None = None
    wait: threading.Event | None = None


@dataclass(frozen=True)
class Asked:
    """One request as it came in: monotonic seconds, path, headers."""

    at: float
    path: str
    headers: dict[str, str]


class Site:
    """A server at an ephemeral port of ``host``. Unknown paths are 404, robots.txt too."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.pages: dict[str, Answer] = {}
        self.asked: list[Asked] = []
        self.most_at_once = 0
        self._now = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer((host, 0), self._handler())
        self._server.daemon_threads = True
        self.host, self.port = host, int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )
        self._thread.start()

    @property
    def root(self) -> str:
        return f"http://{self.host}:{self.port}"

    def page(self, path: str, body: str | bytes | Answer, **answer: Any) -> str:
        """Serve it at the path; the full address."""
        if isinstance(body, str):
            body = body.encode()
        self.pages[path] = body if isinstance(body, Answer) else Answer(body, **answer)
        return self.root + path

    def paths(self) -> list[str]:
        """The paths that were asked for, in order, robots.txt left out."""
        return [each.path for each in self.asked if each.path != "/robots.txt"]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                with site._lock:
                    site.asked.append(Asked(time.monotonic(), self.path, dict(self.headers)))
                    site._now += 1
                    site.most_at_once = max(site.most_at_once, site._now)
                try:
                    with suppress(OSError):
                        self._answer(site.pages.get(self.path, Answer(b"none", status=404)))
                finally:
                    with site._lock:
                        site._now -= 1

            def _answer(self, answer: Answer) -> None:
                if answer.wait is not None:
                    answer.wait.wait(30)
                self.send_response(answer.status)
                if answer.content_type is not None:
                    self.send_header("Content-Type", answer.content_type)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                if answer.stream is None:
                    self.send_header("Content-Length", str(len(answer.body)))
                    self.end_headers()
                    self.wfile.write(answer.body)
                    return
                self.send_header("Connection", "close")
                self.close_connection = True
                self.end_headers()
                for chunk in answer.stream():
                    self.wfile.write(chunk)

            def log_message(self, *args: Any) -> None:
                """Tests look at ``asked`` instead."""

        return Handler


@contextmanager
def serving(host: str = "127.0.0.1") -> Iterator[Site]:
    """A site that is closed at the end."""
    site = Site(host)
    try:
        yield site
    finally:
        site.close()


def listing(links: list[tuple[str, str]], *, more: str = "") -> str:
    """A plain list page of (address, title), as government sites have them."""
    rows = "".join(
        f'<li><a href="{url}" title="{title}">{title}</a><span>2026-02-28</span></li>'
        for url, title in links
    )
    return (
        "<html><head><meta charset='utf-8'><title>政务动态</title></head><body>"
        f"<div class='list'><ul>{rows}</ul></div>{more}</body></html>"
    )


def article(title: str, text: str, *, at: str = "2026-02-28 09:30:00") -> str:
    """A plain article page."""
    return (
        f"<html><head><meta charset='utf-8'><title>{title}</title></head><body>"
        f"<h1>{title}</h1>"
        f"<div class='info'>发布时间：{at}　来源：演示</div>"
        f"<div class='content'><p>{text}</p></div></body></html>"
    )
