"""过去 7 天会响几次: the same windows as live, over stored posts."""

from __future__ import annotations

from copy import copy
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from support.analyzer import make_rule
from support.posts import NOON, make_scored

from analyzer.grouping.rings import replay, rings
from analyzer.grouping.windows import Entry, RuleState, RuleWindow
from posts.index.memory import MemoryIndex


def post(number: int, *, minutes: float, delay: float = 0.0, title: str = "又停水了"):
    """Published so many minutes before NOON, arrived ``delay`` minutes later."""
    published = NOON - timedelta(minutes=minutes)
    return make_scored(
        number,
        title=title,
        published_at=published,
        first_seen_at=published + timedelta(minutes=delay),
    )


def index_of(*posts):
    index = MemoryIndex()
    index.write(posts)
    return index


def test_three_posts_ring_once_and_a_doubled_count_again():
    day = 24 * 60
    index = index_of(*(post(n, minutes=day - n) for n in range(5)))
    assert [one.count for one in rings(index, make_rule(), now=NOON).live] == [3]
    index.write([post(9, minutes=day - 6)])
    assert [one.count for one in rings(index, make_rule(), now=NOON).live] == [3, 6]


def test_after_the_cool_down_it_rings_anew():
    index = index_of(*(post(n, minutes=3000 - 600 * (n // 3) - n) for n in range(9)))
    found = rings(index, make_rule(), now=NOON)
    assert [one.count for one in found.live] == [3, 3, 3]
    assert (found.matched, found.late, found.cut) == (9, 0, False)
    assert found.live[0].created_at < found.live[1].created_at


def test_words_that_it_bars_and_another_threshold_change_the_answer():
    index = index_of(*(post(n, minutes=300 - n, title="停水演练") for n in range(6)))
    assert len(rings(index, make_rule(), now=NOON).live) == 2
    assert rings(index, make_rule(none_of=("演练",)), now=NOON).matched == 0
    assert rings(index, make_rule(min_count=7), now=NOON).live == ()


def test_what_came_before_counts_in_the_first_window_and_rings_no_more():
    week = 7 * 24 * 60
    index = index_of(*(post(n, minutes=week + 20 - n) for n in range(4)))
    assert rings(index, make_rule(), now=NOON).live == (), "it rang a week and some minutes ago"
    index.write([post(9, minutes=week - 1), post(10, minutes=week - 2)])
    found = rings(index, make_rule(), now=NOON)
    assert [one.count for one in found.live] == [6], "the count has doubled within the week"
    assert found.matched == 2


def test_old_posts_that_arrive_late_ring_in_the_digest_only():
    index = index_of(*(post(n, minutes=5000 + n, delay=4900 + n) for n in range(6)))
    found = rings(index, make_rule(), now=NOON)
    assert (found.live, found.late, found.matched) == ((), 1, 6)


def test_too_many_posts_leave_out_the_oldest_days_and_say_so():
    index = index_of(*(post(n, minutes=60 * n) for n in range(7 * 24)))
    found = rings(index, make_rule(), now=NOON, most=60)
    assert found.cut
    assert found.read <= 60
    assert 1 <= found.days < 3


@settings(max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 3000), st.sampled_from([0, 1, 90, 600])), max_size=40),
    st.integers(1, 4),
    st.sampled_from([0, 3600, 40_000]),
)
def test_it_skips_no_look_that_would_have_rung(minutes, least, cooldown):
    """Asking all windows after every post tells the same."""
    rule = make_rule(min_count=least, cooldown_s=cooldown)
    made = [
        Entry(60.0 * at, str(number), 60.0 * (at + delay), False, "forum", (), "停水")
        for number, (at, delay) in enumerate(minutes)
    ]
    made.sort(key=lambda one: (one.arrived, one.at))
    window = RuleWindow(rule, RuleState(definition=""))
    counts = []
    for one in made:
        window.add(copy(one))
        crossing = window.cross(NOON, late=False)
        if crossing is not None:
            counts.append(len(crossing.entries))
    live, _ = replay(rule, made)
    assert [signal.count for signal in live] == counts
