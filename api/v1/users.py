"""用户: made, given roles and closed by administrators; every change stands in the audit."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from api.deps import Now, Reading, Writing, allowed
from api.permissions import Action
from api.v1.models import Done, Given, Items, Name, Number, Shown
from api.v1.session import Secret
from registry import audit, sessions, users
from registry.errors import ConflictError
from registry.users import Role, User

router = APIRouter(prefix="/users", tags=["用户"])
Manager = Annotated[User, Depends(allowed(Action.MANAGE_USERS))]
Roles = Annotated[list[Role], Field(min_length=1, max_length=len(Role), description="角色")]


class UserOut(Shown):
    """A user."""

    id: int
    name: str = Field(description="用户名")
    display_name: str = Field(description="姓名")
    roles: list[str] = Field(description="角色")
    active: bool = Field(description="可登录")
    must_change: bool = Field(description="须先修改初始密码")


class UserGiven(Given):
    """A new user with a first password that they must change."""

    name: Annotated[str, Field(pattern=r"^[\w.@-]{1,64}$")] = Field(description="用户名")
    display_name: Name = Field(description="姓名")
    password: Secret = Field(description="初始密码")
    roles: Roles


class UserChange(Given):
    """What to change; what is left out stays."""

    roles: Roles | None = Field(None, description="角色")
    password: Secret | None = Field(None, description="重设密码；本人下次登录须修改")
    active: bool | None = Field(None, description="停用填 false，恢复填 true")


def shown(user: User) -> UserOut:
    """A user as administrators see them."""
    return UserOut(
        id=user.id,
        name=user.name,
        display_name=user.display_name,
        roles=sorted(role.value for role in user.roles),
        active=user.active,
        must_change=user.must_change,
    )


@router.get("", summary="用户")
def everybody(session: Reading, _user: Manager) -> Items[UserOut]:
    """All users."""
    return Items(items=[shown(user) for user in users.everything(session)], next=None)


@router.post("", summary="新建用户", status_code=201)
def create(session: Writing, now: Now, by: Manager, given: UserGiven) -> UserOut:
    """A new user, who has to change the first password before anything else."""
    user = users.create(
        session,
        name=given.name,
        display_name=given.display_name,
        password=given.password,
        roles=given.roles,
        must_change=True,
        now=now,
        who=by.name,
    )
    return shown(user)


@router.patch("/{number}", summary="修改用户")
def change(session: Writing, now: Now, by: Manager, number: Number, given: UserChange) -> UserOut:
    """Roles, a new first password, the end or the return of an account."""
    user = users.get(session, number)
    if given.roles is not None:
        users.set_roles(session, number, given.roles, now=now, who=by.name)
    if given.password is not None:
        users.set_password(
            session, number, password=given.password, now=now, must_change=True, who=by.name
        )
    if given.active is True:
        users.activate(session, number, now=now, who=by.name)
    if given.active is False:
        if user.id == by.id:
            raise ConflictError("不能停用自己的账号，请由另一位管理员办理。")
        users.deactivate(session, number, now=now, who=by.name)
    return shown(users.get(session, number))


@router.delete("/{number}/sessions", summary="令其全部退出登录")
def sign_out_everywhere(session: Writing, now: Now, by: Manager, number: Number) -> Done:
    """End all sessions of a user."""
    user = users.get(session, number)
    sessions.end_all(session, user.id)
    audit.record(session, who=by.name, action="令其退出登录", subject=user.name, now=now)
    return Done()
