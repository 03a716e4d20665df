"""One incident as a page: what is known of it, what waits, and every form that writes to it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import (
    answering,
    deciding,
    erasures,
    joining,
    matters,
    notices,
    reporting,
    second,
    words,
)
from api.console.forms import Fields
from api.console.frame import frame
from api.console.post_view import post_view
from api.console.render import render
from api.console.timeline import entry_view, instant_views
from posts.index.port import PostIndex
from registry import sources
from registry.errors import DeskError
from registry.users import User
from responder import entries, incidents, query
from responder.clocks import Clock, State
from responder.incidents import Incident

_MOMENTS = tuple(
    (moment.value, name)
    for moment, name in entries.MOMENT_NAMES.items()
    if moment is not entries.Moment.FIRST_POST
)
_RELEASES = tuple(
    (kind, entries.KIND_NAMES[kind])
    for kind in ("release", "answer", "clarification", "interpretation")
)
_RELEASE_STATES = (
    ("published", "已发布"),
    ("scheduled", "定时，未到"),
    ("approved", "已签发，未发布"),
    ("drafted", "拟稿"),
)
_CONFERENCE_STATES = (("held", "已召开"), ("announced", "已预告"), ("cancelled", "已取消"))
#: Which group of the page holds the form; a fault opens both.
GROUPS = {
    "do": ("fact", "instant", "assign", "order", "settle", "claim", "correct", "note"),
    "decide": ("level", "adopt", "grow", "event_type"),
    "publish": ("release", "conference"),
    "inform": ("report",),
    "end": ("close", "not_applicable", "merge", "split", "reopen", "erase"),
}


def shown(
    request: Request,
    session: Session,
    user: User,
    index: PostIndex,
    number: int,
    *,
    values: Fields | None = None,
    folded: str = "",
    error: DeskError | None = None,
) -> Response:
    """The page; ``folded`` names the form that had a fault, ``values`` what was typed there."""
    shell = frame(request, session, user)
    now = shell.now
    detail = query.incident(session, number, now)
    found = detail.incident
    there = incidents.entries(session, number)
    clocks = [matters.view(clock, found, now) for clock in _worth(detail.clocks)]
    names = {source.id: source.name for source in sources.everything(session)}
    related = matters.posts_of(session, index, found.alert)
    typed, blank = values or Fields(), Fields()
    return render(
        request,
        "incident.html",
        status=error.status if error else 200,
        frame=shell,
        error=error.message if error else None,
        typed=lambda path: typed if path == folded else blank,
        folded=folded,
        unfolded=_unfolded(found, folded),
        incident=_head(found, now),
        clocks=clocks,
        instants=instant_views(detail.moments, [clock.basis for clock in clocks], now),
        timeline=[entry_view(item, now) for item in detail.timeline],
        reminders=matters.reminders(detail, clocks, there, now),
        pending=second.pending(session, number, user),
        erasures=erasures.of_incident(session, number, user),
        notices=notices.of_incident(session, number, list(detail.deliveries)),
        posts=[post_view(scored, now, sources=names) for scored in related or ()],
        posts_away=related is None,
        moments=_MOMENTS,
        release_kinds=_RELEASES,
        release_states=_RELEASE_STATES,
        conference_states=_CONFERENCE_STATES,
        report_methods=reporting.METHODS,
        report_states=reporting.STATES,
        **joining.choices(session, number, clocks),
        **deciding.choices(session, found, there),
        **answering.choices(session, there, now),
    )


def _head(found: Incident, now: datetime) -> dict[str, Any]:
    closed = found.state == incidents.CLOSED
    return {
        "id": found.id,
        "title": found.title,
        "level": found.level,
        "event_type": found.event_type,
        "alert": found.alert,
        "opened_at": found.opened_at,
        "closed": closed,
        "state_word": "已办结" if closed else "处置中",
        "code": "met" if closed else "run",
        "sign": "met" if closed else "run",
        "age": words.span(((found.closed_at or now) - found.opened_at).total_seconds()),
        "count": found.count,
    }


def _unfolded(found: Incident, folded: str) -> str:
    """The group that stands open: that of the fault, else what is to be done first."""
    for group, paths in GROUPS.items():
        if folded in paths:
            return group
    return "do" if found.level else "decide"


def _worth(clocks: Sequence[Clock]) -> list[Clock]:
    """All but the kept ones of a clock that begins again each time, of which the last one stays."""
    last: dict[str, int] = {}
    for clock in clocks:
        rule, _, number = clock.rule.partition(".")
        if number:
            last[rule] = max(last.get(rule, 0), int(number))
    return [
        clock
        for clock in clocks
        if clock.state is not State.MET
        or not clock.rule.partition(".")[2]
        or int(clock.rule.partition(".")[2]) == last[clock.rule.partition(".")[0]]
    ]
