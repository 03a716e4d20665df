"""Signing in and out, and the change of the first password: what both pages and JSON do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from api import cookies
from api.console import render
from api.deps import CurrentUser, DeskDep, Now, Writing, client_address
from api.desk import Desk
from api.gate import safe_next
from api.limits import TryLimit
from registry import audit, sessions, users
from registry import sign_in as proof
from registry.errors import DeskError, InvalidInputError
from registry.users import User

MAX_NAME = 80
MAX_PASSWORD = 1000

router = APIRouter(include_in_schema=False)
Field = Annotated[str, Form()]


def sign_in(
    request: Request, desk: Desk, session: Session, *, name: str, password: str, now: datetime
) -> tuple[User, str]:
    """(user, cookie value) of a new session; the one that came with the request ends.

    Raises TooManyRequestsError, or what ``authenticate`` raises for a wrong name or
    password; the caller's transaction has to commit also then, for the count of failures.
    """
    name, password = _clean(name).strip(), _clean(password)
    limit: TryLimit = request.app.state.try_limit
    limit.check(name, client_address(request), now=now)
    if len(name) > MAX_NAME or len(password) > MAX_PASSWORD:
        raise InvalidInputError("用户名或密码太长。", field="name")
    user = proof.authenticate(session, name=name, password=password, now=now)
    end_session(request, desk, session)
    where = {"address": client_address(request)}
    audit.record(session, who=user.name, action="登录", subject=user.name, after=where, now=now)
    return user, new_session(request, session, user.id, now=now)


def end_session(request: Request, desk: Desk, session: Session) -> None:
    """End the session of the cookie, if there is one: a value seen before never signs in again."""
    secret = request.cookies.get(desk.settings.cookie_name)
    if secret:
        sessions.end(session, secret)


def change_password(session: Session, user: User, *, old: str, new: str, now: datetime) -> None:
    """Set a new password after the old one was shown; all sessions of the user end."""
    old, new = _clean(old), _clean(new)
    if max(len(old), len(new)) > MAX_PASSWORD:
        raise InvalidInputError(f"密码太长，最多 {MAX_PASSWORD} 个字。", field="new")
    proof.authenticate(session, name=user.name, password=old, now=now)
    users.set_password(session, user.id, password=new, now=now, who=user.name)


def new_session(request: Request, session: Session, user_id: int, *, now: datetime) -> str:
    """A session for this browser; returns the cookie's value."""
    agent = _clean(request.headers.get("user-agent", ""))[:200]
    return sessions.start(session, user_id, now=now, agent=agent)


def _clean(text: str) -> str:
    # a lone surrogate can't be hashed or stored; it is no character that anybody types
    return text.encode("utf-8", "replace").decode()


def _frame(desk: Desk) -> dict[str, Any]:
    return {"area_name": desk.settings.area_name, "demo": desk.settings.demo}


@router.get("/signin")
def signin_page(
    request: Request, desk: DeskDep, next_: Annotated[str, Query(alias="next")] = "/"
) -> Response:
    """The sign-in page; who is signed in already goes on."""
    target = safe_next(next_)
    if request.state.user is not None:
        return RedirectResponse(target, 303)
    return render.render(request, "signin.html", error=None, next=target, name="", **_frame(desk))


@router.post("/signin")
def signin(
    request: Request,
    desk: DeskDep,
    session: Writing,
    now: Now,
    name: Field = "",
    password: Field = "",
    next_: Annotated[str, Form(alias="next")] = "/",
) -> Response:
    """Sign in by the form."""
    target = safe_next(next_)
    try:
        user, secret = sign_in(request, desk, session, name=name, password=password, now=now)
    except DeskError as error:
        return render.render(
            request,
            "signin.html",
            status=error.status,
            error=error.message,
            next=target,
            name=_clean(name)[:MAX_NAME],
            **_frame(desk),
        )
    response = RedirectResponse("/password" if user.must_change else target, 303)
    cookies.give(response, desk.settings, secret)
    return response


@router.post("/signout")
def signout(request: Request, desk: DeskDep, session: Writing) -> Response:
    """Sign out and show the sign-in page."""
    end_session(request, desk, session)
    response = RedirectResponse("/signin", 303)
    cookies.take_back(response, desk.settings)
    return response


@router.get("/password")
def password_page(request: Request, desk: DeskDep, user: CurrentUser) -> Response:
    """The page that changes one's password."""
    return render.render(
        request, "password.html", error=None, must_change=user.must_change, **_frame(desk)
    )


@router.post("/password")
def password(
    request: Request,
    desk: DeskDep,
    session: Writing,
    now: Now,
    user: CurrentUser,
    old: Field = "",
    new: Field = "",
    again: Field = "",
) -> Response:
    """Change one's password; this browser stays signed in with a new session."""
    try:
        if new != again:
            raise InvalidInputError("两次输入的新密码不一样，请重新输入。", field="again")
        change_password(session, user, old=old, new=new, now=now)
    except DeskError as error:
        return render.render(
            request,
            "password.html",
            status=error.status,
            error=error.message,
            must_change=user.must_change,
            **_frame(desk),
        )
    secret = new_session(request, session, user.id, now=now)
    response = RedirectResponse("/", 303)
    cookies.give(response, desk.settings, secret)
    return response
