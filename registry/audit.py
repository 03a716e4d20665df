"""Who did what, when, before and after: an append-only chain of entries (审计).

See registry/chain.py for what a link covers. A body can be destroyed where the law says so; that
leaves an entry of its own with reason and signer, and the chain still holds. The length and the
end of the chain are kept apart, so that a cut tail is noticed too.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from registry.chain import GENESIS, Plain, body_hash, canonical, link, new_salt
from registry.errors import ConflictError, InvalidInputError, NotFoundError
from registry.statements import affected, clean, insert_once
from registry.tables import AuditRow, ChainHeadRow, instant_text

CHAIN = "audit"
ERASE = "审计内容销毁"  # the action of the entry that an erasure leaves


class Entry(Struct, frozen=True):
    """One entry; ``before`` and ``after`` are None where nothing was given or all was erased."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    before: Any
    after: Any
    erased: bool
    hash: str


def record(
    session: Session,
    *,
    who: str,
    action: str,
    subject: str,
    before: object = None,
    after: object = None,
    now: datetime,
) -> int:
    """Append an entry and return its id. ``before`` and ``after``: anything msgspec can encode.

    Never give passwords or tokens: what is written here stays.
    """
    body = _body(before, after)
    salt = new_salt()
    count, prev = _lock_head(session)
    header: dict[str, Plain] = {
        "id": count + 1,
        "at": instant_text(now),
        "who": clean(who, 100),
        "action": clean(action, 100),
        "subject": clean(subject, 200),
    }
    digest = body_hash(body, salt)
    linked = link(prev, header, digest)
    session.execute(
        insert(AuditRow).values(
            **header,
            body=body.decode(),
            salt=salt,
            body_hash=digest,
            prev=prev,
            hash=linked,
        )
    )
    grown = update(ChainHeadRow).where(ChainHeadRow.name == CHAIN)
    affected(session, grown.values(count=count + 1, hash=linked))
    return count + 1


def erase(session: Session, entry_id: int, *, reason: str, signer: str, now: datetime) -> int:
    """Destroy the body of an entry (依法销毁); returns the id of the entry that says so.

    The entry that an erasure leaves can't be erased itself. Raises NotFoundError,
    InvalidInputError without reason or signer, ConflictError where nothing is left to destroy.
    """
    if not reason.strip() or not signer.strip():
        raise InvalidInputError("销毁审计内容要写明依据和签发人。", field="reason")
    found = session.execute(
        select(AuditRow.action, AuditRow.body).where(AuditRow.id == entry_id)
    ).one_or_none()
    if found is None:
        raise NotFoundError(f"没有编号为 {entry_id} 的审计记录。")
    if found.action == ERASE:
        raise ConflictError(f"第 {entry_id} 条是销毁记录，不能再销毁。")
    if found.body is None:
        raise ConflictError(f"第 {entry_id} 条的内容已经销毁。")
    affected(session, update(AuditRow).where(AuditRow.id == entry_id).values(body=None, salt=None))
    return record(
        session,
        who=signer,
        action=ERASE,
        subject=str(entry_id),
        after={"reason": clean(reason)},
        now=now,
    )


def entries(session: Session, *, limit: int = 50, before_id: int | None = None) -> list[Entry]:
    """The newest entries, newest first; with ``before_id``: those older than that one."""
    wanted = select(AuditRow).order_by(AuditRow.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(AuditRow.id < before_id)
    return [entry_of(row) for row in session.scalars(wanted)]


def head(session: Session) -> str:
    """The link at the end of the chain; whoever keeps a copy elsewhere can prove a later cut."""
    found = session.scalar(select(ChainHeadRow.hash).where(ChainHeadRow.name == CHAIN))
    return found or GENESIS


def _lock_head(session: Session) -> tuple[int, str]:
    wanted = (
        select(ChainHeadRow.count, ChainHeadRow.hash)
        .where(ChainHeadRow.name == CHAIN)
        .with_for_update()  # one writer at a time; SQLite's transaction is exclusive anyway
    )
    found = session.execute(wanted).one_or_none()
    if found is None:
        insert_once(session, ChainHeadRow(name=CHAIN, count=0, hash=GENESIS))
        found = session.execute(wanted).one()
    count, linked = found  # a row's own .count is a method of tuples
    return count, linked


def _body(before: object, after: object) -> bytes:
    plain = msgspec.to_builtins({"before": before, "after": after}, str_keys=True)
    return canonical(plain).decode("utf-8", "replace").encode()


def entry_of(row: AuditRow) -> Entry:
    """The entry that the row holds."""
    body = {} if row.body is None else json.loads(row.body)
    return Entry(
        id=row.id,
        at=datetime.fromisoformat(row.at),
        who=row.who,
        action=row.action,
        subject=row.subject,
        before=body.get("before"),
        after=body.get("after"),
        erased=row.body is None,
        hash=row.hash,
    )


def verify(session: Session) -> list[str]:
    """What is broken, in Chinese sentences that name the entry; [] where the chain is whole."""
    from registry.audit_check import check

    return list(check(session).problems)
