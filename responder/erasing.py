"""Lawful erasure of what the responder keeps (依法销毁): bodies of entries, quotations of posts.

An entry keeps its header, its hash and what its clocks need, without any text: a verdict does not
change because a text was destroyed. Where else a text can stand: see responder/quoting.py.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

import msgspec
from msgspec.structs import replace
from sqlalchemy import select
from sqlalchemy.orm import Session

from posts.log.quotations import without_quotation
from registry import audit, changes, erasures
from registry.chain import canonical
from registry.erasures import Erasure
from registry.errors import InvalidInputError, NotFoundError
from registry.quotes import Quotes
from registry.statements import chunks
from registry.tables import ApprovalRow, AuditRow, OutboxRow
from responder import copies, incidents, ledger, quoting, signing
from responder.copies import STAYS
from responder.entries import Entry, Opened
from responder.ledger import ERASED
from responder.ledger_check import residue_hash, subject_of
from responder.tables import AlertRow, EntryRow, IncidentRow

_NOTICE = re.compile(r"(；最新：).*(（\d+ 条，[^（）]* 起）)$", re.DOTALL)


def act(
    session: Session,
    *,
    posts: Iterable[str] = (),
    entries: Iterable[tuple[int, int]] = (),
    reason: str,
    clause: str,
    signer: str,
    second: str,
    now: datetime,
) -> Erasure:
    """Record the act, and destroy the entries, their copies and what quotes them.

    Of posts nothing is destroyed here: what quotes them is found by what the index still holds.

    Raises NotFoundError for an entry that does not exist, and what ``erasures.record`` raises.
    """
    wanted = copies.with_copies(session, entries)
    ids = sorted(set(posts))
    stays = {subject_of(*one): residue(_entry(session, *one)) for one in wanted}
    things = [(erasures.POST, one) for one in ids]
    things += [(erasures.ENTRY, subject) for subject in stays]
    erasure = erasures.record(
        session,
        things,
        reason=reason,
        clause=clause,
        signer=signer,
        second=second,
        now=now,
        kept={subject: residue_hash(text) for subject, text in stays.items()},
    )
    gone = [_entry(session, *one) for one in wanted]
    for entry in gone:
        stored = stays[subject_of(entry.incident, entry.seq)]
        _destroy(session, entry.incident, entry.seq, stored, erasure, now=now)
    quotes = Quotes(text for entry in gone for text in copies.quotable(entry))
    if quotes:
        quoting.destroy(session, quoting.find(session, quotes), quotes, act=erasure, now=now)
    return erasure


def residue(entry: Entry) -> str:
    """The stored body of the entry with every text in it destroyed."""
    plain = msgspec.to_builtins(_without_text(entry))
    return canonical({k: v for k, v in plain.items() if k not in ledger.HEADER}).decode()


def parse_entry(text: str) -> tuple[int, int]:
    """``事件#序号`` as two numbers. Raises InvalidInputError."""
    incident, _, seq = text.partition("#")
    if not (incident.isdecimal() and seq.isdecimal()):
        raise InvalidInputError(f"“{text}”应写成 事件编号#记录序号，如 3#12。", field="entries")
    return int(incident), int(seq)


def forget_quotations(
    session: Session, ids: Sequence[str], *, quoted: Collection[str] = (), now: datetime
) -> int:
    """Take what quotes these posts out of alerts and notices; returns how many alerts.

    ``quoted``: titles of the posts, for alerts that no longer list them.
    """
    marks = [text for text in quoted if text]
    gone, found = set(ids), []
    if not gone:
        return 0
    for alert, listed, reasons in session.execute(
        select(AlertRow.id, AlertRow.posts, AlertRow.reasons)
    ):
        texts = [reason["text"] for reason in reasons]
        if gone & set(listed) or any(mark in text for mark in marks for text in texts):
            found.append(alert)
    for alert in found:
        row = session.get_one(AlertRow, alert)
        row.reasons = [
            {**reason, "text": without_quotation(reason["text"])} for reason in row.reasons
        ]
        for mark in marks:
            row.title = row.title.replace(mark, ERASED)
        changes.note(session, "alert", alert, now=now)
    for some in chunks(found):
        for sent in session.scalars(
            select(OutboxRow).where(OutboxRow.payload["alert"].as_integer().in_(some))
        ):
            text = _NOTICE.sub(rf"\1{ERASED}\2", str(sent.payload.get("text", "")))
            sent.payload = {**sent.payload, "text": text}
    session.flush()
    return len(found)


def held(session: Session) -> set[str]:
    """Posts that a retention rule leaves alone: those of alerts whose incident is open."""
    rows = session.execute(
        select(AlertRow.posts)
        .join(IncidentRow, IncidentRow.id == AlertRow.incident)
        .where(IncidentRow.state == incidents.OPEN)
    )
    return {post for (listed,) in rows for post in listed}


def _without_text(part: Any) -> Any:
    """The struct with every text destroyed that is no choice from a list."""
    fields: dict[str, Any] = {}
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if isinstance(value, msgspec.Struct):
            fields[name] = _without_text(value)
        elif name in STAYS or isinstance(value, Enum):
            continue
        elif isinstance(value, str) and value:
            fields[name] = ERASED
        elif isinstance(value, tuple) and value:
            fields[name] = (ERASED,)
    return replace(part, **fields)


def _entry(session: Session, incident: int, seq: int) -> Entry:
    for entry in incidents.entries(session, incident):
        if entry.seq == seq:
            return entry
    raise NotFoundError(f"事件 {incident} 没有第 {seq} 条记录。")


def _destroy(
    session: Session, incident: int, seq: int, stays: str, erasure: Erasure, *, now: datetime
) -> None:
    row = session.get_one(EntryRow, (incident, seq))
    if row.body is None:
        return
    entry = _entry(session, incident, seq)
    if isinstance(entry, Opened):
        _destroy_title(session, incident, entry.title, now=now)
    _destroy_proposals(session, incident, entry)
    for audited in _audited(session, incident, entry):
        reason = f"第 {erasure.id} 号销毁：{erasure.reason}"
        audit.erase(session, audited, reason=reason, signer=erasure.signer, now=now)
    row.body, row.salt, row.residue = None, None, stays
    session.flush()
    changes.note(session, "incident", incident, now=now)


def _destroy_title(session: Session, incident: int, title: str, *, now: datetime) -> None:
    row = session.get_one(IncidentRow, incident)
    row.title = ERASED
    about = OutboxRow.payload["incident"].as_integer() == incident
    for sent in session.scalars(select(OutboxRow).where(about)):
        sent.payload = {
            key: value.replace(title, ERASED) if isinstance(value, str) and title else value
            for key, value in sent.payload.items()
        }
    changes.note(session, "incident", incident, now=now)


def _proposals(session: Session, incident: int, entry: Entry) -> list[ApprovalRow]:
    """The proposals that this entry came from: they hold its text too."""
    if not isinstance(entry, incidents.TWO_PERSONS):
        return []
    at = msgspec.to_builtins(entry.at)
    wanted = select(ApprovalRow).where(
        ApprovalRow.subject == f"incident:{incident}",
        ApprovalRow.action == signing.SIGNED.action,
    )
    return [row for row in session.scalars(wanted) if row.body.get("at") == at]


def _destroy_proposals(session: Session, incident: int, entry: Entry) -> None:
    for row in _proposals(session, incident, entry):
        row.body = {"at": row.body["at"], "type": row.body.get("type"), "erased": ERASED}
    session.flush()


def _audited(session: Session, incident: int, entry: Entry) -> list[int]:
    """The audit entries whose bodies hold the entry's text, and are not destroyed yet."""
    reason = getattr(entry, "reason", "") or getattr(entry, "summary", "")
    numbers = {row.id for row in _proposals(session, incident, entry)}
    wanted = select(AuditRow).where(
        AuditRow.subject == f"incident:{incident}", AuditRow.body.is_not(None)
    )
    found: list[int] = []
    for row in session.scalars(wanted):
        after = audit.entry_of(row).after
        opened = isinstance(entry, Opened) and row.action == "新建事件"
        proposed = isinstance(after, dict) and after.get("id") in numbers
        joined = row.action in {"事件并入", "事件拆分"} and bool(reason)
        if opened or proposed or (joined and str(after).endswith(f"：{reason}")):
            found.append(row.id)
    return found
