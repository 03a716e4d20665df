"""静默: which alerts are not sent until when, whose it is and why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import recording
from api.console.acting import go, perform
from api.console.forms import Fields, Form
from api.console.frame import frame
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.desk import Desk
from api.permissions import Action, require
from registry import alert_rules, raised_thresholds, silences
from registry.errors import DeskError, InvalidInputError
from registry.users import User

router = APIRouter(include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=2**53)]


@router.get("/silences")
def silence_page(
    request: Request, session: Reading, user: PageUser, rule: Annotated[str, Query()] = ""
) -> Response:
    """What is silenced, and the form for one more."""
    return _page(request, session, user, Fields({"rule": rule} if rule else {}), None)


def _page(
    request: Request, session: Session, user: User, values: Fields, error: DeskError | None
) -> Response:
    shell = frame(request, session, user)
    names = {rule.id: rule.name for rule in alert_rules.everything(session)}
    found = silences.recent(session, 50)
    return render(
        request,
        "silences.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        values=values,
        rules=list(names.items()),
        names=names,
        active=[one for one in found if one.holds(shell.now)],
        ended=[one for one in found if not one.holds(shell.now)][:20],
        raised=raised_thresholds.active(session, shell.now),
    )


@router.post("/silences")
async def begin(request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form) -> Response:
    """Begin a silence now."""

    def work(session: Session) -> Response:
        require(user, Action.SILENCE)
        until = form.instant("until", "到什么时候")
        if until is None:
            raise InvalidInputError("“到什么时候”没有填：静默必须有结束时间。", field="until")
        silences.add(
            session,
            rule=form.get("rule", ""),
            area=form.get("area", ""),
            word=form.get("word", ""),
            until=until,
            owner=recording.name_of(user),
            reason=form.text("reason", "理由", longest=500),
            now=now,
        )
        return go("/silences", "silenced")

    return await _act(request, desk, user, form, work)


@router.post("/thresholds/{number}/end")
async def lower(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """Take back a threshold that was raised after a false alarm."""

    def work(session: Session) -> Response:
        require(user, Action.SILENCE)
        raised_thresholds.end(session, number, by=recording.name_of(user), now=now)
        return go("/silences", "threshold_lowered")

    return await _act(request, desk, user, form, work)


@router.post("/silences/{number}/end")
async def end(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """End it before its time."""

    def work(session: Session) -> Response:
        require(user, Action.SILENCE)
        silences.end(session, number, by=recording.name_of(user), now=now)
        return go("/silences", "silence_ended")

    return await _act(request, desk, user, form, work)


async def _act(
    request: Request, desk: Desk, user: User, form: Fields, work: Callable[[Session], Response]
) -> Response:
    def again(session: Session, error: DeskError) -> Response:
        return _page(request, session, user, form, error)

    return await perform(desk, work, again)
