"""Logistic regression over hashed features, with soft labels and a part of its own for a domain.

A row's features weigh √idf/√n each. With a domain (``own``) every feature stands twice, shared and
for rows of the domain alone; for texts of the domain both add up, so that the result is one vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.sentiment import features, measures
from registry.errors import InvalidInputError

Floats = NDArray[np.float64]
Sparse = Any  # scipy.sparse.csr_matrix, which has no types

_REMEMBERED = 6


def require_libraries() -> None:
    """Raise InvalidInputError where what only training needs is not installed."""
    try:
        import scipy.sparse  # type: ignore[import-untyped]  # noqa: F401
        import sklearn.neural_network  # type: ignore[import-untyped]  # noqa: F401
    except ImportError as error:
        raise InvalidInputError(
            "训练需要 scikit-learn，当前环境没有安装；请在开发环境（make dev）里运行 yuqing train。"
            "打分不需要它。"
        ) from error


def rows_of(texts: Sequence[str], scale: NDArray[np.float32] | None = None) -> Sparse:
    """Texts × slots; 1/√n for each feature that is present, times its scale."""
    from scipy import sparse

    slots: list[NDArray[np.uint32]] = [np.zeros(0, dtype=np.uint32)]
    ends: list[NDArray[np.int64]] = [np.zeros(1, dtype=np.int64)]
    offset = 0
    for chunk in features.chunks(texts):
        slots.append(chunk.slots)
        ends.append(chunk.starts[1:] + offset)
        offset += len(chunk.slots)
    columns = np.concatenate(slots)
    bounds = np.concatenate(ends)
    sizes = np.diff(bounds)
    values = np.repeat(1 / np.sqrt(sizes), sizes).astype(np.float32)
    if scale is not None:
        values *= scale[columns]
    return sparse.csr_matrix(
        (values, columns.astype(np.int32), bounds), shape=(len(texts), features.SLOTS)
    )


def idf_scale(rows: Sparse) -> NDArray[np.float32]:
    """√idf of each slot; 0 for slot 0, which means nothing."""
    seen = np.bincount(rows.indices, minlength=features.SLOTS)
    scale: NDArray[np.float32] = np.sqrt(np.log((rows.shape[0] + 1) / (seen + 1)) + 1).astype(
        np.float32
    )
    scale[0] = 0
    return scale


def fit(
    rows: Sparse,
    target: Floats,
    *,
    penalty: float,
    steps: int = 40,
    own: NDArray[np.int64] | None = None,
    weight: Floats | None = None,
) -> tuple[Floats, float]:
    """Weights (one a slot) and intercept, for texts of the domain where ``own`` rows are given."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    seen = np.flatnonzero(np.bincount(rows.indices, minlength=rows.shape[1]))
    parts = [_Part(rows[:, seen], None)]
    if own is not None:
        parts.append(_Part(rows[own][:, seen], own))
    weight = np.ones(len(target)) if weight is None else weight
    width = len(seen)

    def loss(x: Floats) -> tuple[float, Floats]:
        weights = x[: len(parts) * width]
        margin = np.zeros(len(target))
        for at, part in enumerate(parts):
            part.add(margin, weights[at * width : (at + 1) * width], x[len(weights) + at])
        value = weight @ (np.logaddexp(0, margin) - target * margin)
        error = weight * (measures.chance(margin) - target)
        slopes = [part.slope(error) for part in parts]
        gradient = np.concatenate([*(slope for slope, _ in slopes), [of for _, of in slopes]])
        gradient[: len(weights)] += penalty * weights
        return float(value + penalty / 2 * (weights @ weights)), gradient

    found = minimize(
        loss,
        np.zeros(len(parts) * (width + 1)),
        jac=True,
        method="L-BFGS-B",
        options={"maxiter": steps, "maxcor": _REMEMBERED},
    ).x
    whole = np.zeros(rows.shape[1])
    whole[seen] = found[: len(parts) * width].reshape(len(parts), width).sum(axis=0)
    return whole, float(found[len(parts) * width :].sum())


class _Part:
    """Some of the rows, with what the optimiser needs of them."""

    def __init__(self, rows: Sparse, which: NDArray[np.int64] | None) -> None:
        self._rows = rows
        self._turned = rows.T.tocsr()
        self._which = slice(None) if which is None else which

    def add(self, margin: Floats, weights: Floats, intercept: float) -> None:
        margin[self._which] += self._rows @ weights.astype(np.float32) + intercept

    def slope(self, error: Floats) -> tuple[Floats, float]:
        mine = error[self._which]
        return self._turned @ mine.astype(np.float32), float(mine.sum())


def fit_dense(columns: Floats, target: Floats, *, freedom: float = 10) -> tuple[Floats, float]:
    """Weights of a few columns and intercept; hardly penalised where ``freedom`` is large."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    model = LogisticRegression(C=freedom, max_iter=1000).fit(columns, target)
    return model.coef_[0], float(model.intercept_[0])


def one_thread() -> AbstractContextManager[Any]:
    """Sums in one order, whatever the number of processors: the same files, the same bytes."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    limits: AbstractContextManager[Any] = threadpool_limits(1)
    return limits


def libraries() -> dict[str, str]:
    """The versions of what training works with."""
    import scipy
    import sklearn

    return {
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
    }


def word_cutter() -> dict[str, str]:
    """The version of what cuts words, for models that read words."""
    return {"rjieba": version("rjieba")}
