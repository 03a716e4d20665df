"""How good scorers are on labelled texts: a table of figures with intervals, as Chinese lines.

What a packaged model was trained on can't test it: for such a file its card's figures stand, which
are of folds without the text and its near-duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from analyzer.sentiment import measures, model_file
from posts.model import Score

_NAMES = {"negative": "负面", "positive": "正面", "appeal": "诉求"}
_HEADING = "| 打分器 | 数据 | 头 | 条数 | AUC | 宏 F1 | 查准 .90 时查全 | 校准误差 | 来历 |"


class LabelledSet(Struct, frozen=True):
    """Texts with 0 or 1 for one head (``negative``, ``positive`` or ``appeal``)."""

    name: str
    head: str
    texts: list[str]
    target: NDArray[np.float64]

    def sample(self, count: int, *, seed: int = 0) -> LabelledSet:
        """So many of them, chosen at random; all where there are no more."""
        if len(self.texts) <= count:
            return self
        chosen = np.sort(np.random.default_rng(seed).permutation(len(self.texts))[:count])
        some = [self.texts[at] for at in chosen]
        return LabelledSet(f"{self.name}（抽 {count} 条）", self.head, some, self.target[chosen])


def measured(scores: Sequence[Score], given: LabelledSet) -> dict[str, Any] | None:
    """The figures of a scorer's scores, with intervals and curve; None for a head it lacks."""
    chances = [getattr(score, f"p_{given.head}") for score in scores]
    if any(chance is None for chance in chances):
        return None
    return measures.full(given.target, np.array(chances, dtype=np.float64))


def table(rows: Iterable[tuple[str, str, str, dict[str, Any], str]]) -> Iterator[str]:
    """Rows of scorer, set, head, figures and how they came about, as a Markdown table."""
    yield _HEADING
    yield "|---" * (_HEADING.count("|") - 1) + "|"
    for scorer, name, head, found, how in rows:
        cells = [
            scorer,
            name,
            _NAMES[head],
            f"{found['count']:.0f}",
            *(_with_interval(found, key) for key in _SHOWN),
            how,
        ]
        yield "| " + " | ".join(cells) + " |"


def curve(found: dict[str, Any]) -> Iterator[str]:
    """The reliability curve: what was said against what was so, in bins of equal count."""
    yield "| 所报概率 | 实际比例 | 条数 |"
    yield "|---|---|---|"
    for mean, share, size in found["reliability"]:
        yield f"| {mean:.3f} | {share:.3f} | {size} |"


def of_cards(
    cards: Sequence[model_file.Card],
) -> Iterator[tuple[str, str, str, dict[str, Any], str]]:
    """The rows that the cards of packaged models hold."""
    for card in cards:
        for key, found in card.figures.items():
            head, _, kind = key.partition(" ")
            how = "分组交叉验证" if card.sha256 else "直接测量"
            where = "训练数据" if card.sha256 else card.sources[0]["file"]
            if (plain := found.get("before_lifting")) is not None:
                how += f"；.5 附近未上调时宏 F1 {plain['macro_f1']:.3f}"
            yield f"{card.name}{kind and f'（{kind}）'}", where, head, found, how


_SHOWN = ("auc", "macro_f1", "recall_at_precision_90", "calibration_error")


def _with_interval(found: dict[str, Any], key: str) -> str:
    value = f"{found[key]:.3f}"
    interval = found.get("intervals", {}).get(key)
    return f"{value}（{interval[0]:.3f}–{interval[1]:.3f}）" if interval else value
