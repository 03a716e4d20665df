"""Officers' corrections as something to learn from: texts as they stand in the index now."""

from __future__ import annotations

from msgspec import Struct

from analyzer.sentiment.training.corpora import Corpora, Labelled

COPIES = 3
"""How often a correction stands among the labelled posts: it is of the own area and of today."""


class Correction(Struct, frozen=True):
    """A text with what an officer said of it; None where nothing was said."""

    text: str
    polarity: int | None
    appeal: bool | None

    def target(self, head: str) -> float | None:
        """1 or 0 for a head, None where the correction does not tell."""
        if head == "appeal":
            return None if self.appeal is None else float(self.appeal)
        if self.polarity is None:
            return None
        return float(self.polarity == (-1 if head == "negative" else 1))


class Corrections(Struct, frozen=True):
    """All that count; ``digest`` is of posts' ids and labels, never of texts."""

    rows: tuple[Correction, ...] = ()
    digest: str = ""

    def source(self, weight: float) -> dict[str, object]:
        """The line of a model's card."""
        return {
            "file": "更正",
            "kind": "corrections",
            "rows": len(self.rows),
            "sha256": self.digest,
            "weight": weight,
        }


NONE = Corrections()


def add(given: Corpora, corrections: Corrections) -> None:
    """Put them among the labelled posts of the own domain, each several times."""
    if not corrections.rows:
        return
    for one in corrections.rows:
        if one.polarity is not None:
            given.labelled += [Labelled(one.text, one.polarity, "", own=True)] * COPIES
        if one.appeal is not None:
            given.appeals += [(one.text, int(one.appeal))] * COPIES
    given.sources.append(corrections.source(COPIES))
