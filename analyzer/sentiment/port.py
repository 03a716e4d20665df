"""The Scorer port: what says how negative, positive or pleading a text is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from msgspec import Struct

from posts.model import Score, Sentiment


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


class Band(Struct, frozen=True):
    """From which probability a class is claimed; between the two the scorer abstains."""

    negative: float = 0.7
    positive: float = 0.7

    def sentiment(self, p_negative: float, p_positive: float) -> Sentiment:
        """The class, or *uncertain*: an abstention, which *neutral* is not."""
        if p_negative >= self.negative:
            return Sentiment.NEGATIVE
        if p_positive >= self.positive:
            return Sentiment.POSITIVE
        return Sentiment.UNCERTAIN
