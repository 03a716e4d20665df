"""What is kept of one event beside its centroid: counts, curve, the vectors of its newest posts.

Most events are of one post, and of these only that post is kept (Alone).
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from struct import pack, unpack

from msgspec import Struct, field

from analyzer.grouping.events_tally import (
    both_hours,
    both_sources,
    by_hour,
    count_of_sources,
    with_hour,
    with_source,
)
from analyzer.grouping.events_vectors import Said
from analyzer.grouping.heat import Counts
from posts.model import Engagement, Post

VECTORS = 12
"""So many posts of an event can be taken out of its centroid again; the newest."""

_PENDING = 1_000
_HOUR = 3_600
_WORDS, _IN_NAME = 12, 3
_LONGEST_NAME = 30


_FOUR = "<4q"
_MOST = (1 << 63) - 1
_NOTHING = [0, 0, 0, 0]


class Place(Struct, array_like=True, gc=False):
    """Where a post went, and what its source showed beside it (see :func:`shown`)."""

    cluster: int
    shown: bytes


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
    """One event. Instants are seconds since 1970; ``hours`` counts posts and copies by hour.

    ``sources`` and ``hours`` are packed (events_tally.py).
    """

    key: str
    first_post: str
    first_at: float
    newest: float
    posts: int = 0
    copies: int = 0
    sources: bytes = b""
    hours: bytes = b""
    vectors: dict[str, Said] = field(default_factory=dict)
    shown: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    """Sums of reposts, comments, likes and reads as the sources show them."""

    pending: list[tuple[str, float, str]] = field(default_factory=list)
    """(post, published, source) of posts that are in no table yet, the newest 1,000."""

    def count(self, post: str, at: float, source: str, shown: bytes, *, copy: bool) -> None:
        """Count one post."""
        if at < self.first_at:
            self.first_at, self.first_post = at, post
        self.newest = max(self.newest, at)
        self.posts += not copy
        self.copies += copy
        self.sources = with_source(self.sources, source)
        self.hours = with_hour(self.hours, int(at) // _HOUR)
        self.show(shown)

    def tell(self, post: str, at: float, source: str) -> None:
        """It is to be put into the tables."""
        self.pending.append((post, at, source))
        if len(self.pending) > _PENDING:
            del self.pending[0]

    def show(self, shown: bytes, before: bytes = b"") -> None:
        """Add what the source shows beside the post, less what it showed before."""
        if shown != before:
            self._add(_four(shown), _four(before))

    def keep(self, post: str, said: Said, source: str) -> None:
        """Remember what a post said."""
        self.vectors[post] = Said(said.words, said.weights, source)
        if len(self.vectors) > VECTORS:
            del self.vectors[next(iter(self.vectors))]

    def take_in(self, other: Record) -> None:
        """All of another event comes over."""
        if other.first_at < self.first_at:
            self.first_at, self.first_post = other.first_at, other.first_post
        self.newest = max(self.newest, other.newest)
        self.posts += other.posts
        self.copies += other.copies
        self.sources = both_sources(self.sources, other.sources)
        self.hours = both_hours(self.hours, other.hours)
        self.vectors = dict([*other.vectors.items(), *self.vectors.items()][-VECTORS:])
        self.pending = [*other.pending, *self.pending][-_PENDING:]
        self._add(other.shown)

    def words(self) -> list[str]:
        """What two or more of its posts say, the weightiest first; parts of others left out."""
        covered: Counter[str] = Counter()
        weights: Counter[str] = Counter()
        for said in self.vectors.values():
            terms = said.terms()
            covered.update(list(terms))
            weights.update(terms)
        least = 2 if len(self.vectors) > 1 else 1
        chosen: list[str] = []
        # Of two that weigh alike the longer one says more: a name rather than its pieces.
        order = sorted(
            [term for term, posts in covered.items() if posts >= least],
            key=lambda term: (-weights[term] * len(term) ** 0.7, term),
        )
        for term in order:
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
            sources=count_of_sources(self.sources),
            reposts=reposts,
            comments=comments,
            likes=likes,
            reads=reads,
            hours=by_hour(self.hours),
            newest=datetime.fromtimestamp(self.newest, UTC),
        )

    def _add(self, some: Sequence[int], less: Sequence[int] = _NOTHING) -> None:
        self.shown = [
            max(0, total + new - gone)
            for total, new, gone in zip(self.shown, some, less, strict=True)
        ]


class Alone(Struct, array_like=True, gc=False):
    """An event of one post, published at ``at``: what a Record of it is made from."""

    key: str
    post: str
    at: float
    source: str
    shown: bytes
    said: Said

    @property
    def newest(self) -> float:
        """When it was last joined."""
        return self.at

    def record(self) -> Record:
        """The same as a Record, which can grow."""
        made = Record(key=self.key, first_post=self.post, first_at=self.at, newest=self.at)
        made.count(self.post, self.at, self.source, self.shown, copy=False)
        made.keep(self.post, self.said, self.source)
        made.tell(self.post, self.at, self.source)
        return made

    def show(self, shown: bytes, before: bytes = b"") -> None:  # noqa: ARG002 (as a Record)
        """What the source shows beside the post now."""
        self.shown = shown


def name(words: list[str]) -> str:
    """A readable name of an event: a hashtag, else its weightiest words."""
    tags = [word for word in words[: 2 * _IN_NAME] if word.startswith("#")]
    said = tags[0] + "#" if tags else " ".join(words[:_IN_NAME])
    return said[:_LONGEST_NAME] or "（未能取名）"


def shown(engagement: Engagement) -> bytes:
    """Reposts, comments, likes, reads as four 64-bit numbers; b"" where all of them are 0.

    What the source does not show is 0.
    """
    some = (engagement.reposts, engagement.comments, engagement.likes, engagement.reads)
    if not any(some):
        return b""
    return shown_of([max(0, value or 0) for value in some])


def shown_of(some: Sequence[int]) -> bytes:
    """The same of four counts, none of which is below 0."""
    return pack(_FOUR, *[min(value, _MOST) for value in some]) if any(some) else b""


def _four(shown: bytes) -> Sequence[int]:
    return unpack(_FOUR, shown) if shown else _NOTHING


def instant_of(post: Post) -> float:
    """When it was published, and not after it was seen: seconds since 1970."""
    return min(post.published_at, post.first_seen_at).timestamp()


def key_of(post: str) -> str:
    """The key of an event by its first post: the same post, the same key."""
    return hashlib.sha256(post.encode("utf-8", "surrogatepass")).hexdigest()[:16]
