"""Small pieces of SQL that several modules need, in a form that every database takes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, cast

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session

T = TypeVar("T")

CHUNK = 500  # values in one IN (…): far below the limit of any database


def affected(session: Session, statement: Update | Delete) -> int:
    """Run it, and how many rows it met: the base of every compare-and-set."""
    result = session.execute(statement.execution_options(synchronize_session="fetch"))
    return cast("CursorResult[Any]", result).rowcount


def insert_once(session: Session, row: DeclarativeBase) -> bool:
    """Insert the row; False where its key is there already (also when another was quicker)."""
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True


def chunks(values: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """The values in pieces of at most ``size``."""
    for start in range(0, len(values), size):
        yield values[start : start + size]


def clean(text: str, limit: int | None = None) -> str:
    """Text that every database takes: no NUL, no lone surrogates, at most ``limit`` characters."""
    kept = text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")
    return kept if limit is None else kept[:limit]
