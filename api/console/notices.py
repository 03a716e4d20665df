"""通知与升级: what was sent, what was not and why, what was told twice, escalated, acknowledged."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy.orm import Session

from registry import notice_log, outbox
from registry.notice_log import Line
from registry.outbox import Delivery
from responder import query

_DELIVERED = {
    "waiting": "待发送",
    "sent": "已发送",
    "not_sent": "未发送",
    "failed": "发送失败",
}
_SCANNED = 300


class NoticeView(Struct, frozen=True):
    """One line: what about, what became of it, and for whom it was meant."""

    at: datetime
    subject: str
    result: str
    href: str
    to: str = ""


def notice_view(delivery: Delivery) -> NoticeView:
    """One delivery: what about, and what became of it."""
    payload = delivery.payload
    result = _DELIVERED.get(delivery.state, delivery.state)
    if delivery.state == "waiting" and delivery.attempts:
        result = f"第 {delivery.attempts} 次没有送到，会再试"
    if delivery.detail:
        result += f"：{delivery.detail}"
    said = payload.get("text") or payload.get("title") or delivery.kind
    href = _href(payload.get("alert"), payload.get("incident"))
    names = dict.fromkeys(str(one.get("name", "")) for one in payload.get("to", []))
    at = delivery.done_at or delivery.due_at
    return NoticeView(at, str(said), result, href, "、".join(names))


def line_view(line: Line) -> NoticeView:
    """One line of the log."""
    word = notice_log.WORDS.get(line.word, line.word)
    return NoticeView(line.at, line.text, word, _href(line.alert, line.incident))


def newest(session: Session, *, limit: int) -> list[NoticeView]:
    """All of it, newest first."""
    found = [notice_view(one) for one in query.deliveries(session, limit)]
    found += [line_view(one) for one in notice_log.recent(session, limit)]
    return _newest(found)[:limit]


def of_alert(session: Session, alert: int) -> list[NoticeView]:
    """What was told, or not, of one alert."""
    found = [
        notice_view(one)
        for one in outbox.recent(session, _SCANNED)
        if one.payload.get("alert") == alert
    ]
    found += [line_view(one) for one in notice_log.recent(session, alert=alert)]
    return _newest(found)


def of_incident(session: Session, incident: int, sent: list[Delivery]) -> list[NoticeView]:
    """What was told, or not, of one incident; ``sent`` are its deliveries."""
    found = [notice_view(one) for one in sent]
    found += [line_view(one) for one in notice_log.recent(session, incident=incident)]
    return _newest(found)


def _newest(found: list[NoticeView]) -> list[NoticeView]:
    return sorted(found, key=lambda one: one.at, reverse=True)


def _href(alert: object, incident: object) -> str:
    return f"/incidents/{incident}" if incident else f"/alerts/{alert}" if alert else ""
