"""A hand-over that nobody signed is told (交接未签收): to who is on, then to the leaders.

Only where a desk hands over at all, and where the people change: who stays on has nothing to sign.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy.orm import Session

from registry import handovers, roster
from registry.duty import USUAL, DutyRole, Hours
from registry.outbox import Message
from responder import addressees
from responder.telling import CONSOLE, Telling, known, tell
from responder.wording import instant

KIND = "handover"
AFTER = timedelta(minutes=30)
LOOK_EVERY = timedelta(seconds=30)
#: Who is told at each step; a step is as long as the first wait.
STEPS = (
    ("在班:值班员", "在班:带班领导"),
    ("在班:值班员", "在班:带班领导", "角色:管理员", "角色:分管领导"),
)
_A_MOMENT = timedelta(microseconds=1)


class Unsigned(Struct, frozen=True, kw_only=True):
    """A hand-over to tell of; ``waiting`` is the number of the list that was prepared."""

    since: datetime
    step: int
    shift: str
    waiting: int | None

    @property
    def key(self) -> str:
        """Once for each shift and step."""
        return f"{KIND}:{self.since:%Y%m%dT%H%M}:{self.step}"


class HandoverWatch:
    """A planner beside that of the reminders; give :meth:`on` to the responder as a plan.

    ``after``: how long after the begin of a shift; zero for never.
    """

    def __init__(self, *, after: timedelta = AFTER, hours: Hours = USUAL) -> None:
        self._after = after
        self._hours = hours
        self._channels: tuple[str, ...] = (CONSOLE,)
        self._looked_at: datetime | None = None

    def on(self, channels: tuple[str, ...]) -> HandoverWatch:
        """The same, for these channels."""
        self._channels = channels
        return self

    def wanted(self, session: Session, now: datetime) -> list[Unsigned]:
        """The step that is past and in no outbox yet; the last one that is, after a pause."""
        last = self._looked_at
        if not self._after or (last is not None and last <= now < last + LOOK_EVERY):
            return []
        self._looked_at = now
        _, _, since, _ = self._hours.current(now)
        step = min((now - since) // self._after, len(STEPS)) - 1
        if step < 0 or not _changed(session, since) or not handovers.recent(session, 1):
            return []
        standing = handovers.standing(session, now, hours=self._hours)
        found = Unsigned(since=since, step=step, shift=standing.shift, waiting=standing.waiting)
        if standing.signed_at is not None or known(session, {found.key}, self._channels):
            return []
        return [found]

    def put(self, session: Session, wanted: Sequence[Unsigned], *, now: datetime) -> int:
        """Write it for each channel."""
        self._looked_at = None  # where the commit fails, it is looked at again
        tellings = []
        for one in wanted:
            meant = addressees.resolve(session, STEPS[one.step], now)
            what = (
                f"交班清单（编号 {one.waiting}）还没有人签收"
                if one.waiting
                else "还没有可签收的交班清单，请交班人准备"
            )
            begun = f"{one.shift}已于 {instant(one.since)} 开始"
            text = f"交接未签收：{begun}，{what}。通知：{meant.names}。"
            payload = {"title": "交接未签收", "text": text, "since": one.since.isoformat()}
            tellings.append(
                Telling(kind=KIND, key=one.key, due_at=now, payload=payload, to=meant.plain)
            )
        return len(tell(session, tellings, channels=self._channels, now=now))

    def done(self) -> None:
        """What was wanted is committed."""

    def stale(self, session: Session, message: Message, now: datetime) -> str:
        """Why it is not to be sent any more; "" where it still is."""
        standing = handovers.standing(session, now, hours=self._hours)
        if standing.since != datetime.fromisoformat(message.payload["since"]):
            return "这一班已经结束"
        return f"{standing.signed_by}已签收接班" if standing.signed_at else ""


def _changed(session: Session, since: datetime) -> bool:
    """Whether other officers came on when the shift began; not where nobody is on at all."""
    before, after = (
        {shift.user or shift.name for shift in roster.who_is_on(session, at, DutyRole.OFFICER)}
        for at in (since - _A_MOMENT, since)
    )
    return bool(after - before)
