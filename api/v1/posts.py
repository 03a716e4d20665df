"""帖文: search, one, counts over time, frequent values."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from api.deps import CurrentUser, DeskDep
from api.v1.models import Instant, Items, Limit, LocalInstant, Shown
from posts.index import port
from posts.index.port import Hit
from posts.model import ScoredPost, Sentiment
from registry import gazetteer
from registry.errors import NotFoundError

router = APIRouter(prefix="/posts", tags=["帖文"])
Word = Annotated[str | None, Query(max_length=200)]


class EngagementOut(Shown):
    """Counts that the source shows; null where it shows none."""

    reads: int | None = Field(description="阅读")
    likes: int | None = Field(description="点赞")
    comments: int | None = Field(description="评论")
    reposts: int | None = Field(description="转发")


class LocalityOut(Shown):
    """A place name in the text."""

    code: str = Field(description="行政区划代码")
    name: str = Field(description="地名")
    text: str = Field(description="文中写法")
    start: int = Field(description="起，按字符")
    end: int = Field(description="止，按字符")
    certainty: str = Field(description="sure 确定，uncertain 存疑")
    why: str = Field(description="依据")


class PostOut(Shown):
    """A scored post."""

    id: str
    source: str = Field(description="信源")
    kind: str = Field(description="类型")
    url: str | None = Field(description="原文地址")
    title: str = Field(description="标题")
    text: str = Field(description="正文；已遮盖电话和证件号")
    published_at: Instant = Field(description="发布时间")
    certainty: str = Field(description="exact 准确，day 只知日期，estimated 估计")
    first_seen_at: Instant = Field(description="首次见到")
    engagement: EngagementOut = Field(description="互动数")
    sentiment: str = Field(description="情感")
    p_negative: float = Field(description="负面概率")
    p_positive: float = Field(description="正面概率")
    p_appeal: float | None = Field(description="诉求概率；评分器没有时为 null")
    scorer: str = Field(description="评分器")
    localities: list[LocalityOut] = Field(description="提到的地方")
    areas: list[str] = Field(description="所属各级区划代码")
    units: list[str] = Field(description="提到的单位")
    fragments: list[tuple[str, bool]] | None = Field(
        None, description="命中片段：（文字，是否命中），不含标记"
    )


class PostPage(Items[PostOut]):
    """A page of search results with how many there are in all."""

    total: int = Field(description="共有多少条")


class Bucket(Shown):
    """A step of time and its count."""

    start: Instant = Field(description="起")
    count: int = Field(description="条数")


class Term(Shown):
    """A value and how often it occurs."""

    value: str = Field(description="值")
    count: int = Field(description="条数")


def shown(scored: ScoredPost, hit: Hit | None = None) -> PostOut:
    """A post as the API shows it; the author's reference stays inside."""
    post, score = scored.post, scored.score
    return PostOut(
        id=post.id,
        source=post.source,
        kind=post.kind,
        url=post.url,
        title=post.title,
        text=post.text,
        published_at=post.published_at,
        certainty=post.certainty,
        first_seen_at=post.first_seen_at,
        engagement=EngagementOut.model_validate(post.engagement),
        sentiment=score.sentiment,
        p_negative=score.p_negative,
        p_positive=score.p_positive,
        p_appeal=score.p_appeal,
        scorer=score.scorer,
        localities=[LocalityOut.model_validate(hit) for hit in scored.localities],
        areas=list(scored.areas),
        units=list(scored.units),
        fragments=None if hit is None else list(hit.fragments),
    )


def query_of(
    q: Annotated[str, Query(max_length=500, description="词、“短语”、-排除、OR 或 | 为任一")] = "",
    area: Annotated[str | None, Query(max_length=40, description="区划代码，含下辖")] = None,
    sentiment: Annotated[Sentiment | None, Query(description="情感")] = None,
    source: Annotated[str | None, Query(max_length=200, description="信源")] = None,
    kind: Annotated[str | None, Query(max_length=50, description="类型")] = None,
    since: Annotated[LocalInstant | None, Query(description="起（含）；不带时区按北京时间")] = None,
    until: Annotated[LocalInstant | None, Query(description="止（不含）")] = None,
) -> port.Query:
    """The query of an address; empty fields do not restrict."""
    return port.Query(
        text=q,
        area=gazetteer.area_code(area) if area else None,
        sentiment=sentiment,
        source=source or None,
        kind=kind or None,
        since=since,
        until=until,
    )


Asked = Annotated[port.Query, Depends(query_of)]


@router.get("", summary="检索帖文")
def search(
    desk: DeskDep,
    _user: CurrentUser,
    query: Asked,
    limit: Limit = 20,
    cursor: Annotated[str | None, Query(max_length=200, description="上一页给的 next")] = None,
) -> PostPage:
    """Found posts by time of publication, newest first."""
    page = desk.index.search(query, limit=limit, cursor=cursor)
    items = [shown(hit.scored, hit) for hit in page.items]
    return PostPage(items=items, next=page.next, total=page.total)


@router.get("/histogram", summary="按时间计数")
def histogram(
    desk: DeskDep,
    _user: CurrentUser,
    query: Asked,
    step: Annotated[Literal["hour", "day"], Query(description="小时或天（北京时间）")] = "hour",
) -> Items[Bucket]:
    """Counts by hour or day, ascending; steps without posts are left out."""
    rows = desk.index.histogram(query, step=step)
    return Items(items=[Bucket(start=start, count=count) for start, count in rows], next=None)


@router.get("/terms", summary="常见值")
def terms(
    desk: DeskDep,
    _user: CurrentUser,
    query: Asked,
    field: Annotated[Literal["source", "kind", "sentiment", "area"], Query(description="哪一项")],
    limit: Limit = 20,
) -> Items[Term]:
    """The most frequent values of a field among the posts that match."""
    rows = desk.index.terms(query, field, limit=limit)
    return Items(items=[Term(value=value, count=count) for value, count in rows], next=None)


@router.get("/{post_id}", summary="一条帖文")
def one(
    desk: DeskDep,
    _user: CurrentUser,
    post_id: Annotated[str, Path(max_length=200, description="帖文编号")],
) -> PostOut:
    """One post."""
    found = desk.index.get(post_id)
    if found is None:
        raise NotFoundError("没有这条帖文，可能还没处理完，或已依法销毁。")
    return shown(found)
