"""A roster by turns: fair over shifts, holidays marked, other roles untouched."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from registry import roster
from registry.duty import DutyRole, Hours, Kind
from registry.errors import InvalidInputError
from registry.roster_turns import Turns, bring_in, lines

NOW = datetime(2026, 9, 28, 0, 0, tzinfo=UTC)
SINCE = date(2026, 9, 29)
ABC = ("甲", "乙", "丙")


def off(day: date) -> bool:
    return (day.month, day.day) == (10, 1)


def test_people_take_turns_by_shifts_and_a_holiday_is_one_shift():
    made = lines(Turns(people=ABC, since=SINCE, until=date(2026, 10, 2)), holiday=off)
    assert [(one.day.day, one.kind, one.name) for one in made] == [
        (29, Kind.DAY, "甲"),
        (29, Kind.NIGHT, "乙"),
        (30, Kind.DAY, "丙"),
        (30, Kind.NIGHT, "甲"),
        (1, Kind.HOLIDAY, "乙"),
        (2, Kind.DAY, "丙"),
        (2, Kind.NIGHT, "甲"),
    ]


def test_it_begins_with_whom_it_is_told_and_major_duty_knows_no_holiday():
    turns = Turns(
        people=ABC,
        since=date(2026, 10, 1),
        until=date(2026, 10, 1),
        kinds=(Kind.MAJOR,),
        first="丙",
    )
    assert [(one.kind, one.name) for one in lines(turns, holiday=off)] == [(Kind.MAJOR, "丙")]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"people": (" ",)}, "至少一位"),
        ({"people": ("甲", "甲")}, "写了两次"),
        ({"people": tuple(map(str, range(101)))}, "最多排 100 个人"),
        ({"first": "丁"}, "不在轮值的人里"),
        ({"until": SINCE - timedelta(days=1)}, "结束日期"),
        ({"until": SINCE + timedelta(days=367)}, "最长一年"),
        ({"kinds": ()}, "轮值的班次"),
        ({"kinds": (Kind.HOLIDAY,)}, "由工作日历决定"),
    ],
)
def test_what_can_not_be_planned_is_named(given: dict, said: str):
    turns = Turns(**{"people": ABC, "since": SINCE, "until": SINCE, **given})
    with pytest.raises(InvalidInputError, match=said):
        lines(turns, holiday=off)


def test_written_again_it_changes_nothing_and_the_leaders_stay(database):
    hours = Hours()
    leaders = Turns(people=("王",), since=SINCE, until=SINCE, role=DutyRole.LEADER)
    turns = Turns(people=ABC, since=SINCE, until=SINCE)
    other = Turns(people=ABC, since=SINCE, until=SINCE, first="丙")
    with database.transaction() as session:
        _, done, again, moved = (
            bring_in(session, lines(one, holiday=off), by="x", now=NOW, hours=hours)
            for one in (leaders, turns, turns, other)
        )
        rows = roster.shifts(session, NOW, NOW + timedelta(days=5))
    assert (done.added, done.withdrawn, done.without_account) == (2, 0, ("乙", "甲"))
    assert (again.added, again.kept, again.withdrawn) == (0, 2, 0)
    assert (moved.added, moved.withdrawn) == (2, 2)
    assert sorted(row.name for row in rows) == sorted(["丙", "甲", "王", "王"])
