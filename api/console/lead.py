"""录入线索: what reached the office another way, in three fields."""

from __future__ import annotations

from datetime import timedelta

from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api import leads
from api.console import words
from api.console.acting import go
from api.console.forms import Fields, Form
from api.console.frame import frame
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.permissions import Action, require
from registry.errors import DeskError, InvalidInputError
from registry.users import User

router = APIRouter(include_in_schema=False)


@router.get("/leads/new")
def lead_page(request: Request, session: Reading, user: PageUser) -> Response:
    """Three fields, also on a phone."""
    require(user, Action.ENTER_LEAD)
    return _lead(request, session, user, Fields(), None)


def _lead(
    request: Request, session: Session, user: User, values: Fields, error: DeskError | None
) -> Response:
    return render(
        request,
        "lead.html",
        status=error.status if error else 200,
        frame=frame(request, session, user),
        values=values,
        invalid={"at": error.message} if error and getattr(error, "field", None) == "at" else {},
        error=error.message if error else None,
        ways=tuple((way, way) for way in leads.WAYS),
    )


@router.post("/leads/new")
async def lead_save(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Keep what reached the office another way; a bare link is a link, anything else is text."""

    def work() -> Response:
        require(user, Action.ENTER_LEAD)
        content = form.text("content", "内容或链接", longest=20_000)
        url = words.safe_url(content)
        at = form.instant("at", "何时说的")
        if at is not None and at > now + timedelta(minutes=5):
            raise InvalidInputError("“何时说的”在将来，请检查。", field="at")
        entered = leads.enter(
            desk,
            how=form.get("via", ""),
            text="" if url else content,
            url=url,
            title="",
            at=at,
            now=now,
        )
        return go("/leads/new", "lead_known" if entered.known else "lead")

    try:
        return await run_sync(work)
    except DeskError as error:
        failure = error
    async with desk.reading() as session:
        return await run_sync(_lead, request, session, user, form, failure)
