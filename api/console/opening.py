"""The form that opens an incident (立项), with or without an alert."""

from __future__ import annotations

from typing import Any

from api.console.forms import Fields
from api.permissions import Action, require
from registry.errors import DeskError
from registry.users import User
from responder import entries, incidents

_LEVELS = tuple((level.value, level.value) for level in entries.Level)


def form_context(values: Fields, error: DeskError | None) -> dict[str, Any]:
    """What incident_form.html needs: values, what is wrong, and the choices."""
    field = getattr(error, "field", None)
    return {
        "values": values,
        "invalid": {field: error.message} if error and field else {},
        "event_types": tuple((name, name) for name in incidents.event_types()),
        "levels": _LEVELS,
    }


def opening(form: Fields, user: User) -> dict[str, Any]:
    """The arguments of ``open_incident`` that the form gives; who sets a level must be allowed to.

    Raises InvalidInputError, ForbiddenError.
    """
    level = form.get("level") or None
    if level:
        require(user, Action.SET_LEVEL)
    return {
        "title": form.text("title", "事件名称"),
        "event_type": form.get("event_type") or None,
        "level": level,
        "criteria": form.get("criteria", "")[:1000],
        "occurred": form.instant("occurred", "事发"),
        "detected": form.instant("detected", "发现"),
        "reported": form.instant("reported", "接报"),
    }
