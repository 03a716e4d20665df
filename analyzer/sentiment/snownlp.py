"""The scorer ``snownlp``: SnowNLP's naive Bayes as shipped (trained on shopping reviews).

It knows two classes only. It can't tell neutral from mixed, so between the thresholds it abstains
(*uncertain*) and never says *neutral*. Its model takes about 420 MB and 3 s to load, and it scores
some 70 posts/s, of which most goes into cutting words.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import structlog

from analyzer.sentiment.port import Band, Reason
from posts.model import Score

MAX_CODE_POINTS = 2_000
"""Only the head of a text is scored: cutting takes about 0.3 s for so many, and one long text
would hold up every other. 98 of 100 petitions are shorter; the head says what it is about."""

_NEUTRAL = 0.5
_SMALLEST = 0.05
_log = structlog.get_logger()


class SnowNLPScorer:
    """Loads the model when it is made: make it only where it was chosen."""

    name = "snownlp"
    version = "0.12"

    def __init__(self, band: Band | None = None) -> None:
        # 420 MB, only for those who choose it
        from snownlp import SnowNLP  # type: ignore[import-untyped]

        self._snownlp = SnowNLP
        self._band = band or Band()

    def score(self, texts: Sequence[str]) -> list[Score]:
        """One score a text; a text without words, or one it can't read, is .5 and *uncertain*."""
        return [self._one(text) for text in texts]

    def reasons(self, text: str, *, most: int = 8) -> tuple[Reason, ...]:
        """The words by which the library's Bayes tells its two classes apart, the strongest first.

        A word weighs as often as it stands; the first place is told.
        """
        from snownlp import sentiment

        head = text[:MAX_CODE_POINTS]
        try:
            words = sentiment.classifier.handle(head.strip())
            classes = sentiment.classifier.classifier.d
            weights = {
                word: math.log(classes["neg"].freq(word)) - math.log(classes["pos"].freq(word))
                for word in words
            }
        except Exception as error:  # noqa: BLE001 - its errors on odd text are of any kind
            _log.warning("text_not_explained", scorer=self.name, error=type(error).__name__)
            return ()
        found = [
            Reason("negative", word, head.index(word), head.index(word) + len(word), weight)
            for word, each in weights.items()
            if word in head and abs(weight := round(each * words.count(word), 3)) >= _SMALLEST
        ]
        found.sort(key=lambda reason: -abs(reason.weight))
        return tuple(found[:most])

    def _one(self, text: str) -> Score:
        positive = self._positive(text[:MAX_CODE_POINTS].strip())
        negative = 1.0 - positive
        return Score(
            p_negative=negative,
            p_positive=positive,
            sentiment=self._band.sentiment(negative, positive),
            scorer=self.name,
            version=self.version,
        )

    def _positive(self, text: str) -> float:
        if not text:
            return _NEUTRAL
        try:
            value = float(self._snownlp(text).sentiments)
        except Exception as error:  # noqa: BLE001 - its errors on odd text are of any kind
            _log.warning("text_not_scored", scorer=self.name, error=type(error).__name__)
            return _NEUTRAL
        return min(1.0, max(0.0, value)) if math.isfinite(value) else _NEUTRAL
