"""Reading many found posts without keeping them all: a page at a time, newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from posts.index.port import PostIndex, Query
from posts.model import ScoredPost

PAGE = 200
"""Posts that are held at once: one may have megabytes."""


def newest(index: PostIndex, query: Query, *, limit: int) -> Iterator[ScoredPost]:
    """The newest posts that match, at most ``limit``; what comes in meanwhile is not among them."""
    cursor: str | None = None
    left = limit
    while left > 0:
        page = index.search(query, limit=min(PAGE, left), cursor=cursor, highlight=False)
        for hit in page.items:
            yield hit.scored
        left -= len(page.items)
        cursor = page.next
        if cursor is None:
            return


def by_id(index: PostIndex, ids: Sequence[str]) -> Iterator[ScoredPost]:
    """The posts with these ids, in that order, without those that are not there."""
    for start in range(0, len(ids), PAGE):
        part = ids[start : start + PAGE]
        found = index.get_many(part)
        yield from (found[one] for one in part if one in found)
