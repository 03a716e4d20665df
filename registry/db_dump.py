"""All rows of the relational database as lines of JSON that any engine takes (逻辑备份).

What is written holds nothing of the engine it came from: a backup of SQLite can be restored into
PostgreSQL and the other way round. Columns of JSON go as the text that is stored, so that a hash
over a body still fits.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    MetaData,
    Text,
    bindparam,
    cast,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.orm import Session

from registry.errors import InvalidInputError
from registry.tables import instant_text

#: Who is at work right now, who is signed in, and what near-duplicates are compared with: nothing
#: of that outlives a restore.
PASSING = frozenset({"copy_segments", "leases", "stages", "sign_ins"})
#: Open consoles remember the number of the last change that they saw; new ones must be larger.
_CHANGES_LEAP = 1_000_000
_BATCH = 1000


def revision(session: Session) -> str:
    """The revision of the tables."""
    return str(session.execute(text("SELECT version_num FROM alembic_version")).scalar_one())


def tables(session: Session) -> list[str]:
    """All tables with data, each after those that it refers to."""
    return [table.name for table in _reflected(session).sorted_tables]


def lines(session: Session, table: str) -> Iterator[str]:
    """The columns, then each row in the order of its key, as JSON arrays."""
    found = _reflected(session).tables[table]
    yield _line([column.name for column in found.columns])
    wanted = select(*map(_read, found.columns)).order_by(*found.primary_key.columns)
    for row in session.execute(wanted.execution_options(yield_per=_BATCH)):
        yield _line([_plain(value) for value in row])


def counters(session: Session) -> dict[str, int]:
    """The last number that each table gave, so that none is given twice."""
    if _sqlite(session):
        if not inspect(session.connection()).has_table("sqlite_sequence"):
            return {}
        rows = session.execute(text("SELECT name, seq FROM sqlite_sequence"))
        return {name: int(last) for name, last in rows}
    found: dict[str, int] = {}
    for table, sequence in _sequences(session).items():
        last, called = session.execute(text(f"SELECT last_value, is_called FROM {sequence}")).one()  # noqa: S608 - quoted by the server
        if called:
            found[table] = int(last)
    return found


def fill(session: Session, table: str, given: Iterable[str]) -> int:
    """Insert what :func:`lines` gave into the empty table; returns how many rows.

    Raises InvalidInputError where the lines do not fit the table.
    """
    found = _reflected(session).tables.get(table)
    rows = iter(given)
    try:
        names = json.loads(next(rows))
        if found is None:
            raise InvalidInputError(f"备份里的表 {table} 不是这个版本的表。")
        columns = [found.columns[name] for name in names]
        written = {column.name: _written(column, sqlite=_sqlite(session)) for column in columns}
        statement = insert(found).values(written)
        count = 0
        while some := list(islice(rows, _BATCH)):
            values = [_values(columns, json.loads(line)) for line in some]
            session.execute(statement, values)
            count += len(values)
    except (StopIteration, KeyError, TypeError, ValueError) as error:
        raise InvalidInputError(f"备份里的表 {table} 读不懂，文件可能已损坏。") from error
    return count


def settle(session: Session, noted: dict[str, int]) -> None:
    """After all tables are filled: go on counting after the largest number of each."""
    if _sqlite(session):
        # Tables that count for ever say so; the others follow their largest number.
        last = noted.get("changes", 0) + _CHANGES_LEAP
        session.execute(text("DELETE FROM sqlite_sequence WHERE name = 'changes'"))
        session.execute(
            text("INSERT INTO sqlite_sequence (name, seq) VALUES ('changes', :last)"),
            {"last": last},
        )
        return
    known = _reflected(session)
    for name, sequence in _sequences(session).items():
        (key,) = known.tables[name].primary_key.columns
        largest = session.scalar(select(func.max(key))) or 0
        last = max(largest, noted.get(name, 0)) + (_CHANGES_LEAP if name == "changes" else 0)
        if last:
            session.execute(select(func.setval(sequence, last)))


def _reflected(session: Session) -> MetaData:
    kept = session.info.get("reflected")
    if isinstance(kept, MetaData):
        return kept
    found = MetaData()
    found.reflect(session.connection(), only=lambda name, _: name != "alembic_version")
    session.info["reflected"] = found
    return found


def _sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"


def _sequences(session: Session) -> dict[str, str]:
    """By table the sequence that gives its numbers (PostgreSQL)."""
    found: dict[str, str] = {}
    for name, table in _reflected(session).tables.items():
        keys = list(table.primary_key.columns)
        if len(keys) == 1 and isinstance(keys[0].type, Integer):
            sequence = session.scalar(select(func.pg_get_serial_sequence(name, keys[0].name)))
            if sequence:
                found[name] = str(sequence)
    return found


def _read(column: Column[Any]) -> Any:
    # Without CAST the driver would read the text of JSON, and write it anew.
    return cast(column, Text).label(column.name) if isinstance(column.type, JSON) else column


def _written(column: Column[Any], *, sqlite: bool) -> Any:
    if not isinstance(column.type, JSON):
        return bindparam(column.name)
    given = bindparam(column.name, type_=Text)
    return given if sqlite else cast(given, column.type)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return instant_text(value)
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _values(columns: list[Column[Any]], row: list[Any]) -> dict[str, Any]:
    pairs = zip(columns, row, strict=True)
    return {column.name: _value(column, value) for column, value in pairs}


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, LargeBinary):
        return base64.b64decode(value, validate=True)
    return datetime.fromisoformat(value) if isinstance(column.type, DateTime) else value


def _line(values: list[Any]) -> str:
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"
