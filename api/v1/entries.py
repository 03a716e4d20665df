"""事件记录: the typed entries of an incident, what waits for a second person, and the time line."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from api import acts
from api.deps import CurrentUser, Now, Reading, Writing
from api.permissions import require
from api.v1.models import Anything, Done, Given, Instant, Items, Long, Number, Shown, plain
from registry import approvals, users
from registry.errors import NotFoundError
from responder import incidents, signing
from responder.entries import KIND_NAMES, Entry, kind
from responder.timeline import timeline_of

router = APIRouter(tags=["事件记录"])
Expected = Annotated[
    int | None,
    Query(ge=0, le=10**9, description="您看到的最后一条的序号；他人已写入新的则不写，答 409"),
]


class EntryOut(Shown):
    """An entry: what all have, and what is its kind's own."""

    seq: int = Field(description="序号")
    type: str = Field(description="种类的短名")
    kind: str = Field(description="种类")
    at: Instant = Field(description="何时发生")
    written_at: Instant = Field(description="何时记入")
    by: str = Field(description="何人")
    body: dict[str, Any] = Field(description="该种类自己的内容，及证据和规则版本")


class EvidenceOut(Shown):
    """What proves an entry."""

    channel: str = Field(description="渠道")
    url: str = Field(description="网址")
    place: str = Field(description="地点")
    text_hash: str = Field(description="正文的 sha256")
    signer: str = Field(description="签发人")
    file: str = Field(description="文件")
    source: str = Field(description="来源")
    unverified: bool = Field(description="待核实")


class LineOut(Shown):
    """One line of the time line."""

    seq: int = Field(description="序号")
    kind: str = Field(description="种类的短名")
    kind_name: str = Field(description="种类")
    at: Instant = Field(description="何时发生")
    written_at: Instant = Field(description="何时记入")
    by: str = Field(description="何人")
    text: str = Field(description="一句话")
    evidence: EvidenceOut | None = Field(description="证据")
    corrected_by: int | None = Field(description="被第几条更正")


class ProposalOut(Shown):
    """What waits for a second person."""

    id: int
    subject: str = Field(description="哪个事件")
    proposed_by: str = Field(description="何人提出")
    proposed_at: Instant = Field(description="何时提出")
    body: dict[str, Any] = Field(description="要记入的内容")


class Refusal(Given):
    """Why not."""

    reason: Long = Field(description="理由", min_length=1)


class Proposed(Shown):
    """The number under which another person confirms it."""

    approval: int = Field(description="待确认事项的编号")


_COMMON = frozenset({"type", "seq", "at", "written_at", "by", "incident"})


def shown(entry: Entry) -> EntryOut:
    """An entry as the API shows it."""
    whole: dict[str, Any] = plain(entry)
    return EntryOut(
        seq=entry.seq,
        type=kind(entry),
        kind=KIND_NAMES[kind(entry)],
        at=entry.at,
        written_at=entry.written_at,
        by=entry.by,
        body={name: value for name, value in whole.items() if name not in _COMMON},
    )


@router.get("/incidents/{number}/entries", summary="事件的记录")
def entries(session: Reading, _user: CurrentUser, number: Number) -> Items[EntryOut]:
    """All entries in the order in which they were written."""
    rows = incidents.entries(session, number)
    return Items(items=[shown(entry) for entry in rows], next=None)


@router.get("/incidents/{number}/timeline", summary="时间线")
def timeline(session: Reading, _user: CurrentUser, number: Number) -> Items[LineOut]:
    """One line for each entry by when it happened, newest first."""
    rows = timeline_of(incidents.entries(session, number))
    return Items(items=[LineOut.model_validate(row) for row in rows], next=None)


@router.post("/incidents/{number}/entries", summary="记一条", status_code=201)
def add(
    session: Writing,
    now: Now,
    user: CurrentUser,
    number: Number,
    given: Anything,
    expected: Expected = None,
) -> EntryOut:
    """``type`` names the kind (fact, instant, level_set, release, conference, …), then its fields.

    ``at`` is when it happened, with a zone; by default now. Who and when it was written are set
    by the service.
    """
    return shown(acts.write_entry(session, user, number, given, now=now, expected=expected))


@router.post("/incidents/{number}/proposals", summary="提出须双人确认的记录", status_code=201)
def propose(
    session: Writing, now: Now, user: CurrentUser, number: Number, given: Anything
) -> Proposed:
    """A correction or 不适用: put forward here, confirmed by another person."""
    return Proposed(approval=acts.propose_entry(session, user, number, given, now=now))


@router.get("/approvals", summary="待第二人确认")
def waiting(session: Reading, _user: CurrentUser) -> Items[ProposalOut]:
    """What waits for a second person, oldest first."""
    names = {user.id: acts.signature(user) for user in users.everything(session)}
    items = [
        ProposalOut(
            id=row.id,
            subject=row.subject,
            proposed_by=names.get(row.proposed_by, ""),
            proposed_at=row.proposed_at,
            body=row.body,
        )
        for row in approvals.pending(session)
        if row.action == signing.SIGNED.action
    ]
    return Items(items=items, next=None)


def _body_of(session: Reading, number: int) -> dict[str, Any]:
    found = approvals.get(session, number)
    if found.action != signing.SIGNED.action:
        raise NotFoundError(f"没有编号为 {number} 的待确认事项。")
    return found.body


@router.post("/approvals/{number}/confirm", summary="第二人确认")
def confirm(session: Writing, now: Now, user: CurrentUser, number: Number) -> EntryOut:
    """Sign what another person put forward; the entry is written."""
    require(user, acts.action_for(_body_of(session, number).get("type")))
    return shown(signing.confirm(session, number, by=user, now=now))


@router.post("/approvals/{number}/refuse", summary="第二人退回")
def refuse(session: Writing, now: Now, user: CurrentUser, number: Number, given: Refusal) -> Done:
    """Send it back with a reason; nothing is written to the incident."""
    require(user, acts.action_for(_body_of(session, number).get("type")))
    approvals.refuse(session, number, by=user.id, reason=given.reason, now=now)
    return Done()
