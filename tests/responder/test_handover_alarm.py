"""A hand-over that nobody signed is told once a step, and not where there is nothing to sign."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from support.responder import NOON

from registry import handovers, outbox, roster, users
from registry.duty import DutyRole, Hours, Kind
from registry.passwords import cheap
from registry.users import Role
from responder.handover_alarm import HandoverWatch

DAY = NOON.date()
BEGIN = datetime(DAY.year, DAY.month, DAY.day, 12, tzinfo=UTC)  # 20:00 in Shanghai
HOURS = Hours()


@pytest.fixture
def people(session):
    """张三 has the day, 李四 the night; there was a hand-over the day before."""
    made = {
        name: users.create(
            session,
            name=name,
            password="翠湖边上的三棵老柳树",
            roles=[role],
            display_name=shown,
            now=NOON,
            hasher=cheap(),
        )
        for name, shown, role in (
            ("zhang", "张三", Role.DUTY_OFFICER),
            ("li", "李四", Role.DUTY_OFFICER),
            ("wang", "王主任", Role.LEADER),
        )
    }
    plan(session, Kind.DAY, "zhang")
    handovers.prepare(session, by=made["zhang"].id, note="", body={}, now=NOON - timedelta(days=1))
    return made


def plan(session, kind: Kind, name: str) -> None:
    roster.plan(
        session,
        day=DAY,
        kind=kind,
        role=DutyRole.OFFICER,
        name=name,
        by="x",
        now=NOON,
        hours=HOURS,
    )


def told(session, watch: HandoverWatch, minutes: float) -> list[str]:
    """The texts that are put at so many minutes after the begin of the night."""
    now = BEGIN + timedelta(minutes=minutes)
    wanted = watch.wanted(session, now)
    watch.put(session, wanted, now=now)
    watch.done()
    found = [one for one in outbox.recent(session, 50) if one.payload.get("since")]
    return [str(one.payload["text"]) for one in found[: len(wanted)]]


def test_each_step_is_told_once_and_names_the_list_and_who_is_meant(session, people):
    plan(session, Kind.NIGHT, "li")
    handovers.prepare(session, by=people["zhang"].id, note="", body={}, now=BEGIN)
    watch = HandoverWatch()
    assert told(session, watch, 29) == []
    (first,) = told(session, watch, 31)
    assert "夜班已于" in first
    assert "交班清单（编号 2）还没有人签收" in first
    assert "李四" in first
    assert told(session, watch, 40) == []
    (second,) = told(session, watch, 61)
    assert "王主任" in second
    assert told(session, watch, 200) == []


def test_without_a_list_it_says_so_and_after_a_pause_only_the_last_step_is_told(session, people):
    plan(session, Kind.NIGHT, "li")
    (text,) = told(session, HandoverWatch(), 100)
    assert "还没有可签收的交班清单" in text
    assert told(session, HandoverWatch(), 101) == [], "another process tells nothing twice"


def test_a_signature_ends_it_and_what_waits_is_not_sent(session, people):
    plan(session, Kind.NIGHT, "li")
    made = handovers.prepare(session, by=people["zhang"].id, note="", body={}, now=BEGIN)
    watch = HandoverWatch()
    assert told(session, watch, 31)
    (message,) = outbox.due(session, now=BEGIN + timedelta(minutes=32), limit=9)
    assert watch.stale(session, message, BEGIN + timedelta(minutes=32)) == ""
    handovers.sign(
        session, made.id, by=people["li"].id, now=BEGIN + timedelta(minutes=33), remark=""
    )
    assert watch.stale(session, message, BEGIN + timedelta(minutes=34)) == "李四已签收接班"
    assert watch.stale(session, message, BEGIN + timedelta(hours=13)) == "这一班已经结束"
    assert told(session, watch, 61) == []


@pytest.mark.parametrize("night", ["zhang", None])
def test_nobody_is_told_where_the_people_do_not_change_or_nobody_is_on(session, people, night):
    if night:
        plan(session, Kind.NIGHT, night)
    assert told(session, HandoverWatch(), 100) == []


def test_zero_minutes_is_never(session, people):
    plan(session, Kind.NIGHT, "li")
    assert told(session, HandoverWatch(after=timedelta(0)), 100) == []
