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
    Confirmation,
    Correction,
    Entry,
    EventTyped,
    Evidence,
    Fact,
    FalseClaim,
    Instant,
    Interpretation,
    Issuer,
    LevelSet,
    MayGrow,
    Merge,
    MergedInto,
    Needed,
    NewsCentre,
    NotApplicable,
    Note,
    Opened,
    Order,
    Release,
    Reopen,
    Report,
    ReportStatus,
    Settled,
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
    flag = f"【{entry.flag}】" if entry.flag else ""
    text = f"{_spoken(entry)}{flag}"
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
            following = getattr(entry, "next_at", None)
            more = f"，下次 {instant(following)}" if following else ""
            whole = "（对整体有效）" if entry.whole else ""
            taken = f"，自事件 {entry.origin} 转来{whole}" if entry.origin else ""
            done = f"{issuer}{STATUS_NAMES[entry.status]}"
            return f"{KIND_NAMES[kind(entry)]}{title}：{done}{more}{taken}"
        case MayGrow():
            mark = "标为可能演变为重大" if entry.value else "取消“可能演变为重大”"
            return f"{mark}，{entry.signer or entry.by} 签认：{entry.reason}"
        case Report():
            sent = "已报" if entry.status is ReportStatus.SENT else "拟报"
            onward = f"，由 {entry.onward} 继续上报" if entry.onward else ""
            return f"{entry.method.value}{sent} {entry.to}：{entry.title or entry.text}{onward}"
        case FalseClaim():
            return f"{entry.text}" + (f"（{entry.source}）" * bool(entry.source))
        case Order():
            limit = f"，时限 {entry.workdays} 个工作日" if entry.workdays else ""
            limit = f"，时限 {entry.hours:g} 小时" if entry.hours else limit
            return f"受理工单 {entry.number} {entry.kind}{limit} {entry.text}"
        case Settled():
            return f"第 {entry.order} 条工单办结：{entry.result}"
        case NewsCentre():
            return f"设立新闻中心 {entry.title}"
        case Needed():
            return f"{entry.rule} 有必要，{entry.signer or entry.by} 签认：{entry.reason}"
        case Correction():
            return (
                f"更正第 {entry.target} 条的时间为 {instant(entry.value)}：{entry.reason}"
                f"（{entry.by}、{entry.second}）"
            )
        case Confirmation():
            how = "网页所载时间" if entry.by_page else "首次抓取到的时间"
            return f"第 {entry.target} 条的时间经核实为 {instant(entry.value)}（{how}）"
        case NotApplicable():
            return (
                f"{entry.rule} 不适用：{entry.reason}（依据 {entry.clause}，"
                f"{entry.by}、{entry.second} 签署）"
            )
        case Acknowledgement():
            return f"{entry.rule} {entry.threshold}% 提醒已确认"
        case Merge():
            level = f"，级别 {entry.level.value}" if entry.level else ""
            start = f"，事发 {instant(entry.occurred)}" if entry.occurred else ""
            return f"事件 {entry.other} 并入{start}{level}：{entry.reason}"
        case MergedInto():
            return f"并入事件 {entry.other}：{entry.reason}"
        case Split():
            return f"拆分出事件 {entry.other}：{entry.reason}"
        case Reopen():
            return f"重启，自 {instant(entry.basis)} 起算：{entry.reason}"
        case Closed():
            return f"办结：{entry.reason}"
        case Note():
            return entry.text
    return KIND_NAMES[kind(entry)]
