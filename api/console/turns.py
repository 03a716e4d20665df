"""轮流排班 in 值班表: people in turn over the shifts, looked at first, then written."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from datetime import date
from itertools import groupby

from fastapi import APIRouter, Request
from msgspec import Struct
from sqlalchemy.orm import Session
from starlette.responses import Response

from api.console import duty, duty_view, recording
from api.console.acting import go, perform
from api.console.forms import Fields, Form
from api.deps import DeskDep, Now, PageUser
from api.permissions import Action, require
from registry import roster, roster_turns
from registry.duty import DutyRole
from registry.errors import DeskError, InvalidInputError
from registry.roster_import import Line
from registry.users import User
from responder.rulebook import in_force
from responder.workdays import Calendar

router = APIRouter(include_in_schema=False)
_BETWEEN = re.compile(r"[\s,，、;；]+")


class TurnDay(Struct, frozen=True, kw_only=True):
    """One day of the plan; ``note``: 节假日, 调休上班 or nothing."""

    title: str
    note: str
    shifts: list[tuple[str, str]]


class Plan(Struct, frozen=True, kw_only=True):
    """What would be written."""

    title: str
    days: list[TurnDay]
    count: int
    each: list[tuple[str, int]]  # how many shifts fall on whom
    strangers: list[str]  # without an account: no notice reaches them
    unknown_years: list[int]


@router.post("/duty/turns/preview")
async def turns_preview(request: Request, desk: DeskDep, user: PageUser, form: Form) -> Response:
    """The shifts as they would be; nothing is kept."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_DUTY)
        calendar = in_force(session).calendar
        plan = _plan(session, _lines(form, calendar), calendar)
        return duty.page(request, session, user, values=form, turns=plan)

    return await perform(desk, work, _again(request, user, form))


@router.post("/duty/turns")
async def turns_write(
    request: Request, desk: DeskDep, user: PageUser, now: Now, form: Form
) -> Response:
    """Write them: the plan holds for its role, the other role stays."""

    def work(session: Session) -> Response:
        require(user, Action.MANAGE_DUTY)
        made = _lines(form, in_force(session).calendar)
        by = recording.name_of(user)
        hours = desk.settings.duty_hours
        roster_turns.bring_in(session, made, by=by, now=now, hours=hours)
        return go(f"/duty?week={made[0].day.isoformat()}", "turns")

    return await perform(desk, work, _again(request, user, form))


def _again(request: Request, user: User, form: Fields) -> duty.Again:
    def again(session: Session, error: DeskError) -> Response:
        return duty.page(request, session, user, values=form, error=error)

    return again


def _lines(form: Fields, calendar: Calendar) -> list[Line]:
    people = form.text("people", "轮到的人", longest=5000)
    kinds = duty.TURN_SHIFTS.get(form.get("shifts", ""))
    if kinds is None:
        raise InvalidInputError("“班次”请从列表里选。", field="shifts")
    turns = roster_turns.Turns(
        people=tuple(name for name in _BETWEEN.split(people) if name),
        since=_day(form, "since", "从哪天起"),
        until=_day(form, "until", "到哪天止"),
        role=duty.one_of(DutyRole, form.get("role", ""), "角色"),
        kinds=kinds,
        first=form.get("first", ""),
    )
    return roster_turns.lines(turns, holiday=calendar.holidays.__contains__)


def _day(form: Fields, name: str, label: str) -> date:
    try:
        return date.fromisoformat(form.text(name, label))
    except ValueError:
        raise InvalidInputError(f"“{label}”应写成 2026-10-01 的样子。", field=name) from None


def _plan(session: Session, made: Sequence[Line], calendar: Calendar) -> Plan:
    accounts = {name: roster.person(session, name) for name in {line.name for line in made}}
    shown = {name: found.display_name if found else name for name, found in accounts.items()}
    counted = Counter(line.name for line in made)
    return Plan(
        title=f"{made[0].role.value}，{made[0].day} 至 {made[-1].day}",
        days=[
            TurnDay(
                title=duty_view.titled(day),
                note=duty_view.note_of(day, calendar),
                shifts=[(line.kind.value, shown[line.name]) for line in lines],
            )
            for day, lines in groupby(made, key=lambda line: line.day)
        ],
        count=len(made),
        each=[(shown[name], number) for name, number in counted.items()],
        strangers=sorted(name for name, found in accounts.items() if found is None),
        unknown_years=sorted({line.day.year for line in made} - calendar.years),
    )
