"""审计: who did what, when, before and after; read only."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from api.deps import Reading, allowed
from api.permissions import Action
from api.v1.models import Before, Instant, Items, Limit, Shown
from registry import audit
from registry.users import User

router = APIRouter(prefix="/audit", tags=["审计"])
Auditor = Annotated[User, Depends(allowed(Action.READ_AUDIT))]


class EntryOut(Shown):
    """One entry of the chain."""

    id: int
    at: Instant = Field(description="何时")
    who: str = Field(description="何人")
    action: str = Field(description="何事")
    subject: str = Field(description="对象")
    before: Any = Field(description="改前")
    after: Any = Field(description="改后")
    erased: bool = Field(description="内容已依法销毁")
    hash: str = Field(description="链值")


class Head(Shown):
    """The end of the chain: whoever notes it elsewhere can prove a later change."""

    head: str = Field(description="链首值")


@router.get("", summary="审计记录")
def entries(
    session: Reading, _user: Auditor, limit: Limit = 50, before: Before = None
) -> Items[EntryOut]:
    """The newest entries, newest first."""
    rows = audit.entries(session, limit=limit, before_id=before)
    following = rows[-1].id if len(rows) == limit and rows[-1].id > 1 else None
    return Items(items=[EntryOut.model_validate(row) for row in rows], next=following)


@router.get("/head", summary="链首值")
def head(session: Reading, _user: Auditor) -> Head:
    """To be noted elsewhere, once a day for instance."""
    return Head(head=audit.head(session))
