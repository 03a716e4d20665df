"""What an incident is made of: an append-only list of typed entries (记录).

Nothing is ever changed: a mistake is answered by a ``correction``, a new level by another
``level_set``. ``at`` is when it happened, ``written_at`` when it was written down; both are aware.
As JSON, ``type`` names the kind; this is the form of ``yuqing clocks --entries``, of the API and
of the stored body. What all have: responder/entry.py; those that stop clocks: responder/stops.py.
"""

from __future__ import annotations

from typing import TypeAlias

from responder.entry import Aware, Entry, Evidence, kind
from responder.stops import (
    Answer,
    Clarification,
    Conference,
    Interpretation,
    NewsCentre,
    Release,
    Report,
    Settled,
    is_stop,
    stop_names,
)
from responder.vocabulary import (
    KIND_NAMES,
    MOMENT_NAMES,
    Certain,
    ConferenceStatus,
    EventType,
    Issuer,
    Level,
    Moment,
    ReportKind,
    ReportStatus,
    Status,
)

__all__ = [
    "KIND_NAMES",
    "MOMENT_NAMES",
    "Acknowledgement",
    "Answer",
    "AnyEntry",
    "Assessment",
    "Assigned",
    "Aware",
    "Certain",
    "Clarification",
    "Closed",
    "Conference",
    "ConferenceStatus",
    "Confirmation",
    "Correction",
    "Entry",
    "EventType",
    "EventTyped",
    "Evidence",
    "Fact",
    "FalseClaim",
    "Instant",
    "Interpretation",
    "Issuer",
    "Level",
    "LevelSet",
    "MayGrow",
    "Merge",
    "MergedInto",
    "Moment",
    "Needed",
    "NewsCentre",
    "NotApplicable",
    "Note",
    "Opened",
    "Order",
    "Release",
    "Reopen",
    "Report",
    "ReportKind",
    "ReportStatus",
    "Settled",
    "Split",
    "Status",
    "is_stop",
    "kind",
    "stop_names",
]


class Opened(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="opened"):
    """The incident was opened (立项), by hand or from an alert."""

    title: str
    alert: int | None = None
    summary: str = ""
    split_from: int | None = None


class EventTyped(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="event_type"):
    """The type of the event was set (事件类型)."""

    event_type: EventType


class Fact(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="fact"):
    """A fact with its source (事实), ``status`` 已确认 or 待核实."""

    text: str
    status: Certain
    source: str = ""


class Instant(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="instant"):
    """One of the instants (时点), with who said it; ``estimated`` yields to a certain one."""

    which: Moment
    value: Aware
    estimated: bool = False
    said_by: str = ""


class LevelSet(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="level_set"):
    """A person set the level (定级); another one later is an upgrade or downgrade (升降级)."""

    level: Level
    signer: str = ""
    criteria: str = ""
    previous: Level | None = None


class MayGrow(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="may_grow"):
    """A person marked the incident 可能演变为重大, or took the mark back: decides R4."""

    value: bool = True
    reason: str = ""
    signer: str = ""


class Assigned(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="assigned"):
    """主办, 协办 and the first spokesperson (第一新闻发言人) were named."""

    lead: str
    support: tuple[str, ...] = ()
    spokesperson: str = ""


class Assessment(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="assessment"):
    """研判: 事件性质, 舆情走势, 可能出现的风险, 预控处置意见."""

    nature: str = ""
    trend: str = ""
    risk: str = ""
    advice: str = ""


class FalseClaim(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="false_claim"):
    """False or incomplete information was found (不实信息): R9 runs from it."""

    text: str
    url: str = ""
    source: str = ""


class Order(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="order"):
    """An order of the hotline or mailbox was accepted (受理), with the limit that it names.

    ``hours`` or ``workdays``, else the preset of that ``kind``, else the rule's own length.
    """

    number: str
    kind: str = ""
    hours: float | None = None
    workdays: int | None = None
    text: str = ""


class Needed(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="needed"):
    """A person found a step necessary that its text asks for only 必要时."""

    rule: str
    reason: str = ""
    signer: str = ""


class Correction(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="correction"):
    """更正 of the time of an instant or of a stop; the entry ``target`` itself stays as it is."""

    target: int
    value: Aware
    reason: str = ""
    second: str = ""


class Confirmation(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="confirmation"):
    """时间核实: when ``target`` was published, as its page says (``by_page``) or as first seen."""

    target: int
    value: Aware
    by_page: bool = False
    source: str = ""


class NotApplicable(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="not_applicable"):
    """不适用: holds only with a reason, a clause and a second person."""

    rule: str
    reason: str = ""
    clause: str = ""
    second: str = ""


class Acknowledgement(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="acknowledgement"):
    """A reminder was seen (确认): ends the repeats of its own threshold (percent) only."""

    rule: str
    threshold: int


class Merge(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="merge"):
    """Another incident was taken in (并入): earliest basis, strictest level.

    ``estimated``: that incident's 事发 was an estimate.
    """

    other: int
    occurred: Aware | None = None
    detected: Aware | None = None
    reported: Aware | None = None
    estimated: bool = False
    level: Level | None = None
    event_type: EventType | None = None
    growing: bool = False
    reason: str = ""


class MergedInto(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="merged_into"):
    """This incident was taken into another one, which runs on; this one is closed with it."""

    other: int
    reason: str = ""


class Split(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="split"):
    """A part became its own incident (拆分), which inherits basis, level and releases."""

    other: int
    reason: str = ""


class Reopen(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="reopen"):
    """Opened again (重启): a new cycle with its own basis; the old result stays."""

    basis: Aware
    reason: str = ""


class Closed(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="closed"):
    """The incident was closed (办结)."""

    reason: str = ""


class Note(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="note"):
    """Anything else worth keeping (备注)."""

    text: str


AnyEntry: TypeAlias = (
    Opened
    | EventTyped
    | Fact
    | Instant
    | LevelSet
    | MayGrow
    | Assigned
    | Assessment
    | Report
    | FalseClaim
    | Order
    | Settled
    | NewsCentre
    | Needed
    | Release
    | Answer
    | Interpretation
    | Clarification
    | Conference
    | Correction
    | Confirmation
    | NotApplicable
    | Acknowledgement
    | Merge
    | MergedInto
    | Split
    | Reopen
    | Closed
    | Note
)
