"""How entries are kept: one row each, in a hash chain per incident (记录链).

The chain covers a header (incident, number, kind, the two instants, who) and the salted hash of
the body, so that a body can be destroyed where the law says so and the chain still holds. What
stays of such an entry (``residue``) is what its clocks need, without any text.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from registry.chain import body_hash, canonical, link, new_salt
from registry.statements import chunks
from registry.tables import instant_text
from responder.entries import AnyEntry, Entry, Note, kind
from responder.tables import EntryRow, IncidentRow

ERASED = "已依法销毁"
HEADER = ("incident", "seq", "at", "written_at", "by", "type")
_decode = msgspec.json.Decoder(AnyEntry).decode
_COLUMNS = (
    EntryRow.incident,
    EntryRow.seq,
    EntryRow.type,
    EntryRow.at,
    EntryRow.written_at,
    EntryRow.by,
    EntryRow.body,
    EntryRow.residue,
)


def append(session: Session, incident: IncidentRow, entry: Entry) -> str:
    """Add the entry, whose ``incident`` and ``seq`` are set, to the chain; returns its link."""
    plain = msgspec.to_builtins(entry)
    body = canonical({key: value for key, value in plain.items() if key not in HEADER})
    salt = new_salt()
    row = EntryRow(
        incident=incident.id,
        seq=entry.seq,
        type=kind(entry),
        at=instant_text(entry.at),
        written_at=instant_text(entry.written_at),
        by=entry.by,
        body=body.decode(),
        salt=salt,
        residue=None,
        body_hash=body_hash(body, salt),
        prev=incident.head,
        hash="",
    )
    row.hash = link(row.prev, header(row), row.body_hash)
    session.add(row)
    incident.count = entry.seq
    incident.head = row.hash
    session.flush()
    return row.hash


def load(session: Session, incident: int) -> list[Entry]:
    """The incident's entries by number."""
    rows = session.execute(
        select(*_COLUMNS).where(EntryRow.incident == incident).order_by(EntryRow.seq)
    )
    return _entries(rows)


def load_open(session: Session) -> dict[int, list[Entry]]:
    """The entries of all open incidents."""
    return load_many(session, list(open_heads(session)))


def open_heads(session: Session) -> dict[int, str]:
    """The open incidents with the newest link of each: it changes with every entry."""
    found = session.execute(
        select(IncidentRow.id, IncidentRow.head)
        .where(IncidentRow.state == "open")
        .order_by(IncidentRow.id)
    )
    return {number: head for number, head in found.all()}  # noqa: C416 - rows are no pairs


def load_many(session: Session, incidents: Sequence[int]) -> dict[int, list[Entry]]:
    """The entries of those incidents."""
    found: dict[int, list[Entry]] = {}
    for some in chunks(incidents):
        rows = session.execute(
            select(*_COLUMNS)
            .where(EntryRow.incident.in_(some))
            .order_by(EntryRow.incident, EntryRow.seq)
        )
        for entry in _entries(rows):
            found.setdefault(entry.incident, []).append(entry)
    return found


def _entries(rows: Iterable[Any]) -> list[Entry]:
    entries: list[Entry] = []
    for incident, seq, type_, at, written_at, by, whole, residue in rows:
        body = whole if whole is not None else residue
        if body is None:
            entries.append(
                Note(
                    incident=incident,
                    seq=seq,
                    at=datetime.fromisoformat(at),
                    written_at=datetime.fromisoformat(written_at),
                    by=by,
                    text=ERASED,
                )
            )
            continue
        # The stored body is a JSON object without the header: joining them as text is the
        # quickest way to the whole entry, and incidents can be long.
        rest = body[1:] if body == "{}" else f",{body[1:]}"
        entries.append(
            _decode(
                f'{{"type":"{type_}","incident":{incident},"seq":{seq},"at":"{at}",'
                f'"written_at":"{written_at}","by":{json.dumps(by)}{rest}'
            )
        )
    return entries


def header(row: Any) -> dict[str, str | int | None]:
    """What of an entry the link covers beside its body, as it is hashed."""
    return {
        "incident": row.incident,
        "seq": row.seq,
        "type": row.type,
        "at": row.at,
        "written_at": row.written_at,
        "by": row.by,
    }
