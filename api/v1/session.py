"""登录与本人: sign in by JSON, who am I, sign out, one's own tokens."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field, StringConstraints

from api import cookies, signin
from api.deps import CurrentUser, DeskDep, Now, Reading, Writing
from api.permissions import Action, may
from api.v1.models import Done, Given, Instant, Items, Name, Number, Shown
from registry import tokens
from registry.errors import ForbiddenError, NotFoundError
from registry.users import User

router = APIRouter(tags=["登录"])
Secret = Annotated[str, StringConstraints(max_length=signin.MAX_PASSWORD, strip_whitespace=False)]


class SignIn(Given):
    """Name and password."""

    name: Annotated[str, Field(max_length=signin.MAX_NAME)] = Field(description="用户名")
    password: Secret = Field(description="密码")


class Me(Shown):
    """Who is signed in and what they may do."""

    id: int
    name: str = Field(description="用户名")
    display_name: str = Field(description="姓名")
    roles: list[str] = Field(description="角色")
    may: list[str] = Field(description="可办理的事项")
    must_change: bool = Field(description="须先修改初始密码")


class PasswordChange(Given):
    """The old and the new password."""

    old: Secret = Field(description="现在的密码")
    new: Secret = Field(description="新密码")


class NewToken(Given):
    """A token for a program."""

    label: Name = Field(description="用途，便于日后撤销")
    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(None, description="几天后失效")


class Token(Shown):
    """A token; shown once."""

    token: str = Field(description="令牌，只显示这一次")
    expires_at: Instant | None = Field(description="何时失效")


class TokenOut(Shown):
    """What is known of a token; the token itself is not kept."""

    id: int
    label: str = Field(description="用途")
    created_at: Instant = Field(description="何时生成")
    expires_at: Instant | None = Field(description="何时失效")
    revoked_at: Instant | None = Field(description="何时撤销")


def me_of(user: User) -> Me:
    """What the API tells of a user about themselves."""
    return Me(
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        roles=sorted(role.value for role in user.roles),
        may=[action.value for action in Action if may(user, action)],
        must_change=user.must_change,
    )


@router.post("/session", summary="登录")
def sign_in(
    request: Request, response: Response, desk: DeskDep, session: Writing, now: Now, given: SignIn
) -> Me:
    """Sign in; the answer sets the session cookie."""
    user, secret = signin.sign_in(
        request, desk, session, name=given.name, password=given.password, now=now
    )
    cookies.give(response, desk.settings, secret)
    return me_of(user)


@router.get("/session", summary="本人")
def me(user: CurrentUser) -> Me:
    """Who is signed in."""
    return me_of(user)


@router.delete("/session", summary="退出登录")
def sign_out(request: Request, response: Response, desk: DeskDep, session: Writing) -> Done:
    """End the session of the cookie."""
    signin.end_session(request, desk, session)
    cookies.take_back(response, desk.settings)
    return Done()


@router.put("/session/password", summary="修改本人密码")
def password(
    request: Request,
    response: Response,
    desk: DeskDep,
    session: Writing,
    now: Now,
    user: CurrentUser,
    given: PasswordChange,
) -> Done:
    """Change one's password; all sessions end, this one goes on with a new cookie."""
    signin.change_password(session, user, old=given.old, new=given.new, now=now)
    if not request.state.by_token:
        cookies.give(
            response, desk.settings, signin.new_session(request, session, user.id, now=now)
        )
    return Done()


@router.get("/tokens", summary="本人的令牌")
def my_tokens(session: Reading, user: CurrentUser) -> Items[TokenOut]:
    """One's own tokens, also those that do not work any more."""
    rows = tokens.tokens(session, user.id)
    return Items(items=[TokenOut.model_validate(row) for row in rows], next=None)


@router.delete("/tokens/{number}", summary="撤销令牌")
def revoke(session: Writing, now: Now, user: CurrentUser, number: Number) -> Done:
    """One's own token does not work from now on."""
    if number not in {token.id for token in tokens.tokens(session, user.id)}:
        raise NotFoundError(f"您没有编号为 {number} 的令牌。")
    tokens.revoke_token(session, number, now=now, who=user.name)
    return Done()


@router.post("/tokens", summary="新建令牌", status_code=201)
def new_token(
    request: Request, session: Writing, now: Now, user: CurrentUser, given: NewToken
) -> Token:
    """A token with one's own rights. Only a person makes one: a token can't make another."""
    if request.state.by_token:
        raise ForbiddenError("令牌不能再生成令牌，请登录后办理。")
    expires = None if given.days is None else now + timedelta(days=given.days)
    token = tokens.issue_token(
        session, user.id, label=given.label, now=now, expires_at=expires, who=user.name
    )
    return Token(token=token, expires_at=expires)
