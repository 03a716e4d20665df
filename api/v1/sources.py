"""信源: the list with health, change, switch on and off, check now."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from fastapi import APIRouter, Depends, Path
from pydantic import Field

from api.deps import CurrentUser, Now, Reading, Writing, allowed
from api.permissions import Action
from api.v1.models import Anything, Given, Instant, Items, Name, Number, Shown, plain
from registry import jobs, sources
from registry.sources import Health, Source
from registry.users import User

router = APIRouter(prefix="/sources", tags=["信源"])
SourceId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="信源的短名：字母、数字、_ . -")
]
Manager = Annotated[User, Depends(allowed(Action.MANAGE_SOURCES))]
CHECK_LIMIT_S = 60


class HealthOut(Shown):
    """How well we see a source."""

    state: str = Field(description="ok 正常，slow 迟缓，blind 失明，na 停用")
    since: Instant | None = Field(description="自何时起")
    last_success_at: Instant | None = Field(description="上次成功")
    last_new_at: Instant | None = Field(description="上次有新内容")
    streak: int = Field(description="连续失败几次")
    failure: str = Field(description="失败的种类")
    detail: str = Field(description="失败的详情")
    posts_today: int = Field(description="今天几条")


class SourceGiven(Given):
    """A source as an administrator describes it."""

    name: Name = Field(description="名称")
    kind: Annotated[str, Field(min_length=1, max_length=50)] = Field(description="类型")
    spider: Literal["site", "feed", "sitemap", "manual"] = Field(description="抓取方式")
    url: Annotated[str, Field(max_length=2000)] = Field("", description="列表页或订阅地址")
    interval_s: Annotated[int, Field(ge=5, le=7 * 86400)] = Field(300, description="间隔（秒）")
    options: Anything = Field(default_factory=dict, description="选择器等", max_length=50)
    area: Annotated[str | None, Field(max_length=40)] = Field(None, description="区划代码")
    own: bool = Field(False, description="本单位的站点")
    enabled: bool = Field(True, description="启用")


class SourceOut(Shown):
    """A source with its health."""

    id: str
    name: str = Field(description="名称")
    kind: str = Field(description="类型")
    spider: str = Field(description="抓取方式")
    url: str = Field(description="地址")
    interval_s: int = Field(description="间隔（秒）")
    options: dict[str, Any] = Field(description="选择器等")
    area: str | None = Field(description="区划代码")
    own: bool = Field(description="本单位的站点")
    enabled: bool = Field(description="启用")
    health: HealthOut | None = Field(None, description="看得见吗")


class Switch(Given):
    """On or off."""

    enabled: bool = Field(description="启用")


class JobOut(Shown):
    """A job that was asked for."""

    job: int = Field(description="作业编号")


def _shown(source: Source, health: Health | None = None) -> SourceOut:
    out = SourceOut.model_validate(source)
    out.health = None if health is None else HealthOut.model_validate(health)
    return out


@router.get("", summary="信源与健康")
def everything(session: Reading, now: Now, _user: CurrentUser) -> Items[SourceOut]:
    """All sources, each with how well we see it."""
    rows = sources.health(session, now=now)
    return Items(items=[_shown(source, health) for source, health in rows], next=None)


@router.get("/{source_id}", summary="一个信源")
def one(session: Reading, now: Now, _user: CurrentUser, source_id: SourceId) -> SourceOut:
    """One source with its health."""
    found = sources.get(session, source_id)
    by_id = {source.id: health for source, health in sources.health(session, now=now)}
    return _shown(found, by_id.get(source_id))


@router.put("/{source_id}", summary="新建或修改信源")
def change(
    session: Writing, now: Now, user: Manager, source_id: SourceId, given: SourceGiven
) -> SourceOut:
    """Make or change a source; the change stands in the audit."""
    source = Source(id=source_id, **given.model_dump())
    sources.put(session, source, now=now, who=user.name)
    return _shown(source)


@router.patch("/{source_id}", summary="启用或停用")
def switch(
    session: Writing, now: Now, user: Manager, source_id: SourceId, given: Switch
) -> SourceOut:
    """Switch a source on or off."""
    source = msgspec.structs.replace(sources.get(session, source_id), enabled=given.enabled)
    sources.put(session, source, now=now, who=user.name)
    return _shown(source)


@router.post("/{source_id}/check", summary="现在检查", status_code=202)
def check(session: Writing, now: Now, _user: Manager, source_id: SourceId) -> JobOut:
    """Ask the crawler to look now; the result stands with the job."""
    sources.get(session, source_id)
    job = jobs.add(
        session, kind="source_check", subject=source_id, body={}, now=now, limit_s=CHECK_LIMIT_S
    )
    return JobOut(job=job)


@router.get("/jobs/{number}", summary="作业的结果")
def job_of(session: Reading, _user: CurrentUser, number: Number) -> dict[str, Any]:
    """A job's state and result."""
    found: dict[str, Any] = plain(jobs.get(session, number))
    return found
