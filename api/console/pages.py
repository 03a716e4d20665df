"""All pages of the console, and those that belong to no other module: 工作台, 全部, 管理."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import (
    alerts,
    assessing,
    copies,
    duty_view,
    erasures,
    eventing,
    handover,
    incidents,
    judging,
    lead,
    matters,
    naming,
    notices,
    ringing,
    search,
    silencing,
    talking,
    telling,
    turns,
    watching,
    workdays,
)
from api.console import duty as duty_pages
from api.console.acting import go
from api.console.forms import Form, safe_back
from api.console.frame import frame
from api.console.render import render
from api.console.source_view import SourceView, source_view, stage_view, worst_first
from api.console.telling import channel_views, wrong_clock
from api.deps import PageUser, Reading
from api.desk import desk_of
from api.permissions import Action, require
from registry import audit, sources, stages, users
from registry.errors import DeskError
from registry.users import User

router = APIRouter(include_in_schema=False)
_ALERTS_SHOWN = 20
_NOTICES_SHOWN = 8
_SOURCES_SHOWN = 6
_AUDIT_SHOWN = 100
_YEAR_S = 365 * 86400


@router.get("/")
def desk_page(request: Request, session: Reading, user: PageUser) -> Response:
    """工作台: what runs out next, what has nobody taken, where are we blind."""
    return desk(request, session, user, None)


def desk(request: Request, session: Session, user: User, error: DeskError | None) -> Response:
    """The desk as it stands, with what went wrong in the form that came from it."""
    shell = frame(request, session, user)
    now = shell.now
    views = worst_first(
        [source_view(source, health, now) for source, health in sources.health(session, now=now)]
    )
    running = [stage_view(stage, now) for stage in stages.everything(session)]
    waiting = alerts.waiting(session, now, limit=_ALERTS_SHOWN)
    return render(
        request,
        "desk.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        clocks=shell.clocks,
        alerts=waiting,
        oldest=matters.longest_wait(waiting),
        notices=notices.newest(session, limit=_NOTICES_SHOWN),
        blind=[view for view in views if view.state == "blind"],
        troubled=[stage for stage in running if stage.code != "ok"],
        sources=_summary(views),
        stages=running,
        duty=duty_view.banners(session, now),
        duty_line=duty_view.line(session, now, hours=desk_of(request).settings.duty_hours),
        channels=channel_views(session, now),
        wrong_clock=wrong_clock(session, now),
    )


def _summary(views: list[SourceView]) -> dict[str, object]:
    loud = [view for view in views if view.state in {"blind", "slow"}]
    shown = views[: max(len(loud), _SOURCES_SHOWN)]
    rest = views[len(shown) :]
    counted = [
        f"{sum(view.state == state for view in rest)} 个{word}"
        for state, word in (("ok", "正常"), ("na", "停用"))
        if any(view.state == state for view in rest)
    ]
    return {
        "total": len(views),
        "posts_today": sum(view.posts_today for view in views),
        "shown": shown,
        "rest": f"其余 {'、'.join(counted)}" if counted else "",
    }


@router.get("/more")
def more(request: Request, session: Reading, user: PageUser) -> Response:
    """Every page, for the phone's last tab."""
    return render(request, "more.html", frame=frame(request, session, user))


@router.post("/preferences")
def preferences(form: Form) -> Response:
    """Theme and size, kept by the browser; only known values are kept."""
    response = go(safe_back(form.get("back", "/")), "preferences")
    for name, allowed in (("theme", {"light", "dark"}), ("size", {"large"})):
        value = form.get(name, "")
        if value in allowed:
            response.set_cookie(name, value, max_age=_YEAR_S, httponly=True, samesite="lax")
        else:
            response.delete_cookie(name)
    return response


@router.get("/users")
def user_page(request: Request, session: Reading, user: PageUser) -> Response:
    """Who has an account."""
    require(user, Action.MANAGE_USERS)
    shell = frame(request, session, user)
    return render(request, "users.html", frame=shell, users=users.everything(session))


@router.get("/audit")
def audit_page(
    request: Request,
    session: Reading,
    user: PageUser,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """The audit chain, newest first."""
    require(user, Action.READ_AUDIT)
    shell = frame(request, session, user)
    rows = audit.entries(session, limit=_AUDIT_SHOWN, before_id=before)
    full = len(rows) == _AUDIT_SHOWN
    return render(
        request,
        "audit.html",
        frame=shell,
        entries=rows,
        head=audit.head(session),
        next=f"/audit?before={rows[-1].id}" if full else None,
    )


for part in (alerts, assessing, incidents, lead, search, talking, watching, telling, workdays):
    router.include_router(part.router)
for part in (
    naming,
    ringing,
    duty_pages,
    turns,
    handover,
    silencing,
    erasures,
    judging,
    eventing,
    copies,
):
    router.include_router(part.router)
