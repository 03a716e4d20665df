"""The window of one alert rule: which posts count, and when what they add up to is told.

Time is that of publication, so that posts may come in any order. Two streams are kept apart by
the newest post of a window: *live*, and *late* (补录: it was over 24 h old on arrival). A rule is
one matter: after it was told, it is told again when its count has doubled, or when after the
cool-down enough posts that were never told add up. The cool-down counts by publication for live
windows, and by the time of telling for late ones, whose publication lies anywhere in the past.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec import Struct, field

from posts.model import Certainty, Post
from registry.alert_rules import AlertRule

LATE_AFTER = timedelta(hours=24)
MAX_ENTRIES = 5_000
"""So many posts are kept a rule, the newest by publication: a bound on memory, not a window."""

GROWTH = 2
_TITLE = 40


class Entry(Struct, array_like=True):
    """A post that counts. Instants are seconds since 1970; ``told``: it was in a signal."""

    at: float
    id: str
    arrived: float
    late: bool
    source: str
    areas: tuple[str, ...]
    title: str
    told: bool = False


class Told(Struct):
    """The last time that a matter was told anew: end of its window, when, and its count since."""

    end: float
    at: float
    count: int


class RuleState(Struct):
    """What is remembered of a rule: its definition, its posts in order, what was told."""

    definition: str
    entries: list[Entry] = field(default_factory=list)
    live: Told | None = None
    late: Told | None = None


class Window(Struct, frozen=True):
    """A crossing: its posts, oldest first."""

    start: float
    end: float
    entries: tuple[Entry, ...]
    late: bool


def entry(post: Post, areas: tuple[str, ...], *, looked_at: datetime | None = None) -> Entry:
    """The post as it counts. ``looked_at``: found in the index then, by a rule made later.

    A post can't be published after it arrived; one of which only the day is known may have been
    published until the end of that day.
    """
    published = min(post.published_at, post.first_seen_at)
    newest = published + (timedelta(days=1) if post.certainty is Certainty.DAY else timedelta())
    seen = max(post.first_seen_at, looked_at) if looked_at else post.first_seen_at
    return Entry(
        at=published.timestamp(),
        id=post.id,
        arrived=post.first_seen_at.timestamp(),
        late=seen - newest > LATE_AFTER,
        source=post.source,
        areas=areas,
        title=(post.title or post.text)[:_TITLE].strip(),
    )


class RuleWindow:
    """A rule with its state; new posts are added, crossings asked for."""

    def __init__(self, rule: AlertRule, state: RuleState) -> None:
        self.rule = rule
        self.state = state
        self._ids = {one.id for one in state.entries}
        self._untold = {
            late: any(one.late is late and not one.told for one in state.entries)
            for late in (False, True)
        }

    def add(self, new: Entry) -> bool:
        """Count the post; False where it is counted already."""
        if new.id in self._ids:
            return False
        self._ids.add(new.id)
        insort(self.state.entries, new, key=_order)
        self._untold[new.late] = True
        if len(self.state.entries) > MAX_ENTRIES:
            dropped = self.state.entries.pop(0)
            self._ids.discard(dropped.id)
        return True

    def cross(self, now: datetime, *, late: bool) -> Window | None:
        """The window that is to be told now, or None. Remembers it as told."""
        if not self._untold[late]:
            return None
        last = self.state.late if late else self.state.live
        found = self._best(last, now.timestamp(), late=late)
        if found is None:
            return None
        window, anew = found
        count = len(window.entries)
        if anew or last is None:
            last = Told(end=window.end, at=now.timestamp(), count=count)
        else:
            last.count = count
        if late:
            self.state.late = last
        else:
            self.state.live = last
        for one in self.state.entries:
            if one.late is late:
                one.told = True
        self._untold[late] = False
        return window

    def _best(self, last: Told | None, now: float, *, late: bool) -> tuple[Window, bool] | None:
        """The fullest window that is told anew, else the fullest that has grown enough."""
        entries = self.state.entries
        best: tuple[bool, int, float, int, int] | None = None
        first = fresh = 0
        for end, one in enumerate(entries):
            fresh += not one.told
            while entries[first].at <= one.at - self.rule.window_s:
                fresh -= not entries[first].told
                first += 1
            count = end - first + 1
            if one.late is not late or count < self.rule.min_count or not fresh:
                continue
            anew = self._is_anew(last, one.at, now, fresh, late=late)
            if anew or (last is not None and count >= GROWTH * last.count):
                rank = (anew, count, one.at, first, end)
                best = rank if best is None or rank > best else best
        if best is None:
            return None
        anew, _, at, first, end = best
        chosen = tuple(entries[first : end + 1])
        return Window(start=at - self.rule.window_s, end=at, entries=chosen, late=late), anew

    def _is_anew(
        self, last: Told | None, end: float, now: float, fresh: int, *, late: bool
    ) -> bool:
        if last is None:
            return True
        cooled = (
            now > last.at + self.rule.cooldown_s if late else end > last.end + self.rule.cooldown_s
        )
        return cooled and fresh >= self.rule.min_count


def instant(seconds: float) -> datetime:
    """Seconds since 1970 as an aware instant in UTC."""
    return datetime.fromtimestamp(seconds, tz=UTC)


def distinct(values: Sequence[str], limit: int) -> tuple[str, ...]:
    """The most frequent values, the most frequent first; ties by value."""
    counts: dict[str, int] = {}
    for value in values:
        counts[value] = counts.get(value, 0) + 1
    return tuple(sorted(counts, key=lambda value: (-counts[value], value))[:limit])


def _order(one: Entry) -> tuple[float, str]:
    return one.at, one.id
