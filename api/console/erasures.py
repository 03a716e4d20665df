"""依法销毁: asking for it on the page of an incident, and the page where another person decides."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console.acting import go, perform
from api.console.forms import Fields, Form
from api.console.frame import ERASING, frame
from api.console.render import render
from api.deps import DeskDep, Now, PageUser, Reading
from posts.index.port import PostIndex
from registry import approvals, erasures, users
from registry.approvals import Approval
from registry.errors import DeskError, ForbiddenError, InvalidInputError, NotFoundError
from registry.users import Role, User
from responder import erasing, erasure_requests, incidents
from responder.entries import KIND_NAMES, kind
from responder.quoting import entries_quoting
from responder.timeline import sentence

router = APIRouter(include_in_schema=False)
Id = Annotated[int, Path(ge=1, le=2**53)]
POST_FIELD = "post-"
_SHOWN, _ACTS, _LONGEST = 50, 50, 1000
_EXCERPT = 80


class Thing(Struct, frozen=True):
    """One piece that is to be destroyed, with a link where it can be read."""

    text: str
    href: str


class Wish(Struct, frozen=True, kw_only=True):
    """An erasure that waits for a second person."""

    id: int
    reason: str
    clause: str
    by: str
    at: datetime
    mine: bool
    things: list[Thing]
    more: int
    quoting: list[Thing]  # entries that keep words of these posts unless they are named too


def of_incident(session: Session, number: int, user: User) -> list[int]:
    """The waiting erasures that name entries of this incident, for those who may see them."""
    if ERASING["see"].isdisjoint(user.roles):
        return []
    return [
        one.id
        for one in erasure_requests.waiting(session)
        if any(text.startswith(f"{number}#") for text in one.body["entries"])
    ]


def ask(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """Put an erasure forward; see :mod:`api.console.recording` for the form of the function."""
    if erasure_requests.PROPOSE.isdisjoint(user.roles):
        raise ForbiddenError("您的角色不能申请销毁。可由管理员、安全管理员办理。")
    wanted = erasure_requests.Request(
        posts=tuple(name.removeprefix(POST_FIELD) for name in form if name.startswith(POST_FIELD)),
        entries=tuple(f"{number}#{seq}" for seq in _numbers(form)),
        reason=form.text("reason", "事由", longest=_LONGEST),
        clause=form.text("clause", "依据的条款"),
    )
    erasure_requests.propose(session, wanted, by=user, now=now)
    return "erasure_asked"


def _numbers(form: Fields) -> list[int]:
    found = []
    for text in form.words("entries"):
        plain = text.removeprefix("#")
        if not (plain.isascii() and plain.isdigit() and len(plain) <= 9):  # noqa: PLR2004
            raise InvalidInputError("“销毁哪几条记录”写记录号，如 12 15。", field="entries")
        found.append(int(plain))
    return found


@router.get("/erasures")
def erasure_page(request: Request, session: Reading, desk: DeskDep, user: PageUser) -> Response:
    """What waits, and what was destroyed."""
    return _page(request, session, user, desk.index)


def _page(
    request: Request,
    session: Session,
    user: User,
    index: PostIndex,
    *,
    values: Fields | None = None,
    error: DeskError | None = None,
) -> Response:
    if ERASING["see"].isdisjoint(user.roles):
        names = "、".join(role.value for role in Role if role in ERASING["see"])
        raise ForbiddenError(f"您的角色不能查看销毁记录。可由{names}查看。")
    return render(
        request,
        "erasures.html",
        status=error.status if error else 200,
        frame=frame(request, session, user),
        error=error.message if error else None,
        values=values or Fields(),
        wishes=[_wish(session, index, one, user) for one in erasure_requests.waiting(session)],
        acts=erasures.recent(session, limit=_ACTS),
    )


def _wish(session: Session, index: PostIndex, asked: Approval, user: User) -> Wish:
    posts, entries = asked.body["posts"], asked.body["entries"]
    found = index.get_many(posts[:_SHOWN])
    things = [_entry(session, text) for text in entries[:_SHOWN]]
    quoting = [
        _entry(session, text)
        for text in entries_quoting(session, index.get_many(posts).values())
        if text not in entries
    ]
    things += [
        Thing(f"帖文 {found[post].post.title[:_EXCERPT] if post in found else post}", "")
        for post in posts[:_SHOWN]
    ]
    first = users.get(session, asked.proposed_by)
    return Wish(
        id=asked.id,
        reason=asked.body["reason"],
        clause=asked.body["clause"],
        by=first.display_name or first.name,
        at=asked.proposed_at,
        mine=asked.proposed_by == user.id,
        things=things,
        more=len(posts) + len(entries) - len(things),
        quoting=quoting,
    )


def _entry(session: Session, text: str) -> Thing:
    number, seq = erasing.parse_entry(text)
    found = next(one for one in incidents.entries(session, number) if one.seq == seq)
    said = f"事件 {number} 记录 #{seq} {KIND_NAMES[kind(found)]}：{sentence(found)[:_EXCERPT]}"
    return Thing(said, f"/incidents/{number}#entry-{seq}")


@router.post("/erasures/{number}")
async def decide(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form, number: Id
) -> Response:
    """The second person confirms, or sends it back; whoever asked takes it back."""

    def work(session: Session) -> Response:
        if form.get("decision") == "confirm":
            erasure_requests.confirm(session, number, by=user, now=now)
            return go("/erasures", "erased")
        asked = approvals.get(session, number)
        if asked.action != erasures.ACTION:
            raise NotFoundError(f"没有编号为 {number} 的销毁申请。")
        if asked.proposed_by != user.id and erasure_requests.CONFIRM.isdisjoint(user.roles):
            raise ForbiddenError("您的角色不能驳回销毁申请。")
        reason = form.text("reason", "驳回理由", longest=_LONGEST)
        approvals.refuse(session, number, by=user.id, reason=reason, now=now)
        return go("/erasures", "withdrawn" if asked.proposed_by == user.id else "refused")

    def again(session: Session, error: DeskError) -> Response:
        return _page(request, session, user, desk.index, values=form, error=error)

    return await perform(desk, work, again)
