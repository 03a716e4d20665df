"""Departments and public bodies, with what people call them (单位)."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.errors import InvalidInputError, NotFoundError
from registry.own_names import Unit as Unit  # noqa: PLC0414 - others know it from here
from registry.statements import clean
from registry.tables import UnitRow


def put(session: Session, unit: Unit) -> None:
    """Keep the unit, in place of what stood under its id."""
    if not unit.id.strip() or not unit.name.strip():
        raise InvalidInputError("单位要有编号和名称。", field="id")
    if unit.parent == unit.id:
        raise InvalidInputError(f"单位 {unit.id} 不能是自己的上级。", field="parent")
    row = session.get(UnitRow, unit.id) or UnitRow(id=unit.id)
    row.name, row.kind, row.parent = clean(unit.name, 200), unit.kind, unit.parent
    row.head, row.aliases = clean(unit.head, 100), [clean(alias) for alias in unit.aliases]
    session.add(row)
    session.flush()


def get(session: Session, unit_id: str) -> Unit:
    """The unit. Raises NotFoundError."""
    row = session.get(UnitRow, unit_id)
    if row is None:
        raise NotFoundError(f"没有编号为 {unit_id} 的单位。")
    return _unit(row)


def everything(session: Session) -> list[Unit]:
    """All units, by id."""
    return [_unit(row) for row in session.scalars(select(UnitRow).order_by(UnitRow.id))]


def _unit(row: UnitRow) -> Unit:
    return Unit(
        id=row.id,
        name=row.name,
        kind=row.kind,
        parent=row.parent,
        head=row.head,
        aliases=tuple(row.aliases),
    )
