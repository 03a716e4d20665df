"""An index in memory, for tests: the behaviour of the real ones by plain loops over all posts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Literal

from posts.codec import encode
from posts.index.fragments import fragments
from posts.index.instants import cursor_after, from_micros, micros, read_cursor, step_start
from posts.index.port import Hit, Page, Query, Significant, Written
from posts.index.significant import significant
from posts.index.words import Term, Terms, normalise, occurrences, parse
from posts.model import Post, ScoredPost


class MemoryIndex:
    """A PostIndex within one process."""

    def __init__(self) -> None:
        self._posts: dict[str, ScoredPost] = {}

    def write(self, batch: Sequence[ScoredPost]) -> Written:
        """Keep the newest version of each. PoisonError where a text is no UTF-8."""
        for scored in batch:
            encode(scored)
        created = updated = stale = 0
        for scored in batch:
            held = self._posts.get(scored.post.id)
            if held is not None and held.post.version >= scored.post.version:
                stale += 1
                continue
            created += held is None
            updated += held is not None
            self._posts[scored.post.id] = scored
        return Written(created, updated, stale)

    def search(
        self, query: Query, *, limit: int = 20, cursor: str | None = None, highlight: bool = True
    ) -> Page:
        """One page, newest first."""
        limit = max(1, limit)
        terms = parse(query.text)
        found = sorted(self._found(query), key=_newest_first)
        after = read_cursor(cursor)
        rest = [s for s in found if after is None or _newest_first(s) > (-after[0], after[1])]
        shown = (fragments(s.post, terms) if highlight else () for s in rest[:limit])
        items = tuple(map(Hit, rest, shown))
        last = rest[:limit][-1].post if len(rest) > limit else None
        after_last = None if last is None else cursor_after(micros(last.published_at), last.id)
        return Page(items, len(found), after_last)

    def count(self, query: Query) -> int:
        """How many posts match."""
        return sum(1 for _ in self._found(query))

    def histogram(
        self, query: Query, *, step: Literal["hour", "day"] = "hour"
    ) -> list[tuple[datetime, int]]:
        """Counts by hour or Shanghai day."""
        counts = Counter(step_start(micros(s.post.published_at), step) for s in self._found(query))
        return [(from_micros(start), count) for start, count in sorted(counts.items())]

    def terms(
        self,
        query: Query,
        field: Literal["source", "kind", "sentiment", "area"],
        *,
        limit: int = 20,
    ) -> list[tuple[str, int]]:
        """The most frequent values; equal counts in order of the value."""
        counts = Counter(value for s in self._found(query) for value in _values(s, field))
        return sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:limit]

    def significant(
        self, query: Query, *, limit: int = 30, of: Sequence[str] | None = None
    ) -> Significant:
        """What is said here more than elsewhere."""

        def counts(terms: Sequence[Term]) -> list[int]:
            said = [Terms(((term,),), ()) for term in terms]
            posts = [scored.post for scored in self._posts.values()]
            return [sum(_says(post, one) for post in posts) for one in said]

        return significant(self, query, counts, limit=limit, of=of)

    def get(self, post_id: str) -> ScoredPost | None:
        """One post."""
        return self._posts.get(post_id)

    def get_many(self, post_ids: Sequence[str]) -> dict[str, ScoredPost]:
        """The posts that exist, by id."""
        return {post_id: self._posts[post_id] for post_id in post_ids if post_id in self._posts}

    def scan(self, query: Query, *, batch: int = 500) -> Iterator[list[ScoredPost]]:
        """All that match, oldest first."""
        found = sorted(self._found(query), key=lambda s: (s.post.published_at, s.post.id))
        for start in range(0, len(found), batch):
            yield found[start : start + batch]

    def erase(self, post_ids: Sequence[str]) -> int:
        """Forget the posts."""
        return sum(self._posts.pop(post_id, None) is not None for post_id in set(post_ids))

    def scrub(self) -> bool:
        """Nothing is left."""
        return True

    def close(self) -> None:
        """Nothing is held."""

    def _found(self, query: Query) -> Iterator[ScoredPost]:
        terms = parse(query.text)
        for scored in list(self._posts.values()):
            if _passes(scored, query) and _says(scored.post, terms):
                yield scored


def _newest_first(scored: ScoredPost) -> tuple[int, str]:
    return (-micros(scored.post.published_at), scored.post.id)


def _values(scored: ScoredPost, field: str) -> Sequence[str]:
    if field == "area":
        return tuple(set(scored.areas))
    if field == "sentiment":
        return (scored.score.sentiment.value,)
    return (scored.post.source if field == "source" else scored.post.kind,)


def _passes(scored: ScoredPost, query: Query) -> bool:
    post = scored.post
    return (
        (query.area is None or query.area in scored.areas)
        and (query.sentiment is None or query.sentiment == scored.score.sentiment)
        and (query.source is None or query.source == post.source)
        and (query.kind is None or query.kind == post.kind)
        and (query.since is None or post.published_at >= query.since)
        and (query.until is None or post.published_at < query.until)
    )


def _says(post: Post, terms: Terms) -> bool:
    fields = [(text, normalise(text)) for text in (post.title, post.text)]

    def occurs(term: Term) -> bool:
        return any(any(True for _ in occurrences(term, *field)) for field in fields)

    return all(any(map(occurs, group)) for group in terms.groups) and not any(
        map(occurs, terms.excluded)
    )
