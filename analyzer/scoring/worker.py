"""Scoring (打分): reads raw posts, judges them, writes them to the index, passes them on.

Stateless: any number of workers of one group may run. At least once with idempotent sinks: the
position is committed after the index and the log have taken the batch, so that a post that is
seen twice is written once and passed on twice, which grouping tells apart by the post's id.

A large batch is handled in parts: while the index takes one, the next is judged and made ready.
What is read next waits until all parts are acknowledged and committed.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Protocol

import structlog
from msgspec import Struct, structs

from analyzer.scoring.text import analysed_text
from analyzer.sentiment.port import Scorer
from posts.codec import decode, encode
from posts.errors import PoisonError, RetryError
from posts.identity import with_generation
from posts.index.port import PostIndex
from posts.log.port import RAW, SCORED, PostLog, Record
from posts.model import LocalityHit, Post, Score, ScoredPost

GROUP = "scoring"
GENERATION = 1
"""Raise it when scores must replace those that older releases wrote of the same fetch."""

MAX_TRIES = 3
PART = 500
"""Posts of a batch that are written together; smaller parts cost the index more than they gain."""

_UNDER_WAY = 3  # parts that the sinks have at once: of one the texts are spelled, two are taken
_log = structlog.get_logger()


class Places(Protocol):
    """What is needed of :class:`analyzer.locality.Matcher`."""

    def find_many(
        self, texts: Sequence[str], source_areas: Sequence[str | None] | None = None
    ) -> list[list[LocalityHit]]:
        """The places in each text; its source's own area may stand beside it."""

    def areas(self, hits: Sequence[LocalityHit]) -> tuple[str, ...]:
        """The codes of the sure hits and of everything above them."""


class Units(Protocol):
    """What is needed of :class:`analyzer.units.UnitMatcher`."""

    def find_many(self, texts: Sequence[str]) -> list[tuple[str, ...]]:
        """The ids of the units that each text names."""


class _Item(Struct, frozen=True):
    record: Record
    post: Post
    text: str


class ScoringWorker:
    """One member of the group ``scoring``.

    ``matcher``, ``units`` and ``source_areas`` (source id → code of its own area) may be replaced
    between steps, when the registry has changed.
    """

    def __init__(
        self,
        log: PostLog,
        index: PostIndex,
        scorer: Scorer,
        matcher: Places,
        clock: Callable[[], datetime],
        *,
        units: Units | None = None,
        source_areas: dict[str, str] | None = None,
        generation: int = GENERATION,
        part: int = PART,
    ) -> None:
        self.matcher = matcher
        self.units = units
        self.source_areas = source_areas or {}
        self._log = log
        self._index = index
        self._scorer = scorer
        self._clock = clock
        self._generation = generation
        self._part = part
        self._sinks: ThreadPoolExecutor | None = None
        self._consumer = log.consumer(RAW, GROUP)
        self.scoring_s = 0.0
        """Seconds that the scorer took in all: the part of a step that grows with the batch."""

    def step(self, max_records: int = 500, *, timeout: float = 0.0) -> int:
        """Handle the next batch; returns how many records were read, 0 at the end of the log.

        Raises RetryError where index or log can't take it now: nothing is committed, the same
        batch is read again by the next step, and the caller waits before it.
        """
        records = self._consumer.poll(max_records, timeout)
        if not records:
            return 0
        try:
            self._handle(records)
            self._consumer.commit()
        except BaseException:
            self._consumer.rewind()
            raise
        return len(records)

    def close(self) -> None:
        """Leave the group; what was not committed is read again by the next worker."""
        self._consumer.close()
        if self._sinks is not None:
            self._sinks.shutdown()

    def _handle(self, records: Sequence[Record]) -> None:
        """Everything between reading and committing; returns or raises with nothing under way."""
        if len(records) <= self._part:
            self._pass_on(self._judged(records))
            return
        if self._sinks is None:
            self._sinks = ThreadPoolExecutor(_UNDER_WAY, thread_name_prefix="scoring-sinks")
        under_way: deque[Future[None]] = deque()
        before: Future[None] | None = None
        try:
            for start in range(0, len(records), self._part):
                judged = self._judged(records[start : start + self._part])
                if len(under_way) == _UNDER_WAY:
                    under_way.popleft().result()
                before = self._sinks.submit(self._pass_on, judged, before)
                under_way.append(before)
            for part in under_way:
                part.result()
        finally:
            wait(under_way)

    def _judged(self, records: Sequence[Record]) -> list[tuple[Record, ScoredPost]]:
        scored = self._score(self._read(records))
        texts = [item.text for item, _ in scored]
        source_areas = [self.source_areas.get(item.post.source) for item, _ in scored]
        places = self.matcher.find_many(texts, source_areas)
        units = self.units.find_many(texts) if self.units else [()] * len(texts)
        return [
            (item.record, self._judge(item.post, score, hits, named))
            for (item, score), hits, named in zip(scored, places, units, strict=True)
        ]

    def _pass_on(
        self, judged: list[tuple[Record, ScoredPost]], before: Future[None] | None = None
    ) -> None:
        """To the index, then to the log; what they can't hold is buried, the rest goes on.

        To the log only after the part ``before``: records of one key keep their order there.
        """
        if not judged:
            _in_turn(before)
            return
        try:
            self._index.write([scored for _, scored in judged])
            _in_turn(before)
            self._log.append(SCORED, [(scored.post.id, encode(scored)) for _, scored in judged])
        except PoisonError as error:
            if len(judged) == 1:
                self._bury(judged[0][0], f"无法写入检索库：{error}", attempts=1)
                return
            half = len(judged) // 2  # a few writes find it, not one for each
            self._pass_on(judged[:half], before)
            self._pass_on(judged[half:], before)

    def _read(self, records: Sequence[Record]) -> list[_Item]:
        items = []
        for record in records:
            try:
                post = decode(record.value, Post)
            except PoisonError as error:
                self._bury(record, f"无法解读的消息：{error}", attempts=1)
            else:
                items.append(_Item(record, post, analysed_text(post)))
        return items

    def _score(self, items: list[_Item]) -> list[tuple[_Item, Score]]:
        """Scores in one call; where that fails, one by one, burying what fails three times."""
        if not items:
            return []
        began = time.perf_counter()
        try:
            scores = self._scorer.score([item.text for item in items])
            self.scoring_s += time.perf_counter() - began
            return list(zip(items, scores, strict=True))
        except Exception as error:  # noqa: BLE001 - a scorer is foreign code; one text must not stop all
            _log.warning("batch_not_scored", posts=len(items), error=type(error).__name__)
        return [(item, score) for item in items if (score := self._alone(item)) is not None]

    def _alone(self, item: _Item) -> Score | None:
        reason = ""
        for _ in range(MAX_TRIES):
            try:
                [score] = self._scorer.score([item.text])
            except RetryError:
                raise
            except Exception as error:  # noqa: BLE001 - as above
                reason = f"{type(error).__name__}: {error}"
            else:
                return score
        self._bury(item.record, f"打分失败（{self._scorer.name}）：{reason}", attempts=MAX_TRIES)
        return None

    def _judge(
        self, post: Post, score: Score, hits: Sequence[LocalityHit], units: tuple[str, ...]
    ) -> ScoredPost:
        return ScoredPost(
            post=structs.replace(post, version=with_generation(post.version, self._generation)),
            score=score,
            localities=tuple(hits),
            areas=self.matcher.areas(hits) if hits else (),
            units=units,
            scored_at=self._clock(),
        )

    def _bury(self, record: Record, reason: str, *, attempts: int) -> None:
        self._log.bury(record, reason=reason, attempts=attempts, at=self._clock())
        # What follows the colon may quote the text: that stays in the dead letter.
        short = reason.partition("：")[0]
        _log.warning("post_buried", offset=record.offset, reason=short, attempts=attempts)


def _in_turn(before: Future[None] | None) -> None:
    """Wait for the part before; RetryError where it failed, for the whole batch comes again."""
    if before is not None and before.exception() is not None:
        raise RetryError("这一批的前一部分没有写成，整批稍后再写。")
