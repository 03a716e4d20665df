"""Templates: one environment, everything escaped, an unknown name is an error."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.console import words
from api.desk import desk_of

HERE = Path(__file__).resolve().parent
_TITLES = {
    401: "请先登录",
    403: "没有权限",
    404: "没有这一页",
    405: "不能这样操作",
    409: "已有变化",
    413: "内容过大",
    422: "填写有误",
    429: "操作太频繁",
    500: "服务出错",
    503: "暂时不可用",
}


@cache
def environment() -> Environment:
    """The one environment. Third-party text is data: autoescape is on for every template."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(
        iso=words.iso,
        clock=words.clock,
        stamp=words.stamp,
        when=words.when,
        day=words.day,
        span=words.span,
        face=words.face,
        number=words.count,
        safe_url=words.safe_url,
        kind=words.kind,
    )
    made.globals.update(
        LEVELS=words.LEVELS,
        HEAT=words.HEAT,
        TONES=words.TONES,
        FAILURES=words.FAILURES,
        CERTAINTY=words.CERTAINTY,
    )
    return made


def preferences(request: Request) -> dict[str, str]:
    """Theme and size that the person chose; only known values ever reach the page."""
    theme = request.cookies.get("theme", "")
    size = request.cookies.get("size", "")
    return {
        "theme": theme if theme in {"light", "dark"} else "",
        "size": size if size == "large" else "",
    }


def render(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """One page; never stored by the browser, so that going back asks the server again."""
    text = (
        environment()
        .get_template(template)
        .render(path=request.url.path, **preferences(request), **context)
    )
    return HTMLResponse(text, status_code=status, headers={"Cache-Control": "no-store"})


def render_error(request: Request, status: int, message: str) -> HTMLResponse:
    """An error in the console's own style: what happened, where to go, nothing of the code."""
    return render(
        request,
        "error.html",
        status=status,
        demo=desk_of(request).settings.demo,
        code=status,
        title=_TITLES.get(status, "出错了"),
        message=message,
    )
