"""Asking for an erasure and confirming it: two different persons (销毁申请).

The proposal names ids only. Carried out with the confirmation, in its transaction.
"""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy.orm import Session

from registry import approvals, erasures, sightings, users
from registry.approvals import Approval
from registry.erasures import Erasure
from registry.errors import ForbiddenError, InvalidInputError, NotFoundError
from registry.users import Role, User
from responder import erasing, incidents

PROPOSE = frozenset({Role.SECURITY, Role.ADMIN})
CONFIRM = frozenset({Role.SECURITY, Role.ADMIN, Role.LEADER, Role.SIGNER})
_MOST = 500


class Request(Struct, frozen=True, kw_only=True):
    """What is to be destroyed and why; ``entries`` as ``事件#序号``."""

    posts: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    reason: str
    clause: str


def propose(session: Session, request: Request, *, by: User, now: datetime) -> int:
    """Put it forward; returns the number under which another person confirms it."""
    _require(by, PROPOSE, "申请销毁")
    if not request.reason.strip() or not request.clause.strip():
        raise InvalidInputError("销毁须写明事由和依据的条款。", field="reason")
    if not request.posts and not request.entries:
        raise InvalidInputError("请指明要销毁的帖文或记录。", field="posts")
    if len(request.posts) + len(request.entries) > _MOST:
        raise InvalidInputError(f"一次最多销毁 {_MOST} 项，请分几次。", field="posts")
    for text in request.entries:
        incident, seq = erasing.parse_entry(text)
        if not any(one.seq == seq for one in incidents.entries(session, incident)):
            raise NotFoundError(f"事件 {incident} 没有第 {seq} 条记录。")
    known = sightings.known(session, request.posts)
    if strange := [post for post in request.posts if post not in known]:
        raise NotFoundError(f"没有编号为 {strange[0]} 的帖文。")
    body = {
        "posts": list(request.posts),
        "entries": list(request.entries),
        "reason": request.reason,
        "clause": request.clause,
    }
    return erasures.TWO_PERSONS.propose(
        session, subject=request.reason, body=body, by=by.id, now=now
    )


def confirm(session: Session, number: int, *, by: User, now: datetime) -> Erasure:
    """The second person agrees, and the act is recorded and begins. See ``erasing.act``."""
    _require(by, CONFIRM, "确认销毁")
    asked = erasures.TWO_PERSONS.confirm(session, number, by=by.id, now=now)
    first = users.get(session, asked.proposed_by)
    return erasing.act(
        session,
        posts=asked.body["posts"],
        entries=[erasing.parse_entry(text) for text in asked.body["entries"]],
        reason=asked.body["reason"],
        clause=asked.body["clause"],
        signer=_named(first),
        second=_named(by),
        now=now,
    )


def waiting(session: Session) -> list[Approval]:
    """Proposals that wait for a second person, oldest first."""
    return [one for one in approvals.pending(session) if one.action == erasures.ACTION]


def _require(user: User, roles: frozenset[Role], what: str) -> None:
    if not user.active or roles.isdisjoint(user.roles):
        names = "、".join(role.value for role in Role if role in roles)
        raise ForbiddenError(f"您的角色不能{what}。可由{names}办理。")


def _named(user: User) -> str:
    """Name and account: two persons of one name must be told apart on paper."""
    shown = user.display_name or user.name
    return shown if shown == user.name else f"{shown}（{user.name}）"
