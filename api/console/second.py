"""待第二人确认: what waits on the page of an incident, and signing it or sending it back.

Each form is as those of :mod:`api.console.recording`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session

from api import acts
from api.console import words
from api.console.forms import Fields
from api.permissions import may, require
from registry import approvals, changes
from registry.approvals import Approval
from registry.errors import NotFoundError
from registry.users import User
from responder import signing

_LONGEST = 500


class Pending(Struct, frozen=True, kw_only=True):
    """An entry that waits for a second person; ``may_decide``: this person's role is enough."""

    id: int
    text: str
    mine: bool
    may_decide: bool


def pending(session: Session, number: int, user: User) -> list[Pending]:
    """What waits for this incident, oldest first."""
    return [
        Pending(
            id=one.id,
            text=says(one.body),
            mine=one.proposed_by == user.id,
            may_decide=may(user, acts.action_for(one.body.get("type"))),
        )
        for one in approvals.pending(session)
        if one.action == signing.SIGNED.action and one.subject == f"incident:{number}"
    ]


def confirm(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """The second person signs what another one proposed for this incident."""
    asked = _asked(session, number, form, user)
    signing.confirm(session, asked.id, by=user, now=now)
    return "confirmed"


def refuse(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """驳回, with the reason; whoever proposed it takes it back so."""
    asked = _asked(session, number, form, user)
    reason = form.text("reason", "驳回理由", longest=_LONGEST)
    approvals.refuse(session, asked.id, by=user.id, reason=reason, now=now)
    changes.note(session, "incident", number, now=now)
    return "withdrawn" if asked.proposed_by == user.id else "refused"


def _asked(session: Session, number: int, form: Fields, user: User) -> Approval:
    approval = form.number("approval", "申请", least=1, most=10**9)
    asked = approvals.get(session, approval)
    if asked.subject != f"incident:{number}" or asked.action != signing.SIGNED.action:
        raise NotFoundError(f"事件 {number} 没有第 {approval} 号待确认事项。")
    require(user, acts.action_for(asked.body.get("type")))
    return asked


def says(body: Mapping[str, Any]) -> str:
    """A proposed entry in words."""
    if "erased" in body:
        return "内容已依法销毁"
    if body.get("type") == "correction":
        at = datetime.fromisoformat(str(body["value"]))
        right = words.local(at).strftime("%Y-%m-%d %H:%M")
        return (
            f"{body.get('by', '')}提出更正：记录 #{body['target']} 的时间改为 {right}，"
            f"{body.get('reason', '')}"
        )
    return (
        f"{body.get('by', '')}提出 {body.get('rule', '')} 不适用：{body.get('reason', '')}，"
        f"依据 {body.get('clause', '')}"
    )
