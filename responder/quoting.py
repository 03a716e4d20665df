"""Where what was destroyed may have been copied to, and how it is destroyed there (依法销毁).

Every place where the text of a post can stand, or who wrote it:

- the post itself: the topics raw, scored and dead of the log, the index; in the signals of the
  log and in what grouping remembers its title. The author stands there only, as a keyed reference.
- generated from it: reasons of alerts, notices of the outbox with the log of their delivery, the
  notice log, lists of hand-overs (they copy notices and titles), the rows that an import rejected.
- typed by people who quote it: notes of hand-overs, shifts and swaps, words and reasons of
  silences, why an alert was closed, results of jobs, what was refused by the second person; and
  what the audit keeps of those.
- entries of incidents, with their title and their audit: part of the record, destroyed by naming
  them. Copies that merging and splitting made go with the entry (responder/copies.py); an erased
  post only tells which entries still quote it.

Nothing of it stands in the change feed (names of rows), the files of logs (no texts), sightings
(the hash of the content goes with the post). Rules and words that people watch for stay: what is
watched is no record of a post.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from posts.log.quotations import DESTROYED, QUOTATION
from posts.model import ScoredPost
from registry import approvals, audit, changes, handovers
from registry.erasures import Erasure
from registry.quotes import Quotes
from registry.tables import (
    ApprovalRow,
    AuditRow,
    Base,
    ChannelRow,
    DeliveryEventRow,
    DutyShiftRow,
    DutySwapRow,
    HandoverRow,
    JobRow,
    NoticeLogRow,
    OutboxRow,
    SilenceRow,
    StageRow,
)
from responder import signing
from responder.tables import AlertRow, EntryRow, IncidentRow

_PAGE = 500
#: Texts of these tables are rewritten without the quotation.
_PLACES: tuple[tuple[type[Base], tuple[str, ...]], ...] = (
    (AlertRow, ("title", "reasons", "close_reason")),
    (OutboxRow, ("payload", "detail")),
    (DeliveryEventRow, ("detail",)),
    (ChannelRow, ("detail",)),
    (NoticeLogRow, ("text",)),
    (HandoverRow, ("note", "body")),
    (SilenceRow, ("word", "reason")),
    (DutyShiftRow, ("note",)),
    (DutySwapRow, ("reason",)),
    (JobRow, ("subject", "body", "result", "error")),
    (StageRow, ("error", "detail")),
    (ApprovalRow, ("body", "reason")),
)
#: Of these subjects the audit keeps what people typed. (Incidents: see responder/erasing.py.)
_AUDITED = ("alert:", "handover:", "silence:", "duty:", "swap:")


_TOPICS: dict[type[Base], str] = {
    AlertRow: "alert",
    SilenceRow: "alert",
    OutboxRow: "notice",
    NoticeLogRow: "notice",
    HandoverRow: "duty",
}


class Found(Struct, frozen=True):
    """Rows that quote, by table and key; the audit's numbers; entries, as ``3#12``."""

    rows: tuple[tuple[type[Base], Any], ...]
    audited: tuple[int, ...]
    entries: tuple[str, ...]


def find(session: Session, quotes: Quotes) -> Found:
    """Read every place; takes a second for some 100,000 texts and holds no lock."""
    rows: list[tuple[type[Base], Any]] = []
    for table, names in _PLACES:
        key = table.__mapper__.primary_key[0]
        for row in _pages(session, key, select(table)):
            if _mine(row) and any(quotes.within(getattr(row, name)) for name in names):
                rows += [(table, getattr(row, key.name))]
    refused = {key for table, key in rows if table is ApprovalRow}
    audited = [*_audit(session, quotes), *_audit_of(session, refused)]
    return Found(tuple(rows), tuple(audited), tuple(_entries(session, quotes)))


def destroy(session: Session, found: Found, quotes: Quotes, *, act: Erasure, now: datetime) -> None:
    """Take the quotations out of what was found; the audit keeps where, and of what lists."""
    counts: Counter[str] = Counter()
    columns = dict(_PLACES)
    for table, key in found.rows:
        row = session.get(table, key, with_for_update=True)
        if row is not None:
            _rewrite(row, columns[table], quotes, act, now)
            counts[table.__tablename__] += 1
    session.flush()
    for number in found.audited:
        if session.get_one(AuditRow, number).body is not None:
            said = f"第 {act.id} 号销毁：{act.reason}"
            audit.erase(session, number, reason=said, signer=act.signer, now=now)
    for topic in {_TOPICS[table] for table, _ in found.rows if table in _TOPICS}:
        changes.note(session, topic, "erased", now=now)
    if counts:
        lists = [key for table, key in found.rows if table is HandoverRow]
        handovers.told_erased(session, act, lists, dict(counts), now=now)


def _rewrite(
    row: Base, names: Collection[str], quotes: Quotes, act: Erasure, now: datetime
) -> None:
    for name in names:
        old = getattr(row, name)
        new = quotes.without(old)
        if new != old:
            setattr(row, name, new)
    if isinstance(row, HandoverRow) and row.kind == handovers.PREPARED:
        row.body = {**row.body, handovers.ERASED: act.id}
    if isinstance(row, SilenceRow) and DESTROYED in row.word and row.ended_at is None:
        row.ended_at, row.ended_by = now, DESTROYED  # it would silence something else


def quoted_in_alerts(session: Session, posts: Collection[str]) -> tuple[set[str], set[str]]:
    """(what the service quoted in the alerts that list those posts, the other posts they list)."""
    said: set[str] = set()
    others: set[str] = set()
    gone = set(posts)
    for row in _pages(session, AlertRow.id, select(AlertRow)):
        if gone.isdisjoint(row.posts):
            continue
        others |= set(row.posts) - gone
        said |= {str(one["text"]).partition(QUOTATION)[2] for one in row.reasons}
    return said - {"", DESTROYED}, others


def entries_quoting(session: Session, held: Iterable[ScoredPost]) -> list[str]:
    """The entries of incidents (``3#12``) that quote these posts, as long as the index has them.

    They are part of the record: no act on the posts destroys them, they have to be named.
    """
    posts = list(held)
    exact = {quotation(one) for one in posts}
    texts = {text for one in posts for text in (one.post.title, one.post.text)}
    quotes = Quotes(texts | exact, exact=exact)
    return list(_entries(session, quotes)) if quotes else []


def quotation(scored: ScoredPost) -> str:
    """What grouping quotes of a post."""
    return (scored.post.title or scored.post.text)[:40].strip()


def _mine(row: Any) -> bool:
    """Whether quotations may be taken out: what was agreed on by two is part of a record."""
    return not isinstance(row, ApprovalRow) or (
        row.action == signing.SIGNED.action and row.state != approvals.CONFIRMED
    )


def _audit(session: Session, quotes: Quotes) -> Iterator[int]:
    known = or_(*(AuditRow.subject.startswith(one) for one in _AUDITED))
    wanted = select(AuditRow).where(AuditRow.body.is_not(None), known)
    for row in _pages(session, AuditRow.id, wanted):
        if quotes.within(_plain(row.body)):
            yield row.id


def _audit_of(session: Session, refused: Collection[int]) -> Iterator[int]:
    """What the audit keeps of proposals that never became an entry."""
    if not refused:
        return
    wanted = select(AuditRow).where(
        AuditRow.body.is_not(None), AuditRow.action.endswith(f"：{signing.SIGNED.action}")
    )
    for row in _pages(session, AuditRow.id, wanted):
        after = _plain(row.body).get("after")
        if isinstance(after, dict) and after.get("id") in refused:
            yield row.id


def _entries(session: Session, quotes: Quotes) -> Iterator[str]:
    for incident in session.scalars(select(IncidentRow.id).order_by(IncidentRow.id)).all():
        wanted = select(EntryRow).where(EntryRow.incident == incident, EntryRow.body.is_not(None))
        for row in session.scalars(wanted.order_by(EntryRow.seq)):
            if quotes.within(_plain(row.body)):
                yield f"{incident}#{row.seq}"


def _plain(body: str | None) -> dict[str, Any]:
    """A stored body; what is damaged there is told by the check of the chain, not here."""
    try:
        found = json.loads(body or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _pages(session: Session, key: Any, wanted: Any) -> Iterator[Any]:
    """The rows by their key, some at a time, so that a long table needs little memory."""
    base = page = wanted.order_by(key).limit(_PAGE)
    while rows := list(session.scalars(page)):
        yield from rows
        page = base.where(key > getattr(rows[-1], key.name))
