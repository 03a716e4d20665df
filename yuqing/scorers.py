"""The scorer that the settings ask for, with their thresholds and their model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analyzer.sentiment import Scorer
    from yuqing.settings import Settings


def scorer_of(settings: Settings, name: str | None = None) -> Scorer:
    """The scorer of that name, or of the settings. Raises InvalidInputError where there is none."""
    from analyzer import sentiment

    section = settings.analyze
    band = sentiment.Band(section.negative_from, section.positive_from, section.neutral_below)
    folder = Path(section.model_folder) if section.model_folder else None
    return sentiment.load(name or section.scorer, band=band, folder=folder)
