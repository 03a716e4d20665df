"""研判: the form, filled in with what the data shows; every number leads to its search."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from api import acts
from api.console import deciding
from api.console.acting import go, perform
from api.console.forms import Fields, Form, clean
from api.console.frame import frame
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.figures import default_scope, figures
from api.permissions import Action, require
from posts.index.port import PostIndex
from registry.errors import DeskError, InvalidInputError
from registry.users import User
from responder import assessment, incidents, query
from responder.assessment import Figure, Figures

router = APIRouter(include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=2**53)]
Text = Annotated[str, Query(max_length=4000)]
SCOPE = ("q", "area", "since", "until")
PARTS = (
    ("nature", "事件性质"),
    ("trend", "舆情走势"),
    ("risk", "可能出现的风险"),
    ("advice", "预控处置意见"),
)
_LONGEST = 20_000


class Line(Struct, frozen=True):
    """One figure of the page: what, how many, where to count it again, and a remark."""

    name: str
    text: str
    href: str
    remark: str = ""


def link(figure: Figure) -> str:
    """The search that gives the figure."""
    return "/search?" + urlencode(figure.query)


def lines(found: Figures) -> list[Line]:
    """The figures as the page lists them, each with its search."""
    made = [
        Line("帖文", f"{found.posts.value} 条", link(found.posts)),
        Line("来源", f"{found.sources.value} 个", link(found.sources)),
        Line("负面", f"{found.negative.value} 条", link(found.negative), assessment.share(found)),
        Line("近 1 小时", f"{found.last_hour.value} 条", link(found.last_hour)),
        Line(
            "前 1 小时",
            f"{found.hour_before.value} 条",
            link(found.hour_before),
            assessment.direction(found),
        ),
    ]
    if found.uncertain.value:
        made.insert(3, Line("不确定", f"{found.uncertain.value} 条", link(found.uncertain)))
    if found.first is not None:
        span = f"至今 {assessment.hours(found)}"
        made.append(Line("首帖", found.first_source, link(found.first), span))
    made += [
        Line(place.name, f"{place.posts.value} 条", link(place.posts)) for place in found.places
    ]
    return made


@router.get("/incidents/{number}/assess")
def assess_page(
    request: Request,
    session: Reading,
    desk: DeskDep,
    user: PageUser,
    number: Id,
    q: Text = "",
    area: Text = "",
    since: Text = "",
    until: Text = "",
) -> Response:
    """The form; the scope of the numbers can be changed in the address."""
    given = {"q": q, "area": area, "since": since, "until": until}
    asked = bool(request.query_params.keys() & set(SCOPE))
    scope = {name: clean(value)[:200] for name, value in given.items() if value} if asked else None
    return _page(request, session, user, desk.index, number, scope=scope)


def _page(
    request: Request,
    session: Session,
    user: User,
    index: PostIndex,
    number: int,
    *,
    scope: dict[str, str] | None,
    values: Fields | None = None,
    error: DeskError | None = None,
) -> Response:
    require(user, Action.ADD_ENTRY)
    shell = frame(request, session, user)
    detail = query.incident(session, number, shell.now)
    head = detail.incident
    scope = default_scope(session, index, head) if scope is None else scope
    found = None
    try:
        found = figures(session, index, scope, now=shell.now)
    except InvalidInputError as wrong:
        error = error or wrong
    there = incidents.entries(session, number)
    proposal = deciding.proposal(session, head, there)
    first = assessment.draft(
        title=head.title,
        event_type=head.event_type,
        figures=found,
        entries=there,
        clocks=detail.clocks,
        proposal=proposal,
    )
    return render(
        request,
        "assess.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        incident=head,
        scope={name: scope.get(name, "") for name in SCOPE},
        counted=urlencode(found.posts.query) if found else "",
        lines=lines(found) if found else [],
        proposal=proposal,
        adopting=deciding.suggestion(session, head, there).text,
        parts=[
            (name, label, values.get(name, "") if values else getattr(first, name))
            for name, label in PARTS
        ],
    )


@router.post("/incidents/{number}/assess")
async def assess(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """Write the assessment as an entry; the search that the numbers come from is its evidence."""

    def work(session: Session) -> Response:
        require(user, Action.ADD_ENTRY)
        body: dict[str, Any] = {"type": "assessment"}
        for name, label in PARTS:
            if form.get(name):
                body[name] = form.text(name, label, longest=_LONGEST)
        if len(body) == 1:
            raise InvalidInputError("四项都空着。至少写一项再记入。", field="nature")
        if form.get("counted"):
            body["evidence"] = {"source": f"检索 /search?{form['counted'][:2000]}"}
        acts.write_entry(session, user, number, body, now=now)
        return go(f"/incidents/{number}", "entry")

    def again(session: Session, error: DeskError) -> Response:
        scope = {name: form[name] for name in SCOPE if form.get(name)}
        return _page(
            request, session, user, desk.index, number, scope=scope, values=form, error=error
        )

    return await perform(desk, work, again)
