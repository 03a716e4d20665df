"""What handlers ask for: the desk, the time, a session, the person. See ``api/gate.py`` for who."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from api.desk import Desk, desk_of
from api.permissions import Action, require
from registry.errors import UnauthenticatedError
from registry.users import User


def desk(request: Request) -> Desk:
    """The running desk."""
    return desk_of(request)


DeskDep = Annotated[Desk, Depends(desk)]


def now(request: Request) -> datetime:
    """The instant of this request, aware UTC, the same for all that it does."""
    if not hasattr(request.state, "now"):
        request.state.now = desk_of(request).clock()
    instant: datetime = request.state.now
    return instant


Now = Annotated[datetime, Depends(now)]


async def _reading(request: Request) -> AsyncIterator[Session]:
    async with desk_of(request).reading() as session:
        yield session


async def _writing(request: Request) -> AsyncIterator[Session]:
    async with desk_of(request).writing() as session:
        yield session


# Scope "function": committed before the answer is sent, so that what was acknowledged is kept,
# and a commit that fails is an answer that says so.
Reading = Annotated[Session, Depends(_reading, scope="function")]
Writing = Annotated[Session, Depends(_writing, scope="function")]


def current_user(request: Request) -> User:
    """Who is signed in, by cookie or token, as the gate found. Raises UnauthenticatedError."""
    user = getattr(request.state, "user", None)
    if user is None:
        raise UnauthenticatedError("请先登录。")
    found: User = user
    return found


CurrentUser = Annotated[User, Depends(current_user)]
# The same for pages: the gate has sent who is not signed in to /signin before a page is asked for.
page_user = current_user
PageUser = CurrentUser


def allowed(action: Action) -> Callable[[Request], User]:
    """A dependency: the current user, who may do that. Raises ForbiddenError."""

    def check(request: Request) -> User:
        user = current_user(request)
        require(user, action)
        return user

    return check


def client_address(request: Request) -> str:
    """The address of the other end, for the rate limit of sign-in."""
    return request.client.host if request.client else ""
