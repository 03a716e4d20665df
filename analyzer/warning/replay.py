"""Backtest (回测): stored posts once more, in the order of their own times, through what is live.

The windows of the alert rules, events and early warning are the same code as in the service; only
the clock is the posts'. Where posts name their event, a signal of which at least half the posts are
of one event is true, and its delay counts from the event's first post; any other is false.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime

from msgspec import Struct

from analyzer.grouping.events_book import Book
from analyzer.grouping.matching import Condition, definition, haystack
from analyzer.grouping.signals import make_signal
from analyzer.grouping.windows import RuleState, RuleWindow, entry
from analyzer.warning.part import APPEAL_FROM, Topics, point, signals
from analyzer.warning.watch import Watch
from analyzer.warning.wording import RULE
from posts.model import ScoredPost, Signal
from registry.alert_rules import AlertRule

DAY_S = 86_400.0
_AT_ONCE = 100
_TRUE_FROM = 0.5


class Fired(Struct, frozen=True, kw_only=True):
    """A signal as it would have come. ``event`` is "" where it is false, None where unknown."""

    at: datetime
    rule: str
    title: str
    reason: str
    heat: str
    count: int
    areas: tuple[str, ...]
    first_post_at: datetime
    delay_s: float
    event: str | None


class Summary(Struct, frozen=True, kw_only=True):
    """What came of it. Rates are per day; those of localities by the first area of each signal.

    ``false_per_day`` is None where no post names an event: then all signals stand in ``per_day``.
    """

    posts: int
    days: float
    signals: int
    per_day: float
    by_rule: dict[str, int]
    by_area: dict[str, float]
    false_per_day: float | None = None
    false_by_area: dict[str, float] | None = None
    without_place: int = 0
    events: int = 0
    events_found: int = 0
    median_delay_s: float | None = None


def replay(
    posts: Sequence[ScoredPost],
    rules: Sequence[AlertRule],
    *,
    own: Collection[str],
    place: Callable[[str], str],
    per_day: float,
    events: Mapping[str, str] | None = None,
    appeal_from: float = APPEAL_FROM,
) -> tuple[list[Fired], Summary]:
    """All that would have been told. ``posts`` by time; ``events`` by post id; 0 ``per_day``: off.

    ``own`` and ``place`` as early warning has them: codes of the own area, names of codes.
    """
    windows = [
        (Condition(rule), RuleWindow(rule, RuleState(definition=definition(rule))))
        for rule in rules
        if rule.enabled
    ]
    book = Book()
    watch, topics = Watch(per_day=per_day), Topics(rules, own, book.event_of, appeal_from)
    told: list[Signal] = []
    for number, one in enumerate(posts):
        if per_day and number % _AT_ONCE == 0:
            _put_together(book, watch, posts[number : number + _AT_ONCE])
        now = one.post.first_seen_at
        folded = haystack(one.post)
        for condition, window in windows:
            if condition.matches(one, folded) and window.add(entry(one.post, one.areas)):
                crossing = window.cross(now, late=False)
                if crossing is not None:
                    told.append(make_signal(condition.rule, crossing, now))
        found = point(one.post) if per_day else None
        if found is not None:
            watch.count(found, topics.of(one))
            told += signals(watch, topics, place, book.name_of, now)
    starts = _starts(posts, events or {})
    fired = [_fired(signal, events, starts) for signal in told]
    return fired, _summary(posts, fired, starts)


def _put_together(book: Book, watch: Watch, posts: Sequence[ScoredPost]) -> None:
    """The events of the posts that come next; events that came near are one from now on."""
    book.merge_near()
    for gone, into in book.absorbed:
        watch.matters.move(gone, into)
    book.absorbed.clear()
    book.read([one.post for one in posts])


def _starts(posts: Iterable[ScoredPost], events: Mapping[str, str]) -> dict[str, datetime]:
    starts: dict[str, datetime] = {}
    for one in posts:
        event = events.get(one.post.id)
        if event:
            starts.setdefault(event, one.post.published_at)
    return starts


def _fired(
    signal: Signal, events: Mapping[str, str] | None, starts: Mapping[str, datetime]
) -> Fired:
    event: str | None = None
    since = signal.first_post_at
    if events:
        named = Counter(name for one in signal.posts if (name := events.get(one)))
        best, count = named.most_common(1)[0] if named else ("", 0)
        event = best if count >= _TRUE_FROM * len(signal.posts) else ""
        since = starts.get(event, since)
    return Fired(
        at=signal.created_at,
        rule=signal.rule,
        title=signal.title,
        reason=signal.reason,
        heat=signal.heat,
        count=signal.count,
        areas=signal.areas,
        first_post_at=since,
        delay_s=max(0.0, (signal.created_at - since).total_seconds()),
        event=event,
    )


def _summary(
    posts: Sequence[ScoredPost], fired: Sequence[Fired], starts: Mapping[str, datetime]
) -> Summary:
    span = (posts[-1].post.published_at - posts[0].post.published_at).total_seconds()
    days = max(span / DAY_S, 1.0)
    false = [one for one in fired if one.event == ""]
    first: dict[str, float] = {}
    for one in fired:
        if one.event:
            first.setdefault(one.event, one.delay_s)
    delays = sorted(first.get(event, float("inf")) for event in starts)
    middle = delays[len(delays) // 2] if delays else float("inf")
    return Summary(
        posts=len(posts),
        days=round(days, 2),
        signals=len(fired),
        per_day=round(len(fired) / days, 3),
        by_rule=dict(Counter(one.rule for one in fired).most_common()),
        by_area=_per_area(fired, days),
        false_per_day=round(len(false) / days, 3) if starts else None,
        false_by_area=_per_area(false, days) if starts else None,
        without_place=sum(not one.areas for one in posts),
        events=len(starts),
        events_found=len(first),
        median_delay_s=None if middle == float("inf") else round(middle, 1),
    )


def _per_area(fired: Iterable[Fired], days: float) -> dict[str, float]:
    counts = Counter(_area(one) for one in fired)
    return {area: round(count / days, 3) for area, count in counts.most_common()}


def _area(one: Fired) -> str:
    """The locality that it is told for: that of an early warning, else the closest of its posts."""
    if not one.areas:
        return ""
    return one.areas[0] if one.rule == RULE else max(one.areas, key=len)
