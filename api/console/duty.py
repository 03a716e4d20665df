"""值班表: the week, who stands in for whom, swaps, the roster's file, the calendar."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Annotated, TypeVar

from fastapi import APIRouter, Path, Query, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import duty_view, recording, words
from api.console.acting import go, perform
from api.console.forms import Fields, Form
from api.console.frame import frame
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.desk import Desk, desk_of
from api.permissions import Action, require
from registry import duty_feeds, roster, roster_import, swaps
from registry.duty import DutyRole, Kind
from registry.errors import DeskError, InvalidInputError
from registry.users import User

router = APIRouter(include_in_schema=False)
Again = Callable[[Session, DeskError], Response]
K = TypeVar("K", Kind, DutyRole)
Id = Annotated[int, Path(ge=1, le=2**53)]
_AHEAD = timedelta(days=45)
_KINDS = [(kind.value, kind.value) for kind in Kind if kind is not Kind.EXTRA]
#: What people choose in 轮流排班.
TURN_SHIFTS = {
    "白班和夜班": (Kind.DAY, Kind.NIGHT),
    "只排白班": (Kind.DAY,),
    "只排夜班": (Kind.NIGHT,),
    "重大事件值守": (Kind.MAJOR,),
}
_TURN_SHIFTS = [(name, name) for name in TURN_SHIFTS]
_ROLES = [(role.value, role.value) for role in DutyRole]


@router.get("/duty")
def duty_page(
    request: Request, session: Reading, user: PageUser, week: Annotated[str, Query()] = ""
) -> Response:
    """The week in which that day lies."""
    return page(request, session, user, week=week)


def page(
    request: Request,
    session: Session,
    user: User,
    *,
    week: str = "",
    values: Fields | None = None,
    error: DeskError | None = None,
    subscription: str = "",
    turns: Struct | None = None,
) -> Response:
    """The page as it stands, with what went wrong; ``turns``: a plan that was only looked at."""
    shell = frame(request, session, user)
    now = shell.now
    hours = desk_of(request).settings.duty_hours
    rows = roster.shifts(session, now, now + _AHEAD)
    replaced = {row.replaces for row in rows}
    ahead = [row for row in rows if row.id not in replaced]
    mine = [row for row in ahead if row.user == user.id]
    others = [row for row in ahead if row.user not in {None, user.id}]
    return render(
        request,
        "duty.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        values=values or Fields(),
        week=duty_view.week_of(session, duty_view.day_of(week, now), now, hours=hours),
        line=duty_view.line(session, now, hours=hours),
        banners=duty_view.banners(session, now),
        rostered=roster.rostered(session),
        shifts=duty_view.options(ahead, now),
        mine=duty_view.options(mine, now),
        others=duty_view.options(others, now),
        swaps=duty_view.swap_views(session, user.id, now),
        kinds=_KINDS,
        roles=_ROLES,
        turns=turns,
        turn_shifts=_TURN_SHIFTS,
        today=now.astimezone(words.SHANGHAI).date().isoformat(),
        feeds=duty_feeds.of_user(session, user.id),
        subscription=subscription,
    )


async def _act(
    request: Request,
    desk: Desk,
    user: User,
    form: Fields,
    work: Callable[[Session], Response],
) -> Response:
    def again(session: Session, error: DeskError) -> Response:
        return page(request, session, user, values=form, error=error)

    return await perform(desk, work, again)


@router.post("/duty/shifts")
async def plan(request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form) -> Response:
    """Put a person on a shift."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_DUTY)
        roster.plan(
            session,
            day=_day(form.text("day", "日期")),
            kind=one_of(Kind, form.get("kind", ""), "班次"),
            role=one_of(DutyRole, form.get("role", ""), "角色"),
            name=form.text("name", "值班人", longest=64),
            by=recording.name_of(user),
            now=now,
            hours=desk.settings.duty_hours,
        )
        return go("/duty", "duty")

    return await _act(request, desk, user, form, work)


@router.post("/duty/overrides")
async def override(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Somebody else for a shift or a part of it; without a shift one more person."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_DUTY)
        replaces = form.get("replaces", "")
        roster.override(
            session,
            name=form.text("name", "替班人", longest=64),
            by=recording.name_of(user),
            now=now,
            replaces=_number(replaces) if replaces else None,
            role=one_of(DutyRole, form.get("role", ""), "角色"),
            start=form.instant("start", "开始"),
            end=form.instant("end", "结束"),
            note=form.get("note", ""),
        )
        return go("/duty", "duty")

    return await _act(request, desk, user, form, work)


@router.post("/duty/withdraw")
async def withdraw(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Take a shift or an override back."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_DUTY)
        number = _number(form.text("shift", "班次"))
        roster.withdraw(session, number, by=recording.name_of(user), now=now)
        return go("/duty", "duty")

    return await _act(request, desk, user, form, work)


@router.post("/duty/import")
async def bring_in(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """A roster as lines of text."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_DUTY)
        text = form.text("csv", "值班表", longest=20_000)
        roster_import.bring_in(
            session,
            roster_import.read(text.encode()),
            by=recording.name_of(user),
            now=now,
            hours=desk.settings.duty_hours,
        )
        return go("/duty", "duty")

    return await _act(request, desk, user, form, work)


@router.post("/duty/swaps")
async def ask(request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form) -> Response:
    """Ask for a swap against another's shift."""

    def work(session: Session) -> Response:
        swaps.ask(
            session,
            shift=_number(form.text("mine", "我的班次")),
            other=_number(form.text("other", "对方的班次")),
            by=user.id,
            now=now,
            reason=form.get("reason", ""),
        )
        return go("/duty", "swap_asked")

    return await _act(request, desk, user, form, work)


@router.post("/duty/swaps/{number}")
async def answer(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """Accept it, decline it, or take it back."""

    def work(session: Session) -> Response:
        accepted = form.get("answer", "") == "accept"
        act = swaps.accept if accepted else swaps.decline
        act(session, number, by=user.id, now=now)
        return go("/duty", "duty" if accepted else "swap_ended")

    return await _act(request, desk, user, form, work)


@router.post("/duty/feeds")
async def subscribe(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """A new subscription; its address stands on the page that follows, and never again."""

    def work(session: Session) -> Response:
        token = duty_feeds.issue(session, user.id, now=now, scope=form.get("scope", ""))
        address = str(request.base_url).rstrip("/") + f"/duty.ics?token={token}"
        return page(request, session, user, subscription=address)

    return await _act(request, desk, user, form, work)


@router.post("/duty/feeds/{number}")
async def unsubscribe(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """The address works no longer."""

    def work(session: Session) -> Response:
        duty_feeds.revoke(session, number, user_id=user.id, now=now)
        return go("/duty", "feed_ended")

    return await _act(request, desk, user, form, work)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInputError("“日期”应写成 2026-10-01 的样子。", field="day") from None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):  # noqa: PLR2004 (2**53)
        raise InvalidInputError("班次不对，请从列表里选。", field="shift")
    return int(text)


def one_of(kind: type[K], text: str, label: str) -> K:
    """The choice of a list. Raises InvalidInputError naming the field."""
    try:
        return kind(text)
    except ValueError:
        raise InvalidInputError(f"“{label}”请从列表里选。") from None
