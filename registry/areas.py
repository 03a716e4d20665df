"""The divisions that matter here, with what people call them (辖区与别名)."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry.errors import InvalidInputError, NotFoundError
from registry.own_names import Area as Area  # noqa: PLC0414 - others know it from here
from registry.statements import affected, clean
from registry.tables import AreaAliasRow, AreaRow


def put(session: Session, area: Area) -> None:
    """Keep the area and exactly its aliases, in place of what stood under its code."""
    if not area.code or not area.name.strip():
        raise InvalidInputError("辖区要有代码和名称。", field="code")
    row = session.get(AreaRow, area.code) or AreaRow(code=area.code)
    row.name, row.level = clean(area.name, 100), area.level
    row.parent, row.own = area.parent, area.own
    session.add(row)
    session.flush()
    affected(session, delete(AreaAliasRow).where(AreaAliasRow.code == area.code))
    for alias in area.aliases:
        add_alias(session, area.code, alias)


def own(session: Session) -> list[Area]:
    """The areas that this office answers for, by code."""
    return [area for area in everything(session) if area.own]


def everything(session: Session) -> list[Area]:
    """All areas, by code, aliases in text order."""
    aliases: dict[str, list[str]] = defaultdict(list)
    for code, alias in session.execute(
        select(AreaAliasRow.code, AreaAliasRow.alias).order_by(AreaAliasRow.alias)
    ):
        aliases[code].append(alias)
    return [
        Area(
            code=row.code,
            name=row.name,
            level=row.level,
            parent=row.parent,
            own=row.own,
            aliases=tuple(aliases[row.code]),
        )
        for row in session.scalars(select(AreaRow).order_by(AreaRow.code))
    ]


def add_alias(session: Session, code: str, alias: str) -> None:
    """One more name for the area; one that it has already changes nothing."""
    alias = clean(alias, 100).strip()
    if not alias:
        raise InvalidInputError("别名不能为空。", field="alias")
    if session.get(AreaRow, code) is None:
        raise NotFoundError(f"没有代码为 {code} 的辖区。")
    if session.get(AreaAliasRow, (code, alias)) is None:
        session.add(AreaAliasRow(code=code, alias=alias))
        session.flush()
