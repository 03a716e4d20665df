"""What is kept of one event beside its centroid: counts, curve, the vectors of its newest posts."""

from __future__ import annotations

import hashlib
from collections import Counter
from datetime import UTC, datetime
from itertools import islice

from msgspec import Struct, field

from analyzer.grouping.events_vectors import Vector
from analyzer.grouping.heat import Counts
from posts.model import Engagement, Post

VECTORS = 12
"""So many posts of an event can be taken out of its centroid again; the newest."""

_VECTOR_TERMS = 20
_HOURS = 14 * 24
_SOURCES = 500
_PENDING = 1_000
_HOUR = 3_600
_WORDS, _IN_NAME = 12, 3
_LONGEST_NAME = 30


class Place(Struct, array_like=True):
    """Where a post went, and what its source showed beside it."""

    cluster: int
    shown: list[int]


class Unsaved:
    """What changed since the book was saved: clusters, posts with a new place, moves, and ends.

    ``whole``: too much changed, or words were destroyed; all is to be written.
    """

    def __init__(self) -> None:
        self.whole = True
        self.clear()

    def clear(self) -> None:
        """All is saved."""
        self.clusters: set[int] = set()
        self.posts: dict[str, None] = {}
        self.moved: dict[int, int] = {}
        self.gone: set[int] = set()

    def drop(self, gone: set[int]) -> None:
        """These clusters are no more."""
        self.clusters -= gone
        self.gone |= gone


class Record(Struct):
    """One event. Instants are seconds since 1970; ``hours`` counts posts and copies by hour."""

    key: str
    first_post: str
    first_at: float
    newest: float
    posts: int = 0
    copies: int = 0
    sources: set[str] = field(default_factory=set)
    hours: dict[int, int] = field(default_factory=dict)
    vectors: dict[str, Vector] = field(default_factory=dict)
    shown: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    """Sums of reposts, comments, likes and reads as the sources show them."""

    pending: list[tuple[str, float, str]] = field(default_factory=list)
    """(post, published, source) of posts that are in no table yet, the newest 1,000."""

    def count(self, post: str, at: float, source: str, shown: list[int], *, copy: bool) -> None:
        """Count one post."""
        if at < self.first_at:
            self.first_at, self.first_post = at, post
        self.newest = max(self.newest, at)
        self.posts += not copy
        self.copies += copy
        if len(self.sources) < _SOURCES:
            self.sources.add(source)
        hour = int(at) // _HOUR
        self.hours[hour] = self.hours.get(hour, 0) + 1
        if len(self.hours) > _HOURS:
            del self.hours[min(self.hours)]
        self.show(shown)

    def show(self, shown: list[int], before: list[int] | None = None) -> None:
        """Add what the source shows beside the post, less what it showed before."""
        old = before or [0, 0, 0, 0]
        self.shown = [
            max(0, total + new - gone)
            for total, new, gone in zip(self.shown, shown, old, strict=True)
        ]

    def keep(self, post: str, vector: Vector) -> None:
        """Remember the vector of a post, as far as its heaviest terms."""
        self.vectors[post] = dict(islice(vector.items(), _VECTOR_TERMS))
        if len(self.vectors) > VECTORS:
            del self.vectors[next(iter(self.vectors))]

    def take_in(self, other: Record) -> None:
        """All of another event comes over."""
        if other.first_at < self.first_at:
            self.first_at, self.first_post = other.first_at, other.first_post
        self.newest = max(self.newest, other.newest)
        self.posts += other.posts
        self.copies += other.copies
        self.sources = set(sorted(self.sources | other.sources)[:_SOURCES])
        both = Counter(self.hours) + Counter(other.hours)
        self.hours = dict(sorted(both.items())[-_HOURS:])
        self.vectors = dict([*other.vectors.items(), *self.vectors.items()][-VECTORS:])
        self.pending = [*other.pending, *self.pending][-_PENDING:]
        self.show(other.shown)

    def words(self) -> list[str]:
        """What two or more of its posts say, the weightiest first; parts of others left out."""
        covered: Counter[str] = Counter()
        weights: Counter[str] = Counter()
        for vector in self.vectors.values():
            covered.update(list(vector))
            weights.update(vector)
        least = 2 if len(self.vectors) > 1 else 1
        chosen: list[str] = []
        # Of two that weigh alike the longer one says more: a name rather than its pieces.
        order = sorted(weights, key=lambda term: (-weights[term] * len(term) ** 0.7, term))
        for term in order:
            if covered[term] < least:
                continue
            if any(term in one or one in term for one in chosen):
                continue
            chosen.append(term)
            if len(chosen) == _WORDS:
                break
        return chosen

    def counts(self) -> Counts:
        """For its heat."""
        reposts, comments, likes, reads = self.shown
        return Counts(
            posts=self.posts,
            copies=self.copies,
            sources=len(self.sources),
            reposts=reposts,
            comments=comments,
            likes=likes,
            reads=reads,
            hours=dict(self.hours),
            newest=datetime.fromtimestamp(self.newest, UTC),
        )


def name(words: list[str]) -> str:
    """A readable name of an event: a hashtag, else its weightiest words."""
    tags = [word for word in words[: 2 * _IN_NAME] if word.startswith("#")]
    said = tags[0] + "#" if tags else " ".join(words[:_IN_NAME])
    return said[:_LONGEST_NAME] or "（未能取名）"


def shown(engagement: Engagement) -> list[int]:
    """Reposts, comments, likes, reads; what the source does not show is 0."""
    return [
        max(0, value or 0)
        for value in (
            engagement.reposts,
            engagement.comments,
            engagement.likes,
            engagement.reads,
        )
    ]


def instant_of(post: Post) -> float:
    """When it was published, and not after it was seen: seconds since 1970."""
    return min(post.published_at, post.first_seen_at).timestamp()


def key_of(post: str) -> str:
    """The key of an event by its first post: the same post, the same key."""
    return hashlib.sha256(post.encode("utf-8", "surrogatepass")).hexdigest()[:16]
