"""Reading the chains of incidents from their begin and telling what does not hold (记录链核验)."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct
from sqlalchemy import Row, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from registry import erasures
from registry.chain import GENESIS, body_hash, link
from registry.erasures import Erasure
from responder import ledger
from responder.entries import KIND_NAMES
from responder.tables import EntryRow, IncidentRow

AnyRow = Row[*tuple[Any, ...]]
_COLUMNS = (
    EntryRow.incident,
    EntryRow.seq,
    EntryRow.type,
    EntryRow.at,
    EntryRow.written_at,
    EntryRow.by,
    EntryRow.body,
    EntryRow.salt,
    EntryRow.residue,
    EntryRow.body_hash,
    EntryRow.prev,
    EntryRow.hash,
)


class Checked(Struct, frozen=True):
    """What a check of one chain found; ``erased``: the number of an entry, and the act."""

    incident: int
    entries: int
    erased: tuple[tuple[int, Erasure], ...]
    problems: tuple[str, ...]


def check_all(session: Session) -> Iterator[Checked]:
    """Each incident's chain, also of one whose own row is lost but for its entries."""
    found = set(session.scalars(select(IncidentRow.id)))
    found |= set(session.scalars(select(EntryRow.incident).distinct()))
    kept = erasures.kept(session)
    for incident in sorted(found, key=str):
        yield check(session, incident, kept)


def check(session: Session, incident: int, kept: Mapping[str, str] | None = None) -> Checked:
    """Read the whole chain of the incident. ``kept``: see :func:`registry.erasures.kept`."""
    kept = erasures.kept(session) if kept is None else kept
    name = f"事件 {incident} "
    problems: list[str] = []
    erased: list[tuple[int, Erasure]] = []
    previous, count = GENESIS, 0
    numbers = list(
        session.scalars(
            select(EntryRow.seq).where(EntryRow.incident == incident).order_by(EntryRow.seq)
        )
    )
    subjects = [subject_of(incident, seq) for seq in numbers]
    try:
        acts = erasures.erased(session, erasures.ENTRY, subjects)
    except (DBAPIError, *erasures.UNREADABLE):
        acts = {}
        problems.append("销毁记录已损坏，读不出来")
    for seq in numbers:
        count += 1
        if seq != count:
            problems.append(f"{name}第 {count} 条记录不见了")
            break
        row = _one(session, incident, seq)
        if row is None:
            problems.append(f"{name}第 {seq} 条记录已损坏，读不出来")
            break
        subject = subject_of(incident, seq)
        problems += _judge(row, previous, acts.get(subject), kept.get(subject, ""), name)
        if row.body is None and subject in acts:
            erased.append((seq, acts[subject]))
        previous = row.hash
    else:
        problems += _judge_head(session, incident, count, previous, name)
    return Checked(incident, count, tuple(erased), tuple(problems))


def subject_of(incident: int, seq: int) -> str:
    """How an entry is named among what was destroyed."""
    return f"{incident}#{seq}"


def residue_hash(residue: str) -> str:
    """What the audit keeps of what stays of a destroyed entry."""
    return "sha256:" + hashlib.sha256(residue.encode("utf-8", "surrogatepass")).hexdigest()


def _judge(row: AnyRow, previous: str, act: Erasure | None, kept: str, name: str) -> Iterator[str]:
    which = f"{name}第 {row.seq} 条记录（{KIND_NAMES.get(row.type, '种类不明')}）"
    if row.prev != previous:
        yield f"{which}与前一条接不上，其中一条被改过"
    try:
        whole = link(row.prev, ledger.header(row), row.body_hash) == row.hash
    except (TypeError, ValueError):
        whole = False
    if not whole:
        yield f"{which}的时间、人员、种类或校验值被改过"
    if act is not None:
        stays = row.residue if isinstance(row.residue, str) else ""
        if row.body is not None or row.salt is not None:
            yield f"{which}登记为已依法销毁，内容却还在"
        elif residue_hash(stays) != kept:
            yield f"{which}已依法销毁，销毁后所留的要素被改过"
    elif row.body is None and row.salt is None:
        yield f"{which}的内容不见了，又没有销毁记录说明依据和签发人"
    elif not isinstance(row.body, str) or not isinstance(row.salt, bytes):
        yield f"{which}的内容不完整"
    elif (
        row.residue is not None
        or body_hash(row.body.encode("utf-8", "surrogatepass"), row.salt) != row.body_hash
    ):
        yield f"{which}的内容被改过"


def _judge_head(
    session: Session, incident: int, count: int, previous: str, name: str
) -> Iterator[str]:
    try:
        head = session.execute(
            select(IncidentRow.count, IncidentRow.head).where(IncidentRow.id == incident)
        ).one_or_none()
    except DBAPIError:
        head = None
    if head is None:
        yield f"{name.strip()}不见了或已损坏，无法确认末尾是否完整"
    elif tuple(head) != (count, previous):
        yield f"{name}的记录共 {count} 条，与链头不符，末尾可能被截去或改过"


def _one(session: Session, incident: int, seq: int) -> AnyRow | None:
    wanted = select(*_COLUMNS).where(EntryRow.incident == incident, EntryRow.seq == seq)
    try:
        return session.execute(wanted).one_or_none()
    except (DBAPIError, *erasures.UNREADABLE):
        return None
