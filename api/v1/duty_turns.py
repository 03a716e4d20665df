"""轮值排班: a roster by turns, shown first, then written."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from api import acts
from api.deps import DeskDep, Now, Writing
from api.v1.duty import ImportedOut, Planner, Role
from api.v1.models import Given, Name, Shown
from registry import roster_turns
from registry.duty import DutyRole, Kind
from responder.rulebook import in_force

router = APIRouter(prefix="/duty", tags=["值班"])


class TurnsGiven(Given):
    """Who takes turns from when until when."""

    people: Annotated[list[Name], Field(min_length=1, max_length=100)] = Field(
        description="轮到的人，按次序：登录名或姓名"
    )
    since: date = Field(description="从哪天起")
    until: date = Field(description="到哪天止（含），最长一年")
    role: Role = Field("值班员", description="值班员或带班领导")
    kinds: Annotated[
        list[Literal["白班", "夜班", "重大事件值守"]], Field(min_length=1, max_length=3)
    ] = Field(["白班", "夜班"], description="每天的班次；节假日由工作日历改为节假日班")
    first: Annotated[str, Field(max_length=100)] = Field("", description="从谁开始；不填为第一位")
    write: bool = Field(False, description="写入值班表；不填只是列出")


class TurnOut(Shown):
    """A shift of the plan."""

    day: date = Field(description="哪一天的班")
    kind: str = Field(description="白班、夜班、节假日班、重大事件值守")
    role: str = Field(description="值班员或带班领导")
    name: str = Field(description="值班人")


class TurnsOut(Shown):
    """The plan, and what writing it did."""

    items: list[TurnOut] = Field(description="按时间的班次")
    unknown_years: list[int] = Field(description="放假安排还没有录入、节假日没有标出的年份")
    written: ImportedOut | None = Field(description="写入的结果；只是列出时为空")


@router.post("/turns", summary="按人轮流排班")
def plan(session: Writing, desk: DeskDep, now: Now, user: Planner, given: TurnsGiven) -> TurnsOut:
    """People in turn over the shifts; the plan holds for its role, the other role stays."""
    turns = roster_turns.Turns(
        people=tuple(given.people),
        since=given.since,
        until=given.until,
        role=DutyRole(given.role),
        kinds=tuple(Kind(kind) for kind in given.kinds),
        first=given.first,
    )
    calendar = in_force(session).calendar
    made = roster_turns.lines(turns, holiday=calendar.holidays.__contains__)
    done = None
    if given.write:
        hours = desk.settings.duty_hours
        who = acts.signature(user)
        done = roster_turns.bring_in(session, made, by=who, now=now, hours=hours)
    return TurnsOut(
        items=[TurnOut.model_validate(line) for line in made],
        unknown_years=sorted({line.day.year for line in made} - calendar.years),
        written=ImportedOut.model_validate(done) if done else None,
    )
