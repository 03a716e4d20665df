"""The PostIndex port: what is searchable. Adapters: SQLite FTS5, Elasticsearch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal, Protocol

from msgspec import Struct

from posts.model import ScoredPost, Sentiment


class Query(Struct, frozen=True, kw_only=True):
    """What to search. Empty fields do not restrict; all that are set must hold.

    ``text``: words separated by white space, all of which must occur in title or text; ``"..."``
    is a phrase; a leading ``-`` excludes. ``OR`` (capitals, standing alone) or ``|`` between two
    words or phrases joins them into a group of which one must occur: ``停水 OR 断水 城东`` and
    ``停水|断水 城东`` both mean 城东 and one of the other two. It binds neighbours only, before all
    else; there are no parentheses. ``-`` belongs to its own word, and OR beside an excluded word
    joins nothing. Any input is accepted: what has no meaning (OR or ``|`` with nothing before or
    after it) is searched as it stands, and no syntax error exists; what lies beyond 4,000 code
    points or 64 terms is left out. ``posts.index.words.parse`` is what reads it, for every adapter.

    ``area`` is a division's code and finds what lies in it. ``since`` is inclusive, ``until``
    exclusive, both by time of publication.
    """

    text: str = ""
    area: str | None = None
    sentiment: Sentiment | None = None
    source: str | None = None
    kind: str | None = None
    since: datetime | None = None
    until: datetime | None = None


class Hit(Struct, frozen=True):
    """A found post with highlighted fragments: (text, is_match) runs, never markup."""

    scored: ScoredPost
    fragments: tuple[tuple[str, bool], ...]


class Page(Struct, frozen=True):
    """One page of results, newest first; ``next`` is an opaque cursor or None at the end."""

    items: tuple[Hit, ...]
    total: int
    next: str | None


class Written(Struct, frozen=True):
    """What a batch did: new documents, newer versions, and stale ones that lost."""

    created: int
    updated: int
    stale: int


class SignificantWord(Struct, frozen=True, kw_only=True):
    """A word, in how many posts of the sample and of all posts it occurs, and its score.

    ``score`` is the signed root of the log-likelihood ratio (G²) of the two shares: of the order of
    standard deviations, comparable within one answer.
    """

    word: str
    posts: int
    background: int
    score: float


class Significant(Struct, frozen=True, kw_only=True):
    """The words, best first, of ``sampled`` posts out of ``matching``, against ``every`` post."""

    words: tuple[SignificantWord, ...] = ()
    sampled: int = 0
    matching: int = 0
    every: int = 0


class PostIndex(Protocol):
    """Write idempotently, search, count."""

    def write(self, batch: Sequence[ScoredPost]) -> Written:
        """Write durably; an older or equal version never overwrites a newer one.

        Raises RetryError where the index can't take it now, PoisonError where a post can't be
        stored as it is (half a surrogate pair; a version beyond 64 bits). A batch is written all or
        not at all by the embedded index; of a distributed one some may be written then, so the
        batch is written again, or one by one to find what is poison: what was written is stale.
        """

    def search(
        self, query: Query, *, limit: int = 20, cursor: str | None = None, highlight: bool = True
    ) -> Page:
        """Found posts by time of publication, newest first. A bad cursor starts anew.

        Without ``highlight`` hits have no fragments: for who reads many posts and shows none.
        """

    def count(self, query: Query) -> int:
        """How many posts match."""

    def histogram(
        self, query: Query, *, step: Literal["hour", "day"] = "hour"
    ) -> list[tuple[datetime, int]]:
        """(start of the step in UTC, count), ascending, steps without posts left out.

        Days begin at 00:00 Asia/Shanghai.
        """

    def terms(
        self,
        query: Query,
        field: Literal["source", "kind", "sentiment", "area"],
        *,
        limit: int = 20,
    ) -> list[tuple[str, int]]:
        """The most frequent values of a field among the posts that match, with their counts."""

    def significant(
        self, query: Query, *, limit: int = 30, of: Sequence[str] | None = None
    ) -> Significant:
        """Words that the posts that match say far more often than all posts of the index do.

        ``of`` names posts by id whose words are meant instead, newest first; no query is asked
        then. Read from the newest posts; see :mod:`posts.index.significant` for the score, the
        bounds, and what is left out (names of persons, what was masked, numbers).
        """

    def get(self, post_id: str) -> ScoredPost | None:
        """One post."""

    def get_many(self, post_ids: Sequence[str]) -> dict[str, ScoredPost]:
        """The posts that exist, by id."""

    def scan(self, query: Query, *, batch: int = 500) -> Iterator[list[ScoredPost]]:
        """All posts that match, oldest first, in batches."""

    def erase(self, post_ids: Sequence[str]) -> int:
        """Destroy the posts: text, words and all else; returns how many there were. Idempotent.

        They are found by nothing when it returns; what is left of them in files goes by ``scrub``.
        Raises RetryError where that can't be done now; to be called again then.
        """

    def scrub(self) -> bool:
        """Whether nothing is left, in any file of the index, of what was erased before.

        Does what it can towards that. Where it says False, it is to be called again later: the
        servers of a distributed index keep what was deleted for half a minute for their copies.
        """

    def close(self) -> None:
        """Release files and connections."""
