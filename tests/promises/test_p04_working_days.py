"""P4: working days follow 调休 and are provisional past the calendar."""

from datetime import UTC, date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.clocks import at, judged

from responder.clocks import to_dict
from responder.whatif import from_options
from responder.workdays import load_calendar


@pytest.mark.promise("P4")
@pytest.mark.parametrize(
    ("start", "days", "expected", "provisional"),
    [
        (date(2026, 9, 24), 3, date(2026, 9, 30), False),  # over 中秋
        (date(2026, 9, 30), 3, date(2026, 10, 10), False),  # 10 October, a Saturday, is worked
        (date(2026, 9, 18), 1, date(2026, 9, 20), False),  # so is 20 September, a Sunday
        (date(2026, 2, 13), 1, date(2026, 2, 14), False),
        (date(2026, 2, 14), 1, date(2026, 2, 24), False),  # nine days of Spring Festival
        (date(2026, 12, 30), 3, date(2027, 1, 4), True),  # Mon-Fri past the end
        (date(2026, 12, 30), 1, date(2026, 12, 31), False),
        (date(2030, 6, 7), 3, date(2030, 6, 12), True),
        (date(2018, 12, 28), 1, date(2018, 12, 31), True),  # before the calendar begins
    ],
)
def test_working_days(start, days, expected, provisional):
    assert load_calendar().add(start, days) == (expected, provisional)


@pytest.mark.promise("P4")
def test_the_last_day_ends_at_24_00_and_a_stop_then_is_in_time(figure):
    options = {"published": at("2026-09-24T09:00")}
    clock = judged(from_options(**options), "2026-09-24T09:00")["R5"]
    assert to_dict(clock)["due"] == "2026-10-01T00:00:00+08:00"
    assert "2026-09-30 24:00 截止" in clock.reason
    for stopped, state in (
        ("2026-10-01T00:00", "met"),
        ("2026-10-01T00:00:01", "met_late"),
    ):
        entries = from_options(**options, stopped={"R5": at(stopped)})
        assert judged(entries, "2026-10-09T09:00")["R5"].state == state
    figure("2026-09-24 + 3 = 2026-09-30 24:00; 2026-09-30 + 3 = 2026-10-10; 2026-12-30 + 3 暂定")


@pytest.mark.promise("P4")
def test_a_provisional_deadline_says_so():
    clock = judged(from_options(published=at("2026-12-30T09:00")), "2026-12-30T10:00")["R5"]
    assert clock.provisional
    assert "暂定" in clock.reason
    hours = judged(from_options(level="重大", occurred=at("2026-12-31T22:00")), "2026-12-31T23:00")
    assert not any(clock.provisional for clock in hours.values())


@pytest.mark.promise("P4")
@given(start=st.datetimes(timezones=st.just(UTC)), days=st.integers(1, 30))
def test_no_date_raises(start, days):
    if date(1, 1, 2) < start.date() < date(9999, 11, 1):
        due, _ = load_calendar().due(start, days)
        assert due > start


@pytest.mark.promise("P4")
def test_our_calendar_agrees_with_an_independent_one(figure):
    calendar = load_calendar()
    day, compared = date(2019, 1, 1), 0
    while day <= date(2026, 12, 31):
        assert calendar.is_workday(day) == chinese_calendar.is_workday(day), day
        day += timedelta(days=1)
        compared += 1
    figure(f"{compared} days agree with chinesecalendar")


@pytest.mark.promise("P4")
def test_each_year_names_its_notice():
    notices = dict(load_calendar().notices)
    assert sorted(notices) == list(range(2019, 2027))
    assert all("国办发明电〔" in notice for notice in notices.values())


def test_the_day_is_that_of_shanghai():
    late = datetime(2026, 9, 23, 16, 30, tzinfo=UTC)  # 00:30 of the 24th
    assert load_calendar().due(late, 3)[0] == datetime(2026, 9, 30, 16, tzinfo=UTC)
