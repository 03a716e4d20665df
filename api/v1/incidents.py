"""事件: opened by hand, one with its clocks, level, acknowledgement."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api import acts
from api.deps import CurrentUser, Now, Reading, Writing, allowed
from api.permissions import Action, require
from api.v1.clocks import ClockOut
from api.v1.entries import EntryOut, Expected, shown
from api.v1.models import Before, Given, GivenInstant, Instant, Items, Limit, Number, Short, Shown
from registry.users import User
from responder import incidents, query

router = APIRouter(prefix="/incidents", tags=["事件"])
Level = Literal["特别重大", "重大", "较大", "一般"]
EventType = Literal["自然灾害", "事故灾难", "公共卫生", "社会安全", "不属突发事件"]
Criteria = Annotated[str, Field(max_length=2000)]


class IncidentGiven(Given):
    """What is known when an incident is opened."""

    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="事件名称")
    summary: Criteria = Field("", description="概况")
    occurred: GivenInstant | None = Field(None, description="事发时间，须带时区")
    detected: GivenInstant | None = Field(None, description="发现时间；都不填时为现在")
    reported: GivenInstant | None = Field(None, description="接报时间")
    event_type: EventType | None = Field(None, description="事件类型")
    level: Level | None = Field(None, description="级别；不填则按待定级起算")
    criteria: Criteria = Field("", description="定级依据")


class IncidentOut(Shown):
    """An incident as lists show it."""

    id: int
    title: str = Field(description="名称")
    state: str = Field(description="open 处置中，closed 已办结")
    level: str = Field(description="级别；未定为空")
    event_type: str = Field(description="事件类型；未定为空")
    alert: int | None = Field(description="由哪条预警立项")
    opened_by: str = Field(description="立项人")
    opened_at: Instant = Field(description="立项时间")
    closed_at: Instant | None = Field(description="办结时间")
    cycle: int = Field(description="第几轮，重启一次加一")
    count: int = Field(description="记录条数，也是最后一条的序号")
    head: str = Field(description="记录链的链首值")


class IncidentDetail(IncidentOut):
    """An incident with its clocks."""

    clocks: list[ClockOut] = Field(description="全部时限时钟")


class LevelGiven(Given):
    """A level, set by a person."""

    level: Level = Field(description="级别")
    reason: Criteria = Field("", description="依据")
    criteria: Criteria = Field("", description="依据，同 reason")
    signer: Short = Field("", description="签发人；不填为本人")
    at: GivenInstant | None = Field(None, description="认定时间，须带时区；不填为现在")


class Acknowledgement(Given):
    """A reminder was seen."""

    rule: Annotated[str, Field(min_length=1, max_length=32)] = Field(description="规则，如 R1")
    threshold: Annotated[int, Field(ge=0, le=1000)] = Field(description="提醒的百分点，如 75")


def detail(session: Reading, number: int, now: Now) -> IncidentDetail:
    """An incident with its clocks at ``now``."""
    found = query.incident(session, number, now)
    shown_ = IncidentOut.model_validate(found.incident).model_dump()
    clocks = [ClockOut.model_validate(clock) for clock in found.clocks]
    return IncidentDetail(**shown_, clocks=clocks)


@router.get("", summary="事件列表")
def everything(
    session: Reading,
    _user: CurrentUser,
    state: Annotated[Literal["open", "closed"] | None, Query(description="不填为全部")] = None,
    limit: Limit = 50,
    before: Before = None,
) -> Items[IncidentOut]:
    """Incidents, newest first."""
    rows = query.incidents(session, state=state, limit=limit, before_id=before)
    following = rows[-1].id if len(rows) == limit else None
    return Items(items=[IncidentOut.model_validate(row) for row in rows], next=following)


@router.post("", summary="新建事件", status_code=201)
def open_incident(
    session: Writing,
    now: Now,
    given: IncidentGiven,
    user: Annotated[User, Depends(allowed(Action.OPEN_INCIDENT))],
) -> IncidentDetail:
    """Open an incident without an alert."""
    if given.level is not None:
        require(user, Action.SET_LEVEL)
    fields = given.model_dump()
    made = incidents.open_incident(session, by=acts.signature(user), now=now, **fields)
    return detail(session, made.id, now)


@router.get("/{number}", summary="一个事件")
def one(session: Reading, now: Now, _user: CurrentUser, number: Number) -> IncidentDetail:
    """One incident with all its clocks."""
    return detail(session, number, now)


@router.get("/{number}/clocks", summary="事件的时限时钟")
def clocks(session: Reading, now: Now, _user: CurrentUser, number: Number) -> Items[ClockOut]:
    """All clocks of an incident, also those that were stopped."""
    return Items(items=detail(session, number, now).clocks, next=None)


@router.post("/{number}/level", summary="定级", status_code=201)
def set_level(
    session: Writing,
    now: Now,
    number: Number,
    given: LevelGiven,
    user: Annotated[User, Depends(allowed(Action.SET_LEVEL))],
    expected: Expected = None,
) -> EntryOut:
    """A person sets the level; another one later is an upgrade or downgrade."""
    entry = incidents.set_level(
        session,
        number,
        given.level,
        by=acts.signature(user),
        now=now,
        criteria=given.criteria or given.reason,
        signer=given.signer,
        at=given.at,
        expected=expected,
    )
    return shown(entry)


@router.post("/{number}/acknowledgements", summary="确认提醒", status_code=201)
def acknowledge(
    session: Writing, now: Now, user: CurrentUser, number: Number, given: Acknowledgement
) -> EntryOut:
    """Ends the repeats of that threshold only; the next one is sent all the same."""
    body = {"type": "acknowledgement", **given.model_dump()}
    return shown(acts.write_entry(session, user, number, body, now=now))
