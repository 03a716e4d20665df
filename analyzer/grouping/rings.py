"""How often a rule would have rung (会响几次): stored posts once more, in the order they arrived.

The conditions and windows are those of the service; only the clock is the posts' arrival. Pure but
for reading the index.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from operator import attrgetter

from msgspec import Struct

from analyzer.grouping.lookback import queries
from analyzer.grouping.matching import Condition, haystack
from analyzer.grouping.signals import make_signal
from analyzer.grouping.windows import GROWTH, LATE_AFTER, Entry, RuleState, RuleWindow, entry
from posts.identity import SHANGHAI
from posts.index.port import PostIndex
from posts.model import ScoredPost, Signal
from registry.alert_rules import AlertRule

DAYS = 7
MOST = 100_000  # posts that are read: some seconds
_at = attrgetter("at")


class Rings(Struct, frozen=True, kw_only=True):
    """What would have been told since ``since``: ``live`` at once, ``late`` (补录) in the digest.

    ``matched`` of the ``read`` posts are what the rule watches for. ``since`` is later than asked
    for where there were too many posts to read them all.
    """

    since: datetime
    days: float
    live: tuple[Signal, ...]
    late: int
    matched: int
    read: int
    cut: bool


def rings(
    index: PostIndex, rule: AlertRule, *, now: datetime, days: int = DAYS, most: int = MOST
) -> Rings:
    """Ring that rule over the posts that arrived in the last ``days`` days.

    ``most`` bounds what is read: then the oldest days are left out, and ``cut`` says so. Raises
    RetryError where the index can't answer now.
    """
    condition = Condition(rule)
    asked = now - timedelta(days=days)
    # What came before fills the first windows; who arrives now may be a day old.
    before = timedelta(seconds=rule.window_s) + LATE_AFTER
    since, cut = _bounded(index, condition, asked - before, most)
    begin = max(asked, since) if cut else asked
    found: dict[str, Entry] = {}
    read = 0
    for scored in _posts(index, condition, since):
        read += 1
        if scored.post.id not in found and condition.matches(scored, haystack(scored.post)):
            found[scored.post.id] = entry(scored.post, scored.areas)
    live, late = replay(rule, sorted(found.values(), key=lambda one: (one.arrived, one.at)))
    return Rings(
        since=begin,
        days=(now - begin) / timedelta(days=1),
        live=tuple(one for one in live if one.created_at >= begin),
        late=sum(one.created_at >= begin for one in late),
        matched=sum(one.arrived >= begin.timestamp() for one in found.values()),
        read=read,
        cut=cut,
    )


def replay(rule: AlertRule, arriving: Sequence[Entry]) -> tuple[list[Signal], list[Signal]]:
    """What is told at once and what late, of matching posts by their arrival; they are changed."""
    window = RuleWindow(rule, RuleState(definition=""))
    live: list[Signal] = []
    late: list[Signal] = []
    held: datetime | None = None
    late_since = False  # windows of fresh posts count old ones too
    for one in arriving:
        now = datetime.fromtimestamp(one.arrived, tz=UTC)
        if held is not None and now - held >= timedelta(minutes=1):
            late += _crossed(rule, window, held, late=True)
            held = None
        window.add(one)
        if one.late:
            held = held or now  # a backlog of old posts is told once, at its end
            late_since = True
        elif late_since or _may_cross(rule, window.state, one):
            late_since = False
            live += _crossed(rule, window, now, late=False)
    if held is not None:
        late += _crossed(rule, window, held, late=True)
    return live, late


def _crossed(rule: AlertRule, window: RuleWindow, now: datetime, *, late: bool) -> list[Signal]:
    crossing = window.cross(now, late=late)
    return [] if crossing is None else [make_signal(rule, crossing, now)]


def _may_cross(rule: AlertRule, state: RuleState, new: Entry) -> bool:
    """Whether to look at all windows, which takes long: only those with the new post changed."""
    entries, last = state.entries, state.live
    for end in range(bisect_left(entries, new.at, key=_at), len(entries)):
        at = entries[end].at
        if at >= new.at + rule.window_s:
            return False
        first = bisect_right(entries, at - rule.window_s, key=_at)
        count = end - first + 1
        if count < rule.min_count:
            continue
        if last is None or count >= GROWTH * last.count:
            return True
        if at > last.end + rule.cooldown_s:
            fresh = sum(not one.told for one in islice(entries, first, end + 1))
            if fresh >= rule.min_count:
                return True
    return False


def _posts(index: PostIndex, condition: Condition, since: datetime) -> Iterator[ScoredPost]:
    for query in queries(condition, since=since):
        for batch in index.scan(query):
            yield from batch


def _bounded(
    index: PostIndex, condition: Condition, since: datetime, most: int
) -> tuple[datetime, bool]:
    """From when on there are at most so many posts to read, by whole days."""
    counts: dict[datetime, int] = {}
    for query in queries(condition, since=since):
        for day, count in index.histogram(query, step="day"):
            counts[day] = counts.get(day, 0) + count
    total = 0
    for day in sorted(counts, reverse=True):
        total += counts[day]
        if total > most:
            local = day.astimezone(SHANGHAI).date() + timedelta(days=1)
            return datetime.combine(local, time.min, tzinfo=SHANGHAI).astimezone(UTC), True
    return since, False
