"""回看: an incident as it stood at an instant, read only, and beside other rules."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import matters
from api.console.forms import Fields, local_value
from api.console.frame import frame
from api.console.render import render
from api.console.timeline import entry_view, instant_views
from api.deps import PageUser, Reading
from registry.errors import InvalidInputError
from responder import incidents, time_machine
from responder.rules import variants
from responder.time_machine import Then

Id = Annotated[int, Path(ge=1, le=2**53)]


def _then(session: Session, number: int, t: str, variant: str, now: datetime) -> Then:
    at = Fields(t=t).instant("t", "回看到") or now
    if at > now:
        raise InvalidInputError("“回看到”在将来，只能回看已经过去的时刻。", field="t")
    rules = time_machine.named_variant(variant) if variant else None
    return time_machine.stood(session, number, at, variant=rules)


def then_page(
    request: Request,
    session: Reading,
    user: PageUser,
    number: Id,
    t: Annotated[str, Query(max_length=40)] = "",
    variant: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """The page as it stood at ``t``; without it, or with a bad one, the form and what is wrong."""
    shell = frame(request, session, user)
    row = incidents.get(session, number)
    then, error = None, ""
    try:
        then = _then(session, number, t, variant, shell.now)
    except InvalidInputError as fault:
        error = fault.message
    clocks = [matters.view(clock, then.incident, then.at) for clock in then.clocks] if then else []
    return render(
        request,
        "incident_then.html",
        status=422 if error else 200,
        frame=shell,
        error=error,
        row=row,
        then=then,
        at=local_value(then.at) if then else t,
        variant=variant,
        variants=[("", "不比较"), *((name, name) for name in variants())],
        clocks=clocks,
        instants=instant_views(then.moments, [clock.basis for clock in clocks], then.at)
        if then
        else [],
        timeline=[entry_view(item, then.at) for item in then.timeline] if then else [],
    )
