"""辖区与单位: what people call them. An alias is looked at before it is kept (别名预览)."""

from __future__ import annotations

from typing import Annotated

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api import aliases as previewing
from api.console import words
from api.console.acting import go, perform
from api.console.forms import Form, clean
from api.console.frame import frame
from api.console.render import render
from api.deps import DeskDep, Now, PageUser
from api.permissions import Action, require
from registry import aliases, areas, sources, units
from registry.aliases import Kind
from registry.areas import Area
from registry.errors import DeskError, InvalidInputError
from registry.units import Unit
from registry.users import User

router = APIRouter(include_in_schema=False)
Text = Annotated[str, Query(max_length=200)]
_LEVELS = {
    "province": "省级",
    "city": "地级",
    "county": "县级",
    "town": "乡级",
    "place": "自定地点",
}
_UNITS = {"department": "部门"}  # what the settings file gives; others are shown as written


@router.get("/areas")
async def page(
    request: Request,
    desk: DeskDep,
    user: PageUser,
    now: Now,
    to: Text = "",
    alias: Text = "",
    act: Text = "",
) -> Response:
    """All own areas and units; with ``to`` and ``alias`` also what that alias would have hit."""
    require(user, Action.MANAGE_AREAS)
    alias, removes = clean(alias), act == "remove"
    error: DeskError | None = None
    looked: previewing.Preview | None = None
    target: Area | Unit | None = None
    if alias:
        try:
            kind, key = _target(to)
            async with desk.reading() as session:
                found, alias = await run_sync(_wanted, session, kind, key, alias, removes)
            target = found
            looked = await run_sync(
                lambda: previewing.preview(desk.index, kind, found, alias, now=now)
            )
        except DeskError as failure:
            error = failure
    async with desk.reading() as session:
        return await run_sync(
            lambda opened: _page(
                request,
                opened,
                user,
                to=to,
                alias=alias,
                removes=removes,
                target=target,
                looked=looked,
                error=error,
            ),
            session,
        )


def _target(to: str) -> tuple[Kind, str]:
    """Kind and key of ``area:5331`` or ``unit:water``. Raises InvalidInputError."""
    kind, _, key = to.partition(":")
    if kind == "area" and key:
        return "area", key
    if kind == "unit" and key:
        return "unit", key
    raise InvalidInputError("请选择是哪个辖区或单位的别名。", field="to")


def _wanted(
    session: Session, kind: Kind, key: str, alias: str, removes: bool
) -> tuple[Area | Unit, str]:
    target = aliases.find(session, kind, key)
    return target, alias if removes else aliases.checked(session, kind, key, alias)


def _page(
    request: Request,
    session: Session,
    user: User,
    *,
    to: str = "",
    alias: str = "",
    removes: bool = False,
    target: Area | Unit | None = None,
    looked: previewing.Preview | None = None,
    error: DeskError | None = None,
) -> Response:
    shell = frame(request, session, user)
    own = [area for area in areas.everything(session) if area.own or area.aliases]
    listed = units.everything(session)
    names = {source.id: source.name for source in sources.everything(session)}
    places = {area.code: area.name for area in own}
    bodies = {unit.id: unit.name for unit in listed}
    return render(
        request,
        "areas.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        areas=[
            {
                "code": area.code,
                "name": area.name,
                "level": _LEVELS.get(area.level, area.level),
                "within": places.get(area.parent or "", ""),
                "aliases": area.aliases,
                "own": area.own,
            }
            for area in own
        ],
        units=[
            {
                "id": unit.id,
                "name": unit.name,
                "kind": _UNITS.get(unit.kind, unit.kind),
                "within": bodies.get(unit.parent or "", ""),
                "head": unit.head,
                "aliases": unit.aliases,
            }
            for unit in listed
        ],
        targets=[(f"area:{area.code}", f"辖区　{area.name}") for area in own]
        + [(f"unit:{unit.id}", f"单位　{unit.name}") for unit in listed],
        to=to,
        alias=alias,
        removes=removes,
        target=target.name if target else "",
        looked=looked,
        examples=[
            {
                "runs": ((one.before, False), (one.hit, True), (one.after, False)),
                "source": names.get(one.source, one.source),
                "at": words.when(one.at, shell.now),
            }
            for one in (looked.examples if looked else ())
        ],
    )


@router.post("/areas/aliases")
async def change(request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form) -> Response:
    """Keep an alias that was looked at, or take one away."""
    to, alias, removes = form.get("to", ""), form.get("alias", ""), form.get("act") == "remove"
    unsure = bool(form.get("looked")) and not (removes or form.get("sure"))
    warned = unsure and await _warned(user, to, alias)

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_AREAS)
        kind, key = _target(to)
        if not form.get("looked"):
            raise InvalidInputError("请先看预览，再保存。", field="alias")
        if removes:
            aliases.remove(session, kind, key, alias, who=user.name, now=now)
            return go("/areas", "alias_removed")
        if warned:
            raise InvalidInputError(
                f"“{alias}”是常用词。确要用它，请在预览里勾选“我知道”再保存。", field="sure"
            )
        aliases.add(session, kind, key, alias, who=user.name, now=now)
        return go("/areas", "alias_added")

    def again(session: Session, error: DeskError) -> Response:
        return _page(request, session, user, to=to, alias=alias, removes=removes, error=error)

    return await perform(desk, work, again)


async def _warned(user: User, to: str, alias: str) -> bool:
    """Whether the word speaks against itself; asked outside the transaction: it takes a while."""
    try:
        require(user, Action.MANAGE_AREAS)
        kind, _ = _target(to)
    except DeskError:
        return False  # the change itself says so
    return bool(await run_sync(previewing.warnings, kind, alias))
