"""录入线索: what reached the office another way, in three fields."""

from __future__ import annotations

from typing import Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from api import leads
from api.deps import DeskDep, Now, allowed
from api.permissions import Action
from api.v1.models import Given, LocalInstant, Long, Short, Shown

router = APIRouter(prefix="/leads", tags=["录入线索"])


class Lead(Given):
    """A link, a text, a phone call, or what a superior passed on."""

    how: Literal["链接", "文字", "来电", "上级转办"] = Field("文字", description="从哪里来")
    text: Long = Field("", description="内容；电话和证件号会被遮盖")
    url: Short | None = Field(None, description="链接")
    title: Short = Field("", description="标题，可不填")
    at: LocalInstant | None = Field(None, description="发布时间，不带时区按北京时间；可不填")


class LeadOut(Shown):
    """What became of it."""

    post: str | None = Field(description="帖文编号；处理完可按它查到")
    known: bool = Field(description="此前已经收录")


@router.post(
    "", summary="录入一条", status_code=201, dependencies=[Depends(allowed(Action.ENTER_LEAD))]
)
def enter(desk: DeskDep, now: Now, given: Lead) -> LeadOut:
    """Goes the same way as what is crawled; searchable within seconds."""
    outcome = leads.enter(
        desk,
        how=given.how,
        text=given.text,
        url=given.url,
        title=given.title,
        at=given.at,
        now=now,
    )
    return LeadOut(post=outcome.post, known=outcome.known)
