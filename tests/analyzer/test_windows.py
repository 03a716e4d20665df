"""Properties of a rule's window, against counting by hand."""

from __future__ import annotations

from datetime import timedelta

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from support.analyzer import make_rule
from support.posts import NOON, make_post

from analyzer.grouping.signals import make_signal
from analyzer.grouping.windows import Entry, RuleState, RuleWindow, Window, entry, instant

MINUTE = 60
# Minutes before the arrival at which each post was published, in the order of their coming: from
# live to days ago, so that windows of both streams form and overlap.
minutes = st.lists(
    st.one_of(st.integers(0, 600), st.integers(1_400, 1_500), st.integers(5_000, 5_400)),
    max_size=60,
)
rules = st.builds(
    lambda count, hours, cool: make_rule(
        min_count=count, window_s=hours * 60 * MINUTE, cooldown_s=cool * 60 * MINUTE
    ),
    st.integers(1, 6),
    st.integers(1, 12),
    st.integers(0, 12),
)


def entries(ages: list[int]) -> list[Entry]:
    return [
        entry(
            make_post(str(n), published_at=NOON - age * timedelta(minutes=1), first_seen_at=NOON),
            ("5331",),
        )
        for n, age in enumerate(ages)
    ]


def in_window(seen: list[Entry], end: float, length: float) -> list[Entry]:
    return [one for one in seen if end - length < one.at <= end]


def take(window: RuleWindow, one: Entry) -> list[Window]:
    window.add(one)
    crossings = (window.cross(NOON, late=late) for late in (False, True))
    return [crossing for crossing in crossings if crossing]


@settings(deadline=None, max_examples=300)
@given(minutes, rules)
def test_a_signal_s_count_is_that_of_its_window(ages, rule):
    window = RuleWindow(rule, RuleState(definition="x"))
    seen: list[Entry] = []
    for one in entries(ages):
        seen.append(one)
        for crossing in take(window, one):
            signal = make_signal(rule, crossing, NOON)
            inside = in_window(seen, crossing.end, rule.window_s)
            assert signal.count == len(inside) >= rule.min_count
            assert set(signal.posts) <= {each.id for each in inside}
            assert signal.late is crossing.entries[-1].late
            assert signal.newest_post_at == instant(max(each.at for each in inside))


@settings(deadline=None, max_examples=300)
@given(minutes, rules)
def test_what_crosses_is_told_and_nothing_else(ages, rule):
    window = RuleWindow(rule, RuleState(definition="x"))
    seen: list[Entry] = []
    told = {False: False, True: False}
    for one in entries(ages):
        seen.append(one)
        for crossing in take(window, one):
            told[crossing.late] = True
        for late in (False, True):
            crossed = any(
                len(in_window(seen, end.at, rule.window_s)) >= rule.min_count
                for end in seen
                if end.late is late
            )
            assert (
                told[late]
                or not crossed
                or not any(each.late is late and not each.told for each in seen)
            )
            assert crossed or not told[late]


@settings(deadline=None, max_examples=200)
@given(minutes, rules)
def test_a_matter_of_n_posts_gives_few_signals(ages, rule):
    window = RuleWindow(rule, RuleState(definition="x"))
    count = sum(len(take(window, one)) for one in entries(ages))
    # Each signal needs as many new posts as the threshold, or twice the count of the last one.
    assert count <= 2 * (len(ages) // rule.min_count) + 2


@settings(deadline=None, max_examples=200)
@given(minutes, rules, st.integers(0, 60))
def test_a_restart_changes_nothing(ages, rule, at):
    told: list[list[str]] = []
    for restarts in (False, True):
        window = RuleWindow(rule, RuleState(definition="x"))
        signals = []
        for n, one in enumerate(entries(ages)):
            if restarts and n == at:
                saved = msgspec.json.encode(window.state)
                window = RuleWindow(rule, msgspec.json.decode(saved, type=RuleState))
            signals += [make_signal(rule, crossing, NOON).id for crossing in take(window, one)]
        told.append(signals)
    assert told[0] == told[1]


@settings(deadline=None, max_examples=200)
@given(minutes, rules, st.randoms(use_true_random=False))
def test_read_again_after_a_crash_nothing_counts_twice(ages, rule, dice):
    window = RuleWindow(rule, RuleState(definition="x"))
    for one in entries(ages):
        take(window, one)
    again = entries(ages)
    dice.shuffle(again)
    assert not any(window.add(one) for one in again)
    assert [one.id for one in window.state.entries] == [
        one.id for one in sorted(again, key=lambda one: (one.at, one.id))
    ]
