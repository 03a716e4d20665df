"""运行: what was sent and what was not, and the stages."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import Field

from api.deps import CurrentUser, Now, Reading
from api.v1.models import Instant, Items, Limit, Shown
from registry import notice_log, outbox, stages

router = APIRouter(tags=["运行"])


class NoticeOut(Shown):
    """Something that leaves the house, and what became of it."""

    id: int
    kind: str = Field(description="种类")
    key: str = Field(description="幂等键")
    payload: dict[str, Any] = Field(description="内容")
    state: str = Field(description="waiting 待发，sent 已发，not_sent 不发，failed 失败")
    due_at: Instant = Field(description="应发时间")
    attempts: int = Field(description="试了几次")
    detail: str = Field(description="结果或原因")
    created_at: Instant = Field(description="写下时间")
    done_at: Instant | None = Field(description="了结时间")


class NoticeLineOut(Shown):
    """A line of the notice log."""

    id: int
    at: Instant = Field(description="何时")
    word: str = Field(description="duplicate 重复，escalated 已升级，acknowledged 已确认")
    text: str = Field(description="说明")
    alert: int | None = Field(description="哪条预警")
    incident: int | None = Field(description="哪个事件")


class StageOut(Shown):
    """A stage of the service."""

    name: str = Field(description="环节")
    state: str = Field(
        description="starting 启动中，running 运行，restarting 重启中，stopped 停，failed 失败，"
        "hung 停摆"
    )
    since: Instant = Field(description="自何时起")
    beat_at: Instant | None = Field(description="上次报到")
    restarts: int = Field(description="重启次数")
    error: str = Field(description="出错说明")
    detail: str = Field(description="在做什么")


class TimeOut(Shown):
    """The server's clock."""

    now: Instant = Field(description="现在")


@router.get("/time", summary="服务器时间")
def time(now: Now, _user: CurrentUser) -> TimeOut:
    """For pages whose own clock was set, or that slept."""
    return TimeOut(now=now)


@router.get("/notices", summary="通知记录")
def notices(session: Reading, _user: CurrentUser, limit: Limit = 50) -> Items[NoticeOut]:
    """The newest deliveries: sent, waiting, not sent and why."""
    rows = outbox.recent(session, limit)
    return Items(items=[NoticeOut.model_validate(row) for row in rows], next=None)


@router.get("/notice-log", summary="通知日志")
def notice_lines(session: Reading, _user: CurrentUser, limit: Limit = 50) -> Items[NoticeLineOut]:
    """What befell notices beside their sending: duplicate, escalated, acknowledged."""
    rows = notice_log.recent(session, limit)
    return Items(items=[NoticeLineOut.model_validate(row) for row in rows], next=None)


@router.get("/stages", summary="各环节")
def running(session: Reading, _user: CurrentUser) -> Items[StageOut]:
    """The stages as their supervisor sees them."""
    rows = stages.everything(session)
    return Items(items=[StageOut.model_validate(row) for row in rows], next=None)
