"""What people do to incidents, for JSON and for pages: who may, and in whose name it is written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from api.permissions import Action, require
from registry.users import User
from responder import incidents
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
    require(user, action_for(body.get("type")))
    entry = draft(body, by=signature(user), now=now)
    return incidents.add(session, incident, entry, now=now, expected=expected)


def propose_entry(
    session: Session, user: User, incident: int, body: Mapping[str, Any], *, now: datetime
) -> int:
    """Put forward what a second person has to confirm; returns its number."""
    require(user, action_for(body.get("type")))
    entry = draft(body, by=signature(user), now=now)
    return incidents.propose(session, incident, entry, by=user, now=now)
