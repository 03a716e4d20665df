"""The filter behind ``yuqing events``: JSON Lines in, the event of each out, in input order.

Input: ``id``, ``text``, ``published_at`` (ISO 8601, or ``YYYY-MM-DD HH:MM:SS``), ``title`` if there
is one. All is read first: what is a common word shows only over the whole, and the posts are
taken by their time, not by their place in the file. Of a post some 300 bytes are kept and of an
event some 500, the text of none. The form of the output is stable.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import msgspec
from msgspec import Struct

from analyzer.filter_lines import BadLine, bad_line, read_object
from analyzer.grouping.events_clusters import Clusters
from analyzer.grouping.events_features import AT_ONCE, LOOKED_AT, forget_pieces, terms_of
from analyzer.grouping.events_known import Known, in_order
from posts.identity import SHANGHAI

_IDS = msgspec.json.Decoder(list[str | int | float])
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


def read(lines: Iterable[bytes | str], bad: Callable[[BadLine], object]) -> Iterator[Given]:
    """The lines that are not blank; ``bad`` is called with those that could not be read."""
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        one = _given(number, line)
        if isinstance(one, Given):
            yield one
        else:
            bad(one)


def group(posts: Iterable[Given], *, days: float | None = None) -> Iterator[Grouped]:
    """One answer a post, in the order given. Events are numbered from 1 by their first post.

    ``days``: an event that no post joined for so long is over. None: all is one window. The posts
    are taken one after another, and of each its id, its time and its terms are kept.
    """
    ids: list[bytes] = []
    times = array("d")
    known = Known()
    for some in _pieces(posts):
        ids.append(msgspec.json.encode([post.id for post in some]))
        times.extend([post.at for post in some])
        known.gather(terms_of([(post.title, post.text) for post in some]))
    forget_pieces()
    known.count()
    event = _events(known, times, None if days is None else days * _DAY)
    number = iter(event)
    for some_ids in ids:
        for one in _IDS.decode(some_ids):
            yield Grouped(one, next(number) or None)


def _pieces(posts: Iterable[Given]) -> Iterator[list[Given]]:
    rest = iter(posts)
    while some := list(islice(rest, AT_ONCE)):
        yield some


def _events(known: Known, times: array[float], window: float | None) -> Sequence[int]:
    """The number of the event of each post; 0: of none."""
    clusters = Clusters(window=window, limit=1_000_000, known=known.different)
    order = in_order(times)
    joined = array("q")
    for one, vector in zip(order, known.vectors(order), strict=True):
        joined.append(clusters.add(vector, times[one]) if vector else -1)
    grown = None
    for _ in range(_ROUNDS):
        into = clusters.merged(grown)
        if not into:
            break
        joined = array("q", [into.get(cluster, cluster) for cluster in joined])
        grown = set(into.values())
    numbers: dict[int, int] = {}
    event = array("q", bytes(8 * len(order)))
    for one, cluster in zip(order, joined, strict=True):
        if cluster >= 0 and clusters.all[cluster].size > 1:
            event[one] = numbers.setdefault(cluster, len(numbers) + 1)
    return event


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
