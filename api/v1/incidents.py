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
from api.v1.models import (
    Before,
    Given,
    GivenInstant,
    Instant,
    Items,
    Limit,
    LocalInstant,
    Number,
    Short,
    Shown,
)
from registry.errors import InvalidInputError
from registry.users import User
from responder import incidents, joining, query, series, time_machine
from responder.rulebook import in_force

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


class ElapsedOut(Shown):
    """What is to be done 及时, without a number of hours: the time that passed."""

    rule: str = Field(description="规则和次序，如 R9.1")
    name: str = Field(description="名称")
    basis: str = Field(description="起点是什么")
    start: Instant = Field(description="起点时间")
    stopped: Instant | None = Field(description="何时做到；没有则为空")
    seconds: int = Field(description="用了或已过的秒数")
    text: str = Field(description="起点那条记录的内容，如不实信息")
    citation: str = Field(description="依据原文")


class IncidentDetail(IncidentOut):
    """An incident with its clocks."""

    clocks: list[ClockOut] = Field(description="全部时限时钟")
    elapsed: list[ElapsedOut] = Field(description="没有写明几小时、要求及时的：已过时间")


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
    entries = incidents.entries(session, number)
    passed = series.elapsed(entries, rules=in_force(session).rules, now=now)
    elapsed = [ElapsedOut.model_validate(one) for one in passed]
    return IncidentDetail(**shown_, clocks=clocks, elapsed=elapsed)


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


class DifferenceOut(Shown):
    """A clock as it is, and as it would be under other rules."""

    rule: str = Field(description="规则，如 R2")
    name: str = Field(description="名称")
    cycle: int = Field(description="第几轮")
    ours: ClockOut | None = Field(description="现行规则下；没有则为空")
    theirs: ClockOut | None = Field(description="所选规则下；没有则为空")
    text: str = Field(description="一句话说明")


class ThenOut(Shown):
    """An incident as it stood at an instant."""

    at: Instant = Field(description="哪一刻")
    incident: IncidentOut = Field(description="当时的概况")
    entries: list[EntryOut] = Field(description="当时已写下的记录")
    clocks: list[ClockOut] = Field(description="按当时计算的时限")
    variant: str = Field(description="用来比较的规则版本；没有比较则为空")
    differences: list[DifferenceOut] = Field(description="所选规则下不同的时限")


class MergeGiven(Given):
    """Which incident is taken in."""

    other: Annotated[int, Field(ge=1, le=2**53)] = Field(description="被并入的事件编号")
    reason: Criteria = Field(description="理由")
    whole: list[int] = Field(
        [], description="被并入事件中对整体有效的发布：记录序号", max_length=200
    )


class SplitGiven(Given):
    """What is split off."""

    title: Annotated[str, Field(min_length=1, max_length=200)] = Field(description="新事件名称")
    reason: Criteria = Field(description="理由")


@router.get("/{number}/at", summary="回看：事件在某一刻的样子")
def at(
    session: Reading,
    now: Now,
    _user: CurrentUser,
    number: Number,
    t: Annotated[LocalInstant, Query(description="哪一刻；不带时区按北京时间")],
    variant: Annotated[
        str, Query(max_length=40, description="与哪个地方规定的示例比较，如 北京2021")
    ] = "",
) -> ThenOut:
    """What was written by then, its clocks judged then; with ``variant`` what would differ."""
    if t > now:
        raise InvalidInputError("t 在将来，只能回看已经过去的时刻。", field="t")
    rules = time_machine.named_variant(variant) if variant else None
    then = time_machine.stood(session, number, t, variant=rules)
    return ThenOut(
        at=then.at,
        incident=IncidentOut.model_validate(then.incident),
        entries=[shown(entry) for entry in then.entries],
        clocks=[ClockOut.model_validate(clock) for clock in then.clocks],
        variant=then.variant,
        differences=[DifferenceOut.model_validate(one) for one in then.differences],
    )


@router.post("/{number}/merge", summary="并入另一事件", status_code=201)
def merge(
    session: Writing,
    now: Now,
    number: Number,
    given: MergeGiven,
    user: Annotated[User, Depends(allowed(Action.SET_LEVEL))],
    expected: Expected = None,
) -> IncidentDetail:
    """Earliest basis, strictest level; the other one ends and keeps its own results."""
    by = acts.signature(user)
    joining.merge(
        session,
        number,
        given.other,
        by=by,
        now=now,
        reason=given.reason,
        whole=given.whole,
        expected=expected,
    )
    return detail(session, number, now)


@router.post("/{number}/split", summary="拆分出新事件", status_code=201)
def split(
    session: Writing,
    now: Now,
    number: Number,
    given: SplitGiven,
    user: Annotated[User, Depends(allowed(Action.SET_LEVEL))],
    expected: Expected = None,
) -> IncidentDetail:
    """The part inherits basis, level and releases; it is the answer."""
    by = acts.signature(user)
    part = joining.split(
        session,
        number,
        title=given.title,
        by=by,
        now=now,
        reason=given.reason,
        expected=expected,
    )
    return detail(session, part.id, now)


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
