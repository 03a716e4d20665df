"""What takes two people (双人复核): one proposes, another one confirms.

``two_person("不适用")`` binds an action; its ``confirm`` refuses an approval of another action. The
caller carries the action out in the transaction of the confirmation.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from registry import accounts, audit
from registry.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from registry.statements import affected, clean
from registry.tables import ApprovalRow

PENDING, CONFIRMED, REFUSED = "pending", "confirmed", "refused"
_SHOWN = {CONFIRMED: "已确认", REFUSED: "已退回"}


class Approval(Struct, frozen=True):
    """A proposal and what became of it: ``pending``, ``confirmed`` or ``refused``."""

    id: int
    action: str
    subject: str
    body: dict[str, Any]
    state: str
    proposed_by: int
    proposed_at: datetime
    decided_by: int | None
    decided_at: datetime | None
    reason: str


class TwoPerson(Struct, frozen=True):
    """An action that takes two people."""

    action: str

    def propose(
        self, session: Session, *, subject: str, body: dict[str, Any], by: int, now: datetime
    ) -> int:
        """See :func:`propose`."""
        return propose(session, action=self.action, subject=subject, body=body, by=by, now=now)

    def confirm(self, session: Session, approval_id: int, *, by: int, now: datetime) -> Approval:
        """See :func:`confirm`; ConflictError where the approval is for another action."""
        found = get(session, approval_id)
        if found.action != self.action:
            raise ConflictError(
                f"第 {approval_id} 号申请是“{found.action}”，不是“{self.action}”，不能这样确认。"
            )
        return confirm(session, approval_id, by=by, now=now)


def two_person(action: str) -> TwoPerson:
    """The action, bound to the rule that another person confirms it."""
    return TwoPerson(action)


def propose(
    session: Session,
    *,
    action: str,
    subject: str,
    body: dict[str, Any],
    by: int,
    now: datetime,
    who: str | None = None,
) -> int:
    """Propose an action on a subject; ``by`` is the id of a user. Returns the approval's id."""
    user = _active(session, by)
    row = ApprovalRow(
        action=action,
        subject=clean(subject, 200),
        body=body,
        state=PENDING,
        proposed_by=by,
        proposed_at=now,
        decided_by=None,
        decided_at=None,
        reason="",
    )
    session.add(row)
    session.flush()
    audit.record(
        session,
        who=who or user.name,
        action=f"申请：{action}",
        subject=row.subject,
        after={"id": row.id, "body": body},
        now=now,
    )
    return row.id


def confirm(
    session: Session, approval_id: int, *, by: int, now: datetime, who: str | None = None
) -> Approval:
    """Another person agrees. ForbiddenError for the one who proposed, ConflictError if decided."""
    return _decide(session, approval_id, CONFIRMED, by=by, now=now, reason="", who=who)


def refuse(
    session: Session,
    approval_id: int,
    *,
    by: int,
    reason: str,
    now: datetime,
    who: str | None = None,
) -> Approval:
    """It will not be done, with the reason; whoever proposed may also take it back so."""
    if not reason.strip():
        raise InvalidInputError("退回要写明原因。", field="reason")
    return _decide(session, approval_id, REFUSED, by=by, now=now, reason=reason, who=who)


def pending(session: Session) -> list[Approval]:
    """What waits for a second person, oldest first."""
    wanted = select(ApprovalRow).where(ApprovalRow.state == PENDING).order_by(ApprovalRow.id)
    return [_approval(row) for row in session.scalars(wanted)]


def get(session: Session, approval_id: int) -> Approval:
    """The approval. Raises NotFoundError."""
    row = session.get(ApprovalRow, approval_id)
    if row is None:
        raise NotFoundError(f"没有编号为 {approval_id} 的申请。")
    return _approval(row)


def _decide(
    session: Session,
    approval_id: int,
    state: str,
    *,
    by: int,
    now: datetime,
    reason: str,
    who: str | None,
) -> Approval:
    before = get(session, approval_id)
    user = _active(session, by)
    if state == CONFIRMED and before.proposed_by == by:
        raise ForbiddenError(f"“{before.action}”要由另一个人确认，不能确认自己提出的申请。")
    open_one = update(ApprovalRow).where(
        ApprovalRow.id == approval_id, ApprovalRow.state == PENDING
    )
    values = {"state": state, "decided_by": by, "decided_at": now, "reason": clean(reason)}
    if not affected(session, open_one.values(**values)):
        raise ConflictError(
            f"第 {approval_id} 号申请{_SHOWN.get(before.state, '已处理')}，不能再处理。"
        )
    audit.record(
        session,
        who=who or user.name,
        action=f"{_SHOWN[state]}：{before.action}",
        subject=before.subject,
        after={"id": approval_id, "reason": reason},
        now=now,
    )
    return get(session, approval_id)


def _active(session: Session, user_id: int) -> accounts.User:
    user = accounts.get(session, user_id)
    if not user.active:
        raise ForbiddenError(f"用户 {user.name} 已停用。")
    return user


def _approval(row: ApprovalRow) -> Approval:
    return Approval(
        id=row.id,
        action=row.action,
        subject=row.subject,
        body=row.body,
        state=row.state,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
        reason=row.reason,
    )
