"""Who is meant (通知对象): 在班:值班员, 角色:分管领导, 用户:zhangsan, 单位:住建局, at an instant.

Where nobody is on duty the message goes to all who could be, and says so: it never goes nowhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, to_builtins
from sqlalchemy.orm import Session

from registry import roster, units, users
from registry.duty import DutyRole
from registry.users import Role, User

ON_DUTY = "在班:值班员"
UNIT = "单位"
_INSTEAD = {DutyRole.OFFICER: Role.DUTY_OFFICER, DutyRole.LEADER: Role.LEADER}


class Addressee(Struct, frozen=True):
    """A person to be told, or a unit; ``user`` is None for who has no account."""

    user: int | None
    name: str
    role: str


class Addressed(Struct, frozen=True):
    """The persons, each once, and sentences on who could not be found."""

    to: tuple[Addressee, ...]
    missing: tuple[str, ...] = ()

    @property
    def plain(self) -> list[dict[str, Any]]:
        """As a message's payload carries it."""
        found: list[dict[str, Any]] = to_builtins(self.to)
        return found

    @property
    def names(self) -> str:
        """李四、王五; 无人 where there is nobody."""
        return "、".join(dict.fromkeys(one.name for one in self.to)) or "无人"


def resolve(session: Session, targets: Sequence[str], now: datetime) -> Addressed:
    """The persons whom these targets mean now."""
    people = [user for user in users.everything(session) if user.active]
    found: list[Addressee] = []
    missing: list[str] = []
    for target in targets:
        kind, _, value = target.partition(":")
        if kind == "在班":
            found += _on_duty(session, DutyRole(value), people, now, missing)
        elif kind == "角色":
            found += _with(people, Role(value), missing)
        elif kind == UNIT:
            found += _unit(session, value, missing)
        else:
            named = [Addressee(one.id, one.display_name, "") for one in people if one.name == value]
            found += named
            if not named:
                missing.append(f"没有用户 {value}")
    if not found:
        found = _with(people, Role.ADMIN, missing)
    once = {(one.user or one.name): one for one in reversed(found)}
    return Addressed(tuple(reversed(once.values())), tuple(missing))


def _on_duty(
    session: Session, role: DutyRole, people: list[User], now: datetime, missing: list[str]
) -> list[Addressee]:
    on = roster.who_is_on(session, now, role)
    if on:
        return [Addressee(shift.user, shift.name, role.value) for shift in on]
    instead = _INSTEAD[role]
    missing.append(f"现在没有{role.value}在班，改告全体{instead.value}")
    return _with(people, instead, missing)


def _unit(session: Session, value: str, missing: list[str]) -> list[Addressee]:
    known = [one for one in units.everything(session) if value in (one.id, one.name)]
    if not known:
        missing.append(f"没有单位 {value}")
    return [Addressee(None, one.name, UNIT) for one in known]


def _with(people: list[User], role: Role, missing: list[str]) -> list[Addressee]:
    found = [Addressee(one.id, one.display_name, role.value) for one in people if role in one.roles]
    if not found:
        missing.append(f"没有{role.value}的账号")
    return found
