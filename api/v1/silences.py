"""静默: alerts that are not sent until an end, with an owner and a reason."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from api import acts
from api.deps import CurrentUser, Now, Reading, Writing, allowed
from api.permissions import Action
from api.v1.models import Given, GivenInstant, Instant, Items, Limit, Number, Short, Shown
from registry import raised_thresholds, silences
from registry.users import User

router = APIRouter(prefix="/silences", tags=["预警"])
Silencer = Annotated[User, Depends(allowed(Action.SILENCE))]


class SilenceOut(Shown):
    """A silence."""

    id: int
    rule: str = Field(description="监测规则；空为不限")
    area: str = Field(description="区划代码，含下辖；空为不限")
    word: str = Field(description="标题里的词语；空为不限")
    starts_at: Instant = Field(description="开始")
    until: Instant = Field(description="到时自动结束")
    owner: str = Field(description="谁定的")
    reason: str = Field(description="理由")
    ended_at: Instant | None = Field(description="提前结束的时间")
    ended_by: str = Field(description="谁提前结束")


class RaisedOut(Shown):
    """A threshold that was raised after a false alarm."""

    id: int
    fingerprint: str = Field(description="事项：规则，或早期预警的地点与话题")
    title: str = Field(description="预警标题")
    factor: int = Field(description="提高到几倍")
    since: Instant = Field(description="开始")
    until: Instant = Field(description="到时自动恢复")
    by: str = Field(description="谁标为误报")
    reason: str = Field(description="理由")
    ended_at: Instant | None = Field(description="提前恢复的时间")
    ended_by: str = Field(description="谁提前恢复")


class SilenceGiven(Given):
    """What is silenced, until when, why. What is left empty is not asked for."""

    rule: Annotated[str, Field(max_length=64)] = Field("", description="监测规则")
    area: Annotated[str, Field(max_length=16)] = Field("", description="区划代码，含下辖")
    word: Annotated[str, Field(max_length=100)] = Field("", description="标题里的词语")
    until: GivenInstant = Field(description="结束时间，7 天之内，须带时区")
    reason: Short = Field(description="理由")


@router.get("", summary="静默")
def everything(session: Reading, _user: CurrentUser, limit: Limit = 50) -> Items[SilenceOut]:
    """The newest, also those that ended."""
    rows = silences.recent(session, limit)
    return Items(items=[SilenceOut.model_validate(row) for row in rows], next=None)


@router.post("", summary="开始静默", status_code=201)
def begin(session: Writing, now: Now, user: Silencer, given: SilenceGiven) -> SilenceOut:
    """From now on; red alerts ignore it."""
    made = silences.add(session, owner=acts.signature(user), now=now, **given.model_dump())
    return SilenceOut.model_validate(made)


@router.post("/{number}/end", summary="提前结束静默")
def end(session: Writing, now: Now, user: Silencer, number: Number) -> SilenceOut:
    """End it before its time."""
    done = silences.end(session, number, by=acts.signature(user), now=now)
    return SilenceOut.model_validate(done)


@router.get("/thresholds", summary="误报后提高的门槛")
def thresholds(session: Reading, _user: CurrentUser, now: Now) -> Items[RaisedOut]:
    """Those that are on, the newest first."""
    rows = raised_thresholds.active(session, now)
    return Items(items=[RaisedOut.model_validate(row) for row in rows], next=None)


@router.post("/thresholds/{number}/end", summary="恢复门槛")
def lower(session: Writing, now: Now, user: Silencer, number: Number) -> RaisedOut:
    """Take it back before its time."""
    done = raised_thresholds.end(session, number, by=acts.signature(user), now=now)
    return RaisedOut.model_validate(done)
