"""Scorers by name: ``load("ngram")``."""

from __future__ import annotations

from pathlib import Path

from analyzer.sentiment.port import Band, Reason, Scorer
from registry.errors import InvalidInputError

__all__ = ["DEFAULT", "NAMES", "Band", "Reason", "Scorer", "load"]

NAMES = ("ngram", "stack", "snownlp", "snownlp-retrained", "trivial")
DEFAULT = "ngram"


def load(name: str, *, band: Band | None = None, folder: Path | None = None) -> Scorer:
    """The scorer of that name, loaded; ``folder`` holds a model of one's own training.

    Raises InvalidInputError for a name that is unknown, and for a model that can't be used.
    """
    if name == "ngram":
        from analyzer.sentiment.ngram import NgramScorer

        return NgramScorer(band, folder=folder) if folder else NgramScorer(band)
    if name == "stack":
        from analyzer.sentiment.stack import StackScorer

        return StackScorer(band, folder=folder) if folder else StackScorer(band)
    if name == "snownlp-retrained":
        from analyzer.sentiment.bayes import RetrainedBayes

        return RetrainedBayes(band, folder=folder) if folder else RetrainedBayes(band)
    if name == "snownlp":
        from analyzer.sentiment.snownlp import SnowNLPScorer

        return SnowNLPScorer(band)
    if name == "trivial":
        from analyzer.sentiment.trivial import TrivialScorer

        return TrivialScorer()
    raise InvalidInputError(
        f"没有名为“{name}”的打分器；可用的有：{'、'.join(NAMES)}", field="scorer"
    )
