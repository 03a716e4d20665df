"""时限时钟: all that are open, the overdue first."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from api.deps import CurrentUser, Now, Reading
from api.v1.models import Instant, Items, Shown
from responder import query

router = APIRouter(prefix="/clocks", tags=["时限"])


class ClockOut(Shown):
    """A countdown: the keys of ``yuqing clocks`` and its incident."""

    incident: int | None = Field(description="事件编号")
    rule: str = Field(description="规则，如 R1")
    name: str = Field(description="名称")
    basis: str = Field(description="起算依据")
    start: Instant = Field(description="起算时间")
    due: Instant = Field(description="截止时间")
    state: str = Field(
        description="conditional 待定级，running 剩余，due_soon 即将到期，overdue 已超时，"
        "met 按时，met_late 超时完成，not_applicable 不适用，revoked 撤销"
    )
    provisional: bool = Field(description="暂定：日历未到那一年")
    margin_s: int = Field(description="余量（秒）：提前或剩余为正，超出为负")
    reason: str = Field(description="一句话说明")
    citation: str = Field(description="依据条款")


@router.get("", summary="未结的时限时钟")
def everything(session: Reading, now: Now, _user: CurrentUser) -> Items[ClockOut]:
    """All open clocks of all open incidents, the overdue first, then by due."""
    rows = query.open_clocks(session, now)
    return Items(items=[ClockOut.model_validate(row) for row in rows], next=None)
