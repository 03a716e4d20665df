"""监测规则: the windows that make alerts; every change stands in the audit."""

from __future__ import annotations

from typing import Annotated, Literal

from anyio.to_thread import run_sync
from fastapi import APIRouter, Depends, Path
from pydantic import Field

from analyzer.grouping.rings import Rings
from api.deps import CurrentUser, DeskDep, Now, Reading, Writing, allowed
from api.permissions import Action
from api.ringing import would_ring
from api.v1.models import Done, Given, Instant, Items, Name, Shown
from posts.model import Sentiment
from registry import alert_rules
from registry.alert_rules import AlertRule
from registry.users import User

router = APIRouter(prefix="/rules", tags=["监测规则"])
RuleId = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_.-]{1,64}$", description="规则的短名：字母、数字、_ . -")
]
Manager = Annotated[User, Depends(allowed(Action.MANAGE_RULES))]
Words = Annotated[list[Annotated[str, Field(min_length=1, max_length=100)]], Field(max_length=200)]


class RuleGiven(Given):
    """A rule: which posts, how many within which time, and how loud."""

    name: Name = Field(description="名称")
    any_of: Words = Field(default_factory=list, description="含其中任一词")
    all_of: Words = Field(default_factory=list, description="同时含这些词")
    none_of: Words = Field(default_factory=list, description="不含这些词")
    areas: Words = Field(default_factory=list, description="区划代码，含下辖")
    kinds: Words = Field(default_factory=list, description="类型")
    sources: Words = Field(default_factory=list, description="信源")
    sentiments: list[Sentiment] = Field(default_factory=list, description="情感", max_length=4)
    min_count: Annotated[int, Field(ge=1, le=100_000)] = Field(3, description="至少几条")
    window_s: Annotated[int, Field(ge=60, le=30 * 86400)] = Field(3600, description="时间窗（秒）")
    cooldown_s: Annotated[int, Field(ge=0, le=30 * 86400)] = Field(3600, description="冷却（秒）")
    heat: Literal["red", "orange", "yellow", "blue"] = Field("yellow", description="热度")
    enabled: bool = Field(True, description="启用")


class RuleOut(Shown):
    """A rule as it stands."""

    id: str
    name: str = Field(description="名称")
    any_of: list[str] = Field(description="含其中任一词")
    all_of: list[str] = Field(description="同时含这些词")
    none_of: list[str] = Field(description="不含这些词")
    areas: list[str] = Field(description="区划代码，含下辖")
    kinds: list[str] = Field(description="类型")
    sources: list[str] = Field(description="信源")
    sentiments: list[str] = Field(description="情感")
    min_count: int = Field(description="至少几条")
    window_s: int = Field(description="时间窗（秒）")
    cooldown_s: int = Field(description="冷却（秒）")
    heat: str = Field(description="热度")
    enabled: bool = Field(description="启用")


@router.get("", summary="监测规则")
def everything(session: Reading, _user: CurrentUser) -> Items[RuleOut]:
    """All rules."""
    rows = alert_rules.everything(session)
    return Items(items=[RuleOut.model_validate(rule) for rule in rows], next=None)


@router.get("/{rule_id}", summary="一条规则")
def one(session: Reading, _user: CurrentUser, rule_id: RuleId) -> RuleOut:
    """One rule."""
    return RuleOut.model_validate(alert_rules.get(session, rule_id))


class RingOut(Shown):
    """One time that the rule would have rung."""

    at: Instant = Field(description="何时")
    count: int = Field(description="条数")
    heat: str = Field(description="热度")
    reason: str = Field(description="原因")


class RingsOut(Shown):
    """How often a rule would have rung in the last seven days."""

    since: Instant = Field(description="自何时起；帖文太多时晚于七天前")
    days: float = Field(description="几天")
    live: list[RingOut] = Field(description="每一次，按时间")
    late: int = Field(description="补录几次：只进摘要")
    matched: int = Field(description="其间到达、符合条件的帖文数")
    read: int = Field(description="看了多少条")
    cut: bool = Field(description="帖文太多，只看了最近几天")


@router.get("/{rule_id}/rings", summary="过去 7 天会响几次")
async def rings_of(desk: DeskDep, now: Now, _user: Manager, rule_id: RuleId) -> RingsOut:
    """Of a rule as it is kept. Changes nothing."""
    async with desk.reading() as session:
        rule = await run_sync(alert_rules.get, session, rule_id)
    return _rings_out(await would_ring(desk.index, rule, now=now))


@router.post("/{rule_id}/rings", summary="照这样改，过去 7 天会响几次")
async def rings_as_given(
    desk: DeskDep, now: Now, _user: Manager, rule_id: RuleId, given: RuleGiven
) -> RingsOut:
    """Of a rule as given, kept or not. Changes nothing."""
    rule = alert_rules.checked(rule_of(rule_id, given))
    return _rings_out(await would_ring(desk.index, rule, now=now))


@router.put("/{rule_id}", summary="新建或修改规则")
def change(session: Writing, now: Now, user: Manager, rule_id: RuleId, given: RuleGiven) -> RuleOut:
    """Make or change a rule."""
    rule = rule_of(rule_id, given)
    alert_rules.put(session, rule, now=now, who=user.name)
    return RuleOut.model_validate(rule)


@router.delete("/{rule_id}", summary="移除规则")
def remove(session: Writing, now: Now, user: Manager, rule_id: RuleId) -> Done:
    """Take a rule away; what it raised stays."""
    alert_rules.remove(session, rule_id, now=now, who=user.name)
    return Done()


def _rings_out(found: Rings) -> RingsOut:
    return RingsOut(
        since=found.since,
        days=round(found.days, 2),
        live=[
            RingOut(at=one.created_at, count=one.count, heat=one.heat, reason=one.reason)
            for one in found.live
        ],
        late=found.late,
        matched=found.matched,
        read=found.read,
        cut=found.cut,
    )


def rule_of(rule_id: str, given: RuleGiven) -> AlertRule:
    """The rule as the registry keeps it."""
    fields = given.model_dump()
    tuples = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return AlertRule(id=rule_id, **(fields | tuples))
