"""The Scorer port: what says how negative, positive or pleading a text is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from posts.model import Score, Sentiment

_UNDECIDED = 0.5


class Reason(Struct, frozen=True):
    """A run of the text that pushed a probability up (``weight`` > 0) or down, in log odds.

    ``start`` and ``end`` are code points of the text as given; ``head`` is ``negative``,
    ``positive`` or ``appeal``.
    """

    head: str
    text: str
    start: int
    end: int
    weight: float


class Scorer(Protocol):
    """Scores texts; the same text has the same score under one name and version."""

    @property
    def name(self) -> str:
        """What settings call it; stands in every score."""

    @property
    def version(self) -> str:
        """Changes when its scores change."""

    def score(self, texts: Sequence[str]) -> list[Score]:
        """One score a text, in order. Never raises for what a text holds."""

    def reasons(self, text: str, *, most: int = 8) -> tuple[Reason, ...]:
        """What decided, the strongest first, at most so many; () where it can't say."""


class Band(Struct, frozen=True):
    """From which probability a class is claimed; between the two the scorer abstains.

    ``neutral``: below this for both sides a scorer that knows neutral texts says *neutral*.
    """

    negative: float = 0.7
    positive: float = 0.7
    neutral: float = 0.3

    def sentiment(
        self, p_negative: float, p_positive: float, *, knows_neutral: bool = False
    ) -> Sentiment:
        """The class, or *uncertain*: an abstention, which *neutral* is not."""
        if p_negative >= self.negative and p_negative >= p_positive:
            return Sentiment.NEGATIVE
        if p_positive >= self.positive:
            return Sentiment.POSITIVE
        if knows_neutral and p_negative < self.neutral and p_positive < _UNDECIDED:
            return Sentiment.NEUTRAL
        return Sentiment.UNCERTAIN
