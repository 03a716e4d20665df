"""过去 7 天会响几次: the button beside an alert rule, for a kept one or as the form stands."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any

from anyio.to_thread import run_sync
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from analyzer.grouping.rings import DAYS, MOST, Rings
from api.console import words
from api.console.forms import Fields, Form
from api.console.watching import rule_fields, rule_given, rules_view, says
from api.deps import DeskDep, Now, PageUser
from api.permissions import Action, require
from api.ringing import would_ring
from registry import alert_rules
from registry.alert_rules import AlertRule
from registry.errors import DeskError
from registry.users import User

router = APIRouter(include_in_schema=False)


@router.get("/rules/rings")
async def of_kept(
    request: Request,
    desk: DeskDep,
    user: PageUser,
    now: Now,
    rule: Annotated[str, Query(alias="id", max_length=64)] = "",
) -> Response:
    """Of a rule as it is kept."""
    require(user, Action.MANAGE_RULES)
    async with desk.reading() as session:
        found = await run_sync(alert_rules.get, session, rule)
    return await _answer(request, desk, user, now, found, rule_fields(found), unsaved=False)


@router.post("/rules/rings")
async def of_form(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Of the rule that the form describes; nothing is kept."""
    require(user, Action.MANAGE_RULES)
    try:
        async with desk.reading() as session:
            rule = alert_rules.checked(await run_sync(rule_given, session, form))
    except DeskError as error:
        failure = error
        async with desk.reading() as session:
            return await run_sync(
                lambda: rules_view(request, session, user, values=form, error=failure)
            )
    return await _answer(request, desk, user, now, rule, form, unsaved=True)


async def _answer(
    request: Request,
    desk: DeskDep,
    user: User,
    now: Now,
    rule: AlertRule,
    values: Fields,
    *,
    unsaved: bool,
) -> Response:
    found = await would_ring(desk.index, rule, now=now)
    shown = _shown(found, rule, unsaved=unsaved)
    async with desk.reading() as session:
        return await run_sync(
            lambda: rules_view(
                request,
                session,
                user,
                edit="" if unsaved else rule.id,
                values=values,
                rings=shown,
            )
        )


def _shown(found: Rings, rule: AlertRule, *, unsaved: bool) -> dict[str, Any]:
    newest_first = found.live[::-1]
    days = Counter(one.created_at.astimezone(words.SHANGHAI).date() for one in newest_first)
    return {
        "name": rule.name,
        "unsaved": unsaved,
        "says": says(rule),
        "live": [
            {"at": words.stamp(one.created_at), "heat": one.heat, "reason": one.reason}
            for one in newest_first
        ],
        "by_day": [(f"{day:%m-%d}", count) for day, count in sorted(days.items(), reverse=True)],
        "per_day": f"{len(found.live) / max(found.days, 1.0):.1f}",
        "days_said": "这段时间" if found.cut else f"{DAYS} 天里",
        "late": found.late,
        "matched": found.matched,
        "read": found.read,
        "cut": found.cut,
        "most": MOST,
        "since": words.stamp(found.since),
    }
