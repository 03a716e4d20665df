"""The alert budget (预警上限): at most so many alerts a shift are sent by themselves.

What comes over it, and what stays under a threshold that was raised after 误报, stands in the next
digest and in the list of alerts: later, never away. Red is not counted and never held back. A
third of the budget is kept for orange, so that a morning of small alerts does not use up the day's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from posts.model import Signal
from registry import raised_thresholds
from registry.duty import USUAL, Hours
from registry.tables import OutboxRow
from responder.colours import HEATS
from responder.wording import instant

OVER, RAISED = "超出本班预警上限", "未达误报后提高的门槛"
_LOOKED_AT = 5_000
_ALERT = "alert"


class Budget(Struct, frozen=True, kw_only=True):
    """``most`` alerts a shift, 0: no limit; ``hours``: when the shifts change."""

    most: int = 0
    hours: Hours = USUAL

    def reason(self, session: Session, alert: int, heat: str, now: datetime) -> str:
        """Why that alert is not sent now; "": it is. An alert that was sent may always grow."""
        if not self.most or heat == HEATS[0]:
            return ""
        _, kind, start, _ = self.hours.current(now)
        sent = _sent(session, start)
        left = self.most if heat == HEATS[1] else self.most - self.most // 3
        if alert in sent or len(sent) < left:
            return ""
        kept = "，其余留给橙色预警" if left < self.most and len(sent) < self.most else ""
        return f"{OVER}（{kind}已单独发送 {len(sent)} 条，上限 {self.most} 条{kept}），列入摘要"


def below_raised(session: Session, heat: str, signal: Signal, now: datetime) -> str:
    """Why a signal of that matter is not sent after 误报: its count is under what was raised."""
    if heat == HEATS[0]:
        return ""
    one = raised_thresholds.of(session, signal.fingerprint, now)
    threshold = signal.threshold
    if one is None or signal.count >= threshold * one.factor:
        return ""
    return (
        f"{RAISED}（{one.by}标为误报，门槛由 {threshold} 条提高到 {threshold * one.factor} 条，"
        f"至 {instant(one.until)}），列入摘要"
    )


def withheld(session: Session, alert: int, heat: str, channels: Sequence[str]) -> bool:
    """Whether that alert, as hot as it is, was held back by the budget or a raised threshold."""
    if heat == HEATS[0] or not channels:
        return False
    told = {key: f"{key}:{channels[0]}" for key in keys(alert, heat)}
    rows = session.execute(
        select(OutboxRow.key, OutboxRow.payload).where(OutboxRow.key.in_(told.values()))
    )
    held = {str(key): str(payload.get("held", "")) for key, payload in rows}
    plain, raised = told.values()
    if plain in held:
        return held[plain] == OVER
    return raised in held


def keys(alert: int, stage: str) -> tuple[str, str]:
    """The keys of an alert's notice at that stage: as it is sent, and while a threshold is raised.

    They differ, so that one that grows beyond the raised threshold is still sent.
    """
    return f"{_ALERT}:{alert}:{stage}", f"{_ALERT}:{alert}:{stage}:raised"


def _sent(session: Session, start: datetime) -> set[int]:
    rows = session.execute(
        select(OutboxRow.kind, OutboxRow.created_at, OutboxRow.payload)
        .order_by(OutboxRow.id.desc())
        .limit(_LOOKED_AT)
    )
    return {
        payload["alert"]
        for kind, at, payload in rows
        if kind == _ALERT
        and at >= start
        and not payload.get("held")
        and payload.get("heat") != HEATS[0]
    }
