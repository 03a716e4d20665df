"""事件: the list, opening one, its page, and the forms that write an entry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import joining, matters, notices, recording, reporting, words
from api.console.acting import go, perform
from api.console.forms import Fields, Form, local_value
from api.console.frame import frame
from api.console.looking_back import then_page
from api.console.opening import form_context, opening
from api.console.post_view import post_view
from api.console.render import render
from api.console.timeline import entry_view, instant_views
from api.deps import DeskDep, Now, PageUser, Reading
from api.desk import Desk
from api.permissions import Action, require
from posts.index.port import PostIndex
from registry import approvals, sources
from registry.errors import DeskError
from registry.users import User
from responder import entries, incidents, query
from responder.clocks import Clock, State

router = APIRouter(include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=2**53)]
STATES = (("open", "在办"), ("closed", "已办结"), ("all", "全部"))
HINTS = (
    ("特别重大", "死亡 30 人以上，或重伤 100 人以上，或直接经济损失 1 亿元以上"),
    ("重大", "死亡 10–29 人，或重伤 50–99 人，或 5000 万元以上不足 1 亿元"),
    ("较大", "死亡 3–9 人，或重伤 10–49 人，或 1000 万元以上不足 5000 万元"),
    ("一般", "以下"),
)
_MOMENTS = tuple(
    (moment.value, name)
    for moment, name in entries.MOMENT_NAMES.items()
    if moment is not entries.Moment.FIRST_POST
)
_RELEASES = tuple(
    (kind, entries.KIND_NAMES[kind])
    for kind in ("release", "answer", "clarification", "interpretation")
)
_RELEASE_STATES = (
    ("published", "已发布"),
    ("scheduled", "定时，未到"),
    ("approved", "已签发，未发布"),
    ("drafted", "拟稿"),
)
_CONFERENCE_STATES = (("held", "已召开"), ("announced", "已预告"), ("cancelled", "已取消"))


class Pending(Struct, frozen=True):
    """An entry that waits for a second person."""

    id: int
    text: str
    mine: bool


@router.get("/incidents")
def incident_list(
    request: Request, session: Reading, user: PageUser, state: Annotated[str, Query()] = "open"
) -> Response:
    """Incidents: the open ones, or all."""
    known = dict(STATES)
    state = state if state in known else "open"
    shell = frame(request, session, user)
    return render(
        request,
        "incidents.html",
        frame=shell,
        states=STATES,
        state=state,
        heading=f"{known[state]}的事件" if state != "all" else "全部事件",
        incidents=matters.incident_rows(
            session, shell.clocks, state=None if state == "all" else state
        ),
    )


@router.get("/incidents/new")
def incident_new(request: Request, session: Reading, user: PageUser) -> Response:
    """The form for an incident without an alert."""
    require(user, Action.OPEN_INCIDENT)
    return _new(request, session, user, Fields(), None)


def _new(
    request: Request, session: Session, user: User, values: Fields, error: DeskError | None
) -> Response:
    shell = frame(request, session, user)
    return render(
        request,
        "incident_new.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        default_title="",
        default_detected=local_value(shell.now),
        **form_context(values, error),
    )


@router.post("/incidents/new")
async def incident_open(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Open an incident by hand."""

    def work(session: Session) -> Response:
        require(user, Action.OPEN_INCIDENT)
        given = opening(form, user)
        made = incidents.open_incident(session, by=recording.name_of(user), now=now, **given)
        return go(f"/incidents/{made.id}", "opened")

    def again(session: Session, error: DeskError) -> Response:
        return _new(request, session, user, form, error)

    return await perform(desk, work, again)


@router.get("/incidents/{number}")
def incident_page(
    request: Request, session: Reading, desk: DeskDep, user: PageUser, number: Id
) -> Response:
    """One incident: clocks, instants, timeline, forms."""
    return _page(request, session, user, desk.index, number)


def _page(
    request: Request,
    session: Session,
    user: User,
    index: PostIndex,
    number: int,
    *,
    values: Fields | None = None,
    folded: str = "",
    error: DeskError | None = None,
) -> Response:
    shell = frame(request, session, user)
    now = shell.now
    detail = query.incident(session, number, now)
    found = detail.incident
    clocks = [matters.view(clock, found, now) for clock in _worth(detail.clocks)]
    names = {source.id: source.name for source in sources.everything(session)}
    related = matters.posts_of(session, index, found.alert)
    closed = found.state == incidents.CLOSED
    return render(
        request,
        "incident.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        values=values or Fields(),
        folded=folded,
        incident={
            "id": found.id,
            "title": found.title,
            "level": found.level,
            "event_type": found.event_type,
            "alert": found.alert,
            "opened_at": found.opened_at,
            "closed": closed,
            "state_word": "已办结" if closed else "处置中",
            "code": "met" if closed else "run",
            "sign": "met" if closed else "run",
            "age": words.span(((found.closed_at or now) - found.opened_at).total_seconds()),
            "count": found.count,
        },
        clocks=clocks,
        instants=instant_views(detail.moments, [clock.basis for clock in clocks], now),
        timeline=[entry_view(item, now) for item in detail.timeline],
        reminders=matters.reminders(detail, clocks, incidents.entries(session, number), now),
        pending=_pending(session, number, user),
        notices=notices.of_incident(session, number, list(detail.deliveries)),
        posts=[post_view(scored, now, sources=names) for scored in related],
        hints=HINTS,
        moments=_MOMENTS,
        release_kinds=_RELEASES,
        release_states=_RELEASE_STATES,
        conference_states=_CONFERENCE_STATES,
        **joining.choices(session, number, clocks),
        report_methods=reporting.METHODS,
        report_states=reporting.STATES,
    )


def _worth(clocks: Sequence[Clock]) -> list[Clock]:
    """All but the kept ones of a clock that begins again each time, of which the last one stays."""
    last: dict[str, int] = {}
    for clock in clocks:
        rule, _, number = clock.rule.partition(".")
        if number:
            last[rule] = max(last.get(rule, 0), int(number))
    return [
        clock
        for clock in clocks
        if clock.state is not State.MET
        or not clock.rule.partition(".")[2]
        or int(clock.rule.partition(".")[2]) == last[clock.rule.partition(".")[0]]
    ]


def _pending(session: Session, number: int, user: User) -> list[Pending]:
    subject = f"incident:{number}"
    waiting = [
        approval
        for approval in approvals.pending(session)
        if approval.action == incidents.SIGNED.action and approval.subject == subject
    ]
    return [
        Pending(
            approval.id,
            recording.says(approval.body),
            approval.proposed_by == user.id,
        )
        for approval in waiting
    ]


Work = Callable[[Session, int, Fields, User, Any], str]


async def _write(
    request: Request,
    desk: Desk,
    user: User,
    form: Fields,
    number: int,
    *,
    action: Action,
    folded: str,
    write: Work,
) -> Response:
    def work(session: Session) -> Response:
        require(user, action)
        done = write(session, number, form, user, request.state.now)
        return go(f"/incidents/{number}", done)

    def again(session: Session, error: DeskError) -> Response:
        return _page(
            request, session, user, desk.index, number, values=form, folded=folded, error=error
        )

    return await perform(desk, work, again)


def _route(path: str, action: Action, write: Work) -> None:
    """One form of the incident page: who may, what it writes, and the page again on a fault."""

    async def handle(
        request: Request, desk: DeskDep, user: PageUser, form: Form, number: Id
    ) -> Response:
        return await _write(
            request, desk, user, form, number, action=action, folded=path, write=write
        )

    router.add_api_route(
        f"/incidents/{{number}}/{path}", handle, methods=["POST"], response_model=None
    )


for _path, _action, _work in (
    ("level", Action.SET_LEVEL, recording.level),
    ("fact", Action.ADD_ENTRY, recording.fact),
    ("instant", Action.ADD_ENTRY, recording.instant),
    ("release", Action.PUBLISH, recording.release),
    ("conference", Action.PUBLISH, recording.conference),
    ("correct", Action.ADD_ENTRY, recording.correct),
    ("report", Action.ADD_ENTRY, reporting.report),
    ("not_applicable", Action.ADD_ENTRY, joining.not_applicable),
    ("reopen", Action.ADD_ENTRY, joining.reopen),
    ("merge", Action.ADD_ENTRY, joining.merge),
    ("confirm", Action.ADD_ENTRY, recording.confirm),
    ("note", Action.ADD_ENTRY, recording.note),
    ("close", Action.ADD_ENTRY, recording.close),
    ("acknowledge", Action.ACKNOWLEDGE, recording.acknowledge),
):
    _route(_path, _action, _work)
router.add_api_route("/incidents/{number}/at", then_page, methods=["GET"], response_model=None)
