"""What an incident is made of: an append-only list of typed entries (记录).

Nothing is ever changed: a mistake is answered by a ``correction``, a new level by another
``level_set``. ``at`` is when it happened, ``written_at`` when it was written down; both are aware.
As JSON, ``type`` names the kind; this is the form of ``yuqing clocks --entries``, of the API and
of the stored body.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

from responder.vocabulary import (
    KIND_NAMES,
    MOMENT_NAMES,
    REPORT_STOPS,
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
    "Certain",
    "ConferenceStatus",
    "EventType",
    "Issuer",
    "Level",
    "Moment",
    "ReportKind",
    "ReportStatus",
    "Status",
]

Aware: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Evidence(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What proves an entry (证据): where it stands, the hash of its text, who signed."""

    channel: str = ""
    url: str = ""
    place: str = ""
    text_hash: str = ""  # sha256 of the text, hex
    signer: str = ""
    file: str = ""
    source: str = ""
    unverified: bool = False  # 待核实: the signer's time, not yet confirmed on the page


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What all entries have. ``rules`` and ``calendar`` name the versions in force when written."""

    at: Aware
    written_at: Aware
    by: str = ""
    incident: int = 0
    seq: int = 0
    evidence: Evidence | None = None
    rules: str = ""
    calendar: str = ""
    flag: str = ""  # what was odd when it was written, as that the machine's clock went back


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


class Report(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="report"):
    """A report to the body above (信息报告): sent, it stops R4.

    ``hop``: the how-manieth step up it was; ``onward`` names who has to report it further up.
    """

    method: ReportKind
    to: str
    status: ReportStatus = ReportStatus.SENT
    title: str = ""
    text: str = ""
    hop: int = 1
    onward: str = ""
    whole: bool = False
    origin: int | None = None


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


class Settled(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="settled"):
    """An order was settled (工单办结); ``order`` is the number of its entry."""

    order: int
    result: str = ""


class NewsCentre(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="news_centre"):
    """A news centre was set up (设立新闻中心)."""

    title: str = ""


class Needed(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="needed"):
    """A person found a step necessary that its text asks for only 必要时."""

    rule: str
    reason: str = ""
    signer: str = ""


class _Text(Entry, frozen=True, kw_only=True, omit_defaults=True):
    """A text on its way out. ``origin`` is the merged incident that it was taken over from."""

    status: Status
    issuer: Issuer = Issuer.OWN
    title: str = ""
    text: str = ""
    whole: bool = False  # counts for the whole of merged incidents
    origin: int | None = None


class Release(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="release"):
    """Authoritative information (权威发布): published, it stops R1. ``next_at``: the next one."""

    next_at: Aware | None = None


class Answer(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="answer"):
    """An answer to public concern (回应): published, it stops R3."""


class Interpretation(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="interpretation"):
    """解读材料 of a policy document: published, it stops R5."""


class Clarification(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="clarification"):
    """澄清 of false or incomplete information; ``claim``: of that entry, else of all before."""

    claim: int | None = None


class Conference(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="conference"):
    """A press conference (新闻发布会): held, it stops R2; ``at`` is then its actual start."""

    status: ConferenceStatus
    issuer: Issuer = Issuer.OWN
    title: str = ""
    whole: bool = False
    origin: int | None = None


class Correction(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="correction"):
    """更正 of the time of an instant or of a stop; the entry ``target`` itself stays as it is."""

    target: int
    value: Aware
    reason: str = ""
    second: str = ""


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
    | NotApplicable
    | Acknowledgement
    | Merge
    | MergedInto
    | Split
    | Reopen
    | Closed
    | Note
)


def kind(entry: Entry) -> str:
    """The name of the entry's kind, as in JSON's ``type``."""
    return str(entry.__struct_config__.tag)


_NEVER: frozenset[type[Entry]] = frozenset({Note, Fact, Acknowledgement, Instant, Assessment})


def is_stop(entry: Entry) -> bool:
    """Whether the entry stops a clock: published, held, sent, settled; nothing less does."""
    made = type(entry)
    if made in _NEVER:  # most of a long incident
        return False
    if isinstance(entry, _Text):
        return entry.status is Status.PUBLISHED
    if isinstance(entry, Report):
        return entry.status is ReportStatus.SENT
    if isinstance(entry, Conference):
        return entry.status is ConferenceStatus.HELD
    return made is Settled or made is NewsCentre


def stop_names(entry: Entry) -> tuple[str, ...]:
    """What rules call such a stop: its kind, for a report also how it went up."""
    if isinstance(entry, Report):
        return ("report", REPORT_STOPS[entry.method])
    return (kind(entry),)
