"""The filter behind ``yuqing events``: JSON Lines in, the event of each out, in input order.

Input: ``id``, ``text``, ``published_at`` (ISO 8601, or ``YYYY-MM-DD HH:MM:SS``), ``title`` if there
is one. All is read first: what is a common word shows only over the whole, and the posts are
taken by their time, not by their place in the file. The form of the output is stable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Struct

from analyzer.filter_lines import BadLine, bad_line, read_object
from analyzer.grouping.events_clusters import Clusters
from analyzer.grouping.events_features import AT_ONCE, LOOKED_AT, terms_of
from analyzer.grouping.events_vectors import Known
from posts.identity import SHANGHAI

_DAY = 86_400
_ROUNDS = 3


class Given(Struct, frozen=True):
    """One line that could be read: what is looked at of it. ``at`` is in seconds since 1970."""

    id: str | int | float
    title: str
    text: str
    at: float


class Grouped(Struct, frozen=True):
    """One line out; ``event`` null: no other post is of its matter."""

    id: str | int | float
    event: int | None


def read(lines: Iterable[bytes | str]) -> tuple[list[Given], list[BadLine]]:
    """The lines that are not blank, and those that could not be read."""
    given: list[Given] = []
    bad: list[BadLine] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        one = _given(number, line)
        if isinstance(one, Given):
            given.append(one)
        else:
            bad.append(one)
    return given, bad


def group(posts: Sequence[Given], *, days: float | None = None) -> list[Grouped]:
    """One answer a post, in the order given. Events are numbered from 1 by their first post.

    ``days``: an event that no post joined for so long is over. None: all is one window.
    """
    order = sorted(range(len(posts)), key=lambda one: (posts[one].at, one))
    known = Known()
    for begin in range(0, len(order), AT_ONCE):
        some = [posts[one] for one in order[begin : begin + AT_ONCE]]
        known.gather(terms_of([(post.title, post.text) for post in some]))
    known.count()
    clusters = Clusters[int](window=None if days is None else days * _DAY, limit=1_000_000)
    joined = [
        clusters.add(vector, posts[one].at) if vector else -1
        for one, vector in zip(order, known.vectors(), strict=True)
    ]
    grown = None
    for _ in range(_ROUNDS):
        into = clusters.merged(grown)
        if not into:
            break
        joined = [into.get(cluster, cluster) for cluster in joined]
        grown = set(into.values())
    numbers: dict[int, int] = {}
    event: list[int | None] = [None] * len(posts)
    for place, one in enumerate(order):
        cluster = joined[place]
        if cluster >= 0 and clusters.all[cluster].size > 1:
            event[one] = numbers.setdefault(cluster, len(numbers) + 1)
    return [Grouped(post.id, event[one]) for one, post in enumerate(posts)]


def encode_line(one: Grouped) -> bytes:
    """The answer as one line of JSON, without the line feed."""
    return msgspec.json.encode(one)


def _given(number: int, line: bytes | str) -> Given | BadLine:
    body = read_object(number, line, ("id", "text", "published_at"))
    if isinstance(body, BadLine):
        return body
    if not isinstance(body.get("title"), str | None):
        return bad_line(number, "的 title 应为文本")
    at = instant(body["published_at"])
    if at is None:
        return bad_line(number, "的 published_at 不是时间：应如 2026-01-02T03:04:05Z")
    title = (body.get("title") or "")[:LOOKED_AT]
    return Given(body["id"], title, body["text"][:LOOKED_AT], at)


def instant(value: Any) -> float | None:
    """Seconds since 1970 of a time as people write it; without a zone it is Asia/Shanghai."""
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value.strip().replace("/", "-"))
        except ValueError:
            return None
        try:
            return (at if at.tzinfo else at.replace(tzinfo=SHANGHAI)).astimezone(UTC).timestamp()
        except OverflowError:
            return None
    return None
