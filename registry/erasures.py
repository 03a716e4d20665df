"""What was destroyed by law, by whom and why (依法销毁). It takes two people, or a retention rule.

The act is recorded first, here and in the audit chain; then the stores are emptied, and what is
left unfinished by a crash is found again by :func:`pending`. What was destroyed never comes back:
a post that is crawled again is refused.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import String, func, insert, select, type_coerce, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry import approvals, audit
from registry.chain import canonical
from registry.errors import ConflictError, InvalidInputError
from registry.statements import affected, chunks, clean
from registry.tables import AuditRow, ErasedRow, ErasureRow, SightingRow, instant_text

ACTION = "依法销毁"
POST, ENTRY = "post", "entry"
KINDS = (POST, ENTRY)
TWO_PERSONS = approvals.two_person(ACTION)
#: What a row raises whose bytes are no text, no time or no JSON any more.
UNREADABLE = (ValueError, TypeError, AttributeError, KeyError)
_MOST_NAMED = 50  # subjects that the audit names one by one; the digest covers all


class Erasure(Struct, frozen=True, kw_only=True):
    """One act. ``second`` is empty where a retention rule did it, not people."""

    id: int
    reason: str
    clause: str
    signer: str
    second: str
    at: datetime
    count: int
    finished_at: datetime | None


def record(
    session: Session,
    things: Iterable[tuple[str, str]],
    *,
    reason: str,
    clause: str,
    signer: str,
    second: str,
    now: datetime,
    kept: dict[str, str] | None = None,
) -> Erasure:
    """Write down that these (kind, subject) pairs are destroyed; the caller does destroy them.

    ``kept``: by subject the hash of what stays of an entry, for the audit. Raises
    InvalidInputError without reason, clause or signer, ConflictError where nothing is left to do.
    """
    if not (reason.strip() and clause.strip() and signer.strip()):
        raise InvalidInputError("销毁须写明事由、依据条款和签发人。", field="reason")
    wanted = sorted(set(things))
    there = {thing for kind in KINDS for thing in _known(session, kind, wanted)}
    fresh = [thing for thing in wanted if thing not in there]
    if not fresh:
        raise ConflictError("这些内容此前已经依法销毁。" if wanted else "没有指明要销毁什么。")
    row = ErasureRow(
        reason=clean(reason.strip(), 1000),
        clause=clean(clause.strip(), 500),
        signer=clean(signer.strip(), 100),
        second=clean(second.strip(), 100),
        at=now,
        count=len(fresh),
        digest=_digest(fresh),
        finished_at=None,
    )
    session.add(row)
    session.flush()
    for some in chunks(fresh):
        values = [{"kind": kind, "subject": subject, "erasure": row.id} for kind, subject in some]
        session.execute(insert(ErasedRow), values)
        posts = [subject for kind, subject in some if kind == POST]
        seen = update(SightingRow).where(SightingRow.post_id.in_(posts))
        affected(session, seen.values(content_hash=""))
    audit.record(
        session,
        who=row.signer,
        action=ACTION,
        subject=f"erasure:{row.id}",
        after={**_told(row), "named": fresh[:_MOST_NAMED], "kept": kept or {}},
        now=now,
    )
    return _erasure(row)


def erased(session: Session, kind: str, subjects: Iterable[str]) -> dict[str, Erasure]:
    """Those that were destroyed, with the act."""
    found: dict[str, Erasure] = {}
    for some in chunks(list(dict.fromkeys(subjects))):
        rows = session.execute(
            select(ErasedRow.subject, ErasureRow)
            .join(ErasureRow, ErasureRow.id == ErasedRow.erasure)
            .where(ErasedRow.kind == kind, ErasedRow.subject.in_(some))
        )
        found.update((subject, _erasure(row)) for subject, row in rows)
    return found


def posts(session: Session, erasure: int) -> list[str]:
    """The ids of the posts that the act destroyed."""
    wanted = select(ErasedRow.subject).where(ErasedRow.erasure == erasure, ErasedRow.kind == POST)
    return list(session.scalars(wanted.order_by(ErasedRow.subject)))


def posts_since(session: Session, after: int) -> tuple[int, list[str]]:
    """(newest act, posts that acts after that one destroyed), for who holds posts in memory."""
    rows = session.execute(
        select(ErasedRow.erasure, ErasedRow.subject).where(
            ErasedRow.erasure > after, ErasedRow.kind == POST
        )
    ).all()
    return max((row[0] for row in rows), default=after), [row[1] for row in rows]


def newest(session: Session) -> int:
    """The number of the newest act; 0 where there is none."""
    return session.scalar(select(func.max(ErasureRow.id))) or 0


def pending(session: Session) -> list[Erasure]:
    """Acts after which stores may still hold something, oldest first."""
    wanted = select(ErasureRow).where(ErasureRow.finished_at.is_(None)).order_by(ErasureRow.id)
    return [_erasure(row) for row in session.scalars(wanted)]


def finish(session: Session, erasure: int, *, now: datetime) -> None:
    """Nothing is left in any store."""
    affected(session, update(ErasureRow).where(ErasureRow.id == erasure).values(finished_at=now))


def recent(session: Session, limit: int = 50, before_id: int | None = None) -> list[Erasure]:
    """The newest acts, newest first."""
    wanted = select(ErasureRow).order_by(ErasureRow.id.desc()).limit(limit)
    if before_id is not None:
        wanted = wanted.where(ErasureRow.id < before_id)
    return [_erasure(row) for row in session.scalars(wanted)]


def kept(session: Session) -> dict[str, str]:
    """By subject the hash of what stays of a destroyed entry, as the audit chain says it."""
    found: dict[str, str] = {}
    for said in _audited(session).values():
        found.update(said.get("kept") or {})
    return found


def verify(session: Session) -> list[str]:
    """Acts that the audit chain does not bear out, in Chinese; [] where all agree."""
    told = _audited(session)
    faults: list[str] = []
    try:
        rows = session.scalars(select(ErasureRow).order_by(ErasureRow.id)).all()
        things: dict[int, list[tuple[str, str]]] = {}
        for row in session.scalars(select(ErasedRow)):
            things.setdefault(row.erasure, []).append((row.kind, row.subject))
        # As it is stored: reading an instant is lenient about how it is written.
        texts = session.execute(select(ErasureRow.id, type_coerce(ErasureRow.at, String)))
        stored: dict[int, Any] = {row[0]: row[1] for row in texts}
        for act in rows:
            if isinstance(stored[act.id], str) and stored[act.id] != instant_text(act.at):
                faults.append(f"第 {act.id} 号销毁记录的时间被改动过。")
            said = told.pop(f"erasure:{act.id}", {})
            whole = _digest(sorted(things.pop(act.id, []))) == act.digest
            if not whole or any(said.get(name) != value for name, value in _told(act).items()):
                faults.append(f"第 {act.id} 号销毁记录与审计链不符，被改动过。")
    except (DBAPIError, *UNREADABLE):
        return ["销毁记录已损坏，读不出来。"]
    faults += [f"审计链里有 {subject}，销毁记录却不见了。" for subject in told]
    faults += [f"销毁清单里有第 {number} 号，却没有这次销毁。" for number in things]
    return faults


def _audited(session: Session) -> dict[str, dict[str, Any]]:
    """What the audit chain says of each act; what is no longer readable there says nothing."""
    found: dict[str, dict[str, Any]] = {}
    for number in session.scalars(select(AuditRow.id).where(AuditRow.action == ACTION)).all():
        try:
            subject, body = session.execute(
                select(AuditRow.subject, AuditRow.body).where(AuditRow.id == number)
            ).one()
            found[subject] = dict(json.loads(body or "")["after"])
        except (DBAPIError, *UNREADABLE):
            continue
    return found


def _told(row: ErasureRow) -> dict[str, str | int]:
    return {
        "reason": row.reason,
        "clause": row.clause,
        "signer": row.signer,
        "second": row.second,
        "count": row.count,
        "digest": row.digest,
        "at": instant_text(row.at),
    }


def _known(
    session: Session, kind: str, things: Sequence[tuple[str, str]]
) -> Iterable[tuple[str, str]]:
    return (
        (kind, subject) for subject in erased(session, kind, (s for k, s in things if k == kind))
    )


def _digest(things: list[tuple[str, str]]) -> str:
    listed = canonical([list(thing) for thing in things])
    return "sha256:" + hashlib.sha256(listed).hexdigest()


def _erasure(row: ErasureRow) -> Erasure:
    return Erasure(**{name: getattr(row, name) for name in Erasure.__struct_fields__})
