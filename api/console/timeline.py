"""The entries of an incident as the page shows them: when it happened, and when it was written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from api.console import words
from responder.entries import MOMENT_NAMES, Evidence, Instant, Moment
from responder.facts import Known
from responder.timeline import TimelineItem

_SIGNS = {
    "fact": "st-met",
    "instant": "st-run",
    "assigned": "n-task",
    "release": "n-release",
    "answer": "n-release",
    "interpretation": "n-release",
    "clarification": "n-release",
    "conference": "n-conf",
    "not_applicable": "st-na",
    "acknowledgement": "st-ok",
    "closed": "st-met",
    "opened": "n-event",
    "event_type": "n-event",
    "level_set": "n-event",
    "reopen": "n-event",
}
_RELEASES = frozenset({"release", "answer", "interpretation", "clarification", "conference"})
_LATE_S = 60


class EntryView(Struct, frozen=True, kw_only=True):
    """One line of the timeline; ``corrected`` is the number of the entry that corrects it."""

    seq: int
    type: str
    name: str
    sign: str
    at: datetime
    time: str
    day: str
    text: str
    by: str
    written: str
    proof: list[str]
    url: str
    corrected: int | None


class InstantView(Struct, frozen=True, kw_only=True):
    """One of the instants; ``basis``: a clock runs from it."""

    name: str
    time: str
    day: str
    who: str
    seq: int
    basis: bool


def entry_view(item: TimelineItem, now: datetime) -> EntryView:
    """One entry."""
    late = (item.written_at - item.at).total_seconds() > _LATE_S
    day = words.day(item.at, now)
    return EntryView(
        seq=item.seq,
        type="release" if item.kind in _RELEASES else item.kind.replace("level_set", "level"),
        name=item.kind_name,
        sign=_SIGNS.get(item.kind, "n-policy"),
        at=item.at,
        time=words.clock(item.at),
        day="" if day == "今天" else day,
        text=_said(item),
        by=item.by,
        written=words.when(item.written_at, now) if late else "",
        proof=_proof(item.evidence or Evidence()),
        url=item.evidence.url if item.evidence else "",
        corrected=item.corrected_by,
    )


def _said(item: TimelineItem) -> str:
    """The sentence without the name of its kind, which stands before it."""
    rest = item.text.removeprefix(item.kind_name)
    return rest.lstrip(" ：") if rest[:1] in {" ", "：", "《"} else item.text


def _proof(evidence: Evidence) -> list[str]:
    said = (
        evidence.channel,
        evidence.place,
        evidence.source,
        f"签发 {evidence.signer}" if evidence.signer else "",
        f"正文哈希 {evidence.text_hash[:12]}" if evidence.text_hash else "",
        "时间待核实" if evidence.unverified else "",
    )
    return [part for part in said if part]


def instant_views(
    moments: Mapping[str, Known], bases: Sequence[str], now: datetime
) -> list[InstantView]:
    """The instants that hold now; a clock's basis names the one that it runs from."""
    views = []
    for code, known in moments.items():
        name = MOMENT_NAMES[Moment(code)]
        said = known.entry.said_by if isinstance(known.entry, Instant) else ""
        views.append(
            InstantView(
                name=name,
                time=words.clock(known.value),
                day=words.day(known.value, now),
                who="估计" if known.estimated else said or known.entry.by,
                seq=known.entry.seq,
                basis=any(basis.startswith(name) for basis in bases),
            )
        )
    return views
