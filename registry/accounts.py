"""The persons who sign in, their roles and their tokens (用户、角色、令牌).

Users are never deleted, only deactivated: the records name them. Tokens are shown once and kept
as hashes. Every change leaves an entry in the audit chain; ``who`` is who made it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from registry import audit
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.passwords import Hasher, argon2, require_good
from registry.statements import affected, clean, insert_once
from registry.tables import SignInRow, UserRoleRow, UserRow

NAME_LENGTH = 64


class Role(StrEnum):
    """What a person may do; one person may have several roles."""

    DUTY_OFFICER = "值班员"
    ANALYST = "研判员"
    SPOKESPERSON = "新闻发言人"
    SIGNER = "审核签发"
    LEADER = "分管领导"
    LIAISON = "单位联络员"
    ADMIN = "管理员"
    SECURITY = "安全管理员"
    AUDITOR = "审计员"


class User(Struct, frozen=True):
    """A user; ``must_change``: the password has to be changed before anything else."""

    id: int
    name: str
    display_name: str
    roles: frozenset[Role]
    active: bool
    must_change: bool


def create(
    session: Session,
    *,
    name: str,
    password: str,
    roles: Iterable[Role],
    display_name: str = "",
    now: datetime,
    must_change: bool = False,
    who: str = "系统",
    hasher: Hasher | None = None,
) -> User:
    """Make a user. Raises InvalidInputError (name, password, roles), ConflictError (name taken)."""
    name = _good_name(name)
    wanted = _good_roles(roles)
    require_good(password, name=name)
    row = UserRow(
        name=name,
        display_name=clean(display_name.strip() or name, NAME_LENGTH),
        password_hash=(hasher or argon2()).hash(password),
        active=True,
        must_change=must_change,
        created_at=now,
        password_set_at=now,
    )
    if not insert_once(session, row):
        raise ConflictError(f"用户名 {name} 已经有人用了，请换一个。")
    _write_roles(session, row.id, wanted)
    user = get(session, row.id)
    audit.record(session, who=who, action="新建用户", subject=name, after=user, now=now)
    return user


def set_password(
    session: Session,
    user_id: int,
    *,
    password: str,
    now: datetime,
    must_change: bool = False,
    who: str = "系统",
    hasher: Hasher | None = None,
) -> User:
    """A new password; ends all sign-ins of the user, tokens stay."""
    row = _row(session, user_id)
    require_good(password, name=row.name)
    hasher = hasher or argon2()
    if hasher.verify(password, row.password_hash):
        raise InvalidInputError("新密码不能与原来的相同。", field="password")
    row.password_hash = hasher.hash(password)
    row.password_set_at, row.must_change = now, must_change
    session.flush()
    affected(session, delete(SignInRow).where(SignInRow.user_id == user_id))
    audit.record(session, who=who, action="修改密码", subject=row.name, now=now)
    return get(session, user_id)


def set_roles(
    session: Session, user_id: int, roles: Iterable[Role], *, now: datetime, who: str = "系统"
) -> User:
    """Exactly these roles. The last active administrator keeps that role (ConflictError)."""
    before = get(session, user_id)
    wanted = _good_roles(roles)
    if Role.ADMIN not in wanted:
        _keep_an_administrator(session, before)
    affected(session, delete(UserRoleRow).where(UserRoleRow.user_id == user_id))
    _write_roles(session, user_id, wanted)
    after = get(session, user_id)
    if after != before:
        audit.record(
            session,
            who=who,
            action="修改角色",
            subject=before.name,
            before=sorted(before.roles),
            after=sorted(after.roles),
            now=now,
        )
    return after


def deactivate(session: Session, user_id: int, *, now: datetime, who: str = "系统") -> User:
    """No sign-in and no token works from now on. The last administrator stays (ConflictError)."""
    user = get(session, user_id)
    if not user.active:
        return user
    _keep_an_administrator(session, user)
    row = _row(session, user_id)
    row.active = False
    session.flush()
    affected(session, delete(SignInRow).where(SignInRow.user_id == user_id))
    audit.record(session, who=who, action="停用用户", subject=user.name, now=now)
    return get(session, user_id)


def activate(session: Session, user_id: int, *, now: datetime, who: str = "系统") -> User:
    """The user may sign in again."""
    row = _row(session, user_id)
    if not row.active:
        row.active = True
        session.flush()
        audit.record(session, who=who, action="启用用户", subject=row.name, now=now)
    return get(session, user_id)


def everything(session: Session) -> list[User]:
    """All users, by id."""
    return _users(session, list(session.scalars(select(UserRow).order_by(UserRow.id))))


def get(session: Session, user_id: int) -> User:
    """The user. Raises NotFoundError."""
    return _users(session, [_row(session, user_id)])[0]


def named(session: Session, name: str) -> User | None:
    """The user of that name, if there is one."""
    row = session.scalar(select(UserRow).where(UserRow.name == name.strip()))
    return None if row is None else _users(session, [row])[0]


def _row(session: Session, user_id: int) -> UserRow:
    row = session.get(UserRow, user_id)
    if row is None:
        raise NotFoundError(f"没有编号为 {user_id} 的用户。")
    return row


def _users(session: Session, rows: list[UserRow]) -> list[User]:
    roles: dict[int, set[Role]] = {row.id: set() for row in rows}
    wanted = select(UserRoleRow.user_id, UserRoleRow.role)
    if len(rows) == 1:
        wanted = wanted.where(UserRoleRow.user_id == rows[0].id)
    for user_id, role in session.execute(wanted):
        if user_id in roles:
            roles[user_id].add(Role(role))
    return [
        User(
            id=row.id,
            name=row.name,
            display_name=row.display_name,
            roles=frozenset(roles[row.id]),
            active=row.active,
            must_change=row.must_change,
        )
        for row in rows
    ]


def _write_roles(session: Session, user_id: int, roles: frozenset[Role]) -> None:
    session.execute(
        insert(UserRoleRow), [{"user_id": user_id, "role": str(role)} for role in sorted(roles)]
    )


def _good_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > NAME_LENGTH or not name.isprintable() or " " in name:
        raise InvalidInputError(
            f"用户名要有 1 到 {NAME_LENGTH} 个字符，不能有空格和控制字符。", field="name"
        )
    return name


def _good_roles(roles: Iterable[Role]) -> frozenset[Role]:
    try:
        wanted = frozenset(Role(role) for role in roles)
    except ValueError as error:
        names = "、".join(Role)
        raise InvalidInputError(f"角色只能是：{names}。", field="roles") from error
    if not wanted:
        raise InvalidInputError("至少要有一个角色。", field="roles")
    return wanted


def _keep_an_administrator(session: Session, user: User) -> None:
    if Role.ADMIN not in user.roles or not user.active:
        return
    others = [
        other
        for other in everything(session)
        if other.active and Role.ADMIN in other.roles and other.id != user.id
    ]
    if not others:
        raise ConflictError(f"{user.name} 是最后一位在用的管理员，请先指定另一位管理员。")
