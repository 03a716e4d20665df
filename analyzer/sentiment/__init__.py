"""Scorers by name: ``load("ngram")``."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from analyzer.sentiment.port import Band, Reason, Scorer
from registry.errors import InvalidInputError

__all__ = ["DEFAULT", "NAMES", "Band", "Reason", "Scorer", "load"]

NAMES = ("ngram", "stack", "snownlp", "snownlp-retrained", "trivial")
DEFAULT = "ngram"
_TRIED = "昨天的事故造成三人受伤，请问什么时候处理？"


def load(name: str, *, band: Band | None = None, folder: Path | None = None) -> Scorer:
    """The scorer of that name, loaded; ``folder`` holds a model of one's own training.

    Raises InvalidInputError for a name that is unknown, and for a model that can't be used.
    """
    if name == "ngram":
        from analyzer.sentiment.ngram import NgramScorer

        return _tried(NgramScorer, band, folder) if folder else NgramScorer(band)
    if name == "stack":
        from analyzer.sentiment.stack import StackScorer

        return _tried(StackScorer, band, folder) if folder else StackScorer(band)
    if name == "snownlp-retrained":
        from analyzer.sentiment.bayes import RetrainedBayes

        return _tried(RetrainedBayes, band, folder) if folder else RetrainedBayes(band)
    if name == "snownlp":
        from analyzer.sentiment.snownlp import SnowNLPScorer

        return SnowNLPScorer(band)
    if name == "trivial":
        from analyzer.sentiment.trivial import TrivialScorer

        return TrivialScorer()
    raise InvalidInputError(
        f"没有名为“{name}”的打分器；可用的有：{'、'.join(NAMES)}", field="scorer"
    )


def _tried(make: Callable[..., Scorer], band: Band | None, folder: Path) -> Scorer:
    """The scorer of a folder, after it judged one text: arrays of another shape are told now.

    The packaged models are held by tests; those of a folder may be of any version.
    """
    try:
        scorer = make(band, folder=folder)
        [score] = scorer.score([_TRIED])
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise _misfit(folder) from error
    if not math.isfinite(score.p_negative + score.p_positive + (score.p_appeal or 0.0)):
        raise _misfit(folder)
    return scorer


def _misfit(folder: Path) -> InvalidInputError:
    return InvalidInputError(
        f"模型目录 {folder} 里的模型与本程序不合，打不出分，像是给另一版程序的；"
        "请换上与本程序同版的模型，或用 yuqing train 重新训练。"
    )
