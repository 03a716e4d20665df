"""The filter behind ``yuqing score``: JSON Lines with ``id`` and ``text`` in, judgements out.

The form of the output is stable: people read it with programs of their own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

import msgspec
from msgspec import Struct

from analyzer.filter_lines import BadLine, LineReader
from analyzer.locality import Matcher
from analyzer.sentiment.port import Reason, Scorer
from analyzer.units import UnitMatcher
from posts.model import LocalityHit, Sentiment

BATCH = 512
"""Lines that are judged together."""


class Judgement(Struct, frozen=True, kw_only=True, gc=False):
    """One line out. ``id`` is as it came (text or number); offsets are code points of ``text``."""

    id: str | int | float
    p_negative: float
    p_positive: float
    p_appeal: float | None
    sentiment: Sentiment
    localities: Sequence[LocalityHit]
    units: tuple[str, ...]
    scorer: str


class Explained(Judgement, frozen=True, kw_only=True, gc=False):
    """A Judgement with the scorer's version and the runs that decided, the strongest first."""

    version: str
    reasons: tuple[Reason, ...]


class _Line(Struct, frozen=True, gc=False):
    id: str | int | float
    text: str


_encoder = msgspec.json.Encoder()
_reader = LineReader(_Line, lambda _, body: _Line(body["id"], body["text"]))


class LineFilter:
    """Judges lines, a batch at a call, and counts them. With ``why`` each answer is Explained."""

    def __init__(
        self,
        scorer: Scorer,
        matcher: Matcher,
        units: UnitMatcher | None = None,
        *,
        why: bool = False,
    ) -> None:
        self._scorer = scorer
        self._matcher = matcher
        self._units = units
        self._why = why
        self._seen = 0

    def answers(self, lines: Sequence[bytes | str]) -> tuple[list[Judgement], list[BadLine]]:
        """What is said of the lines, which follow those of the call before; blank ones are none.

        Judgements are in the order of the lines, and so are the bad lines.
        """
        good, read = _reader.read(lines, self._seen + 1)
        bad = [one for one in read if isinstance(one, BadLine)] if len(good) < len(read) else []
        self._seen += len(lines)
        return self._judged(good), bad

    def _judged(self, given: Sequence[_Line]) -> list[Judgement]:
        texts = [one.text for one in given]
        found = [
            Judgement(
                id=one.id,
                p_negative=score.p_negative,
                p_positive=score.p_positive,
                p_appeal=score.p_appeal,
                sentiment=score.sentiment,
                localities=hits,
                units=units,
                scorer=score.scorer,
            )
            for one, score, hits, units in zip(
                given,
                self._scorer.score(texts) if texts else (),
                self._matcher.find_many(texts),
                self._units.find_many(texts) if self._units else [()] * len(texts),
                strict=True,
            )
        ]
        if self._why:
            return [
                _explained(one, self._scorer.reasons(text), self._scorer.version)
                for one, text in zip(found, texts, strict=True)
            ]
        return found


def encode_lines(judgements: Sequence[Judgement]) -> bytes:
    """Each judgement as one line of JSON, with its line feed."""
    return _encoder.encode_lines(judgements)


def score_lines(
    lines: Iterable[bytes | str],
    scorer: Scorer,
    matcher: Matcher,
    units: UnitMatcher | None = None,
    *,
    batch: int = BATCH,
    why: bool = False,
) -> Iterator[Judgement | BadLine]:
    """One Judgement or BadLine for each line that is not blank; of a batch the bad lines first."""
    judge = LineFilter(scorer, matcher, units, why=why)
    several = iter(lines)
    while chunk := list(islice(several, batch)):
        judged, bad = judge.answers(chunk)
        yield from bad
        yield from judged


def _explained(judged: Judgement, reasons: tuple[Reason, ...], version: str) -> Explained:
    return Explained(**msgspec.structs.asdict(judged), version=version, reasons=reasons)
