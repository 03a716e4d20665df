"""事件线索: candidates that grouping found, and what people decide of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field

from api import acts
from api.deps import CurrentUser, Now, Reading, Writing, allowed
from api.heating import heat_of
from api.permissions import Action
from api.v1.models import Done, Given, Instant, Items, Limit, Shown
from registry import events
from registry.events import Candidate
from registry.users import User

router = APIRouter(tags=["事件线索"])
Sorter = Annotated[User, Depends(allowed(Action.SORT_EVENTS))]
Key = Annotated[str, Path(pattern="^[0-9a-f]{16}$", description="线索编号")]
State = Annotated[
    str,
    Query(
        pattern="^(open|merged|no_event|filed)$",
        description="open 线索，merged 已合并，no_event 不是事件，filed 已立案",
    ),
]
Offset = Annotated[int, Query(ge=0, le=100_000, description="跳过几条")]


class FactorOut(Shown):
    """One factor of a heat."""

    name: str = Field(description="因子")
    value: float = Field(description="数值")
    said: str = Field(description="由什么算出")


class HeatOut(Shown):
    """A heat at the instant of the request."""

    value: float = Field(description="热度，没有上限；只用来排序")
    version: str = Field(description="公式版本")
    factors: list[FactorOut] = Field(description="各项因子")


class HourOut(Shown):
    """How many posts in one hour."""

    hour: Instant = Field(description="从哪一刻起的一小时")
    posts: int = Field(description="条数，含相同的")


class EventOut(Shown):
    """A candidate: posts that seem to speak of one matter."""

    key: str = Field(description="线索编号")
    state: str = Field(description="状态：open、merged、no_event、filed")
    name: str = Field(description="机器归纳的名称")
    words: list[str] = Field(description="高频词")
    posts: int = Field(description="帖文数，不含相同的")
    copies: int = Field(description="相同文字的帖文数")
    sources: int = Field(description="来源数")
    first_post: str = Field(description="首帖编号；已销毁为空")
    first_at: Instant = Field(description="首帖时间")
    newest_at: Instant = Field(description="最新一条的时间")
    heat: HeatOut = Field(description="热度与各项因子")
    hours: list[HourOut] = Field(description="按小时的曲线，没有帖文的小时不列")
    merged_into: str = Field(description="并入了哪一条；没有为空")


class MemberOut(Shown):
    """A post of a candidate."""

    post: str = Field(description="帖文编号")
    at: Instant = Field(description="发布时间")
    source: str = Field(description="信源编号")


class MergeGiven(Given):
    """Another candidate that is the same matter."""

    other: str = Field(pattern="^[0-9a-f]{16}$", description="另一条线索的编号")


class TakeOutGiven(Given):
    """A post that is of another matter."""

    post: str = Field(min_length=1, max_length=80, description="帖文编号")


@router.get("/events", summary="事件线索")
def everything(
    session: Reading,
    now: Now,
    _user: CurrentUser,
    state: State = events.OPEN,
    limit: Limit = 50,
    offset: Offset = 0,
) -> Items[EventOut]:
    """The hottest as last counted first."""
    found = events.listed(session, state=state, limit=limit, offset=offset)
    following = offset + limit if len(found) == limit else None
    return Items(items=[_out(one, now) for one in found], next=following)


@router.get("/events/{key}", summary="一条事件线索")
def one(session: Reading, now: Now, _user: CurrentUser, key: Key) -> EventOut:
    """With heat, factors and curve."""
    return _out(events.get(session, key), now)


@router.get("/events/{key}/posts", summary="事件线索的帖文")
def members(
    session: Reading, _user: CurrentUser, key: Key, limit: Limit = 50, offset: Offset = 0
) -> Items[MemberOut]:
    """Ids only, the newest first."""
    events.get(session, key)
    found = events.posts(session, key, limit=limit, offset=offset)
    following = offset + limit if len(found) == limit else None
    return Items(items=[MemberOut.model_validate(member) for member in found], next=following)


@router.post("/events/{key}/merge", summary="合并事件线索")
def merge(session: Writing, now: Now, user: Sorter, key: Key, given: MergeGiven) -> EventOut:
    """The other one is of this matter, for good."""
    merged = events.merge(session, key, given.other, by=acts.signature(user), now=now)
    return _out(merged, now)


@router.post("/events/{key}/take-out", summary="拆出帖文")
def take_out(session: Writing, now: Now, user: Sorter, key: Key, given: TakeOutGiven) -> Done:
    """The post is not of this matter, for good."""
    events.take_out(session, key, given.post, by=acts.signature(user), now=now)
    return Done()


@router.post("/events/{key}/dismiss", summary="不是事件")
def dismiss(session: Writing, now: Now, user: Sorter, key: Key) -> EventOut:
    """It leaves the list, also where it grows."""
    return _out(events.dismiss(session, key, by=acts.signature(user), now=now), now)


def _out(one: Candidate, now: datetime) -> EventOut:
    body, heat = one.body, heat_of(one, now)
    return EventOut(
        key=one.key,
        state=one.state,
        name=one.name,
        words=list(body.get("words", [])),
        posts=body.get("posts", 0),
        copies=body.get("copies", 0),
        sources=body.get("sources", 0),
        first_post=body.get("first_post", ""),
        first_at=one.first_at,
        newest_at=one.newest_at,
        heat=HeatOut(
            value=heat.value,
            version=heat.version,
            factors=[FactorOut.model_validate(factor) for factor in heat.factors],
        ),
        hours=[
            HourOut(hour=datetime.fromtimestamp(int(hour) * 3600, now.tzinfo), posts=number)
            for hour, number in body.get("hours", {}).items()
        ],
        merged_into=one.merged_into,
    )
