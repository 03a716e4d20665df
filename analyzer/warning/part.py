"""Early warning as a part of grouping (see analyzer/grouping/parts.py).

What is counted: posts with a sure place in the own area, by each division that they lie in, and by
topic: the words of each alert rule that is switched on, *negative* and *appeal*; and of these
by event, as the events of grouping put them together. Posts of which
only the day is known, and those that arrive a day late, say nothing of this hour and are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import Protocol

import msgspec
import structlog

from analyzer.grouping.matching import Condition, haystack
from analyzer.grouping.memory import Store
from analyzer.grouping.windows import LATE_AFTER
from analyzer.warning.series import Point
from analyzer.warning.state import Key, decode, encode
from analyzer.warning.watch import OF_EVENTS, Watch
from analyzer.warning.wording import make_signal
from posts.model import Certainty, Post, ScoredPost, Sentiment, Signal
from registry import alert_rules, areas, gazetteer
from registry.alert_rules import AlertRule
from registry.db import Database
from registry.errors import NotFoundError

NEGATIVE, APPEAL = ":negative", ":appeal"
HEADS = {NEGATIVE: "负面", APPEAL: "诉求"}
APPEAL_FROM = 0.5
_COUNTY = 6

_log = structlog.get_logger()


class EventsSeen(Protocol):
    """Who puts posts together to events; it has seen a post before early warning does."""

    def event_of(self, post: str) -> str:
        """The key of the event of that post; "" where it is of none."""

    def name_of(self, event: str) -> str:
        """A readable name of that event."""

    def moved(self) -> list[tuple[str, str]]:
        """Events that went into others since the last call: (gone, into)."""


class Topics:
    """Which series a post counts in. ``event_of`` names the event of a post by its id, or ""."""

    def __init__(
        self,
        rules: Sequence[AlertRule],
        own: Collection[str],
        event_of: Callable[[str], str] | None = None,
        appeal_from: float = APPEAL_FROM,
    ) -> None:
        free = [msgspec.structs.replace(rule, areas=()) for rule in rules if rule.enabled]
        self._conditions = [(str(rule.id), Condition(rule)) for rule in free]
        self._own = tuple(own)
        self._event_of = event_of
        self._appeal_from = appeal_from
        self.names = {**{str(rule.id): rule.name for rule in rules}, **HEADS}

    def of(self, scored: ScoredPost) -> list[Key]:
        """The series of a post; none where it has no sure place in the own area."""
        places = [code for code in scored.areas if self._is_own(code)]
        if not places:
            return []
        folded = haystack(scored.post)
        topics = [name for name, one in self._conditions if one.matches(scored, folded)]
        if scored.score.sentiment is Sentiment.NEGATIVE:
            topics.append(NEGATIVE)
        if (scored.score.p_appeal or 0.0) >= self._appeal_from:
            topics.append(APPEAL)
        event = self._event_of(scored.post.id) if self._event_of else ""
        found = [Key(place, topic) for place in places for topic in topics]
        if event:
            found += [Key(place, topic, event) for place in places for topic in topics]
        return found

    def _is_own(self, code: str) -> bool:
        if self._own:
            return code.startswith(self._own)
        return len(code) <= _COUNTY


def point(post: Post) -> Point | None:
    """The post as it counts; None where its time says nothing of the hour."""
    if post.certainty is Certainty.DAY:
        return None
    published = min(post.published_at, post.first_seen_at)
    if post.first_seen_at - published > LATE_AFTER:
        return None
    return Point(published.timestamp(), post.id, post.source)


class EarlyWarning:
    """The part. ``per_day``: false alarms that are borne a day and locality.

    ``events`` is the part of grouping that comes before; without it only topics are counted. From
    ``appeal_from`` on a post counts as an appeal.
    """

    name = "warning"

    def __init__(
        self,
        database: Database,
        store: Store,
        *,
        per_day: float,
        events: EventsSeen | None = None,
        appeal_from: float = APPEAL_FROM,
    ) -> None:
        self._database = database
        self._store = store
        self._per_day = per_day
        self._events = events
        self._appeal_from = appeal_from
        self._watch = Watch(per_day=per_day)
        self._topics = Topics((), ())
        self._places: dict[str, str] = {}
        self._known: object = None

    def start(self, now: datetime) -> None:
        """Begin from what was saved last, by this worker or by the one before."""
        body = self._store.load()
        state = decode(body)
        if body is not None and state is None:
            _log.warning("warning_state_unreadable", at=now.isoformat())
        of_events = OF_EVENTS if self._events else 0.0
        self._watch = Watch(state, per_day=self._per_day, of_events=of_events)
        self._known = None

    def refresh(self, now: datetime) -> None:  # noqa: ARG002 (the form of every part)
        """Take rules and places as people have them now."""
        with self._database.reading() as session:
            rules, places = alert_rules.everything(session), areas.everything(session)
        if (rules, places) == self._known:
            return
        self._known = (rules, places)
        self._places = {place.code: place.name for place in places}
        own = [place.code for place in places if place.own]
        event_of = self._events.event_of if self._events else None
        self._topics = Topics(rules, own, event_of, self._appeal_from)

    def read(self, scored: Sequence[ScoredPost], now: datetime) -> None:
        """Count the posts; of what was published in the future nothing is believed."""
        for gone, into in self._events.moved() if self._events else ():
            self._watch.matters.move(gone, into)
        latest = now.timestamp()
        for one in scored:
            found = point(one.post)
            if found is not None and found.at <= latest:
                self._watch.count(found, self._topics.of(one))

    def tell(self, now: datetime, *, caught_up: bool) -> list[Signal]:  # noqa: ARG002 (as above)
        """What is unusual, each matter once."""
        name_of = self._events.name_of if self._events else str
        return signals(self._watch, self._topics, self._place, name_of, now)

    def save(self, now: datetime) -> None:  # noqa: ARG002 (the form of every part)
        """Write the state where it changed."""
        if self._watch.changed:
            self._store.save(encode(self._watch.state()))
            self._watch.changed = False

    def held(self) -> Iterable[str]:
        """No words of posts are kept here."""
        return ()

    def forget(self, posts: Collection[str]) -> bool:  # noqa: ARG002 (the form of every part)
        """Nothing to drop: counts and ids only."""
        return False

    def close(self) -> None:
        """Nothing is open."""

    def _place(self, code: str) -> str:
        if code not in self._places:
            try:
                self._places[code] = gazetteer.find(code).name
            except NotFoundError:
                self._places[code] = code
        return self._places[code]


def signals(
    watch: Watch,
    topics: Topics,
    place: Callable[[str], str],
    name_of: Callable[[str], str],
    now: datetime,
) -> list[Signal]:
    """What is to be told now, as signals. ``name_of`` names an event by its key."""
    found = []
    for one in watch.crossings():
        topic = topics.names.get(one.key.topic, one.key.topic)
        also = [topics.names.get(key.topic, key.topic) for key in one.also]
        found.append(
            make_signal(
                one,
                watch,
                area=place(one.key.area),
                topic=topic,
                event=name_of(one.key.event) if one.key.event else "",
                also=[name for name in dict.fromkeys(also) if name != topic],
                now=now,
            )
        )
    return found
