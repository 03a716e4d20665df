"""工作日历: years and their sources, a notice to paste, what it changes, the second person."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from fastapi import APIRouter, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console.acting import go, perform
from api.console.forms import Fields, Form
from api.console.frame import frame
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.permissions import Action, require
from registry.errors import DeskError
from registry.users import User
from responder import calendars, rulebook
from responder.calendar_effect import Changed
from responder.calendar_notice import LONGEST

router = APIRouter(include_in_schema=False)


class NoticeView(Struct, frozen=True, kw_only=True):
    """A notice in words, with the deadlines that it changes."""

    approval: int
    mine: bool
    year: int
    number: str
    holidays: str
    workdays: str
    count: int
    remarks: tuple[str, ...]
    same: bool
    changed: tuple[Changed, ...]


def _days(days: tuple[date, ...]) -> str:
    """1 月 1–3 日、2 月 15–23 日: runs of days in words."""
    runs: list[list[date]] = []
    for day in days:
        if runs and (day - runs[-1][-1]).days == 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    said = []
    for run in runs:
        first, last = run[0], run[-1]
        text = f"{first.month} 月 {first.day}"
        if last.month != first.month:
            text += f" 日至 {last.month} 月 {last.day}"
        elif last != first:
            text += f"–{last.day}"
        said.append(f"{text} 日")
    return "、".join(said)


def _view(seen: calendars.Preview, *, approval: int = 0, mine: bool = False) -> NoticeView:
    return NoticeView(
        approval=approval,
        mine=mine,
        year=seen.notice.year,
        number=seen.notice.number,
        holidays=_days(seen.notice.holidays),
        workdays=_days(seen.notice.workdays),
        count=len(seen.notice.holidays),
        remarks=seen.notice.remarks,
        same=seen.same,
        changed=seen.changed,
    )


@router.get("/calendar")
def calendar_page(request: Request, session: Reading, user: PageUser) -> Response:
    """The calendar as it stands."""
    return _page(request, session, user)


def _page(
    request: Request,
    session: Session,
    user: User,
    *,
    values: Fields | None = None,
    error: DeskError | None = None,
    seen: calendars.Preview | None = None,
) -> Response:
    shell = frame(request, session, user)
    return render(
        request,
        "calendar.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        values=values or Fields(),
        years=calendars.years(session),
        version=rulebook.in_force(session).calendar.version,
        provisional=[
            (year, calendars.provisional_sentence(year))
            for year in calendars.missing(session, shell.now)
        ],
        waiting=[
            _view(one.preview, approval=one.approval, mine=one.proposed_by == user.id)
            for one in calendars.waiting(session, shell.now)
        ],
        seen=_view(seen) if seen else None,
        longest=LONGEST,
    )


def _text(form: Fields) -> tuple[str, str]:
    return form.text("text", "通知全文", longest=LONGEST), form.get("number", "")[:100]


@router.post("/calendar/preview")
async def calendar_preview(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """What the pasted notice says and would change; nothing is kept."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_CALENDAR)
        text, number = _text(form)
        seen = calendars.preview(session, text, number=number, now=now)
        return _page(request, session, user, values=form, seen=seen)

    return await perform(desk, work, _again(request, user, form))


@router.post("/calendar/propose")
async def calendar_propose(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Put the notice forward."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_CALENDAR)
        text, number = _text(form)
        calendars.propose(session, text, number=number, by=user, now=now)
        return go("/calendar", "calendar_proposed")

    return await perform(desk, work, _again(request, user, form))


@router.post("/calendar/confirm")
async def calendar_confirm(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """The second person confirms."""

    def work(session: Session) -> Response:
        require(user, Action.CONFIRM_CALENDAR)
        calendars.confirm(session, _approval(form), by=user, now=now)
        return go("/calendar", "calendar_confirmed")

    return await perform(desk, work, _again(request, user, form))


@router.post("/calendar/refuse")
async def calendar_refuse(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Another person sends it back with a reason, or whoever proposed it takes it back."""

    def work(session: Session) -> Response:
        require(user, Action.CONFIRM_CALENDAR)
        reason = form.text("reason", "理由", longest=500)
        calendars.refuse(session, _approval(form), by=user, reason=reason, now=now)
        return go("/calendar", "calendar_refused")

    return await perform(desk, work, _again(request, user, form))


def _approval(form: Fields) -> int:
    return form.number("approval", "申请", least=1, most=10**9)


def _again(request: Request, user: User, form: Fields) -> Callable[[Session, DeskError], Response]:
    def again(session: Session, error: DeskError) -> Response:
        return _page(request, session, user, values=form, error=error)

    return again
