"""事件: the list, opening one, its page, and the forms that write an entry."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import (
    answering,
    deciding,
    erasures,
    incident_page,
    joining,
    matters,
    recording,
    reporting,
    second,
)
from api.console.acting import go, perform
from api.console.forms import Fields, Form, local_value
from api.console.frame import frame
from api.console.looking_back import then_page
from api.console.opening import form_context, opening
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.permissions import Action, require
from registry import events
from registry.errors import DeskError
from registry.users import User
from responder import incidents

router = APIRouter(include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=2**53)]
STATES = (("open", "在办"), ("closed", "已办结"), ("all", "全部"))


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


EventKey = Annotated[str, Query(pattern="^([0-9a-f]{16})?$")]


@router.get("/incidents/new")
def incident_new(
    request: Request, session: Reading, user: PageUser, event: EventKey = ""
) -> Response:
    """The form for an incident without an alert; ``event``: from that candidate (据此立案)."""
    require(user, Action.OPEN_INCIDENT)
    return _new(request, session, user, Fields(), None, event)


def _new(
    request: Request,
    session: Session,
    user: User,
    values: Fields,
    error: DeskError | None,
    event: str = "",
) -> Response:
    shell = frame(request, session, user)
    found = events.get(session, event) if event else None
    return render(
        request,
        "incident_new.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        default_title=found.name if found else "",
        default_detected=local_value(shell.now),
        event=event,
        **form_context(values, error),
    )


@router.post("/incidents/new")
async def incident_open(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, event: EventKey = ""
) -> Response:
    """Open an incident by hand, or from a candidate, which then says so."""

    def work(session: Session) -> Response:
        require(user, Action.OPEN_INCIDENT)
        given = opening(form, user)
        made = incidents.open_incident(session, by=recording.name_of(user), now=now, **given)
        if event:
            events.file(session, event, made.id, by=recording.name_of(user), now=now)
        return go(f"/incidents/{made.id}", "opened")

    def again(session: Session, error: DeskError) -> Response:
        return _new(request, session, user, form, error, event)

    return await perform(desk, work, again)


@router.get("/incidents/{number}")
def one_incident(
    request: Request, session: Reading, desk: DeskDep, user: PageUser, number: Id
) -> Response:
    """One incident: clocks, instants, timeline, forms."""
    return incident_page.shown(request, session, user, desk.index, number)


Work = Callable[[Session, int, Fields, User, datetime], str | Response]


def _route(path: str, action: Action | None, write: Work) -> None:
    """One form of the incident page: who may, what it writes, and the page again on a fault.

    Without an action the function itself says who may.
    """

    async def handle(
        request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
    ) -> Response:
        def work(session: Session) -> Response:
            if action is not None:
                require(user, action)
            done = write(session, number, form, user, now)
            return done if isinstance(done, Response) else go(f"/incidents/{number}", done)

        def again(session: Session, error: DeskError) -> Response:
            return incident_page.shown(
                request, session, user, desk.index, number, values=form, folded=path, error=error
            )

        return await perform(desk, work, again)

    router.add_api_route(
        f"/incidents/{{number}}/{path}", handle, methods=["POST"], response_model=None
    )


for _path, _action, _work in (
    ("fact", Action.ADD_ENTRY, recording.fact),
    ("instant", Action.ADD_ENTRY, recording.instant),
    ("note", Action.ADD_ENTRY, recording.note),
    ("correct", Action.ADD_ENTRY, recording.correct),
    ("assign", Action.ADD_ENTRY, deciding.assign),
    ("order", Action.ADD_ENTRY, answering.order),
    ("settle", Action.ADD_ENTRY, answering.settle),
    ("claim", Action.ADD_ENTRY, answering.claim),
    ("level", Action.SET_LEVEL, deciding.level),
    ("adopt", Action.SET_LEVEL, deciding.adopt),
    ("grow", Action.ADD_ENTRY, deciding.grow),
    ("event_type", Action.ADD_ENTRY, deciding.event_type),
    ("release", Action.PUBLISH, recording.release),
    ("conference", Action.PUBLISH, recording.conference),
    ("report", Action.ADD_ENTRY, reporting.report),
    ("close", Action.ADD_ENTRY, recording.close),
    ("not_applicable", Action.ADD_ENTRY, joining.not_applicable),
    ("merge", Action.SET_LEVEL, joining.merge),
    ("split", Action.SET_LEVEL, joining.split),
    ("reopen", Action.ADD_ENTRY, joining.reopen),
    ("erase", None, erasures.ask),
    ("confirm", None, second.confirm),
    ("refuse", None, second.refuse),
    ("acknowledge", Action.ACKNOWLEDGE, recording.acknowledge),
):
    _route(_path, _action, _work)
router.add_api_route("/incidents/{number}/at", then_page, methods=["GET"], response_model=None)
