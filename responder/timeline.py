"""The entries of an incident as a timeline (时间线): one line each, nothing hidden."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from responder.entries import (
    KIND_NAMES,
    MOMENT_NAMES,
    Acknowledgement,
    Answer,
    Assessment,
    Assigned,
    Clarification,
    Closed,
    Conference,
    ConferenceStatus,
    Correction,
    Entry,
    EventTyped,
    Evidence,
    Fact,
    Instant,
    Interpretation,
    Issuer,
    LevelSet,
    Merge,
    NotApplicable,
    Note,
    Opened,
    Release,
    Reopen,
    Split,
    Status,
    kind,
)
from responder.wording import instant

STATUS_NAMES = {
    Status.DRAFTED: "拟稿",
    Status.APPROVED: "已签发",
    Status.SCHEDULED: "已定时",
    Status.PUBLISHED: "已发布",
    ConferenceStatus.ANNOUNCED: "已预告",
    ConferenceStatus.HELD: "已召开",
    ConferenceStatus.CANCELLED: "已取消",
}


class TimelineItem(Struct, frozen=True, kw_only=True):
    """One entry. ``at``: when it happened; ``corrected_by``: number of the newest correction."""

    seq: int
    kind: str
    kind_name: str
    at: datetime
    written_at: datetime
    by: str
    text: str
    evidence: Evidence | None = None
    corrected_by: int | None = None


def timeline_of(entries: Sequence[Entry]) -> list[TimelineItem]:
    """The entries by when they happened, newest first."""
    corrected = {entry.target: entry.seq for entry in entries if isinstance(entry, Correction)}
    items = [
        TimelineItem(
            seq=entry.seq,
            kind=kind(entry),
            kind_name=KIND_NAMES[kind(entry)],
            at=entry.value if isinstance(entry, Instant) else entry.at,
            written_at=entry.written_at,
            by=entry.by,
            text=sentence(entry),
            evidence=entry.evidence,
            corrected_by=corrected.get(entry.seq),
        )
        for entry in entries
    ]
    return sorted(items, key=lambda item: (item.at, item.seq), reverse=True)


def sentence(entry: Entry) -> str:
    """What the entry says, in one line."""
    text = _spoken(entry)
    return " ".join(text.split())


def _spoken(entry: Entry) -> str:  # noqa: C901, PLR0911, PLR0912 (one line for each kind)
    match entry:
        case Opened():
            return f"{entry.title} {entry.summary}"
        case EventTyped():
            return f"事件类型定为{entry.event_type.value}"
        case Fact():
            return f"【{entry.status.value}】{entry.text}" + (
                f"（{entry.source}）" * bool(entry.source)
            )
        case Instant():
            unsure = "（估计）" if entry.estimated else ""
            said = f"，{entry.said_by}" if entry.said_by else ""
            return f"{MOMENT_NAMES[entry.which]} {instant(entry.value)}{unsure}{said}"
        case LevelSet():
            before = f"由{entry.previous.value}改定" if entry.previous else "定"
            why = f"：{entry.criteria}" if entry.criteria else ""
            return f"{before}为{entry.level.value}，{entry.signer or entry.by} 签发{why}"
        case Assigned():
            support = f"，协办 {'、'.join(entry.support)}" if entry.support else ""
            speaker = f"，第一新闻发言人 {entry.spokesperson}" if entry.spokesperson else ""
            return f"主办 {entry.lead}{support}{speaker}"
        case Assessment():
            return "；".join(
                f"{name}：{value}"
                for name, value in (
                    ("性质", entry.nature),
                    ("走势", entry.trend),
                    ("风险", entry.risk),
                    ("预控处置意见", entry.advice),
                )
                if value
            )
        case Release() | Answer() | Interpretation() | Clarification() | Conference():
            issuer = "上级" if entry.issuer is Issuer.HIGHER else ""
            title = f"《{entry.title}》" if entry.title else ""
            return f"{KIND_NAMES[kind(entry)]}{title}：{issuer}{STATUS_NAMES[entry.status]}"
        case Correction():
            return (
                f"更正第 {entry.target} 条的时间为 {instant(entry.value)}：{entry.reason}"
                f"（{entry.by}、{entry.second}）"
            )
        case NotApplicable():
            return (
                f"{entry.rule} 不适用：{entry.reason}（依据 {entry.clause}，"
                f"{entry.by}、{entry.second} 签署）"
            )
        case Acknowledgement():
            return f"{entry.rule} {entry.threshold}% 提醒已确认"
        case Merge():
            return f"并入事件 {entry.other}"
        case Split():
            return f"拆分出事件 {entry.other}：{entry.reason}"
        case Reopen():
            return f"重启，自 {instant(entry.basis)} 起算：{entry.reason}"
        case Closed():
            return f"办结：{entry.reason}"
        case Note():
            return entry.text
    return KIND_NAMES[kind(entry)]
