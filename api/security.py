"""What the web side demands of every request and says in every answer, in one place.

Plain ASGI, so that streams pass through. In this order: the host is known, the origin is ours
where a cookie speaks for the person, the body is small enough; and on every answer the headers.
"""

from __future__ import annotations

import ipaddress
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import respond
from api.settings import ApiSettings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
MAX_DIGITS = 19
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class HeadersMiddleware:
    """The security headers on every answer; only static files are kept, and asked for again."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, with the headers added to the answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers[name] = value
                static = scope["path"].startswith("/static/")
                headers["Cache-Control"] = "no-cache" if static else "no-store"
            await send(message)

        await self.app(scope, receive, with_headers)


class RequestRulesMiddleware:
    """Refuses a foreign host, a foreign origin and a body that is too large."""

    def __init__(self, app: ASGIApp, settings: ApiSettings) -> None:
        self.app = app
        self.settings = settings
        self.hosts = frozenset({"localhost", *(name.lower() for name in settings.allowed_hosts)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what is in order, answer the rest."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if not self._host_is_known(headers.get("host", "")):
            message = (
                "不能以这个地址访问。请用 127.0.0.1、localhost 或已登记的域名；"
                "管理员可在配置的 allowed_hosts 中登记。"
            )
            await _refuse(scope, receive, send, HTTPStatus.BAD_REQUEST, message, "unknown_host")
            return
        if scope["method"] not in SAFE_METHODS:
            if not self._origin_is_ours(headers):
                message = "这次提交不是从本站页面发出的，已拒绝。请回到页面重新操作。"
                await _refuse(scope, receive, send, HTTPStatus.FORBIDDEN, message, "cross_site")
                return
            limited = await self._within_limit(headers, receive)
            if limited is None:
                size = self.settings.max_body_bytes // (1024 * 1024)
                message = (
                    f"提交的内容太大，最多 {size} MB。请分次提交，或用 yuqing ingest 导入文件。"
                )
                status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE
                await _refuse(scope, receive, send, status, message, "too_large")
                return
            receive = limited
        await self.app(scope, receive, send)

    def _host_is_known(self, host: str) -> bool:
        """A name must be listed, against DNS rebinding; an address in figures can't be rebound."""
        try:
            name = urlsplit(f"//{host}").hostname
        except ValueError:
            return False
        if not name:
            return False
        if name.rstrip(".") in self.hosts:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _origin_is_ours(self, headers: Headers) -> bool:
        """Header CSRF: browsers say where a request comes from and pages can't change it.

        A token is no ambient right, so a request with one is free. Without a cookie and without
        any of the headers no browser speaks, and there is nothing to misuse.
        """
        if headers.get("authorization", "").lower().startswith("bearer "):
            return True
        site = headers.get("sec-fetch-site")
        if site is not None:
            return site in {"same-origin", "none"}
        origin = headers.get("origin")
        if origin is not None:
            return urlsplit_netloc(origin) == headers.get("host", "").lower()
        return self.settings.cookie_name not in headers.get("cookie", "")

    async def _within_limit(self, headers: Headers, receive: Receive) -> Receive | None:
        """How to receive the body, or None where it is larger than allowed.

        A stated length is held by the server; a body without one is read here up to the limit.
        """
        stated = headers.get("content-length")
        limit = self.settings.max_body_bytes
        if stated is not None:
            return (
                receive if stated.isascii() and stated.isdigit() and int(stated) <= limit else None
            )
        messages: list[Message] = []
        size = 0
        while True:
            message = await receive()
            messages.append(message)
            size += len(message.get("body", b""))
            if size > limit:
                return None
            if message["type"] != "http.request" or not message.get("more_body", False):
                return _replay(messages, receive)


def urlsplit_netloc(origin: str) -> str:
    """Host and port of an Origin header in lower case; "" for ``null`` and nonsense."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _replay(messages: list[Message], receive: Receive) -> Receive:
    queue = iter(messages)

    async def again() -> Message:
        for message in queue:
            return message
        return await receive()

    return again


async def _refuse(
    scope: Scope, receive: Receive, send: Send, status: int, message: str, code: str
) -> None:
    response = respond(Request(scope), status, message, code=code)
    response.headers["Connection"] = "close"
    await response(scope, receive, send)
