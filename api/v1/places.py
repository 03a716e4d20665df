"""地域与单位: the divisions and public bodies that matter here."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import Field

from api.deps import CurrentUser, Now, Reading, Writing, allowed
from api.permissions import Action
from api.v1.models import Done, Given, Items, Name, Shown
from registry import areas, audit, units
from registry.users import User

router = APIRouter(tags=["地域与单位"])
Code = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{2,40}$", description="行政区划代码")]
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


@router.get("/areas", summary="辖区")
def everywhere(session: Reading, _user: CurrentUser) -> Items[AreaOut]:
    """All divisions that are kept here, with their aliases."""
    rows = areas.everything(session)
    return Items(items=[AreaOut.model_validate(area) for area in rows], next=None)


@router.post("/areas/{code}/aliases", summary="加别名", status_code=201)
def add_alias(session: Writing, now: Now, user: Manager, code: Code, given: Alias) -> Done:
    """One more name for a division; posts scored from now on are found by it."""
    areas.add_alias(session, code, given.alias)
    audit.record(
        session,
        who=user.name,
        action="加别名",
        subject=code,
        after={"alias": given.alias},
        now=now,
    )
    return Done()


@router.get("/units", summary="单位")
def bodies(session: Reading, _user: CurrentUser) -> Items[UnitOut]:
    """All units."""
    rows = units.everything(session)
    return Items(items=[UnitOut.model_validate(unit) for unit in rows], next=None)
