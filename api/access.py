"""One log line and one count per request, without a word that the other end chose."""

from __future__ import annotations

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import incident_answer
from api.metrics import Metrics

log = structlog.get_logger()
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
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:  # noqa: BLE001 - the last place that can still answer
            from starlette.requests import Request

            answer = incident_answer(Request(scope), error)
            if status == 0:
                await answer(scope, receive, watched)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        path = getattr(route, "path", None) or "-"
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        self.metrics.requests.labels(method, path, str(status)).inc()
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


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
