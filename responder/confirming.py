"""When something was really published (时间核实): by its page on an own source.

A text that stops a clock is shown 待核实 until the crawler meets its page: then the page's own
certain time counts, else the first sight of it. Nothing is fetched here: the crawler keeps what
it saw of own sources in registry.own_pages, and each tick joins the two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from registry.tables import OwnPageRow
from responder import incidents, ledger
from responder.entries import Confirmation, Entry, Moment, Note
from responder.facts import gather, in_order
from responder.tables_confirming import UnconfirmedStopRow
from responder.wording import instant

_EVERY = timedelta(seconds=5)
_AT_ONCE = 100
_BY = "系统"


class Met(Struct, frozen=True, kw_only=True):
    """A stop and the page of it."""

    incident: int
    seq: int
    source: str
    published_at: datetime | None
    first_seen_at: datetime


class Confirmer:
    """A plan of the responder's tick: pages that were seen confirm the stops that wait for them."""

    def __init__(self) -> None:
        self._looked_at: datetime | None = None

    def wanted(self, session: Session, now: datetime) -> list[Met]:
        """Stops whose page was seen; reads only."""
        last = self._looked_at
        if last is not None and last <= now < last + _EVERY:
            return []
        self._looked_at = now
        rows = session.execute(
            select(
                UnconfirmedStopRow.incident,
                UnconfirmedStopRow.seq,
                OwnPageRow.source,
                OwnPageRow.published_at,
                OwnPageRow.first_seen_at,
            )
            .join(OwnPageRow, OwnPageRow.address == UnconfirmedStopRow.address)
            .order_by(UnconfirmedStopRow.incident, UnconfirmedStopRow.seq)
            .limit(_AT_ONCE)
        )
        return [Met(**row) for row in rows.mappings()]

    def put(self, session: Session, wanted: Sequence[Met], *, now: datetime) -> int:
        """Write the times that the pages show; tells nobody."""
        for met in wanted:
            incidents.append(session, met.incident, _entry(session, met, now), now=now)
            session.execute(
                delete(UnconfirmedStopRow).where(
                    UnconfirmedStopRow.incident == met.incident, UnconfirmedStopRow.seq == met.seq
                )
            )
        return 0

    def done(self) -> bool | None:
        """Nothing is left over: what is not confirmed waits in its table."""
        return None


def _entry(session: Session, met: Met, now: datetime) -> Entry:
    value = met.published_at or met.first_seen_at
    entries = ledger.load(session, met.incident)
    begun = _begun(entries)
    if begun is not None and value < begun:
        said = "网页所载时间" if met.published_at else "首次抓取到的时间"
        text = (
            f"第 {met.seq} 条所附网址的{said} {instant(value)} 早于事发 {instant(begun)}，"
            "不是这次的发布，未采用，请核对证据"
        )
        return Note(at=now, written_at=now, by=_BY, text=text)
    return Confirmation(
        at=now,
        written_at=now,
        by=_BY,
        target=met.seq,
        value=value,
        by_page=met.published_at is not None,
        source=met.source,
    )


def _begun(entries: Sequence[Entry]) -> datetime | None:
    """The earliest that was ever said of 事发: what is older belongs to something else."""
    cycles = gather(in_order(entries), ())
    said = [at for facts in cycles for at in facts.said.get(Moment.OCCURRED, [])]
    return min(said, default=None)
