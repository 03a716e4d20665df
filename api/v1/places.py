"""地域与单位: the divisions and public bodies that matter here."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import Field
from sqlalchemy.orm import Session

from api.aliases import preview
from api.deps import CurrentUser, DeskDep, Now, Reading, Writing, allowed
from api.desk import Desk
from api.permissions import Action
from api.v1.models import Done, Given, Instant, Items, Name, Shown
from registry import aliases, areas, units
from registry.aliases import Kind
from registry.users import User

router = APIRouter(tags=["地域与单位"])
Code = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{2,40}$", description="行政区划代码")]
UnitId = Annotated[str, Path(min_length=1, max_length=200, description="单位编号")]
Named = Annotated[str, Path(min_length=1, max_length=100, description="别名")]
AliasAsked = Annotated[str, Query(min_length=1, max_length=100, description="别名")]
Manager = Annotated[User, Depends(allowed(Action.MANAGE_AREAS))]


class AreaOut(Shown):
    """A division."""

    code: str = Field(description="行政区划代码")
    name: str = Field(description="名称")
    level: str = Field(description="级别")
    parent: str | None = Field(description="上级代码")
    own: bool = Field(description="本单位的辖区")
    aliases: list[str] = Field(description="别名")


class UnitOut(Shown):
    """A public body."""

    id: str
    name: str = Field(description="名称")
    kind: str = Field(description="类别")
    parent: str | None = Field(description="上级")
    head: str = Field(description="负责人，即第一新闻发言人")
    aliases: list[str] = Field(description="别名")


class Alias(Given):
    """One more name."""

    alias: Name = Field(description="别名")


class ExampleOut(Shown):
    """A post that would be hit."""

    post_id: str = Field(description="帖文编号")
    before: str = Field(description="命中处之前")
    hit: str = Field(description="命中的文字")
    after: str = Field(description="命中处之后")
    source: str = Field(description="信源")
    at: Instant = Field(description="发布时间")


class PreviewOut(Shown):
    """What an alias would have hit among the posts of the last 24 hours."""

    alias: str = Field(description="别名")
    hits: int = Field(description="看过的帖文里会命中的条数")
    fresh: int = Field(description="其中只靠它命中的条数（还没有标到的）")
    looked_at: int = Field(description="看过的条数：含这几个字的最新若干条")
    holding: int = Field(description="24 小时内含这几个字的条数")
    every: int = Field(description="24 小时内全部帖文的条数")
    examples: list[ExampleOut] = Field(description="至多 5 个例子")
    warnings: list[str] = Field(description="不宜用作别名的理由")


@router.get("/areas", summary="辖区")
def everywhere(session: Reading, _user: CurrentUser) -> Items[AreaOut]:
    """All divisions that are kept here, with their aliases."""
    rows = areas.everything(session)
    return Items(items=[AreaOut.model_validate(area) for area in rows], next=None)


@router.get("/areas/{code}/aliases/preview", summary="别名预览")
def preview_alias(
    desk: DeskDep, session: Reading, now: Now, _user: Manager, code: Code, alias: AliasAsked
) -> PreviewOut:
    """What the alias would have hit in the last 24 hours; nothing is kept."""
    return _previewed(desk, session, "area", code, alias, now)


@router.post("/areas/{code}/aliases", summary="加别名", status_code=201)
def add_alias(session: Writing, now: Now, user: Manager, code: Code, given: Alias) -> Done:
    """One more name for a division; posts scored from now on are found by it."""
    aliases.add(session, "area", code, given.alias, who=user.name, now=now)
    return Done()


@router.delete("/areas/{code}/aliases/{alias}", summary="去别名")
def remove_alias(session: Writing, now: Now, user: Manager, code: Code, alias: Named) -> Done:
    """One name less; posts that were found by it stay as they are."""
    aliases.remove(session, "area", code, alias, who=user.name, now=now)
    return Done()


@router.get("/units", summary="单位")
def bodies(session: Reading, _user: CurrentUser) -> Items[UnitOut]:
    """All units."""
    rows = units.everything(session)
    return Items(items=[UnitOut.model_validate(unit) for unit in rows], next=None)


@router.get("/units/{unit}/aliases/preview", summary="单位别名预览")
def preview_unit_alias(
    desk: DeskDep, session: Reading, now: Now, _user: Manager, unit: UnitId, alias: AliasAsked
) -> PreviewOut:
    """What the alias would have hit in the last 24 hours; nothing is kept."""
    return _previewed(desk, session, "unit", unit, alias, now)


@router.post("/units/{unit}/aliases", summary="给单位加别名", status_code=201)
def add_unit_alias(session: Writing, now: Now, user: Manager, unit: UnitId, given: Alias) -> Done:
    """One more name for a unit; posts scored from now on are found by it."""
    aliases.add(session, "unit", unit, given.alias, who=user.name, now=now)
    return Done()


@router.delete("/units/{unit}/aliases/{alias}", summary="去单位别名")
def remove_unit_alias(
    session: Writing, now: Now, user: Manager, unit: UnitId, alias: Named
) -> Done:
    """One name less; posts that were found by it stay as they are."""
    aliases.remove(session, "unit", unit, alias, who=user.name, now=now)
    return Done()


def _previewed(
    desk: Desk, session: Session, kind: Kind, key: str, alias: str, now: datetime
) -> PreviewOut:
    target = aliases.find(session, kind, key)
    alias = aliases.checked(session, kind, key, alias)
    return PreviewOut.model_validate(preview(desk.index, kind, target, alias, now=now))
