"""Stops that name a page (停表所附网址): 待核实 until the crawler meets it, see confirming."""

from __future__ import annotations

from msgspec.structs import replace
from sqlalchemy.orm import Session

from registry.own_pages import address_of
from responder.entries import (
    Answer,
    Clarification,
    Conference,
    Entry,
    Evidence,
    Interpretation,
    Release,
    is_stop,
)
from responder.tables_confirming import UnconfirmedStopRow

_PUBLIC = (Release, Answer, Interpretation, Clarification, Conference)


def unverified(entry: Entry) -> Entry:
    """What was made public, as it is written down: only its signer says when, so far."""
    if not (is_stop(entry) and isinstance(entry, _PUBLIC)):
        return entry
    return replace(entry, evidence=replace(entry.evidence or Evidence(), unverified=True))


def expect(session: Session, entry: Entry) -> None:
    """Wait for the page of a stop that names one."""
    evidence = entry.evidence
    if evidence is not None and evidence.unverified and evidence.url.strip():
        session.add(
            UnconfirmedStopRow(
                incident=entry.incident, seq=entry.seq, address=address_of(evidence.url)
            )
        )
