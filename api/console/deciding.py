"""定级, 定级建议, 可能演变为重大, 事件类型, 分工: forms by which a person decides.

Each function is as those of :mod:`api.console.recording`. A decision is refused where somebody
wrote something since the page was drawn (hidden field ``seen``): it may rest on what has changed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy.orm import Session

from api.console.forms import Fields
from api.console.recording import name_of
from api.console.unseen import unchanged
from registry import units
from registry.errors import ConflictError, InvalidInputError
from registry.users import User
from responder import assessment, hints, incidents
from responder.assessment import Proposal
from responder.drafts import draft
from responder.entries import Assigned, Entry
from responder.facts import corrections, gather, in_order
from responder.incidents import Incident
from responder.rulebook import in_force

_LONGEST = 500


class Suggestion(Struct, frozen=True):
    """A level for a person to adopt, with the text that the record will carry."""

    level: str
    reasons: tuple[str, ...]
    text: str
    adopted: bool  # the level is that already


def proposal(session: Session, head: Incident, there: Sequence[Entry]) -> Proposal:
    """The level that the confirmed facts come to; a person decides."""
    levels = in_force(session).rules.levels
    return assessment.propose_level(there, event_type=head.event_type, levels=levels)


def suggestion(session: Session, head: Incident, there: Sequence[Entry]) -> Suggestion:
    """The proposal as the form that adopts it shows it."""
    found = proposal(session, head, there)
    text = f"采纳定级建议：{'；'.join(found.reasons)}" if found.level else ""
    return Suggestion(found.level, found.reasons, text, found.level == head.level)


def choices(session: Session, head: Incident, there: Sequence[Entry]) -> dict[str, Any]:
    """What the forms offer and show: hints by level, the proposal, units, who answers for it."""
    rules = in_force(session).rules
    ordered = in_order(there)
    standings = gather(ordered, corrections(ordered))[-1].standings
    standing = standings[-1] if standings else None
    assigned = next((one for one in reversed(ordered) if isinstance(one, Assigned)), None)
    return {
        "hints": hints.level_hints(there, event_type=head.event_type, levels=rules.levels),
        "no_numbers": hints.no_numbers(head.event_type),
        "suggestion": suggestion(session, head, there),
        "growing": standing.growing if standing else False,
        "assigned": assigned,
        "units": [unit.name for unit in units.everything(session)],
        "answers": hints.responsibility(
            level=standing.level if standing else None, unit=assigned.lead if assigned else ""
        ),
        "event_types": tuple((name, name) for name in incidents.event_types()),
        "seen": head.count,
    }


def level(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """定级: signed by the person who is signed in."""
    unchanged(session, number, form)
    _set_level(session, number, form.text("level", "级别"), form, user, now)
    return "level"


def adopt(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """A person takes the proposal over as the level; it must still be what the facts come to."""
    unchanged(session, number, form)
    wanted = form.text("level", "级别", longest=20)
    found = proposal(session, incidents.get(session, number), incidents.entries(session, number))
    if found.level != wanted:
        now_says = f"现在的建议是{found.level}" if found.level else "现在不提建议"
        raise ConflictError(f"定级建议已经变了：{now_says}。没有写入，请看过后再定。")
    _set_level(session, number, wanted, form, user, now)
    return "level"


def _set_level(
    session: Session, number: int, wanted: str, form: Fields, user: User, now: datetime
) -> None:
    incidents.set_level(
        session,
        number,
        wanted,
        by=name_of(user),
        now=now,
        criteria=form.text("criteria", "事由与标准", longest=1000),
        signer=name_of(user),
    )


def grow(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """可能演变为重大: marked or taken back, with the reason; decides the upward report."""
    unchanged(session, number, form)
    value = form.get("value", "")
    if value not in {"yes", "no"}:
        raise InvalidInputError("请选择“标为”或“取消”可能演变为重大。", field="value")
    body = {
        "type": "may_grow",
        "value": value == "yes",
        "reason": form.text("reason", "理由", longest=_LONGEST),
        "signer": name_of(user),
    }
    incidents.add(session, number, draft(body, by=name_of(user), now=now), now=now)
    return "grow" if value == "yes" else "entry"


def event_type(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """事件类型, where it was left open or is another one."""
    unchanged(session, number, form)
    value = form.text("event_type", "事件类型", longest=20)
    if value not in incidents.event_types():
        raise InvalidInputError("“事件类型”不在可选之列。", field="event_type")
    body = {"type": "event_type", "event_type": value}
    incidents.add(session, number, draft(body, by=name_of(user), now=now), now=now)
    return "event_type"


def assign(session: Session, number: int, form: Fields, user: User, now: datetime) -> str:
    """主办, 协办 and the first spokesperson: the head of the lead unit unless named."""
    unchanged(session, number, form)
    lead = form.text("lead", "主办单位")
    support = form.words("support")
    if lead in support:
        raise InvalidInputError(f"{lead}已是主办，不用再列为协办。", field="support")
    known = {unit.name: unit.head for unit in units.everything(session)}
    body = {
        "type": "assigned",
        "lead": lead,
        "support": [name[:100] for name in support],
        "spokesperson": form.get("spokesperson", "")[:100] or known.get(lead, ""),
    }
    incidents.add(session, number, draft(body, by=name_of(user), now=now), now=now)
    return "assigned"
