"""What stands around every page: who, what waits, what runs out next, where we are blind."""

from __future__ import annotations

from datetime import datetime

from fastapi import Request
from msgspec import Struct
from sqlalchemy.orm import Session

from api.console import matters
from api.console.acting import DONE
from api.console.clock_view import ClockView
from api.desk import desk_of
from api.permissions import Action, may
from registry import sources
from registry.users import Role, User
from responder import erasure_requests

ERASING = {
    "see": erasure_requests.PROPOSE | erasure_requests.CONFIRM | {Role.AUDITOR},
    "ask": erasure_requests.PROPOSE,
    "confirm": erasure_requests.CONFIRM,
}


class Frame(Struct, frozen=True, kw_only=True):
    """The shell's own values; ``clocks`` are all running ones, the overdue first."""

    now: datetime
    user: User
    role: str
    roles: str
    area_name: str
    demo: bool
    unclaimed: int
    open_incidents: int
    blind: int
    over: int
    nearest: ClockView | None
    clocks: list[ClockView]
    done: str

    def may(self, action: str) -> bool:
        """Whether the person may do that (the name of an :class:`Action`)."""
        return may(self.user, Action[action])

    def erases(self, step: str) -> bool:
        """Whether the person may ``see``, ``ask`` for or ``confirm`` an erasure (依法销毁)."""
        return self.user.active and not ERASING[step].isdisjoint(self.user.roles)


def frame(request: Request, session: Session, user: User) -> Frame:
    """The shell at the instant of the request."""
    now: datetime = request.state.now
    settings = desk_of(request).settings
    clocks = matters.running_clocks(session, now)
    ahead = [clock for clock in clocks if clock.urgency >= 0]
    roles = sorted(user.roles, key=list(type(next(iter(user.roles)))).index) if user.roles else []
    return Frame(
        now=now,
        user=user,
        role=roles[0].value if roles else "",
        roles="、".join(role.value for role in roles),
        area_name=settings.area_name,
        demo=settings.demo,
        unclaimed=matters.unclaimed(session),
        open_incidents=matters.open_incidents(session),
        blind=sum(health.state == "blind" for _, health in sources.health(session, now=now)),
        over=len(clocks) - len(ahead),
        nearest=ahead[0] if ahead else None,
        clocks=clocks,
        done=DONE.get(request.query_params.get("done", ""), ""),
    )
