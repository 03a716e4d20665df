"""One log line and one count per request, without a word that the other end chose."""

from __future__ import annotations

import time

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import incident_answer
from api.metrics import Metrics

log = structlog.get_logger()
CLOSED_BY_CLIENT = 499  # the other end went away before the answer; as nginx counts it
STREAM = "/api/v1/stream"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})


class AccessMiddleware:
    """Logs method, route (its pattern, not the address), status and time; answers what failed."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on; an exception that nobody handled becomes an answer with a number."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:
            status = status or CLOSED_BY_CLIENT
        except Exception as error:  # noqa: BLE001 - the last place that can still answer
            answer = incident_answer(Request(scope), error)
            if status == 0:
                await answer(scope, receive, watched)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        path = pattern_of(scope)
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self.metrics.requests.labels(method, path, str(status)).inc()
        if path != STREAM:  # open for hours by design
            self.metrics.seconds.labels(method, path).observe(seconds)
        user = scope.get("state", {}).get("user")
        write = log.debug if path in _QUIET else log.info
        write(
            "http_request",
            method=method,
            route=path,
            status=status,
            ms=round(seconds * 1000, 1),
            user=user.id if user is not None else None,
        )


def pattern_of(scope: Scope) -> str:
    """The route that answered, as ``/api/v1/posts/{post_id}``; ``-`` where none did.

    Made from the address by putting the names of its parameters back, so that no value that the
    other end chose gets into a log line or becomes a series of its own.
    """
    path: str = scope["path"]
    if path.startswith("/static/"):
        return "/static"
    if scope.get("route") is None:
        return "-"
    parts = path.split("/")
    for name, value in reversed(scope.get("path_params", {}).items()):
        for at in range(len(parts) - 1, -1, -1):
            if parts[at] == str(value):
                parts[at] = f"{{{name}}}"
                break
    return "/".join(parts)
