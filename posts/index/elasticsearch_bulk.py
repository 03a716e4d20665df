"""Writing to Elasticsearch in bulks of bounded size, with what became of each post told apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec
from elasticsearch import ApiError
from msgspec import Raw, Struct

from posts.codec import encode
from posts.errors import PoisonError, PostsError
from posts.index.elasticsearch_connection import Connection, cause
from posts.index.elasticsearch_spelling import marks, words
from posts.index.elasticsearch_template import Template
from posts.index.instants import STEPS, micros
from posts.index.port import Written
from posts.model import ScoredPost

_MOST_BYTES = 5_000_000  # what a bulk holds at most, beside one larger post
_MOST_POSTS = 1_000
_VERSION_LIMIT = 1 << 63
_TRIES = 6  # where the server is busy: 0.1 s, then twice as long each time, 3 s in all
_FIRST_WAIT_S = 0.1
_ANSWER = "items.*.status,items.*.result,items.*.error.type,items.*.error.reason"
_CONFLICT, _NOT_FOUND, _BUSY, _BAD, _SERVER = 409, 404, 429, 400, 500
_OURS = (401, 403, _NOT_FOUND, _BUSY)  # refusals that are not about the post
_BLOCKED = "cluster_block_exception"
_encoder = msgspec.json.Encoder()


class _Document(Struct, frozen=True):
    """What is indexed of a post; only ``body`` is kept as it is, the message as on the log."""

    id: str
    source: str
    kind: str
    sentiment: str
    areas: tuple[str, ...]
    published: int
    hour: int
    words: tuple[str, str]
    marks: list[str]
    title: str
    text: str
    body: Raw


class Operation(Struct, frozen=True):
    """One write: the post's id, where it goes, and the two lines that say so."""

    post_id: str
    month: str
    action: bytes
    document: bytes


class Bulk:
    """Writes through one connection."""

    def __init__(
        self,
        connection: Connection,
        template: Template,
        *,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._connection = connection
        self._template = template
        self._wait = wait

    def operation(self, scored: ScoredPost, *, index: str | None = None) -> Operation:
        """A post made ready to be sent, to its month's index or to that one.

        PoisonError where it can't be stored as it is.
        """
        post = scored.post
        if not 0 <= post.version < _VERSION_LIMIT:
            raise PoisonError(f"post version {post.version} does not fit 63 bits")
        action = {
            "_index": index or self._template.names.month(post.filed_month),
            "_id": post.id,
            "version": post.version,
            "version_type": "external",
            "require_alias": index is None,
        }
        body = encode(scored)  # refuses what UTF-8 can't hold
        published = micros(post.published_at)
        document = _Document(
            id=post.id,
            source=post.source,
            kind=post.kind,
            sentiment=scored.score.sentiment.value,
            areas=scored.areas,
            published=published,
            hour=published // STEPS["hour"],
            words=(words(post.title), words(post.text)),
            marks=marks(post),
            title=post.title,
            text=post.text,
            body=Raw(body),
        )
        lines = _encoder.encode({"index": action}), _encoder.encode(document)
        return Operation(post.id, "" if index else post.filed_month, *lines)

    def write(self, operations: Sequence[Operation]) -> Written:
        """Send all, whatever becomes of some; then tell.

        Raises RetryError where some were not taken now (the others are written, and are stale
        when they come again), else PoisonError where some never will be.
        """
        self._template.ensure_months({one.month for one in operations if one.month})
        counts = {"created": 0, "updated": 0, "stale": 0}
        poison: list[str] = []
        for part in _parts(operations):
            for one, item in self._sent(part):
                status = item["status"]
                if status == _CONFLICT:
                    counts["stale"] += 1
                elif status < _BAD:
                    counts[item["result"]] += 1
                else:
                    poison.append(f"{one.post_id}：{cause(item)[1]}")
        if poison:
            raise PoisonError(f"索引存不下 {len(poison)} 条，其余已写入。{poison[0]}")
        return Written(**counts)

    def _sent(self, part: list[Operation]) -> Iterator[tuple[Operation, dict[str, Any]]]:
        """Each operation with its answer, once that is final. RetryError where it is none."""
        waiting = part
        for attempt in range(_TRIES):
            if attempt:
                self._wait(_FIRST_WAIT_S * 2 ** (attempt - 1))
            again: list[tuple[Operation, dict[str, Any]]] = []
            for one, item in zip(waiting, self._send(waiting), strict=True):
                if _is_final(item):
                    yield one, item
                else:
                    again.append((one, item))
            if not again:
                return
            hopeless = [item for _, item in again if not _is_passing(item)]
            if hopeless:
                raise self._refused(hopeless[0])
            waiting = [one for one, _ in again]
            if any(item["status"] == _NOT_FOUND for _, item in again):
                self._template.forget()
                self._template.ensure_months({one.month for one in waiting if one.month})
        raise self._refused(again[0][1])

    def _send(self, part: list[Operation]) -> list[dict[str, Any]]:
        # The client takes lines that are JSON already; its types know mappings only.
        lines: Any = [line for one in part for line in (one.action, one.document)]
        with self._connection.client() as client:
            try:
                answer = client.bulk(operations=lines, filter_path=_ANSWER)
            except ApiError as error:  # the whole of it was turned away
                kind, reason = cause(error.body)
                if error.status_code != _BUSY:
                    raise
                return [{"status": _BUSY, "error": {"type": kind, "reason": reason}}] * len(part)
        return [next(iter(item.values())) for item in answer["items"]]

    def _refused(self, item: dict[str, Any]) -> PostsError:
        return self._connection.refused(item["status"], *cause(item))


def _is_final(item: dict[str, Any]) -> bool:
    """Whether that is what became of the post: written, stale, or never to be stored."""
    status: int = item["status"]
    if status < _BAD or status == _CONFLICT:
        return True
    return status < _SERVER and status not in _OURS and cause(item)[0] != _BLOCKED


def _is_passing(item: dict[str, Any]) -> bool:
    """Whether it may be taken at once or in a moment: a busy server, an index that was deleted."""
    return item["status"] in (_BUSY, _NOT_FOUND) and cause(item)[0] != _BLOCKED


def _parts(operations: Sequence[Operation]) -> Iterator[list[Operation]]:
    part: list[Operation] = []
    size = 0
    for one in operations:
        length = len(one.action) + len(one.document)
        if part and (size + length > _MOST_BYTES or len(part) == _MOST_POSTS):
            yield part
            part, size = [], 0
        part.append(one)
        size += length
    if part:
        yield part
