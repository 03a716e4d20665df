"""工作日历: the years covered, a pasted notice, what it changes, and the second person."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from api.deps import CurrentUser, Now, Reading, Writing, allowed
from api.permissions import Action
from api.v1.models import Done, Given, Instant, Number, Shown
from registry.users import User
from responder import calendars, rulebook
from responder.calendar_notice import LONGEST

router = APIRouter(prefix="/calendar", tags=["工作日历"])
Proposer = Annotated[User, Depends(allowed(Action.MANAGE_CALENDAR))]
Confirmer = Annotated[User, Depends(allowed(Action.CONFIRM_CALENDAR))]


class NoticeGiven(Given):
    """The State Council's yearly notice as it was published."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST)] = Field(description="通知全文")
    number: Annotated[str, Field(max_length=100)] = Field("", description="文号，正文没有时填")


class Refusal(Given):
    """Why not."""

    reason: Annotated[str, Field(min_length=1, max_length=500)] = Field(description="理由")


class YearOut(Shown):
    """A year that the calendar covers."""

    year: int = Field(description="年份")
    number: str = Field(description="通知文号")
    source: str = Field(description="随软件提供，或双人确认")
    holidays: int = Field(description="放假天数（含假期内的周末）")
    workdays: int = Field(description="调休上班天数")
    proposed_by: str = Field(description="何人提出")
    confirmed_by: str = Field(description="何人确认")
    confirmed_at: Instant | None = Field(description="何时确认")


class ChangedOut(Shown):
    """A running deadline that moves or becomes firm."""

    incident: int = Field(description="事件")
    title: str = Field(description="事件名称")
    rule: str = Field(description="时限")
    name: str = Field(description="时限名称")
    due_before: Instant = Field(description="现在的截止")
    due_after: Instant = Field(description="按这份通知的截止")
    provisional_before: bool = Field(description="现在是暂定")
    provisional_after: bool = Field(description="按这份通知仍是暂定")


class PreviewOut(Shown):
    """What the notice says and what it would change."""

    year: int = Field(description="年份")
    number: str = Field(description="文号")
    holidays: list[date] = Field(description="放假日")
    workdays: list[date] = Field(description="调休上班日")
    remarks: list[str] = Field(description="不作放假计的话，如“鼓励…”")
    same: bool = Field(description="与现行日历相同")
    version: str = Field(description="确认后的日历版本")
    changed: list[ChangedOut] = Field(description="改变的在跑时限；已有结论的不变")


class WaitingOut(Shown):
    """A notice that waits for the second person."""

    approval: int = Field(description="申请编号")
    proposed_at: Instant = Field(description="何时提出")
    preview: PreviewOut = Field(description="内容和影响")


class CalendarOut(Shown):
    """The calendar in force."""

    version: str = Field(description="日历版本，新记录都写明")
    years: list[YearOut] = Field(description="各年份及来源")
    provisional: list[str] = Field(description="还没有通知的年份，一年一句")
    waiting: list[WaitingOut] = Field(description="待第二人确认")


def preview_out(seen: calendars.Preview) -> PreviewOut:
    """A preview as the API shows it."""
    return PreviewOut(
        year=seen.notice.year,
        number=seen.notice.number,
        holidays=list(seen.notice.holidays),
        workdays=list(seen.notice.workdays),
        remarks=list(seen.notice.remarks),
        same=seen.same,
        version=seen.version,
        changed=[ChangedOut.model_validate(one) for one in seen.changed],
    )


@router.get("", summary="工作日历")
def calendar(session: Reading, now: Now, _user: CurrentUser) -> CalendarOut:
    """The years with their sources, what is provisional, and what waits."""
    return CalendarOut(
        version=rulebook.in_force(session).calendar.version,
        years=[YearOut.model_validate(year) for year in calendars.years(session)],
        provisional=[
            calendars.provisional_sentence(year) for year in calendars.missing(session, now)
        ],
        waiting=[
            WaitingOut(
                approval=one.approval,
                proposed_at=one.proposed_at,
                preview=preview_out(one.preview),
            )
            for one in calendars.waiting(session, now)
        ],
    )


@router.post("/preview", summary="预览一份通知")
def preview(session: Reading, now: Now, _user: Proposer, given: NoticeGiven) -> PreviewOut:
    """Read the notice and show which running deadlines it changes; nothing is kept."""
    return preview_out(calendars.preview(session, given.text, number=given.number, now=now))


@router.post("/proposals", summary="提出一份通知", status_code=201)
def propose(session: Writing, now: Now, user: Proposer, given: NoticeGiven) -> WaitingOut:
    """Put the notice forward; another person confirms it."""
    approval, seen = calendars.propose(session, given.text, number=given.number, by=user, now=now)
    return WaitingOut(approval=approval, proposed_at=now, preview=preview_out(seen))


@router.post("/proposals/{number}/confirm", summary="第二人确认通知")
def confirm(session: Writing, now: Now, user: Confirmer, number: Number) -> YearOut:
    """The calendar holds from now on; verdicts that are there do not change."""
    return YearOut.model_validate(calendars.confirm(session, number, by=user, now=now))


@router.post("/proposals/{number}/refuse", summary="第二人退回通知")
def refuse(session: Writing, now: Now, user: Confirmer, number: Number, given: Refusal) -> Done:
    """Send it back with a reason."""
    calendars.refuse(session, number, by=user, reason=given.reason, now=now)
    return Done()
