"""Every failure as one answer: JSON for programs, a Chinese page for people, never a traceback."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response

from api.words import sentence_for
from posts.errors import PostsError
from registry.errors import (
    ConflictError,
    DeskError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    TooManyRequestsError,
    UnauthenticatedError,
    UnavailableError,
)

log = structlog.get_logger()

_CODES: dict[type[DeskError], str] = {
    InvalidInputError: "invalid_input",
    UnauthenticatedError: "unauthenticated",
    ForbiddenError: "forbidden",
    NotFoundError: "not_found",
    ConflictError: "conflict",
    TooManyRequestsError: "too_many_requests",
    UnavailableError: "unavailable",
}
_STATUS: dict[int, tuple[str, str]] = {
    400: ("bad_request", "请求的格式读不懂，请检查后重发。"),
    401: ("unauthenticated", "请先登录。"),
    403: ("forbidden", "没有权限。"),
    404: ("not_found", "没有这个页面或接口，请检查地址。"),
    405: ("method_not_allowed", "这个地址不支持这种操作。"),
    413: ("too_large", "提交的内容太大。"),
    415: ("unsupported_media_type", "内容类型不对，请以 application/json 提交。"),
}

PageRenderer = Callable[[Request, int, str], Response]


def render_plain(_request: Request, status: int, message: str) -> Response:
    """The page where the console gives none: text only, nothing of the request in it."""
    escaped = message.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return HTMLResponse(
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>{status}</title>'
        f'<h1>{status}</h1><p>{escaped}</p><p><a href="/">回到工作台</a></p></html>',
        status,
    )


# The console puts its own template here (see api/app.py).
render_page: PageRenderer = render_plain


def wants_json(path: str) -> bool:
    """Whether that address is for programs; everything else is a page."""
    return path.startswith("/api/") or path in {"/metrics", "/healthz", "/readyz"}


def error_json(status: int, code: str, message: str, field: str | None = None) -> Response:
    """``{"error": {"code", "message", "field"}}``; characters that UTF-8 lacks are replaced."""
    body = json.dumps(
        {"error": {"code": code, "message": message, "field": field}}, ensure_ascii=False
    )
    headers = {"WWW-Authenticate": "Bearer"} if status == HTTPStatus.UNAUTHORIZED else None
    return Response(body.encode("utf-8", "replace"), status, headers, media_type="application/json")


def respond(
    request: Request,
    status: int,
    message: str,
    *,
    code: str | None = None,
    field: str | None = None,
) -> Response:
    """The failure in the form that fits the address."""
    if wants_json(request.url.path):
        default = _STATUS.get(status, ("error", ""))[0]
        return error_json(status, code or default, message, field)
    render: PageRenderer = getattr(request.app.state, "render_page", render_page)
    return render(request, status, message.encode("utf-8", "replace").decode())


def code_of(error: DeskError) -> str:
    """The stable short name of that kind of error."""
    for kind in type(error).__mro__:
        if kind in _CODES:
            return _CODES[kind]
    return "error"


def _desk_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DeskError)
    field = getattr(error, "field", None)
    return respond(request, error.status, error.message, code=code_of(error), field=field)


def _posts_error(request: Request, error: Exception) -> Response:
    log.warning("store_unavailable", error=type(error).__name__)
    message = (
        "帖文检索或消息日志暂时用不了；事件、时限和提醒照常。请稍后再试，"
        "若一直如此，请管理员运行 yuqing doctor。"
    )
    return respond(request, 503, message, code="unavailable")


def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    fallback = ("error", "请求没有成功。")
    code, message = _STATUS.get(error.status_code, fallback)
    response = respond(request, error.status_code, message, code=code)
    for name, value in (error.headers or {}).items():
        response.headers.setdefault(name, value)
    return response


def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: dict[str, Any] = dict(error.errors()[0]) if error.errors() else {}
    field, message = sentence_for(first)
    return respond(request, 422, message, code="invalid_input", field=field)


def incident_answer(request: Request, error: BaseException) -> Response:
    """A fault of ours: told by a number, under which the log has the rest."""
    number = secrets.token_hex(4)
    log.error("request_failed", number=number, exc_info=error)
    return respond(
        request,
        500,
        f"服务内部出错，编号 {number}。请把编号告诉管理员；刚才的操作没有保存。",
        code="internal",
    )


def install(app: FastAPI) -> None:
    """Put the handlers on the application."""
    app.add_exception_handler(DeskError, _desk_error)
    app.add_exception_handler(PostsError, _posts_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(HTTPException, _http_error)
