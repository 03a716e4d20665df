"""Scorers by name: ``load("snownlp")``."""

from __future__ import annotations

from analyzer.sentiment.port import Band, Scorer
from registry.errors import InvalidInputError

__all__ = ["NAMES", "Band", "Scorer", "load"]

NAMES = ("snownlp", "trivial")


def load(name: str, *, band: Band | None = None) -> Scorer:
    """The scorer of that name, loaded. Raises InvalidInputError for a name that is unknown."""
    if name == "snownlp":
        from analyzer.sentiment.snownlp import SnowNLPScorer

        return SnowNLPScorer(band)
    if name == "trivial":
        from analyzer.sentiment.trivial import TrivialScorer

        return TrivialScorer()
    raise InvalidInputError(
        f"没有名为“{name}”的打分器；可用的有：{'、'.join(NAMES)}", field="scorer"
    )
