"""预警: the list, one alert with its posts, and what a person does with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import matters, notices, recording, words
from api.console.acting import go, perform
from api.console.basis_view import EARLY_WARNING, basis_view
from api.console.copy_notes import copy_notes
from api.console.forms import Fields, Form, safe_back
from api.console.frame import frame
from api.console.opening import form_context, opening
from api.console.post_view import post_view
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.desk import Desk
from api.permissions import Action, may, require
from posts.index.port import PostIndex
from registry import alert_rules, areas, sources
from registry.alert_rules import AlertRule
from registry.errors import DeskError
from registry.users import User
from responder import alert_moves, alerts, query

router = APIRouter(include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=2**53)]
# the address's word → the states that it shows, and the word for it
STATES: dict[str, tuple[tuple[str, ...], str]] = {
    "new": ((alerts.NEW,), "待处置"),
    "claimed": ((alerts.CLAIMED,), "已认领"),
    "working": ((alerts.WORKING,), "处理中"),
    "settled": ((alerts.RESOLVED, alerts.IGNORED, alerts.MISTAKEN), "已了结"),
    "all": (alerts.STATES, "全部"),
}
_DISMISSED = {"ignored": alerts.IGNORED, "false_alarm": alerts.MISTAKEN}
_PAGE = 30


def names_of(session: Session) -> dict[str, str]:
    """Names of sources and areas by id and code."""
    found = {area.code: area.name for area in areas.everything(session)}
    return found | {source.id: source.name for source in sources.everything(session)}


def waiting(session: Session, frame_now: Any, *, limit: int) -> list[matters.AlertView]:
    """The alerts that nobody has taken: the hottest first, then the newest."""
    names = names_of(session)
    heats = list(words.HEAT)
    rows = query.alerts(session, states=(alerts.NEW,), limit=limit)
    rows.sort(key=lambda row: heats.index(row.heat))
    return [matters.alert_view(row, frame_now, names) for row in rows]


@router.get("/alerts")
def alert_list(
    request: Request,
    session: Reading,
    user: PageUser,
    state: Annotated[str, Query()] = "new",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """Alerts by state, newest first."""
    return _list(request, session, user, state=state, before=before)


def _list(
    request: Request,
    session: Session,
    user: User,
    *,
    state: str = "new",
    before: int | None = None,
    error: DeskError | None = None,
) -> Response:
    state = state if state in STATES else "new"
    wanted, heading = STATES[state]
    shell = frame(request, session, user)
    names = names_of(session)
    rows = query.alerts(session, states=wanted, limit=_PAGE, before_id=before)
    counts = query.alert_counts(session)
    return render(
        request,
        "alerts.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        state=state,
        heading=heading,
        states=[
            (code, word, sum(counts[name] for name in held))
            for code, (held, word) in STATES.items()
        ],
        total=sum(counts[name] for name in wanted),
        alerts=[matters.alert_view(row, shell.now, names) for row in rows],
        next=f"/alerts?state={state}&before={rows[-1].id}" if len(rows) == _PAGE else None,
    )


def asked_words(rule: AlertRule | None) -> tuple[str, ...]:
    """The words that posts are asked for, to be marked in them."""
    return tuple(word for word in (*rule.all_of, *rule.any_of) if word) if rule else ()


def conditions(rule: AlertRule, names: Mapping[str, str]) -> list[tuple[str, str]]:
    """What a rule asks of a post, as (condition, values), without what it does not ask for."""
    asked = (
        ("含任一", rule.any_of),
        ("须全含", rule.all_of),
        ("不得含", rule.none_of),
        ("地点", tuple(names.get(code, code) for code in rule.areas)),
        ("种类", tuple(words.kind(kind) for kind in rule.kinds)),
        ("信源", tuple(names.get(source, source) for source in rule.sources)),
        ("情感", tuple(words.TONES[tone][1] for tone in rule.sentiments)),
    )
    return [(title, "、".join(values)) for title, values in asked if values]


@router.get("/alerts/{number}")
def alert_page(
    request: Request, session: Reading, desk: DeskDep, user: PageUser, number: Id
) -> Response:
    """One alert: why, its posts, and what can be done."""
    return _page(request, session, user, desk.index, number)


def _page(
    request: Request,
    session: Session,
    user: User,
    index: PostIndex,
    number: int,
    *,
    values: Fields | None = None,
    error: DeskError | None = None,
) -> Response:
    shell = frame(request, session, user)
    names = names_of(session)
    alert = query.alert(session, number)
    rule = {rule.id: rule for rule in alert_rules.everything(session)}.get(alert.rule)
    related = matters.posts_of(session, index, number)
    folded = copy_notes(session, [scored.post.id for scored in related or ()])
    return render(
        request,
        "alert.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        alert=matters.alert_view(alert, shell.now, names),
        rule=rule,
        conditions=conditions(rule, names) if rule else [],
        basis=basis_view(alert.reasons),
        early=alert.rule == EARLY_WARNING,
        posts=[
            post_view(
                scored,
                shell.now,
                sources=names,
                marked=asked_words(rule),
                copies=folded.get(scored.post.id),
            )
            for scored in related or ()
        ],
        posts_away=related is None,
        incidents=[
            (str(one.id), f"{one.id}　{one.title}")
            for one in query.incidents(session, state="open", limit=100)
        ],
        notices=notices.of_alert(session, number),
        default_title=alert.title,
        default_detected=None,
        **form_context(values or Fields(), error),
    )


async def _act(
    request: Request, desk: Desk, user: User, form: Fields, number: int, work: Any
) -> Response:
    def again(session: Session, error: DeskError) -> Response:
        return _page(request, session, user, desk.index, number, values=form, error=error)

    return await perform(desk, work, again)


@router.post("/alerts/{number}/claim")
async def claim(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """认领: take responsibility for dealing with it."""

    def work(session: Session) -> Response:
        require(user, Action.CLAIM_ALERT)
        alerts.claim(session, number, by=recording.name_of(user), now=now)
        return go(f"/alerts/{number}", "claimed")

    return await _act(request, desk, user, form, number, work)


@router.post("/alerts/{number}/dismiss")
async def dismiss(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """忽略 or 误报, with the reason."""

    def work(session: Session) -> Response:
        require(user, Action.DISMISS_ALERT)
        said = form.get("state", "")
        alerts.dismiss(
            session,
            number,
            state=_DISMISSED.get(said, said),
            reason=form.text("reason", "理由", longest=500),
            by=recording.name_of(user),
            now=now,
        )
        return go(safe_back(form.get("back", "/")), said)

    return await _act(request, desk, user, form, number, work)


@router.post("/alerts/{number}/release")
async def release(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """退回: give the claim back with a reason."""

    def work(session: Session) -> Response:
        require(user, Action.CLAIM_ALERT)
        alert_moves.release(
            session,
            number,
            reason=form.text("why_back", "退回理由", longest=500),
            by=recording.name_of(user),
            now=now,
            anyone=may(user, Action.TAKE_BACK),
        )
        return go(f"/alerts/{number}", "released")

    return await _act(request, desk, user, form, number, work)


@router.post("/alerts/{number}/join")
async def join(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """并入事件: it belongs to an incident that is open already."""

    def work(session: Session) -> Response:
        require(user, Action.OPEN_INCIDENT)
        incident = form.number("incident", "在办的事件", least=1, most=2**53)
        alert_moves.join(session, number, incident=incident, by=recording.name_of(user), now=now)
        return go(f"/incidents/{incident}", "joined")

    return await _act(request, desk, user, form, number, work)


@router.post("/alerts/{number}/open")
async def open_incident(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """Open an incident from it."""

    def work(session: Session) -> Response:
        require(user, Action.OPEN_INCIDENT)
        given = opening(form, user)
        given.pop("detected")
        made = alerts.open_incident(session, number, by=recording.name_of(user), now=now, **given)
        return go(f"/incidents/{made.id}", "opened")

    return await _act(request, desk, user, form, number, work)
