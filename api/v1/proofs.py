"""导出、每日链头、依法销毁: what leaves the house as proof, and what is destroyed by law."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from sqlalchemy.orm import Session
from starlette.responses import Response

from api import acts
from api.deps import CurrentUser, DeskDep, Now, Reading, Writing, current_user
from api.desk import Desk
from api.v1.models import Before, Done, Given, Instant, Items, Limit, Long, Number, Short, Shown
from registry import approvals, erasures, users
from registry.errors import ForbiddenError, NotFoundError
from registry.users import Role, User
from responder import erasure_requests, export, heads, quoting

router = APIRouter()
_READERS = erasure_requests.PROPOSE | erasure_requests.CONFIRM | {Role.AUDITOR}
_QUOTED_BY = "仍引用这些帖文的事件记录，如 3#12：属于记录，不会自动销毁；确需销毁请另行指明"
Post = Annotated[str, Field(min_length=1, max_length=64)]
EntryName = Annotated[str, Field(pattern=r"^[0-9]{1,15}#[0-9]{1,9}$")]


class HeadOut(Shown):
    """The end of one incident's chain."""

    incident: int = Field(description="事件编号")
    count: int = Field(description="记录条数")
    hash: str = Field(description="链值")


class DailyHeadOut(Shown):
    """All chains at the end of a day."""

    day: date = Field(description="哪一天（北京时间）")
    audit_count: int = Field(description="审计条数")
    audit_hash: str = Field(description="审计链值")
    incidents: list[HeadOut] = Field(description="当时未办结的事件")
    line: str = Field(description="一行，可打印归档")


class ErasureGiven(Given):
    """What is to be destroyed, and why."""

    posts: list[Post] = Field([], max_length=500, description="帖文编号")
    entries: list[EntryName] = Field([], max_length=500, description="事件记录，如 3#12")
    reason: Annotated[str, Field(min_length=1, max_length=1000)] = Field(
        description="事由；不要抄录要销毁的内容"
    )
    clause: Short = Field(description="依据的条款", min_length=1)


class ErasureOut(Shown):
    """One act of erasure."""

    id: int
    reason: str = Field(description="事由")
    clause: str = Field(description="依据的条款")
    signer: str = Field(description="签发人")
    second: str = Field(description="第二人；保存期满的为空")
    at: Instant = Field(description="何时")
    count: int = Field(description="几项")
    finished_at: Instant | None = Field(description="各处清空的时间；为空时正在清空")


class Asked(Shown):
    """The number under which another person confirms it."""

    approval: int = Field(description="待确认事项的编号")
    quoted_by: list[str] = Field(description=_QUOTED_BY)


class ConfirmedOut(ErasureOut):
    """The act as it begins."""

    quoted_by: list[str] = Field(description=_QUOTED_BY)


class WaitingOut(Shown):
    """An erasure that waits for a second person."""

    id: int
    proposed_by: str = Field(description="何人申请")
    proposed_at: Instant = Field(description="何时申请")
    body: dict[str, Any] = Field(description="要销毁的编号、事由、条款")


class Refusal(Given):
    """Why not."""

    reason: Long = Field(description="理由", min_length=1)


def _reader(request: Request) -> User:
    user = current_user(request)
    if _READERS.isdisjoint(user.roles):
        names = "、".join(role.value for role in Role if role in _READERS)
        raise ForbiddenError(f"您的角色不能查看销毁记录。可由{names}查看。")
    return user


Reader = Annotated[User, Depends(_reader)]


@router.get(
    "/incidents/{number}/export",
    summary="导出事件（压缩包，可离线核验）",
    tags=["事件"],
    response_class=Response,
    responses={200: {"content": {"application/zip": {}}, "description": "压缩包"}},
)
def exported(
    session: Writing, desk: DeskDep, now: Now, user: CurrentUser, number: Number
) -> Response:
    """The incident with entries, clocks and posts; that it was taken stands in the audit."""
    made = export.export(session, number, find=desk.index.get_many, now=now)
    export.note(session, made, number, who=acts.signature(user), now=now)
    disposition = f'attachment; filename="{made.name}.zip"'
    return Response(
        made.archive(),
        media_type="application/zip",
        headers={"Content-Disposition": disposition, "Cache-Control": "no-store"},
    )


@router.get("/heads", summary="每日链头", tags=["审计"])
def head(
    session: Reading,
    now: Now,
    _user: CurrentUser,
    day: Annotated[
        date | None, Query(alias="date", description="如 2026-03-02；不填为今天")
    ] = None,
) -> DailyHeadOut:
    """To be printed and filed: whoever has it can prove that nothing before it was rewritten."""
    return DailyHeadOut.model_validate(heads.daily_head(session, now=now, day=day))


@router.get("/erasures", summary="销毁记录", tags=["依法销毁"])
def acts_of_erasure(
    session: Reading, _user: Reader, limit: Limit = 50, before: Before = None
) -> Items[ErasureOut]:
    """The newest acts, newest first."""
    rows = erasures.recent(session, limit=limit, before_id=before)
    following = rows[-1].id if len(rows) == limit else None
    return Items(items=[ErasureOut.model_validate(row) for row in rows], next=following)


@router.post("/erasures", summary="申请依法销毁", tags=["依法销毁"], status_code=201)
def ask(session: Writing, desk: DeskDep, now: Now, user: CurrentUser, given: ErasureGiven) -> Asked:
    """Nothing is destroyed before another person confirms it."""
    wanted = erasure_requests.Request(
        posts=tuple(given.posts),
        entries=tuple(given.entries),
        reason=given.reason,
        clause=given.clause,
    )
    number = erasure_requests.propose(session, wanted, by=user, now=now)
    quoted_by = [one for one in _quoted_by(session, desk, given.posts) if one not in given.entries]
    return Asked(approval=number, quoted_by=quoted_by)


@router.get("/erasures/waiting", summary="待第二人确认的销毁", tags=["依法销毁"])
def waiting(session: Reading, _user: Reader) -> Items[WaitingOut]:
    """Oldest first."""
    names = {user.id: acts.signature(user) for user in users.everything(session)}
    items = [
        WaitingOut(
            id=row.id,
            proposed_by=names.get(row.proposed_by, ""),
            proposed_at=row.proposed_at,
            body=row.body,
        )
        for row in erasure_requests.waiting(session)
    ]
    return Items(items=items, next=None)


@router.post("/erasures/{number}/confirm", summary="第二人确认销毁", tags=["依法销毁"])
def confirm(
    session: Writing, desk: DeskDep, now: Now, user: CurrentUser, number: Number
) -> ConfirmedOut:
    """It can't be undone. Index and log are emptied within about a minute."""
    act = erasure_requests.confirm(session, number, by=user, now=now)
    quoted_by = _quoted_by(session, desk, erasures.posts(session, act.id))
    return ConfirmedOut(**ErasureOut.model_validate(act).model_dump(), quoted_by=quoted_by)


def _quoted_by(session: Session, desk: Desk, posts: Sequence[str]) -> list[str]:
    """Told while the index has the texts: afterwards nobody can find what quotes them."""
    return quoting.entries_quoting(session, desk.index.get_many(posts).values())


@router.post("/erasures/{number}/refuse", summary="退回销毁申请", tags=["依法销毁"])
def refuse(session: Writing, now: Now, user: Reader, number: Number, given: Refusal) -> Done:
    """Nothing is destroyed."""
    if approvals.get(session, number).action != erasures.ACTION:
        raise NotFoundError(f"没有编号为 {number} 的销毁申请。")
    approvals.refuse(session, number, by=user.id, reason=given.reason, now=now)
    return Done()
