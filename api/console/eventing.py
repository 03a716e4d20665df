"""事件线索: what grouping thinks is one matter; people merge, take apart, dismiss, or open it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from analyzer.grouping.heat import Heat
from api.acts import signature
from api.console.acting import go, perform
from api.console.forms import Form
from api.console.frame import frame
from api.console.histogram import Histogram, draw
from api.console.post_view import PostView, post_view
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.desk import Desk
from api.heating import heat_of
from api.permissions import Action, require
from posts.index.instants import from_micros, micros, step_start
from posts.index.port import PostIndex
from registry import events, sources
from registry.errors import DeskError
from registry.events import Candidate
from registry.users import User

router = APIRouter(include_in_schema=False)
Key = Annotated[str, Path(pattern="^[0-9a-f]{16}$")]
State = Annotated[str, Query(max_length=16)]
Start = Annotated[int, Query(ge=0, le=100_000)]
_PAGE, _POSTS, _OTHERS = 20, 20, 50
_CURVE_DAYS = 4


class EventView(Struct, frozen=True, kw_only=True):
    """A candidate as it is listed; heat is computed anew at the instant of the page."""

    one: Candidate
    heat: Heat
    curve: Histogram | None
    words: list[str]
    first: PostView | None


@router.get("/events")
def event_list(
    request: Request,
    session: Reading,
    desk: DeskDep,
    user: PageUser,
    state: State = "",
    start: Start = 0,
) -> Response:
    """The candidates, the hottest first."""
    shell = frame(request, session, user)
    chosen = state if state in events.STATES else events.OPEN
    found = events.listed(session, state=chosen, limit=_PAGE, offset=start)
    names = {item.id: item.name for item in sources.everything(session)}
    views = [_view(one, shell.now, desk.index, names) for one in found]
    views.sort(key=lambda view: -view.heat.value)
    return render(
        request,
        "events.html",
        frame=shell,
        views=views,
        count=events.count(session, state=chosen),
        state=chosen,
        states=list(events.STATES.items()),
        next=start + _PAGE if len(found) == _PAGE else None,
    )


@router.get("/events/{key}")
def one_event(
    request: Request,
    session: Reading,
    desk: DeskDep,
    user: PageUser,
    key: Key,
    start: Start = 0,
) -> Response:
    """One candidate with its posts."""
    return _page(request, session, user, desk.index, key, start=start)


def _page(
    request: Request,
    session: Session,
    user: User,
    index: PostIndex,
    key: str,
    *,
    start: int = 0,
    error: DeskError | None = None,
) -> Response:
    shell = frame(request, session, user)
    one = events.get(session, key)
    names = {item.id: item.name for item in sources.everything(session)}
    members = events.posts(session, key, limit=_POSTS, offset=start)
    scored = index.get_many([member.post for member in members])
    words = [word.strip("#") for word in one.body.get("words", [])]
    others = [other for other in events.listed(session, limit=_OTHERS) if other.key != key]
    return render(
        request,
        "event.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        view=_view(one, shell.now, index, names),
        states=events.STATES,
        posts=[
            post_view(scored[member.post], shell.now, sources=names, marked=words)
            for member in members
            if member.post in scored
        ],
        missing=sum(member.post not in scored for member in members),
        others=[(other.key, other.name) for other in others],
        next=start + _POSTS if len(members) == _POSTS else None,
    )


def _view(one: Candidate, now: datetime, index: PostIndex, names: dict[str, str]) -> EventView:
    first = index.get(one.body["first_post"]) if one.body.get("first_post") else None
    return EventView(
        one=one,
        heat=heat_of(one, now),
        curve=_curve(one.body, now),
        words=[word.strip("#") for word in one.body.get("words", [])],
        first=post_view(first, now, sources=names) if first else None,
    )


def _curve(body: dict[str, Any], now: datetime) -> Histogram | None:
    """Posts by hour, or by day where they span more than four days."""
    counted = sorted(
        (datetime.fromtimestamp(int(hour) * 3600, UTC), int(number))
        for hour, number in body.get("hours", {}).items()
    )
    if not counted:
        return None
    if counted[-1][0] - counted[0][0] <= timedelta(days=_CURVE_DAYS):
        return draw(counted, "hour", now)
    days: dict[datetime, int] = {}
    for at, number in counted:
        day = from_micros(step_start(micros(at), "day"))
        days[day] = days.get(day, 0) + number
    return draw(sorted(days.items()), "day", now)


@router.post("/events/{key}/merge")
async def merge(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, key: Key
) -> Response:
    """Another candidate is of this matter (合并)."""

    def work(session: Session) -> Response:
        other = form.text("other", "另一条线索", longest=32)
        events.merge(session, key, other, by=signature(user), now=now)
        return go(f"/events/{key}", "events_merged")

    return await _act(request, desk, user, key, work)


@router.post("/events/{key}/take-out")
async def take_out(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, key: Key
) -> Response:
    """A post is not of this matter (拆出)."""

    def work(session: Session) -> Response:
        post = form.text("post", "帖文", longest=80)
        events.take_out(session, key, post, by=signature(user), now=now)
        return go(f"/events/{key}", "post_out")

    return await _act(request, desk, user, key, work)


@router.post("/events/{key}/dismiss")
async def dismiss(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, key: Key
) -> Response:
    """It is no event (不是事件)."""
    del form  # read, so that a body that is none is refused

    def work(session: Session) -> Response:
        events.dismiss(session, key, by=signature(user), now=now)
        return go("/events", "no_event")

    return await _act(request, desk, user, key, work)


async def _act(
    request: Request, desk: Desk, user: User, key: str, work: Callable[[Session], Response]
) -> Response:
    def guarded(session: Session) -> Response:
        require(user, Action.SORT_EVENTS)
        return work(session)

    def again(session: Session, error: DeskError) -> Response:
        return _page(request, session, user, desk.index, key, error=error)

    return await perform(desk, guarded, again)
