"""What is being said and asked (高频词、群众在问什么): read from the index when a person asks.

Both read up to a thousand posts and cut them into words: a second or two of a processor. So they
are requests of their own, one at a time in a process, and no page waits for them by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from analyzer.questions import Question, group
from posts.index.port import PostIndex, Query, Significant
from posts.index.reading import by_id, newest
from posts.index.significant import SAMPLE
from registry.errors import UnavailableError

_PATIENCE_S = 20.0
_one_at_a_time = threading.Lock()


def significant(
    index: PostIndex, query: Query, *, limit: int, of: Sequence[str] | None = None
) -> Significant:
    """The words of what the query finds, or of the posts ``of`` these ids.

    UnavailableError where others are asking for long.
    """
    with _turn():
        return index.significant(query, limit=limit, of=of)


def questions(
    index: PostIndex, query: Query, *, limit: int, of: Sequence[str] | None = None
) -> list[Question]:
    """The questions in the newest posts of the same. UnavailableError as above."""
    with _turn():
        found = newest(index, query, limit=SAMPLE) if of is None else by_id(index, of[:SAMPLE])
        return group((one.post for one in found), limit=limit)


@contextmanager
def _turn() -> Iterator[None]:
    if not _one_at_a_time.acquire(timeout=_PATIENCE_S):
        raise UnavailableError("正在为别人统计词语和提问，请过一会儿再打开。")
    try:
        yield
    finally:
        _one_at_a_time.release()
