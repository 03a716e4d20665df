"""The calendar that people keep: two persons, versions, and no frozen verdict ever changes."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from support.notices import EXTENSION, made_up, notice

from registry import approvals, audit, users
from registry.errors import ConflictError, ForbiddenError, InvalidInputError, NotFoundError
from registry.passwords import cheap
from registry.users import Role, User
from responder import calendars, incidents, query, rulebook
from responder.calendar_notice import parse
from responder.drafts import draft
from responder.reminders import Planner
from responder.rules import national
from responder.workdays import load_calendar

NOW = datetime(2026, 12, 31, 4, 0, tzinfo=UTC)


@pytest.fixture
def people(session):
    return person(session, "jia", "甲"), person(session, "yi", "乙")


def person(session, name: str, shown: str) -> User:
    return users.create(
        session,
        name=name,
        password="翠湖边上的三棵老柳树",
        roles=[Role.ADMIN],
        display_name=shown,
        now=NOW,
        hasher=cheap(),
    )


def document(session, now=NOW, title="出台补贴办法") -> int:
    """An incident with a policy document that was published now: R5 runs, 3 working days."""
    made = incidents.open_incident(session, title=title, by="甲", now=now)
    body = {"type": "instant", "which": "published", "value": now.isoformat()}
    incidents.add(session, made.id, draft(body, by="甲", now=now), now=now)
    return made.id


def explained(session, incident: int, now: datetime) -> None:
    body = {
        "type": "interpretation",
        "status": "published",
        "evidence": {"channel": "政府网站", "url": "https://gov.example/1", "signer": "乙"},
    }
    incidents.add(session, incident, draft(body, by="甲", now=now), now=now)


def r5(session, incident: int, now: datetime = NOW):
    clocks = query.incident(session, incident, now).clocks
    return next(clock for clock in clocks if clock.rule == "R5")


def test_past_the_last_notice_a_deadline_is_provisional_and_the_year_is_named(session):
    number = document(session)
    assert r5(session, number).provisional
    assert calendars.missing(session, NOW) == [2027]
    assert "2027 年的放假安排还没有录入" in calendars.provisional_sentence(2027)
    assert [year.year for year in calendars.years(session)][:2] == [2026, 2025]


def test_the_preview_names_the_deadlines_that_move_and_keeps_nothing(session):
    number = document(session)
    seen = calendars.preview(session, made_up(), now=NOW)
    (moved,) = seen.changed
    assert (moved.incident, moved.rule, moved.title) == (number, "R5", "出台补贴办法")
    # 1 January is off in both (a Friday); 4, 5, 6 January against 1, 4, 5 January
    assert moved.due_after - moved.due_before == timedelta(days=1)
    assert (moved.provisional_before, moved.provisional_after) == (True, False)
    assert calendars.composed(session) == load_calendar()
    assert r5(session, number).provisional


def test_another_person_confirms_and_provisional_deadlines_become_firm(session, people):
    first, second = people
    number = document(session)
    approval, seen = calendars.propose(session, made_up(), by=first, now=NOW)
    assert r5(session, number).provisional, "proposed only"
    with pytest.raises(ForbiddenError):
        calendars.confirm(session, approval, by=first, now=NOW)
    year = calendars.confirm(session, approval, by=second, now=NOW)
    assert (year.year, year.source, year.number) == (2027, "双人确认", "国办发明电〔2026〕9号")
    assert year.proposed_by != year.confirmed_by
    assert year.confirmed_at == NOW
    clock = r5(session, number)
    assert not clock.provisional
    assert clock.due == seen.changed[0].due_after
    assert rulebook.in_force(session).calendar.version == seen.version
    assert calendars.missing(session, NOW) == []
    assert calendars.waiting(session, NOW) == []
    assert audit.verify(session) == []


def test_a_verdict_that_is_frozen_keeps_its_calendar(session, people):
    stopped, running = document(session, title="已解读"), document(session, title="未解读")
    explained(session, stopped, NOW + timedelta(hours=1))
    later = NOW + timedelta(days=30)
    before = r5(session, stopped, later)
    approval, seen = calendars.propose(session, made_up(), by=people[0], now=later)
    assert [one.incident for one in seen.changed] == [running]
    calendars.confirm(session, approval, by=people[1], now=later)
    after = r5(session, stopped, later)
    assert (after.due, after.state, after.margin_s) == (before.due, before.state, before.margin_s)
    entry = incidents.entries(session, stopped)[-1]
    assert entry.calendar == load_calendar().version, "the entry pins what held"
    fresh = document(session, later, "再出台")
    assert incidents.entries(session, fresh)[-1].calendar == seen.version


def test_a_later_notice_for_the_same_year_replaces_it_and_both_are_kept(session, people):
    first, second = people
    one, _ = calendars.propose(session, made_up(), by=first, now=NOW)
    calendars.confirm(session, one, by=second, now=NOW)
    changed = made_up(number=10, work=(1, 10))
    two, _ = calendars.propose(session, changed, by=second, now=NOW)
    calendars.confirm(session, two, by=first, now=NOW)
    calendar = rulebook.in_force(session).calendar
    assert calendar.is_workday(date(2027, 1, 10))
    assert not calendar.is_workday(date(2027, 1, 9))
    assert len(calendar.earlier) == 3, "packaged, first and second notice"
    assert calendars.years(session)[0].number == "国办发明电〔2026〕10号"


def test_a_start_of_the_service_keeps_what_was_confirmed(session, people):
    def start() -> str:
        calendar = calendars.composed(session)
        rulebook.start_with(session, rules=national(), calendar=calendar, now=NOW)
        return rulebook.in_force(session).calendar.version

    assert start() == load_calendar().version
    approval, seen = calendars.propose(session, made_up(), by=people[0], now=NOW)
    calendars.confirm(session, approval, by=people[1], now=NOW)
    assert start() == start() == seen.version


def test_reminders_follow_a_calendar_that_changes_while_the_service_runs(session, people):
    number = document(session)
    planner = Planner()
    eve = NOW + timedelta(days=5, hours=11)  # an hour before the provisional end
    assert "R5" in [one.payload["rule"] for one in planner.wanted(session, eve)]
    planner.done()
    approval, _ = calendars.propose(session, made_up(), by=people[0], now=eve)
    calendars.confirm(session, approval, by=people[1], now=eve)
    late = eve + timedelta(hours=2)
    assert r5(session, number, late).state == "due_soon", "one day more by the notice"
    overdue = [one for one in planner.wanted(session, late) if one.payload["threshold"] >= 100]
    assert "R5" not in [one.payload["rule"] for one in overdue]


def test_what_is_there_already_is_not_proposed_again(session, people):
    with pytest.raises(ConflictError, match="没有变化"):
        calendars.propose(session, notice(2026), by=people[0], now=NOW)
    calendars.propose(session, made_up(), by=people[0], now=NOW)
    with pytest.raises(ConflictError, match="已经提出"):
        calendars.propose(session, made_up(), by=people[1], now=NOW)


def test_a_second_proposal_of_the_same_days_can_only_be_sent_back(session, people):
    first, second = people
    one, _ = calendars.propose(session, made_up(), by=first, now=NOW)
    two, _ = calendars.propose(session, made_up(work=(1, 10)), by=first, now=NOW)
    calendars.confirm(session, two, by=second, now=NOW)
    calendars.refuse(session, one, by=second, reason="有更新的", now=NOW)
    assert calendars.waiting(session, NOW) == []
    with pytest.raises(ConflictError):
        calendars.confirm(session, one, by=second, now=NOW)


def test_only_a_notice_is_confirmed_here(session, people):
    other = approvals.propose(
        session, action="别的", subject="x", body={}, by=people[0].id, now=NOW
    )
    with pytest.raises(ConflictError):
        calendars.confirm(session, other, by=people[1], now=NOW)
    with pytest.raises(NotFoundError):
        calendars.refuse(session, other, by=people[1], reason="x", now=NOW)
    with pytest.raises(InvalidInputError):
        calendars.propose(session, "2027 年放假三天", by=people[0], now=NOW)


def test_the_real_notices_rebuild_the_packaged_days():
    packaged = load_calendar()
    notices = [parse(notice(year)) for year in (2024, 2025, 2026)]
    rebuilt = calendars.compose(packaged, notices)
    assert (rebuilt.holidays, rebuilt.workdays) == (packaged.holidays, packaged.workdays)
    assert rebuilt.notices == packaged.notices


def test_two_confirm_an_amendment_and_running_deadlines_move(session, people):
    now = datetime(2026, 2, 13, 4, 0, tzinfo=UTC)
    first, second = people
    longer = EXTENSION.format(year=2026, until="2月25日（星期三）", then="2月26日（星期四）")
    number = document(session, now=now)
    due = r5(session, number, now).due
    approval, seen = calendars.propose(session, longer, by=first, now=now)
    assert [(one.rule, one.due_before, one.due_after) for one in seen.changed] == [
        ("R5", due, due + timedelta(days=2))
    ]
    assert calendars.waiting(session, now)[0].preview.notice == seen.notice
    year = calendars.confirm(session, approval, by=second, now=now)
    assert year.number == "国办发明电〔2025〕7号、国办发明电〔2026〕1号"
    assert r5(session, number, now).due == due + timedelta(days=2)
    with pytest.raises(ConflictError, match="没有变化"):
        calendars.propose(session, longer, by=first, now=now)
