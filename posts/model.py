"""What flows through the service: posts, scored posts and signals.

All instants are aware and in UTC. Every struct is frozen: a changed post is a new version of it.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from msgspec import Struct


class Certainty(StrEnum):
    """How well the time of publication is known."""

    EXACT = "exact"  # the source states day and time
    DAY = "day"  # the source states the day only; the instant is 00:00 Asia/Shanghai of it
    ESTIMATED = "estimated"  # the source states none; the instant is the first sight


class Sentiment(StrEnum):
    """The class of a score; *neutral* is a class, *uncertain* an abstention."""

    NEGATIVE = "negative"
    NEUTRAL = "neutral"
    POSITIVE = "positive"
    UNCERTAIN = "uncertain"


class HitCertainty(StrEnum):
    """Whether a matched name is surely the place, or only may be."""

    SURE = "sure"
    UNCERTAIN = "uncertain"


class Engagement(Struct, frozen=True, omit_defaults=True):
    """Counts that the source shows beside a post; None where it shows none."""

    reads: int | None = None
    likes: int | None = None
    comments: int | None = None
    reposts: int | None = None


class Post(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One piece of public speech as it was fetched (帖文).

    ``id`` is deterministic (see :func:`posts.identity.post_id`); ``author`` is a keyed one-way
    reference, never a name; ``version`` packs the fetch time and the analysis generation;
    ``filed_month`` (``YYYY-MM``, Asia/Shanghai) is fixed at first sight and carried.
    """

    id: str
    source: str
    kind: str
    url: str | None = None
    title: str = ""
    text: str = ""
    published_at: datetime
    certainty: Certainty = Certainty.EXACT
    first_seen_at: datetime
    author: str | None = None
    engagement: Engagement = Engagement()
    version: int
    filed_month: str


class LocalityHit(Struct, frozen=True, gc=False):
    """A place name in a text. ``start`` and ``end`` are code points of the text as given."""

    code: str
    name: str
    text: str
    start: int
    end: int
    certainty: HitCertainty
    why: str


class Score(Struct, frozen=True, kw_only=True, gc=False):
    """What the analyzer says of one text. Probabilities are within 0 and 1.

    ``p_appeal`` is of a complaint, a request or a question to the authorities (诉求); None where
    the scorer has no such head. ``version`` is the scorer's own; "" in what older releases stored.
    """

    p_negative: float
    p_positive: float
    p_appeal: float | None = None
    sentiment: Sentiment
    scorer: str
    version: str = ""


class ScoredPost(Struct, frozen=True, kw_only=True):
    """A post with its score, places and units.

    ``areas`` holds the codes of all sure hits and of every division above them, so that a search
    for a county finds its towns; for a hit without certainty nothing is claimed.
    """

    post: Post
    score: Score
    localities: tuple[LocalityHit, ...] = ()
    areas: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    scored_at: datetime


class Basis(Struct, frozen=True, kw_only=True):
    """Why a count is unusual (预警依据): what was counted, what was to be expected, how sure.

    ``baseline`` posts were to be expected in ``window_s`` seconds and ``needed`` would have been
    told; chance alone brings ``value`` once in ``once_in_days``. ``curve`` has, for each hour from
    ``curve_start`` on, the posts and how many were to be expected.
    """

    window_s: int
    value: int
    baseline: float
    needed: int
    once_in_days: float
    history_days: float = 0.0
    curve_start: datetime | None = None
    curve: tuple[tuple[int, float], ...] = ()


class Signal(Struct, frozen=True, kw_only=True):
    """A window of an alert rule that was crossed (信号): the responder's only input.

    ``fingerprint`` names the matter, so that one matter becomes one alert; ``id`` names this
    crossing. ``late`` is 补录: the newest post was over 24 h old on arrival, nobody is woken.
    """

    id: str
    rule: str
    fingerprint: str
    title: str
    reason: str
    heat: str  # red | orange | yellow | blue
    count: int
    threshold: int
    window_start: datetime
    window_end: datetime
    first_post_at: datetime
    newest_post_at: datetime
    newest_arrival_at: datetime
    areas: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()  # ids, newest first, at most 50
    late: bool = False
    created_at: datetime
    basis: Basis | None = None  # of an early warning
