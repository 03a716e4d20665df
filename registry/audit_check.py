"""Reading the audit chain from its begin and telling what does not hold (审计核验)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry.audit import CHAIN, ERASE
from registry.chain import GENESIS, body_hash, link
from registry.tables import AuditRow, ChainHeadRow

PAGE = 1000
AnyRow = Row[*tuple[Any, ...]]

_COLUMNS = (
    AuditRow.id,
    AuditRow.at,
    AuditRow.who,
    AuditRow.action,
    AuditRow.subject,
    AuditRow.body,
    AuditRow.salt,
    AuditRow.body_hash,
    AuditRow.prev,
    AuditRow.hash,
)


class Checked(Struct, frozen=True):
    """What a check found: entries read, bodies destroyed by law, and what is broken (Chinese)."""

    entries: int
    erased: int
    problems: tuple[str, ...]


def check(session: Session) -> Checked:
    """Read the whole chain; memory stays small whatever its length."""
    problems: list[str] = []
    erased: set[int] = set()
    explained: set[str] = set()
    count, prev, last_id = 0, GENESIS, 0
    for entry_id, row in _rows(session):
        if entry_id != last_id + 1:
            problems.append(f"缺少{_span(last_id + 1, entry_id - 1)}审计记录，可能被删除。")
        count, last_id = count + 1, entry_id
        if row is None:
            problems.append(f"第 {entry_id} 条审计记录已损坏，读不出来。")
            prev = ""
            continue
        problems += _judge(row, prev)
        if row.action == ERASE:
            explained.add(row.subject)
        if row.body is None and row.salt is None:
            erased.add(entry_id)
        prev = row.hash
    problems += [
        f"第 {entry_id} 条审计记录的内容不见了，又没有销毁记录说明依据和签发人。"
        for entry_id in sorted(erased)
        if str(entry_id) not in explained
    ]
    problems += _judge_head(session, last_id, prev)
    return Checked(count, len(erased), tuple(problems))


def _judge(row: AnyRow, prev: str) -> Iterator[str]:
    if prev and row.prev != prev:
        yield f"第 {row.id} 条审计记录与上一条接不上，其中一条被改动过。"
    header = {
        "id": row.id,
        "at": row.at,
        "who": row.who,
        "action": row.action,
        "subject": row.subject,
    }
    try:
        whole = link(row.prev, header, row.body_hash) == row.hash
    except (TypeError, ValueError):
        whole = False
    if not whole:
        yield f"第 {row.id} 条审计记录的时间、人员、动作、对象或校验值被改动过。"
    if row.body is None and row.salt is None:
        return
    if not isinstance(row.body, str) or not isinstance(row.salt, bytes):
        yield f"第 {row.id} 条审计记录的内容不完整。"
    elif body_hash(row.body.encode(), row.salt) != row.body_hash:
        yield f"第 {row.id} 条审计记录的内容被改动过。"


def _judge_head(session: Session, last_id: int, prev: str) -> Iterator[str]:
    try:
        found = session.execute(
            select(ChainHeadRow.count, ChainHeadRow.hash).where(ChainHeadRow.name == CHAIN)
        ).one_or_none()
    except DBAPIError:
        found = None
    kept = (0, GENESIS) if found is None and last_id == 0 else found
    if kept is None:
        yield "审计链的末端记录不见了或已损坏，无法确认末尾是否完整。"
    elif kept[0] != last_id:
        yield f"审计链应到第 {kept[0]} 条，实际到第 {last_id} 条，末尾被删减或改动过。"
    elif prev and kept[1] != prev:
        yield f"审计链末端的校验值与第 {last_id} 条不符，其中一处被改动过。"


def _rows(session: Session) -> Iterator[tuple[int, AnyRow | None]]:
    """The entries by id; None in place of one whose bytes are no text any more."""
    after = 0
    while True:
        ids = list(
            session.scalars(
                select(AuditRow.id).where(AuditRow.id > after).order_by(AuditRow.id).limit(PAGE)
            )
        )
        if not ids:
            return
        page = select(*_COLUMNS).where(AuditRow.id.between(ids[0], ids[-1])).order_by(AuditRow.id)
        try:
            rows: list[AnyRow | None] = list(session.execute(page))
        except DBAPIError:  # one row spoils the page: read them one by one
            rows = [_one(session, entry_id) for entry_id in ids]
        yield from zip(ids, rows, strict=True)
        after = ids[-1]


def _one(session: Session, entry_id: int) -> AnyRow | None:
    try:
        return session.execute(select(*_COLUMNS).where(AuditRow.id == entry_id)).one()
    except DBAPIError:
        return None


def _span(first: int, last: int) -> str:
    return f"第 {first} 条" if first == last else f"第 {first} 至 {last} 条"
