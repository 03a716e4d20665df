"""Which rules and which calendar are in force, and that later ones change no verdict."""

from datetime import date, timedelta

import pytest
from msgspec.structs import replace
from support.responder import NOON

from registry import audit
from responder import incidents, query, rulebook
from responder.drafts import draft
from responder.rules import desk, load, national, variants
from responder.workdays import load_calendar

EVIDENCE = {"channel": "县政府网站", "url": "https://example.gov.cn/1", "signer": "李主任"}


def longer(hours: int, version: str = "本单位"):
    rules = [
        replace(rule, length=replace(rule.length, natural=timedelta(hours=hours)))
        if rule.id == "R1"
        else rule
        for rule in national().rules
    ]
    return replace(national(), version=version, rules=tuple(rules))


def clock(session, incident, rule="R1", now=NOON):
    return next(c for c in query.incident(session, incident, now).clocks if c.rule == rule)


def opened(session, now=NOON):
    return incidents.open_incident(
        session, title="塌陷", by="张三", now=now, occurred=now - timedelta(hours=1), level="重大"
    ).id


def test_until_others_are_adopted_the_national_rules_hold(session):
    book = rulebook.in_force(session)
    assert book.rules.version == national().version
    assert book.calendar.version == "cn-2026"
    assert rulebook.in_force(session) is book


def test_adopted_rules_hold_for_what_begins_after_them_and_change_nothing_before(session):
    before = opened(session)
    rulebook.adopt(session, longer(6), who="管理员", now=NOON)
    after = opened(session)
    assert clock(session, before).due == NOON + timedelta(hours=4)
    assert clock(session, after).due == NOON + timedelta(hours=5)
    assert audit.entries(session, limit=1)[0].action != ""
    assert [one.version for one in rulebook.versions(session)] == ["本单位"]


def test_adopting_the_same_again_changes_nothing(session):
    rulebook.adopt(session, longer(6), who="管理员", now=NOON)
    rulebook.adopt(session, longer(6), who="管理员", now=NOON)
    assert len(rulebook.versions(session)) == 1
    assert rulebook.adopt(session, longer(6), who="管理员", now=NOON).version == "本单位"


def test_two_contents_under_one_name_are_told_apart_and_going_back_is_a_version_too(session):
    for hours in (6, 7, 6, 7, 7):
        rulebook.adopt(session, longer(hours), who="管理员", now=NOON)
    found = [one.version for one in rulebook.versions(session)]
    assert len(found) == len(set(found)) == 4
    first = rulebook.in_force(session).rules.pinned("本单位").get("R1")
    assert first.length.natural == timedelta(hours=6)
    assert rulebook.in_force(session).rules.get("R1").length.natural == timedelta(hours=7)


def test_what_is_read_back_is_what_was_adopted(session):
    for rules in (desk(), *(load(path) for path in variants().values())):
        kept = rulebook.adopt(session, rules, who="管理员", now=NOON)
        there = replace(rulebook.in_force(session).rules, earlier={})
        assert there == replace(rules, earlier={}, version=kept.version)
    kept = rulebook.adopt(session, load_calendar(), who="管理员", now=NOON)
    assert kept.version == "cn-2026"


def test_a_start_keeps_what_it_starts_with_and_leaves_a_persons_calendar(session):
    for _ in range(2):
        rulebook.start_with(session, rules=desk(), calendar=load_calendar(), now=NOON)
        assert [one.version for one in rulebook.versions(session)] == [
            "cn-2026",
            "national-2026.2+desk-2026.1",
        ]
    own = replace(
        load_calendar(), version="cn-2027", holidays=load_calendar().holidays | {date(2026, 6, 1)}
    )
    rulebook.adopt(session, own, who="管理员", now=NOON)
    rulebook.start_with(session, rules=longer(6), calendar=load_calendar(), now=NOON)
    book = rulebook.in_force(session)
    assert (book.rules.version, book.calendar.version) == ("本单位", "cn-2027")
    assert book.calendar.pinned("cn-2026") == load_calendar()


@pytest.mark.promise("P7")
def test_a_later_calendar_moves_what_runs_and_no_verdict(session, figure):
    """Two interpretations due past the calendar's end: one is stopped before the notice comes."""
    calendar = replace(
        load_calendar(),
        version="cn-2025",
        years=load_calendar().years - {2026},
        holidays=frozenset(day for day in load_calendar().holidays if day.year < 2026),
        workdays=frozenset(day for day in load_calendar().workdays if day.year < 2026),
    )
    rulebook.adopt(session, calendar, who="管理员", now=NOON)
    numbers = []
    for _ in range(2):
        number = opened(session)
        body = {"type": "instant", "which": "published", "value": NOON - timedelta(days=18)}
        incidents.add(session, number, draft(body, by="张三", now=NOON), now=NOON)
        numbers.append(number)
    stop = {"type": "interpretation", "status": "published", "evidence": EVIDENCE}
    incidents.add(session, numbers[0], draft(stop, by="张三", now=NOON), now=NOON)
    frozen, running = (clock(session, number, "R5") for number in numbers)
    assert frozen.due == running.due
    assert frozen.provisional
    rulebook.adopt(session, load_calendar(), who="管理员", now=NOON)
    assert clock(session, numbers[0], "R5") == frozen
    moved = clock(session, numbers[1], "R5")
    assert moved.due > running.due  # 15 to 23 February were days off
    assert not moved.provisional
    figure("a later calendar and later rules change no verdict")


def test_a_calendar_is_kept_with_its_days(session):
    kept = replace(
        load_calendar(), version="x", holidays=load_calendar().holidays | {date(2026, 6, 1)}
    )
    rulebook.adopt(session, kept, who="管理员", now=NOON)
    assert not rulebook.in_force(session).calendar.is_workday(date(2026, 6, 1))
