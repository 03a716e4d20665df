"""交接班: what there is to hand over, prepared by the one, signed by the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import duty_view, words
from api.console.acting import go, perform
from api.console.forms import Fields, Form
from api.console.frame import frame
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from api.desk import Desk, desk_of
from api.permissions import Action, require
from registry import handovers
from registry.errors import DeskError
from registry.users import User
from responder.handover_list import PARTS, checklist

router = APIRouter(include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=2**53)]
_HREFS = {
    "alerts": "/alerts/{id}",
    "incidents": "/incidents/{id}",
    "clocks": "/incidents/{incident}",
}
_CLOCKS = {
    "conditional": "待定级",
    "running": "剩余",
    "due_soon": "即将到期",
    "overdue": "已超时",
}


@router.get("/handover")
def handover_page(request: Request, session: Reading, user: PageUser) -> Response:
    """The list as it stands, and the hand-over that waits for a signature."""
    return _page(request, session, user)


@router.get("/handover/{number}")
def one_page(request: Request, session: Reading, user: PageUser, number: Id) -> Response:
    """A hand-over with the list as it was."""
    return _page(request, session, user, number=number)


def _page(
    request: Request,
    session: Session,
    user: User,
    *,
    number: int | None = None,
    values: Fields | None = None,
    error: DeskError | None = None,
) -> Response:
    shell = frame(request, session, user)
    now = shell.now
    hours = desk_of(request).settings.duty_hours
    standing = handovers.standing(session, now, hours=hours)
    shown = number if number is not None else standing.waiting
    handover = handovers.get(session, shown) if shown is not None else None
    return render(
        request,
        "handover.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        values=values or Fields(),
        line=duty_view.line(session, now, hours=hours),
        standing=standing,
        handover=handover,
        waits=handover is not None and handover.id == standing.waiting,
        own=handover is not None and handover.prepared_by_id == user.id,
        parts=parts(handover.body if handover else checklist(session, now), now),
        recent=handovers.recent(session, 10),
    )


@router.post("/handover")
async def prepare(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """准备交班: keep the list as it stands."""

    def work(session: Session) -> Response:
        require(user, Action.HAND_OVER)
        body = checklist(session, now)
        handovers.prepare(session, by=user.id, note=form.get("note", ""), body=body, now=now)
        return go("/handover", "handover_ready")

    return await _act(request, desk, user, form, work)


@router.post("/handover/{number}/sign")
async def sign(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """接班签收: by another person."""

    def work(session: Session) -> Response:
        require(user, Action.HAND_OVER)
        remark = form.get("remark", "")
        handovers.sign(session, number, by=user.id, now=now, remark=remark)
        return go(f"/handover/{number}", "handover_signed")

    return await _act(request, desk, user, form, work)


async def _act(request: Request, desk: Desk, user: User, form: Fields, work: Any) -> Response:
    def again(session: Session, error: DeskError) -> Response:
        return _page(request, session, user, values=form, error=error)

    return await perform(desk, work, again)


def parts(body: dict[str, Any], now: datetime) -> list[tuple[str, int, list[tuple[str, str]]]]:
    """The list for the page: title, how many, and (text, address) of each item."""
    return [
        (
            title,
            body.get(key, {}).get("total", 0),
            [
                (_said(key, item, now), _href(key, item))
                for item in body.get(key, {}).get("items", [])
            ],
        )
        for key, title in PARTS.items()
    ]


def _href(key: str, item: dict[str, Any]) -> str:
    return _HREFS[key].format(**item) if key in _HREFS else ""


def _said(key: str, item: dict[str, Any], now: datetime) -> str:
    """One item in words; instants in it are those of the list, days are seen from now."""

    def when(name: str) -> str:
        return words.when(datetime.fromisoformat(item[name]), now)

    said: dict[str, Callable[[], str]] = {
        "clocks": lambda: (
            f"事件 {item['incident']}　{item['rule']} {item['name']}　"
            f"{_CLOCKS.get(item['state'], item['state'])}，{when('due')} 截止"
        ),
        "alerts": lambda: (
            f"【{item['heat']}】{item['title']}　{item['state']}"
            + (f"（{item['claimed_by']}）" if item["claimed_by"] else "")
        ),
        "incidents": lambda: f"{item['title']}　{item['level']}",
        "silences": lambda: (
            f"{item['what']}　静默至{when('until')}，{item['owner']}：{item['reason']}"
        ),
        "blind": lambda: (
            f"{item['name']}　自{when('since')} 起："
            f"{words.FAILURES.get(item['failure'], item['failure'])}"
        ),
        "undelivered": lambda: f"{item['channel']}　{item['text']}　{item['reason']}",
        "on_duty": lambda: f"{item['role']} {item['name']}（{item['shift']}）",
    }
    return said[key]()
