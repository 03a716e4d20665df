"""Who is asking: closed by default, open only for what is listed here.

Stands before routing, so that a page, a file or a route that somebody adds later is closed
without anything to remember, and an unknown address tells a stranger nothing.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from api.desk import Desk
from api.errors import respond, wants_json
from api.identity import identify
from registry.errors import DeskError
from registry.users import User

OPEN: frozenset[tuple[str, str]] = frozenset(
    {
        ("GET", "/healthz"),
        ("HEAD", "/healthz"),
        ("GET", "/readyz"),
        ("HEAD", "/readyz"),
        ("GET", "/signin"),
        ("HEAD", "/signin"),
        ("POST", "/signin"),
        ("POST", "/api/v1/session"),
        ("GET", "/duty.ics"),  # opens by the token of a subscription, see api/duty_calendar.py
    }
)
# What a person whose first password is not changed yet can reach.
BEFORE_FIRST_CHANGE = frozenset(
    {"/password", "/signout", "/api/v1/session", "/api/v1/session/password"}
)


MAX_TARGET = 2000  # characters of an address to come back to


class GateMiddleware:
    """Finds the person by token or cookie, and lets nobody else through."""

    def __init__(self, app: ASGIApp, desk: Desk, open_files: frozenset[str]) -> None:
        self.app = app
        self.desk = desk
        self.open_files = open_files

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on with ``state.user`` set, or answer 401 or the way to the sign-in page."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        state["now"] = self.desk.clock()
        state["user"] = None
        state["by_token"] = "authorization" in Headers(scope=scope)
        is_open = (scope["method"], scope["path"]) in self.open_for(scope)
        request = Request(scope)
        try:
            state["user"] = await identify(self.desk, request, state["now"], touch=True)
        except DeskError as error:
            if not is_open:
                answer = respond(request, error.status, error.message)
                await answer(scope, receive, send)
                return
        if not is_open:
            answered = self._closed(request, state["user"], by_token=state["by_token"])
            if answered is not None:
                await answered(scope, receive, send)
                return
        await self.app(scope, receive, send)

    def open_for(self, scope: Scope) -> frozenset[tuple[str, str]]:
        """What is open; the files of the sign-in page are part of it."""
        if scope["path"] in self.open_files and scope["method"] in {"GET", "HEAD"}:
            return OPEN | {(scope["method"], scope["path"])}
        return OPEN

    def _closed(self, request: Request, user: User | None, *, by_token: bool) -> Response | None:
        path = request.url.path
        if user is None:
            if wants_json(path) or path.startswith("/static/"):
                message = "请先登录，或在请求头 Authorization 中给出有效的令牌（Bearer）。"
                return respond(request, HTTPStatus.UNAUTHORIZED, message, code="unauthenticated")
            return RedirectResponse(f"/signin?next={_here(request)}", HTTPStatus.SEE_OTHER)
        if user.must_change and not by_token and path not in BEFORE_FIRST_CHANGE:
            if path.startswith("/static/"):
                return None
            if wants_json(path):
                message = "请先修改初始密码，再继续。"
                return respond(request, HTTPStatus.FORBIDDEN, message, code="must_change_password")
            return RedirectResponse("/password", HTTPStatus.SEE_OTHER)
        return None


def _here(request: Request) -> str:
    if request.method not in {"GET", "HEAD"}:
        return quote("/", safe="")
    query = f"?{request.url.query}" if request.url.query else ""
    return quote(request.url.path + query, safe="")


def safe_next(target: str | None) -> str:
    r"""A local path to go on to after signing in; anything else becomes ``/``.

    A path begins with one slash; ``//host`` and ``/\host`` would leave the site, and control
    characters are dropped by browsers before they look.
    """
    if not target or len(target) > MAX_TARGET or not target.startswith("/"):
        return "/"
    if target[1:2] in {"/", "\\"} or any(char < " " or char == "\\" for char in target):
        return "/"
    if target.split("?", 1)[0] in {"/signin", "/signout"}:
        return "/"
    return target
