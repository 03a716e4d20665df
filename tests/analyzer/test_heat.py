"""The formula of heat: what raises it, what lets it fall, and that it shows its factors."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.grouping.heat import VERSION, Counts, heat

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = int(NOW.timestamp()) // 3600
CALM = Counts(posts=10, copies=5, sources=3, reposts=20, comments=30, likes=50, newest=NOW)


def _with(**changed):
    return msgspec.structs.replace(CALM, **changed)


@pytest.mark.parametrize(
    "hotter",
    [
        {"posts": 20},
        {"sources": 6},
        {"copies": 50},
        {"reposts": 200},
        {"comments": 300},
        {"likes": 5000},
        {"reads": 1_000_000},
        {"hours": {HOUR: 8}},
    ],
)
def test_more_of_anything_is_hotter(hotter):
    assert heat(_with(**hotter), NOW).value > heat(CALM, NOW).value


def test_heat_halves_in_a_day_of_silence_and_falls_when_posts_get_fewer():
    assert heat(CALM, NOW + timedelta(hours=24)).value == pytest.approx(
        heat(CALM, NOW).value / 2, abs=0.1
    )
    assert heat(_with(hours={HOUR - 10: 30}), NOW).value < heat(CALM, NOW).value


def test_a_copy_counts_less_than_a_new_source():
    copied = heat(_with(copies=6), NOW).value - heat(CALM, NOW).value
    spread = heat(_with(sources=4), NOW).value - heat(CALM, NOW).value

    assert 0 < copied < spread


def test_the_factors_give_the_value_and_say_where_they_come_from():
    found = heat(_with(hours={HOUR: 4, HOUR - 8: 2}), NOW)

    posts, sources, reposts, engagement, growth, decay = (one.value for one in found.factors)
    again = 10 * (0.3 * posts + 0.3 * sources + 0.2 * reposts + 0.2 * engagement) * growth * decay
    assert found.value == pytest.approx(again, rel=0.02)
    assert found.version == VERSION
    assert [one.name for one in found.factors] == ["帖文", "来源", "转发", "互动", "增速", "衰减"]
    assert found.factors[4].said == "近 6 小时 4 条，此前 18 小时 2 条"


@given(
    st.builds(
        Counts,
        posts=st.integers(-5, 10**9),
        copies=st.integers(-5, 10**9),
        sources=st.integers(-5, 10**6),
        reposts=st.integers(-5, 10**12),
        reads=st.integers(-5, 10**15),
        hours=st.dictionaries(st.integers(HOUR - 48, HOUR + 48), st.integers(0, 10**6)),
        newest=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    )
)
def test_any_counts_give_a_heat_of_zero_or_more(counts):
    assert heat(counts, NOW).value >= 0
