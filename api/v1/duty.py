"""值班: the roster, who is on, overrides, swaps, calendar subscriptions."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from api import acts
from api.deps import CurrentUser, DeskDep, Now, Reading, Writing, allowed
from api.permissions import Action
from api.v1.models import (
    Done,
    Given,
    GivenInstant,
    Instant,
    Items,
    LocalInstant,
    Name,
    Number,
    Short,
    Shown,
)
from registry import duty_feeds, roster, roster_import, swaps
from registry.duty import DutyRole, Gap, Kind, Shift, stretches
from registry.errors import InvalidInputError
from registry.users import User

router = APIRouter(prefix="/duty", tags=["值班"])
Planner = Annotated[User, Depends(allowed(Action.MANAGE_DUTY))]
Role = Literal["值班员", "带班领导"]
_WEEK = timedelta(days=7)
_LONGEST = timedelta(days=100)


class ShiftOut(Shown):
    """A person on a shift."""

    id: int
    day: date = Field(description="哪一天的班")
    kind: str = Field(description="白班、夜班、节假日班、重大事件值守、增派")
    role: str = Field(description="值班员或带班领导")
    user: int | None = Field(description="账号；没有账号的人为 null")
    name: str = Field(description="值班人")
    starts_at: Instant = Field(description="开始")
    ends_at: Instant = Field(description="结束（不含）")
    source: str = Field(description="roster 排班，override 替班，swap 换班")
    replaces: int | None = Field(description="替哪一班")
    note: str = Field(description="备注")


class StretchOut(ShiftOut):
    """A part of a shift that really holds; ``starts_at`` and ``ends_at`` are those of the part."""


class GapOut(Shown):
    """Nobody is on."""

    role: str = Field(description="哪个角色")
    start: Instant = Field(description="自何时起")
    end: Instant = Field(description="至何时（不含）")


class RosterOut(Shown):
    """The roster of some days."""

    stretches: list[StretchOut] = Field(description="实际在班：替班、换班已算在内")
    gaps: list[GapOut] = Field(description="无人在班的时段")


class ShiftGiven(Given):
    """A person on a shift of the roster."""

    day: date = Field(description="哪一天，如 2026-10-01")
    kind: Literal["白班", "夜班", "节假日班", "重大事件值守"] = Field(description="班次")
    role: Role = Field("值班员", description="角色")
    name: Name = Field(description="登录名或姓名")
    note: Short = Field("", description="备注")


class OverrideGiven(Given):
    """Somebody else for a shift, or one more person."""

    name: Name = Field(description="登录名或姓名")
    replaces: Annotated[int, Field(ge=1)] | None = Field(None, description="替哪一班；不填为增派")
    role: Role | None = Field(None, description="增派的角色")
    start: GivenInstant | None = Field(None, description="开始；替班不填为整班")
    end: GivenInstant | None = Field(None, description="结束")
    note: Short = Field("", description="原因")


class RosterGiven(Given):
    """A roster as CSV text."""

    csv: Annotated[str, Field(min_length=1, max_length=1_000_000)] = Field(
        description="CSV：日期,班次,姓名,角色"
    )


class ImportedOut(Shown):
    """What an import did."""

    added: int = Field(description="新增")
    kept: int = Field(description="不变")
    withdrawn: int = Field(description="撤下")
    without_account: list[str] = Field(description="没有账号的人，通知不到")


class SwapGiven(Given):
    """One's own shift, and against which or by whom."""

    shift: Annotated[int, Field(ge=1)] = Field(description="自己的班次")
    other: Annotated[int, Field(ge=1)] | None = Field(None, description="与哪一班对换")
    of: Annotated[int, Field(ge=1)] | None = Field(None, description="请谁代班")
    reason: Short = Field("", description="原因")


class SwapOut(Shown):
    """A swap."""

    id: int
    shift: int = Field(description="申请人的班次")
    other: int | None = Field(description="对方的班次；代班为 null")
    asked_by: int = Field(description="申请人")
    asked_of: int = Field(description="对方")
    reason: str = Field(description="原因")
    state: str = Field(description="待对方同意、已换班、对方不同意、已撤回")
    asked_at: Instant = Field(description="申请时间")
    decided_at: Instant | None = Field(description="了结时间")


class FeedGiven(Given):
    """What a subscription shows."""

    scope: Literal["mine", "all"] = Field("mine", description="mine 本人的班，all 全部")


class FeedMade(Shown):
    """A new subscription; its address is shown this one time."""

    path: str = Field(description="订阅地址（只显示这一次），前面加本站地址")


class FeedOut(Shown):
    """A subscription."""

    id: int
    scope: str = Field(description="mine 本人的班，all 全部")
    made_at: Instant = Field(description="订阅时间")


@router.get("", summary="值班表")
def everything(
    session: Reading,
    now: Now,
    _user: CurrentUser,
    since: Annotated[LocalInstant | None, Query(description="自何时起；不填为现在")] = None,
    until: Annotated[LocalInstant | None, Query(description="至何时；不填为一周")] = None,
) -> RosterOut:
    """Who is really on, by begin, and where nobody is."""
    start = since or now
    end = until or start + _WEEK
    if not start < end <= start + _LONGEST:
        raise InvalidInputError("时段的结束要晚于开始，最长 100 天。", field="until")
    found = [one for one in stretches(roster.shifts(session, start, end)) if one.end > start]
    return RosterOut(
        stretches=[
            StretchOut.model_validate(_part(one.shift, one.start, one.end))
            for one in found
            if one.start < end
        ],
        gaps=[gap_out(gap) for gap in roster.gaps(session, start, end)],
    )


@router.get("/now", summary="现在谁在班")
def on_now(session: Reading, now: Now, _user: CurrentUser) -> Items[ShiftOut]:
    """Who is on duty at this instant."""
    rows = roster.who_is_on(session, now)
    return Items(items=[ShiftOut.model_validate(row) for row in rows], next=None)


@router.post("/shifts", summary="排班", status_code=201)
def plan(session: Writing, desk: DeskDep, now: Now, user: Planner, given: ShiftGiven) -> ShiftOut:
    """Put a person on a shift."""
    made = roster.plan(
        session,
        day=given.day,
        kind=Kind(given.kind),
        role=DutyRole(given.role),
        name=given.name,
        by=acts.signature(user),
        now=now,
        hours=desk.settings.duty_hours,
        note=given.note,
    )
    return ShiftOut.model_validate(made)


@router.post("/overrides", summary="替班或增派", status_code=201)
def override(session: Writing, now: Now, user: Planner, given: OverrideGiven) -> ShiftOut:
    """Somebody else for a shift or a part of it, or one more person."""
    made = roster.override(
        session,
        name=given.name,
        by=acts.signature(user),
        now=now,
        replaces=given.replaces,
        role=DutyRole(given.role) if given.role else None,
        start=given.start,
        end=given.end,
        note=given.note,
    )
    return ShiftOut.model_validate(made)


@router.delete("/shifts/{number}", summary="撤销班次")
def withdraw(session: Writing, now: Now, user: Planner, number: Number) -> Done:
    """Take a shift or an override back; one that is running ends now."""
    roster.withdraw(session, number, by=acts.signature(user), now=now)
    return Done()


@router.post("/import", summary="导入值班表")
def bring_in(
    session: Writing, desk: DeskDep, now: Now, user: Planner, given: RosterGiven
) -> ImportedOut:
    """All of it or nothing; the same file again changes nothing."""
    done = roster_import.bring_in(
        session,
        roster_import.read(given.csv.encode()),
        by=acts.signature(user),
        now=now,
        hours=desk.settings.duty_hours,
    )
    return ImportedOut.model_validate(done)


@router.get("/swaps", summary="待同意的换班")
def waiting(session: Reading, _user: CurrentUser) -> Items[SwapOut]:
    """What waits for an answer."""
    rows = swaps.waiting(session)
    return Items(items=[SwapOut.model_validate(row) for row in rows], next=None)


@router.post("/swaps", summary="申请换班", status_code=201)
def ask(session: Writing, now: Now, user: CurrentUser, given: SwapGiven) -> SwapOut:
    """Ask another person; nothing changes before that person accepts."""
    made = swaps.ask(session, by=user.id, now=now, **given.model_dump())
    return SwapOut.model_validate(made)


@router.post("/swaps/{number}/accept", summary="同意换班")
def accept(session: Writing, now: Now, user: CurrentUser, number: Number) -> SwapOut:
    """By the other person only."""
    return SwapOut.model_validate(swaps.accept(session, number, by=user.id, now=now))


@router.post("/swaps/{number}/decline", summary="不同意或撤回换班")
def decline(session: Writing, now: Now, user: CurrentUser, number: Number) -> SwapOut:
    """By the other person, or by who asked."""
    return SwapOut.model_validate(swaps.decline(session, number, by=user.id, now=now))


@router.get("/feeds", summary="本人的日历订阅")
def feeds(session: Reading, user: CurrentUser) -> Items[FeedOut]:
    """Those that work."""
    rows = duty_feeds.of_user(session, user.id)
    return Items(items=[FeedOut.model_validate(row) for row in rows], next=None)


@router.post("/feeds", summary="订阅值班日历", status_code=201)
def subscribe(session: Writing, now: Now, user: CurrentUser, given: FeedGiven) -> FeedMade:
    """An address for a phone's calendar; who has it can read the roster, and nothing else."""
    token = duty_feeds.issue(session, user.id, now=now, scope=given.scope)
    return FeedMade(path=f"/duty.ics?token={token}")


@router.delete("/feeds/{number}", summary="取消订阅")
def unsubscribe(session: Writing, now: Now, user: CurrentUser, number: Number) -> Done:
    """The address works no longer."""
    duty_feeds.revoke(session, number, user_id=user.id, now=now)
    return Done()


def gap_out(gap: Gap) -> GapOut:
    """A gap as JSON carries it."""
    return GapOut(role=gap.role.value, start=gap.start, end=gap.end)


def _part(shift: Shift, start: datetime, end: datetime) -> dict[str, object]:
    fields = {name: getattr(shift, name) for name in ShiftOut.model_fields}
    return fields | {"starts_at": start, "ends_at": end}
