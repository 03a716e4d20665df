"""交接班: the list as it stands, prepared by the outgoing, signed by the incoming."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from api.deps import CurrentUser, DeskDep, Now, Reading, Writing, allowed
from api.permissions import Action
from api.v1.models import Given, Instant, Items, Limit, Number, Shown
from registry import handovers
from registry.users import User
from responder.handover_list import checklist

router = APIRouter(prefix="/duty/handovers", tags=["值班"])
Hand = Annotated[User, Depends(allowed(Action.HAND_OVER))]
Words = Annotated[str, Field(max_length=5000)]


class HandoverOut(Shown):
    """A hand-over."""

    id: int
    prepared_by: str = Field(description="交班人")
    prepared_at: Instant = Field(description="准备时间")
    note: str = Field(description="交班说明")
    digest: str = Field(description="清单的散列值")
    signed_by: str = Field(description="接班人；未签收为空")
    signed_at: Instant | None = Field(description="签收时间")
    remark: str = Field(description="接班人的话")


class HandoverWhole(HandoverOut):
    """A hand-over with its list."""

    body: dict[str, Any] = Field(description="准备时的清单")


class StandingOut(Shown):
    """Whether the running shift was taken over, and what there is to hand over now."""

    shift: str = Field(description="当前班次")
    since: Instant = Field(description="本班开始")
    signed_at: Instant | None = Field(description="接班签收时间；未签收为 null")
    signed_by: str = Field(description="接班人")
    waiting: int | None = Field(description="待签收的交班")
    checklist: dict[str, Any] = Field(description="现在的清单")


class NoteGiven(Given):
    """What the next shift should know."""

    note: Words = Field("", description="交班说明")


class RemarkGiven(Given):
    """What the incoming says to it."""

    remark: Words = Field("", description="接班人的话")


@router.get("", summary="交接班记录")
def everything(session: Reading, _user: CurrentUser, limit: Limit = 20) -> Items[HandoverOut]:
    """The newest hand-overs."""
    rows = handovers.recent(session, limit)
    return Items(items=[HandoverOut.model_validate(row) for row in rows], next=None)


@router.get("/current", summary="本班是否已接，现在要交什么")
def current(session: Reading, desk: DeskDep, now: Now, _user: CurrentUser) -> StandingOut:
    """The running shift, and the list as it stands."""
    found = handovers.standing(session, now, hours=desk.settings.duty_hours)
    fields = {name: getattr(found, name) for name in found.__struct_fields__}
    return StandingOut(**fields, checklist=checklist(session, now))


@router.get("/{number}", summary="一次交接班")
def one(session: Reading, _user: CurrentUser, number: Number) -> HandoverWhole:
    """One hand-over with its list."""
    return HandoverWhole.model_validate(handovers.get(session, number))


@router.post("", summary="准备交班", status_code=201)
def prepare(session: Writing, now: Now, user: Hand, given: NoteGiven) -> HandoverWhole:
    """Keep the list as it stands, with a note."""
    body = checklist(session, now)
    made = handovers.prepare(session, by=user.id, note=given.note, body=body, now=now)
    return HandoverWhole.model_validate(made)


@router.post("/{number}/sign", summary="接班签收")
def sign(
    session: Writing, now: Now, user: Hand, number: Number, given: RemarkGiven
) -> HandoverWhole:
    """By another person than who prepared it."""
    done = handovers.sign(session, number, by=user.id, remark=given.remark, now=now)
    return HandoverWhole.model_validate(done)
