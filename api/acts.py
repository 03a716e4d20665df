"""What people do to incidents, for JSON and for pages: who may, and in whose name it is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api.permissions import Action, require
from registry.errors import InvalidInputError
from registry.users import User
from responder import incidents, signing
from responder.drafts import draft
from responder.entries import Entry

_ACTIONS = {
    "level_set": Action.SET_LEVEL,
    "acknowledgement": Action.ACKNOWLEDGE,
    "release": Action.PUBLISH,
    "answer": Action.PUBLISH,
    "interpretation": Action.PUBLISH,
    "clarification": Action.PUBLISH,
    "conference": Action.PUBLISH,
}


def signature(user: User) -> str:
    """The person as the records name them."""
    return user.display_name or user.name


def action_for(kind: object) -> Action:
    """What writing an entry of that kind asks for."""
    return _ACTIONS.get(str(kind), Action.ADD_ENTRY)


def write_entry(
    session: Session,
    user: User,
    incident: int,
    body: Mapping[str, Any],
    *,
    now: datetime,
    expected: int | None = None,
) -> Entry:
    """Append the entry that ``body`` describes (``type`` and its fields), in the user's name.

    ``expected``: the number of the newest entry that the writer saw. Raises ForbiddenError for the
    wrong role, and what ``responder.incidents.add`` raises.
    """
    entry = _drafted(user, body, now)
    return incidents.add(session, incident, entry, now=now, expected=expected)


def _drafted(user: User, body: Mapping[str, Any], now: datetime) -> Entry:
    kind = body.get("type")
    if not isinstance(kind, str):
        raise InvalidInputError(
            "请在 type 写明记录的种类，如 fact、level_set、release。", field="type"
        )
    require(user, action_for(kind))
    return draft(body, by=signature(user), now=now)


def propose_entry(
    session: Session, user: User, incident: int, body: Mapping[str, Any], *, now: datetime
) -> int:
    """Put forward what a second person has to confirm; returns its number."""
    entry = _drafted(user, body, now)
    return signing.propose(session, incident, entry, by=user, now=now)
