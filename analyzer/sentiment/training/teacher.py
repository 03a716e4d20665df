"""The slow stack that teaches the fast form: three different views of a post, stacked.

1. logistic regression over character n-grams with a copy of each feature for the own domain;
2. the same over features weighted by their log-count ratio (Wang and Manning 2012);
3. small nets over embeddings of character pairs, taught the emotion, of which the polarity is read.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.sentiment.training.corpora import Labelled
from analyzer.sentiment.training.linear import Floats, Sparse, fit

VIEWS = 3
_PENALTY = 0.5
_PENALTY_OF_RATIO = 1.0
_STEPS = 35
_NETS = 3
_HIDDEN = 96
_ROUNDS = 7
DOMAIN_MARK = 3.0
_ALIKE = {"disgust": "angry", "gratitude": "happy", "optimism": "happy"}
_BY_POLARITY = {-1: "other negative", 0: "neutral", 1: "happy"}
NEGATIVE = {"angry", "sad", "fear", "other negative"}
_POSITIVE = {"happy"}
_ALMOST = 1e-4


def emotions(labelled: Sequence[Labelled]) -> NDArray[np.str_]:
    """One emotion each, of the few that the nets learn."""
    return np.array(
        [_ALIKE.get(one.emotion, one.emotion) or _BY_POLARITY[one.polarity] for one in labelled]
    )


class Teacher:
    """Holds what all folds share: the rows and vectors of labelled and unlabelled texts.

    The first ``len(labelled)`` rows are the labelled ones; all rows after them count as the own
    domain.
    """

    def __init__(
        self, rows: Sparse, vectors: NDArray[np.float32], labelled: Sequence[Labelled], *, seed: int
    ) -> None:
        self._rows = rows
        self._own = np.array(
            [one.own for one in labelled] + [True] * (rows.shape[0] - len(labelled))
        )
        marks = self._own[:, None].astype(np.float32)
        self.spread = max(float(vectors[: len(labelled)].std()), 1e-9)
        even = vectors / self.spread
        self._vectors = np.hstack([even, marks * DOMAIN_MARK, even * marks])
        self._emotions = emotions(labelled)
        self._seed = seed

    def plain(self, sign: int, learnt: NDArray[np.int64]) -> tuple[Floats, float]:
        """Weights and intercept of the first view."""
        wanted = NEGATIVE if sign < 0 else _POSITIVE
        target = np.isin(self._emotions[learnt], list(wanted)).astype(np.float64)
        own = np.flatnonzero(self._own[learnt])
        return fit(self._rows[learnt], target, own=own, penalty=_PENALTY, steps=_STEPS)

    def margins(
        self,
        sign: int,
        fits: Sequence[tuple[Floats, float]],
        learnt: NDArray[np.int64],
        asked: NDArray[np.int64],
    ) -> Floats:
        """Log odds of the polarity ``sign`` (-1 or 1) for the rows asked, one column a view.

        ``fits`` are the first views, which were taught by the rows learnt.
        """
        wanted = NEGATIVE if sign < 0 else _POSITIVE
        those = self._rows[asked]
        linear = [those @ weights + intercept for weights, intercept in fits]
        return np.column_stack([*linear, self._of_nets(learnt, asked, wanted)])

    def by_ratio(self, sign: int, learnt: NDArray[np.int64]) -> tuple[Floats, float]:
        """Weights (for plain rows) and intercept of the second view."""
        wanted = NEGATIVE if sign < 0 else _POSITIVE
        target = np.isin(self._emotions[learnt], list(wanted)).astype(np.float64)
        own = np.flatnonzero(self._own[learnt])
        rows = self._rows[learnt]
        ratio = _log_ratio(rows, target)
        by_ratio, offset = fit(
            _scaled(rows, ratio), target, own=own, penalty=_PENALTY_OF_RATIO, steps=_STEPS
        )
        return by_ratio * ratio, offset

    def nets(self, learnt: NDArray[np.int64]) -> list[Any]:
        """The nets of the third view, trained."""
        from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
        from sklearn.neural_network import MLPClassifier  # type: ignore[import-untyped]

        made = []
        for seed in range(self._seed, self._seed + _NETS):
            net: Any = MLPClassifier(
                (_HIDDEN,), alpha=3e-3, batch_size=256, max_iter=_ROUNDS, random_state=seed
            )
            with warnings.catch_warnings():  # it is stopped early on purpose
                warnings.simplefilter("ignore", ConvergenceWarning)
                net.fit(self._vectors[learnt], self._emotions[learnt])
            made.append(net)
        return made

    def _of_nets(
        self, learnt: NDArray[np.int64], asked: NDArray[np.int64], wanted: set[str]
    ) -> Floats:
        nets = self.nets(learnt)
        total = np.zeros(len(asked))
        for net in nets:
            columns = [at for at, name in enumerate(net.classes_) if name in wanted]
            chance = net.predict_proba(self._vectors[asked])[:, columns].sum(axis=1)
            chance = chance.clip(_ALMOST, 1 - _ALMOST)
            total += np.log(chance / (1 - chance))
        return total / len(nets)


def _log_ratio(rows: Sparse, target: Floats) -> NDArray[np.float64]:
    """|log (share among the wanted / share among the others)| of each slot, centred."""
    present = rows.copy()
    present.data = np.ones_like(present.data)
    inside = np.asarray(present[target > 0].sum(axis=0)).ravel() + 0.5
    outside = np.asarray(present[target == 0].sum(axis=0)).ravel() + 0.5
    ratio = np.log(inside / outside)
    seen = (inside + outside) > 1
    return np.abs(ratio - np.median(ratio[seen])) * seen if seen.any() else np.zeros(len(ratio))


def _scaled(rows: Sparse, factor: NDArray[np.float64]) -> Sparse:
    scaled = rows.copy()
    scaled.data = (scaled.data * factor[scaled.indices]).astype(np.float32)
    return scaled
