"""What people call areas and units (别名): added and taken away by a person, with an audit entry.

A name is an alias of one area and of one unit at most: with two holders nobody could say which of
them a post means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Literal

from msgspec import structs
from sqlalchemy import delete
from sqlalchemy.orm import Session

from registry import areas, audit, units
from registry.areas import Area
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.statements import affected, clean
from registry.tables import AreaAliasRow
from registry.units import Unit

SHORTEST, LONGEST = 2, 30
Kind = Literal["area", "unit"]


def checked(session: Session, kind: Kind, key: str, alias: str) -> str:
    """The alias as it would be kept.

    Raises InvalidInputError where it can't be one, ConflictError where it stands already, with
    whom, and NotFoundError where there is no such area or unit.
    """
    alias = " ".join(clean(alias, LONGEST + 1).split())
    if len(alias) < SHORTEST:
        raise InvalidInputError(
            f"别名至少 {SHORTEST} 个字：一个字到处都有，不会拿来识别。", field="alias"
        )
    if len(alias) > LONGEST:
        raise InvalidInputError(f"别名最多 {LONGEST} 个字。", field="alias")
    target = find(session, kind, key)
    holders: Sequence[Area | Unit] = (
        areas.everything(session) if kind == "area" else units.everything(session)
    )
    for one in (target, *holders):
        if alias == one.name:
            raise ConflictError(f"“{alias}”就是“{one.name}”的名称，不用再加别名。")
        if alias in one.aliases:
            raise ConflictError(f"“{alias}”已是“{one.name}”的别名。要改归别处，请先在那里去掉。")
    return alias


def find(session: Session, kind: Kind, key: str) -> Area | Unit:
    """The area of that code or the unit of that id. Raises NotFoundError."""
    if kind == "unit":
        return units.get(session, key)
    return _area(areas.everything(session), key)


def _area(known: Iterable[Area], code: str) -> Area:
    found = next((area for area in known if area.code == code), None)
    if found is None:
        raise NotFoundError(f"没有代码为 {code} 的辖区。")
    return found


def add(session: Session, kind: Kind, key: str, alias: str, *, who: str, now: datetime) -> str:
    """One more name; what is scored from now on is found by it. Raises as :func:`checked`."""
    alias = checked(session, kind, key, alias)
    before = find(session, kind, key)
    if isinstance(before, Unit):
        units.put(session, structs.replace(before, aliases=(*before.aliases, alias)))
    else:
        areas.add_alias(session, key, alias)
    _record(session, "加别名", before, alias, who=who, now=now)
    return alias


def remove(session: Session, kind: Kind, key: str, alias: str, *, who: str, now: datetime) -> None:
    """One name less; what was found by it before stays as it is. Raises NotFoundError."""
    before = find(session, kind, key)
    if alias not in before.aliases:
        raise NotFoundError(f"“{before.name}”没有“{clean(alias, LONGEST)}”这个别名。")
    if isinstance(before, Unit):
        left = tuple(one for one in before.aliases if one != alias)
        units.put(session, structs.replace(before, aliases=left))
    else:
        affected(
            session,
            delete(AreaAliasRow).where(AreaAliasRow.code == key, AreaAliasRow.alias == alias),
        )
    _record(session, "去别名", before, alias, who=who, now=now)


def _record(
    session: Session, action: str, before: Area | Unit, alias: str, *, who: str, now: datetime
) -> None:
    """The audit entry: the alias, and all aliases before it."""
    held = {"aliases": list(before.aliases)}
    key = before.id if isinstance(before, Unit) else before.code
    audit.record(
        session, who=who, action=action, subject=key, before=held, after={"alias": alias}, now=now
    )
