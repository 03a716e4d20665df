"""What an incident is made of: an append-only list of typed entries (记录).

Nothing is ever changed: a mistake is answered by a ``correction``, a new level by another
``level_set``. ``at`` is when it happened, ``written_at`` when it was written down; both are aware.
As JSON, ``type`` names the kind; this is the form of ``yuqing clocks --entries``, of the API and
of the stored body.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Struct

Aware: TypeAlias = Annotated[datetime, Meta(tz=True)]


class Level(StrEnum):
    """Level of the incident (事件级别, I to IV): decides the clocks, set by a person only."""

    EXTREME = "特别重大"
    MAJOR = "重大"
    LARGE = "较大"
    ORDINARY = "一般"


class EventType(StrEnum):
    """Type of the event (事件类型). The last one is none in the sense of the law: R3 only."""

    NATURAL = "自然灾害"
    ACCIDENT = "事故灾难"
    HEALTH = "公共卫生"
    SECURITY = "社会安全"
    NONE = "不属突发事件"


class Moment(StrEnum):
    """The instants that are kept side by side; rules name the one they run from."""

    OCCURRED = "occurred"  # 事发
    DETECTED = "detected"  # 发现
    REPORTED = "reported"  # 接报
    CLASSIFIED = "classified"  # 认定
    PUBLISHED = "published"  # 文件公开
    FIRST_POST = "first_post"  # 首帖


MOMENT_NAMES = {
    Moment.OCCURRED: "事发",
    Moment.DETECTED: "发现",
    Moment.REPORTED: "接报",
    Moment.CLASSIFIED: "认定",
    Moment.PUBLISHED: "文件公开",
    Moment.FIRST_POST: "首帖",
}


class Status(StrEnum):
    """How far a text is. Only ``published`` stops a clock."""

    DRAFTED = "drafted"  # 拟稿
    APPROVED = "approved"  # 签发
    SCHEDULED = "scheduled"  # 定时
    PUBLISHED = "published"  # 发布


class ConferenceStatus(StrEnum):
    """How far a press conference is. Only ``held`` (its actual start) stops a clock."""

    ANNOUNCED = "announced"  # 预告
    HELD = "held"  # 召开
    CANCELLED = "cancelled"  # 取消


class Issuer(StrEnum):
    """Who published (发布主体): the unit itself or the higher body entitled to."""

    OWN = "本单位"
    HIGHER = "上级"


class Certain(StrEnum):
    """Whether a fact is confirmed."""

    YES = "已确认"
    NOT_YET = "待核实"


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


class Opened(Entry, frozen=True, kw_only=True, omit_defaults=True, tag="opened"):
    """The incident was opened (立项), by hand or from an alert."""

    title: str
    alert: int | None = None
    summary: str = ""


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


class _Text(Entry, frozen=True, kw_only=True, omit_defaults=True):
    """A text on its way out. ``origin`` is the merged incident that it was taken over from."""

    status: Status
    issuer: Issuer = Issuer.OWN
    title: str = ""
    text: str = ""
    whole: bool = False  # counts for the whole of merged incidents
    origin: int | None = None


class Release(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="release"):
    """Authoritative information (权威发布): published, it stops R1."""


class Answer(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="answer"):
    """An answer to public concern (回应): published, it stops R3."""


class Interpretation(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="interpretation"):
    """解读材料 of a policy document: published, it stops R5."""


class Clarification(_Text, frozen=True, kw_only=True, omit_defaults=True, tag="clarification"):
    """澄清 of false or incomplete information."""


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
    """Another incident was taken in (并入): earliest basis, strictest level."""

    other: int
    occurred: Aware | None = None
    level: Level | None = None


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
    | Assigned
    | Assessment
    | Release
    | Answer
    | Interpretation
    | Clarification
    | Conference
    | Correction
    | NotApplicable
    | Acknowledgement
    | Merge
    | Split
    | Reopen
    | Closed
    | Note
)

KIND_NAMES = {
    "opened": "立项",
    "event_type": "事件类型",
    "fact": "事实",
    "instant": "时点",
    "level_set": "定级",
    "assigned": "分工",
    "assessment": "研判",
    "release": "权威发布",
    "answer": "回应",
    "interpretation": "政策解读",
    "clarification": "澄清",
    "conference": "新闻发布会",
    "correction": "更正",
    "not_applicable": "不适用",
    "acknowledgement": "确认提醒",
    "merge": "并入",
    "split": "拆分",
    "reopen": "重启",
    "closed": "办结",
    "note": "备注",
}


def kind(entry: Entry) -> str:
    """The name of the entry's kind, as in JSON's ``type``."""
    return str(entry.__struct_config__.tag)


def is_stop(entry: Entry) -> bool:
    """Whether the entry stops a clock: published, or held; nothing less does."""
    if isinstance(entry, _Text):
        return entry.status is Status.PUBLISHED
    return isinstance(entry, Conference) and entry.status is ConferenceStatus.HELD
