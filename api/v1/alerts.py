"""预警: listed by state, claimed, dismissed with a reason, opened as an incident."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api import acts
from api.deps import CurrentUser, Now, Reading, Writing, allowed
from api.permissions import Action, may, require
from api.v1.incidents import Criteria, EventType, IncidentDetail, Level, detail
from api.v1.models import Before, Given, GivenInstant, Instant, Items, Limit, Number, Short, Shown
from registry.users import User
from responder import alert_moves, alerts, query

router = APIRouter(prefix="/alerts", tags=["预警"])
State = Literal["待处置", "已认领", "处理中", "已解决", "忽略", "误报"]


class ReasonOut(Shown):
    """Why the alert was raised, or grew."""

    at: Instant = Field(description="何时")
    rule: str = Field(description="哪条规则")
    text: str = Field(description="为什么，带数字")
    count: int = Field(description="条数")
    late: bool = Field(description="补录")


class AlertOut(Shown):
    """An alert."""

    id: int
    title: str = Field(description="标题")
    rule: str = Field(description="监测规则")
    heat: str = Field(description="red 红，orange 橙，yellow 黄，blue 蓝")
    state: str = Field(description="待处置、已认领、处理中、已解决、忽略、误报")
    count: int = Field(description="条数")
    folded: int = Field(description="归并的信号数")
    late: bool = Field(description="补录：都是旧帖，不叫醒人")
    reasons: list[ReasonOut] = Field(description="为什么报警")
    areas: list[str] = Field(description="区划代码")
    sources: list[str] = Field(description="信源")
    posts: list[str] = Field(description="帖文编号，新的在前")
    first_post_at: Instant = Field(description="首帖时间")
    newest_post_at: Instant = Field(description="最新一帖的时间")
    created_at: Instant = Field(description="报警时间")
    updated_at: Instant = Field(description="最近变化")
    claimed_by: str = Field(description="认领人；无人认领为空")
    claimed_at: Instant | None = Field(description="认领时间")
    closed_by: str = Field(description="处置人")
    closed_at: Instant | None = Field(description="处置时间")
    close_reason: str = Field(description="处置理由")
    incident: int | None = Field(description="属于哪个事件")
    waiting_since: Instant = Field(description="自何时起无人认领（报警、升色、退回）")


class Dismissal(Given):
    """Why nothing comes of it."""

    kind: Literal["忽略", "误报"] = Field(description="忽略或误报")
    reason: Annotated[str, Field(min_length=1, max_length=2000)] = Field(description="理由")


class Resolution(Given):
    """How it was settled."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)] = Field(description="理由")


class Joining(Given):
    """Which incident it belongs to."""

    incident: Annotated[int, Field(ge=1, le=2**53 - 1)] = Field(description="在办的事件")


class Opening(Given):
    """What is known when the alert is opened as an incident; what is left out is taken from it."""

    title: Short = Field("", description="事件名称；不填用预警的标题")
    summary: Criteria = Field("", description="概况")
    occurred: GivenInstant | None = Field(None, description="事发时间，须带时区")
    reported: GivenInstant | None = Field(None, description="接报时间")
    event_type: EventType | None = Field(None, description="事件类型")
    level: Level | None = Field(None, description="级别；不填则按待定级起算")
    criteria: Criteria = Field("", description="定级依据")


@router.get("", summary="预警列表")
def everything(
    session: Reading,
    _user: CurrentUser,
    state: Annotated[list[State] | None, Query(description="可给几个；不填为全部")] = None,
    limit: Limit = 50,
    before: Before = None,
) -> Items[AlertOut]:
    """Alerts, newest first."""
    rows = query.alerts(session, states=state or None, limit=limit, before_id=before)
    following = rows[-1].id if len(rows) == limit else None
    return Items(items=[AlertOut.model_validate(row) for row in rows], next=following)


@router.get("/{number}", summary="一条预警")
def one(session: Reading, _user: CurrentUser, number: Number) -> AlertOut:
    """One alert."""
    return AlertOut.model_validate(alerts.get(session, number))


@router.post("/{number}/claim", summary="认领")
def claim(
    session: Writing,
    now: Now,
    number: Number,
    user: Annotated[User, Depends(allowed(Action.CLAIM_ALERT))],
) -> AlertOut:
    """Take it on. Of two people, the second is told who was first (409)."""
    return AlertOut.model_validate(alerts.claim(session, number, by=acts.signature(user), now=now))


@router.post("/{number}/dismiss", summary="忽略或误报")
def dismiss(
    session: Writing,
    now: Now,
    number: Number,
    given: Dismissal,
    user: Annotated[User, Depends(allowed(Action.DISMISS_ALERT))],
) -> AlertOut:
    """Nothing comes of it; the reason is kept."""
    by = acts.signature(user)
    closed = alerts.dismiss(session, number, state=given.kind, reason=given.reason, by=by, now=now)
    return AlertOut.model_validate(closed)


@router.post("/{number}/resolve", summary="办结预警")
def resolve(
    session: Writing,
    now: Now,
    number: Number,
    given: Resolution,
    user: Annotated[User, Depends(allowed(Action.DISMISS_ALERT))],
) -> AlertOut:
    """Settled without an incident, or after it."""
    by = acts.signature(user)
    return AlertOut.model_validate(
        alerts.resolve(session, number, reason=given.reason, by=by, now=now)
    )


@router.post("/{number}/release", summary="退回")
def release(
    session: Writing,
    now: Now,
    number: Number,
    given: Resolution,
    user: Annotated[User, Depends(allowed(Action.CLAIM_ALERT))],
) -> AlertOut:
    """Give the claim back with a reason; the alert waits, and escalates, anew."""
    by, anyone = acts.signature(user), may(user, Action.TAKE_BACK)
    back = alert_moves.release(session, number, reason=given.reason, by=by, now=now, anyone=anyone)
    return AlertOut.model_validate(back)


@router.post("/{number}/join", summary="并入事件")
def join(
    session: Writing,
    now: Now,
    number: Number,
    given: Joining,
    user: Annotated[User, Depends(allowed(Action.OPEN_INCIDENT))],
) -> AlertOut:
    """It belongs to an incident that is open already."""
    by = acts.signature(user)
    joined = alert_moves.join(session, number, incident=given.incident, by=by, now=now)
    return AlertOut.model_validate(joined)


@router.post("/{number}/incident", summary="转为事件", status_code=201)
def open_incident(
    session: Writing,
    now: Now,
    number: Number,
    given: Opening,
    user: Annotated[User, Depends(allowed(Action.OPEN_INCIDENT))],
) -> IncidentDetail:
    """Open it as an incident: 发现 is when the alert was raised."""
    if given.level is not None:
        require(user, Action.SET_LEVEL)
    made = alerts.open_incident(
        session, number, by=acts.signature(user), now=now, **given.model_dump()
    )
    return detail(session, made.id, now)
