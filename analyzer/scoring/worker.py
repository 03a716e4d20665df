"""Scoring (打分): reads raw posts, judges them, writes them to the index, passes them on.

Stateless: any number of workers of one group may run. At least once with idempotent sinks: the
position is committed after the index and the log have taken the batch, so that a post that is
seen twice is written once and passed on twice, which grouping tells apart by the post's id.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
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
_log = structlog.get_logger()


class Places(Protocol):
    """What is needed of :class:`analyzer.locality.Matcher`."""

    def find(self, text: str, source_area: str | None = None) -> list[LocalityHit]:
        """The places in the text."""

    def areas(self, hits: Sequence[LocalityHit]) -> tuple[str, ...]:
        """The codes of the sure hits and of everything above them."""


class Units(Protocol):
    """What is needed of :class:`analyzer.units.UnitMatcher`."""

    def find(self, text: str) -> tuple[str, ...]:
        """The ids of the units that the text names."""


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
    ) -> None:
        self.matcher = matcher
        self.units = units
        self.source_areas = source_areas or {}
        self._log = log
        self._index = index
        self._scorer = scorer
        self._clock = clock
        self._generation = generation
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
            judged = [
                (item.record, self._judge(item, score))
                for item, score in self._score(self._read(records))
            ]
            self._pass_on(judged)
            self._consumer.commit()
        except BaseException:
            self._consumer.rewind()
            raise
        return len(records)

    def close(self) -> None:
        """Leave the group; what was not committed is read again by the next worker."""
        self._consumer.close()

    def _pass_on(self, judged: list[tuple[Record, ScoredPost]]) -> None:
        """To the index, then to the log; what they can't hold is buried, the rest goes on."""
        if not judged:
            return
        try:
            self._index.write([scored for _, scored in judged])
            self._log.append(SCORED, [(scored.post.id, encode(scored)) for _, scored in judged])
        except PoisonError as error:
            if len(judged) == 1:
                self._bury(judged[0][0], f"无法写入检索库：{error}", attempts=1)
                return
            half = len(judged) // 2  # a few writes find it, not one for each
            self._pass_on(judged[:half])
            self._pass_on(judged[half:])

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

    def _judge(self, item: _Item, score: Score) -> ScoredPost:
        post = item.post
        hits = self.matcher.find(item.text, self.source_areas.get(post.source))
        return ScoredPost(
            post=structs.replace(post, version=with_generation(post.version, self._generation)),
            score=score,
            localities=tuple(hits),
            areas=self.matcher.areas(hits),
            units=self.units.find(item.text) if self.units else (),
            scored_at=self._clock(),
        )

    def _bury(self, record: Record, reason: str, *, attempts: int) -> None:
        self._log.bury(record, reason=reason, attempts=attempts, at=self._clock())
        # What follows the colon may quote the text: that stays in the dead letter.
        short = reason.partition("：")[0]
        _log.warning("post_buried", offset=record.offset, reason=short, attempts=attempts)
