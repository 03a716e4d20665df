"""Who may do what: one small table. The reasons stand in docs/decisions/0009."""

from __future__ import annotations

from enum import StrEnum

from registry.errors import ForbiddenError
from registry.users import Role, User


class Action(StrEnum):
    """What a person can ask for beyond reading; the value is its Chinese name."""

    CLAIM_ALERT = "认领预警"
    DISMISS_ALERT = "忽略或误报预警"
    OPEN_INCIDENT = "新建事件"
    ADD_ENTRY = "记一条"
    SET_LEVEL = "定级"
    PUBLISH = "登记发布"
    ACKNOWLEDGE = "确认提醒"
    ENTER_LEAD = "录入线索"
    MANAGE_SOURCES = "管理信源"
    MANAGE_RULES = "管理监测规则"
    MANAGE_AREAS = "管理地域"
    MANAGE_USERS = "管理用户"
    READ_AUDIT = "查看审计"
    MANAGE_DUTY = "排班"
    HAND_OVER = "交接班"
    SILENCE = "静默预警"
    TAKE_BACK = "退回他人认领的预警"
    TRY_CHANNEL = "试发通知"
    MANAGE_CALENDAR = "提出工作日历"
    CONFIRM_CALENDAR = "确认工作日历"
    CORRECT_SCORE = "更正评分"
    SORT_EVENTS = "整理事件线索"


_DESK = frozenset({Role.DUTY_OFFICER, Role.ANALYST, Role.LEADER, Role.ADMIN})
_ROLES: dict[Action, frozenset[Role]] = {
    Action.CLAIM_ALERT: _DESK,
    Action.DISMISS_ALERT: _DESK,
    Action.OPEN_INCIDENT: _DESK,
    Action.ADD_ENTRY: _DESK | {Role.SPOKESPERSON, Role.SIGNER, Role.LIAISON},
    Action.SET_LEVEL: frozenset({Role.DUTY_OFFICER, Role.LEADER, Role.ADMIN}),
    Action.PUBLISH: frozenset(
        {Role.DUTY_OFFICER, Role.SPOKESPERSON, Role.SIGNER, Role.LEADER, Role.ADMIN}
    ),
    Action.ACKNOWLEDGE: _DESK | {Role.SPOKESPERSON, Role.SIGNER},
    Action.ENTER_LEAD: _DESK | {Role.SPOKESPERSON, Role.LIAISON},
    Action.MANAGE_SOURCES: frozenset({Role.ANALYST, Role.ADMIN}),
    Action.MANAGE_RULES: frozenset({Role.ANALYST, Role.ADMIN}),
    Action.MANAGE_AREAS: frozenset({Role.ADMIN}),
    Action.MANAGE_USERS: frozenset({Role.ADMIN, Role.SECURITY}),
    Action.READ_AUDIT: frozenset({Role.AUDITOR, Role.SECURITY, Role.ADMIN}),
    Action.MANAGE_DUTY: frozenset({Role.LEADER, Role.ADMIN}),
    Action.HAND_OVER: _DESK,
    Action.SILENCE: _DESK,
    Action.TAKE_BACK: frozenset({Role.LEADER, Role.ADMIN}),
    Action.TRY_CHANNEL: frozenset({Role.DUTY_OFFICER, Role.LEADER, Role.ADMIN}),
    Action.MANAGE_CALENDAR: frozenset({Role.ADMIN}),
    Action.CORRECT_SCORE: _DESK,
    Action.SORT_EVENTS: _DESK,
    Action.CONFIRM_CALENDAR: frozenset({Role.SIGNER, Role.LEADER, Role.ADMIN}),
}


def roles_for(action: Action) -> frozenset[Role]:
    """The roles of which one is needed."""
    return _ROLES[action]


def may(user: User, action: Action) -> bool:
    """Whether that user may do that."""
    return user.active and not _ROLES[action].isdisjoint(user.roles)


def require(user: User, action: Action) -> None:
    """Raises ForbiddenError, which names the action and who may do it."""
    if not may(user, action):
        order = [role.value for role in Role if role in _ROLES[action]]
        raise ForbiddenError(f"您的角色不能“{action.value}”。可由{'、'.join(order)}办理。")
