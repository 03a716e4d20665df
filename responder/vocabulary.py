"""The words of the records: levels, types, instants, and how far a text is."""

from __future__ import annotations

from enum import StrEnum


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


class ReportKind(StrEnum):
    """How a report went up (报告方式)."""

    PHONE = "电话"
    WRITTEN = "书面"
    FOLLOW_UP = "续报"
    FINAL = "终报"
    CHECK = "核查"


REPORT_STOPS = {
    ReportKind.PHONE: "report.phone",
    ReportKind.WRITTEN: "report.written",
    ReportKind.FOLLOW_UP: "report.follow_up",
    ReportKind.FINAL: "report.final",
    ReportKind.CHECK: "report.check",
}


class ReportStatus(StrEnum):
    """How far a report is. Only ``sent`` stops a clock."""

    DRAFTED = "drafted"  # 拟稿
    SENT = "sent"  # 已报


KIND_NAMES = {
    "opened": "立项",
    "event_type": "事件类型",
    "fact": "事实",
    "instant": "时点",
    "level_set": "定级",
    "may_grow": "可能演变为重大",
    "assigned": "分工",
    "assessment": "研判",
    "report": "信息报告",
    "release": "权威发布",
    "answer": "回应",
    "interpretation": "政策解读",
    "clarification": "澄清",
    "conference": "新闻发布会",
    "news_centre": "新闻中心",
    "false_claim": "不实信息",
    "order": "受理工单",
    "settled": "工单办结",
    "needed": "必要时",
    "correction": "更正",
    "confirmation": "时间核实",
    "not_applicable": "不适用",
    "acknowledgement": "确认提醒",
    "merge": "并入",
    "merged_into": "并入他事件",
    "split": "拆分",
    "reopen": "重启",
    "closed": "办结",
    "note": "备注",
}
