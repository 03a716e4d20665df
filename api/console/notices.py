"""通知与升级: what was sent, what was not and why, what was told twice, escalated, acknowledged."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy.orm import Session

from api.console import telling
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
_SCANNED = 1000
_CHANNELS = 10  # of a desk, as many as it commonly has


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


def told(deliveries: Iterable[Delivery]) -> list[NoticeView]:
    """One line for each notice, whatever number of channels it leaves by."""
    groups: dict[str, list[Delivery]] = {}
    for one in deliveries:
        base = one.key.removesuffix(f":{one.channel}") if one.channel else one.key
        groups.setdefault(base, []).append(one)
    return [_of_all(group) for group in groups.values()]


def _of_all(deliveries: list[Delivery]) -> NoticeView:
    views = [notice_view(one) for one in deliveries]
    if len(views) == 1:
        return views[0]
    # What went wrong comes first; the channels of one outcome stand together.
    ranked = sorted(zip(deliveries, views, strict=True), key=lambda pair: _rank(pair[0]))
    outcomes: dict[str, list[str]] = {}
    for one, view in ranked:
        said = _DELIVERED["sent"] if one.state == outbox.SENT else view.result
        outcomes.setdefault(said, []).append(telling.title_of(one.channel))
    result = "；".join(f"{'、'.join(names)} {said}" for said, names in outcomes.items())
    return replace(max(views, key=lambda view: view.at), result=result)


def _rank(delivery: Delivery) -> int:
    order = (outbox.FAILED, outbox.WAITING, outbox.SENT, outbox.NOT_SENT)
    return order.index(delivery.state) if delivery.state in order else len(order)


def line_view(line: Line) -> NoticeView:
    """One line of the log."""
    word = notice_log.WORDS.get(line.word, line.word)
    return NoticeView(line.at, line.text, word, _href(line.alert, line.incident))


def newest(session: Session, *, limit: int) -> list[NoticeView]:
    """All of it, newest first."""
    found = told(query.deliveries(session, limit * _CHANNELS))
    found += [line_view(one) for one in notice_log.recent(session, limit)]
    return _newest(found)[:limit]


def of_alert(session: Session, alert: int) -> list[NoticeView]:
    """What was told, or not, of one alert."""
    scanned = outbox.recent(session, _SCANNED)
    found = told(one for one in scanned if one.payload.get("alert") == alert)
    found += [line_view(one) for one in notice_log.recent(session, alert=alert)]
    return _newest(found)


def of_incident(session: Session, incident: int, sent: list[Delivery]) -> list[NoticeView]:
    """What was told, or not, of one incident; ``sent`` are its deliveries."""
    found = told(sent)
    found += [line_view(one) for one in notice_log.recent(session, incident=incident)]
    return _newest(found)


def _newest(found: list[NoticeView]) -> list[NoticeView]:
    return sorted(found, key=lambda one: one.at, reverse=True)


def _href(alert: object, incident: object) -> str:
    return f"/incidents/{incident}" if incident else f"/alerts/{alert}" if alert else ""
