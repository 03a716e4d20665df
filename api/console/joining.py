"""不适用, 重启, 并入, 拆分: forms that end a clock or an incident, or begin one again.

Each function is as those of :mod:`api.console.recording`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console.acting import go
from api.console.clock_view import ClockView
from api.console.forms import Fields
from api.console.recording import name_of
from api.console.unseen import unchanged
from registry.errors import InvalidInputError
from registry.users import User
from responder import incidents, joining, query, signing
from responder.drafts import draft

_MANY = 200
_LONGEST = 500


def choices(session: Session, number: int, clocks: Sequence[ClockView]) -> dict[str, Any]:
    """What the forms offer: clocks that still run, and other open incidents."""
    others = query.incidents(session, state=incidents.OPEN, limit=_MANY)
    return {
        "running_rules": [
            (clock.rule, f"{clock.rule} {clock.name}") for clock in clocks if clock.live
        ],
        "other_incidents": [
            (str(one.id), f"{one.id} {one.title}") for one in others if one.id != number
        ],
    }


def not_applicable(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """Propose that a clock does not apply: reason, clause, and a second person."""
    body = {
        "type": "not_applicable",
        "rule": form.text("rule", "哪条时限", longest=32),
        "reason": form.text("reason", "理由", longest=_LONGEST),
        "clause": form.text("clause", "依据的条款", longest=_LONGEST),
    }
    signing.propose(session, number, draft(body, by=name_of(user), now=now), by=user, now=now)
    return "na_proposed"


def reopen(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """A new cycle with its own basis; the old results stay."""
    basis = form.instant("basis", "从何时起算")
    if basis is None:
        raise InvalidInputError("“从何时起算”没有填。", field="basis")
    reason = form.text("reason", "重启理由", longest=_LONGEST)
    joining.reopen(session, number, basis=basis, by=name_of(user), now=now, reason=reason)
    return "reopened"


def merge(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """This incident is taken into another one, which runs on; this one is closed."""
    unchanged(session, number, form)
    whole = []
    for text in form.words("whole"):
        plain = text.removeprefix("#")
        if not (plain.isascii() and plain.isdigit() and len(plain) <= 9):  # noqa: PLR2004
            raise InvalidInputError("“对整体有效的记录”写记录号，如 12 15。", field="whole")
        whole.append(int(plain))
    joining.merge(
        session,
        form.number("into", "并入哪个事件", least=1, most=10**9),
        number,
        by=name_of(user),
        now=now,
        reason=form.text("reason", "并入理由", longest=_LONGEST),
        whole=whole,
    )
    return "merged"


def split(session: Session, number: int, form: Fields, user: User, now: datetime) -> Response:
    """A part becomes its own incident, which inherits basis, level and releases; goes there."""
    unchanged(session, number, form)
    made = joining.split(
        session,
        number,
        title=form.text("title", "拆出的事件名称"),
        by=name_of(user),
        now=now,
        reason=form.text("reason", "拆分理由", longest=_LONGEST),
    )
    return go(f"/incidents/{made.id}", "split")
