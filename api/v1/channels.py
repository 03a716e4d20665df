"""通知渠道: how each of them fares, a test message, and what happened to each notice."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from api.deps import CurrentUser, Now, Reading, Writing, allowed
from api.permissions import Action
from api.v1.models import Instant, Items, Shown
from registry import channels, deliveries
from registry.users import User

router = APIRouter(tags=["通知渠道"])
Tester = Annotated[User, Depends(allowed(Action.TRY_CHANNEL))]
ChannelName = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="渠道名称")]
NoticeId = Annotated[int, Path(ge=1, le=2**53, description="通知的编号")]


class ChannelOut(Shown):
    """A channel by which people are told."""

    name: str = Field(description="名称")
    kind: str = Field(description="种类")
    state: str = Field(description="untried 还没发过，ok 正常，failing 发不出")
    since: Instant = Field(description="自何时起")
    sent_at: Instant | None = Field(description="上次发出")
    failures: int = Field(description="连续失败几次")
    detail: str = Field(description="失败原因")
    to: list[str] = Field(description="只通知这些对象，如 角色:分管领导；空为所有人")


class TestOut(Shown):
    """A test message on its way."""

    key: str = Field(description="幂等键；结果见通知记录")


class HappeningOut(Shown):
    """One event of a notice."""

    at: Instant = Field(description="时间")
    event: str = Field(
        description="sent 已发，not_sent 没有发，failed 没有送达，duplicate 用同一编号重发"
    )
    detail: str = Field(description="结果或原因")


@router.get("/channels", summary="通知渠道")
def listed(session: Reading, _user: CurrentUser) -> Items[ChannelOut]:
    """The channels as the responder last saw them."""
    rows = channels.everything(session)
    return Items(items=[ChannelOut.model_validate(row) for row in rows], next=None)


@router.post("/channels/{name}/test", summary="试发一条", status_code=202)
def try_out(session: Writing, now: Now, user: Tester, name: ChannelName) -> TestOut:
    """Send a test message by that channel, the way that every notice goes."""
    by = user.display_name or user.name
    return TestOut(key=channels.try_out(session, name, by=by, now=now))


@router.get("/notices/{number}/log", summary="一条通知的经过")
def log_of(session: Reading, _user: CurrentUser, number: NoticeId) -> Items[HappeningOut]:
    """What happened to it, oldest first: each try, each outcome."""
    rows = deliveries.of(session, [number]).get(number, [])
    return Items(items=[HappeningOut.model_validate(row) for row in rows], next=None)
