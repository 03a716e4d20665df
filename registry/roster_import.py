"""A roster from a table (值班表导入): CSV with 日期, 班次, 姓名, 角色; all of it or nothing.

The file is the whole truth for each day and shift that it names: who stands there and is not in
the file any more is withdrawn. Overrides and swaps stay. Reading the same file again changes
nothing.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime

from msgspec import Struct
from sqlalchemy.orm import Session

from registry import roster
from registry.duty import DutyRole, Hours, Kind, Shift
from registry.errors import InvalidInputError

_COLUMNS = {
    "date": "date",
    "日期": "date",
    "shift": "shift",
    "班次": "shift",
    "name": "name",
    "姓名": "name",
    "值班人": "name",
    "role": "role",
    "角色": "role",
    "岗位": "role",
}
_KINDS = {
    "day": Kind.DAY,
    "白天": Kind.DAY,
    "night": Kind.NIGHT,
    "夜间": Kind.NIGHT,
    "holiday": Kind.HOLIDAY,
    "节假日": Kind.HOLIDAY,
    "全天": Kind.HOLIDAY,
    "major": Kind.MAJOR,
} | {kind.value: kind for kind in Kind if kind is not Kind.EXTRA}
_ROLES = {"officer": DutyRole.OFFICER, "leader": DutyRole.LEADER, "": DutyRole.OFFICER} | {
    role.value: role for role in DutyRole
}
_MOST_FAULTS = 20
_MOST_ROWS = 20_000


class Line(Struct, frozen=True):
    """One line of the file."""

    day: date
    kind: Kind
    role: DutyRole
    name: str


class Imported(Struct, frozen=True, kw_only=True):
    """What an import did. ``without_account``: names that no user has; they can't be reached."""

    added: int
    kept: int
    withdrawn: int
    without_account: tuple[str, ...]


def read(data: bytes) -> list[Line]:
    """The lines of a CSV (UTF-8 or GB18030). Raises InvalidInputError that names each bad line."""
    table = csv.reader(io.StringIO(_text(data), newline=""), strict=True)
    columns: list[str | None] | None = None
    lines: list[Line] = []
    faults: list[str] = []
    try:
        for cells in table:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = _header(cells)
                continue
            given = {key: cell.strip() for key, cell in zip(columns, cells, strict=False) if key}
            try:
                lines.append(_line(given))
            except ValueError as error:
                faults.append(f"第 {table.line_num} 行：{error}")
            if len(lines) > _MOST_ROWS:
                raise InvalidInputError(f"值班表太长，一次最多 {_MOST_ROWS} 行。")
    except csv.Error as error:
        raise InvalidInputError(
            f"第 {table.line_num} 行不是 CSV：引号没有配对，或一格太长。请改好再导入。"
        ) from error
    if faults:
        more = f"\n……共 {len(faults)} 处" if len(faults) > _MOST_FAULTS else ""
        raise InvalidInputError(
            "值班表有误，没有导入任何一行。\n" + "\n".join(faults[:_MOST_FAULTS]) + more
        )
    if not lines:
        raise InvalidInputError("值班表里没有班次。请给出 日期,班次,姓名,角色 四列。")
    return lines


def bring_in(
    session: Session,
    lines: list[Line],
    *,
    by: str,
    now: datetime,
    hours: Hours,
    role: DutyRole | None = None,
) -> Imported:
    """Make the roster what the lines say. What ended already is neither made nor withdrawn.

    With ``role`` the lines are the truth for that role only.
    """
    wanted = dict.fromkeys(line for line in lines if hours.span(line.day, line.kind)[1] > now)
    if not wanted:
        return Imported(added=0, kept=len(lines), withdrawn=0, without_account=())
    spans = [hours.span(line.day, line.kind) for line in wanted]
    there: dict[Line, Shift] = {}
    for shift in roster.shifts(session, min(s for s, _ in spans), max(e for _, e in spans)):
        if shift.source == roster.ROSTER and role in {None, shift.role}:
            there[Line(shift.day, shift.kind, shift.role, shift.name)] = shift
    people = {name: roster.person(session, name) for name in {line.name for line in wanted}}
    shown = {
        Line(line.day, line.kind, line.role, user.display_name if user else line.name)
        for line in wanted
        for user in (people[line.name],)
    }
    named = {(line.day, line.kind) for line in wanted}
    gone = [
        shift
        for line, shift in there.items()
        if (line.day, line.kind) in named and line not in shown and shift.ends_at > now
    ]
    for shift in gone:
        roster.withdraw(session, shift.id, by=by, now=now)
    added = 0
    for line in wanted:
        user = people[line.name]
        if Line(line.day, line.kind, line.role, user.display_name if user else line.name) in there:
            continue
        roster.plan(
            session,
            day=line.day,
            kind=line.kind,
            role=line.role,
            name=user.name if user else line.name,
            by=by,
            now=now,
            hours=hours,
        )
        added += 1
    return Imported(
        added=added,
        kept=len(wanted) - added,
        withdrawn=len(gone),
        without_account=tuple(sorted(name for name, user in people.items() if user is None)),
    )


def _text(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInputError("值班表的编码认不出，请另存为 UTF-8 的 CSV。")


def _header(cells: list[str]) -> list[str | None]:
    columns = [_COLUMNS.get(cell.strip().lower()) for cell in cells]
    missing = [
        word
        for key, word in (("date", "日期"), ("shift", "班次"), ("name", "姓名"))
        if key not in columns
    ]
    if missing:
        raise InvalidInputError(
            f"值班表的第一行缺少列：{'、'.join(missing)}。应为 日期,班次,姓名,角色。"
        )
    return columns


def _line(given: dict[str, str]) -> Line:
    """Raises ValueError in Chinese."""
    name = given.get("name", "")
    if not name:
        raise ValueError("没有写姓名")
    return Line(_day(given.get("date", "")), _kind(given), _role(given), name)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(
            "-".join(part.zfill(2) for part in text.replace("/", "-").replace(".", "-").split("-"))
        )
    except ValueError:
        raise ValueError(f"日期“{text}”读不懂，请写成 2026-10-01") from None


def _kind(given: dict[str, str]) -> Kind:
    text = given.get("shift", "")
    kind = _KINDS.get(text.lower())
    if kind is None:
        raise ValueError(f"班次“{text}”不认识，可写 白班、夜班、节假日班、重大事件值守")
    return kind


def _role(given: dict[str, str]) -> DutyRole:
    text = given.get("role", "")
    role = _ROLES.get(text.lower())
    if role is None:
        raise ValueError(f"角色“{text}”不认识，可写 值班员、带班领导")
    return role
