"""How rare a count is: upper tails of Poisson and negative binomial counts. Pure, no tables."""

from __future__ import annotations

import math

_ENOUGH = 1e-12
_MOST_TERMS = 100_000
LEAST = 1e-300
"""A chance is never told as smaller than this."""


def upper_tail(count: int, mean: float, spread: float) -> float:
    """The chance of ``count`` or more where ``mean`` is expected.

    ``spread`` is how much more than Poisson the count varies: the variance is
    ``mean + spread * mean**2``; 0 is Poisson. ``mean`` is at least 0.
    """
    if count <= 0:
        return 1.0
    if mean <= 0:
        return LEAST
    term = math.exp(_log_chance(count, mean, spread))
    if count <= mean:  # the terms still rise: sum what lies below instead
        return max(LEAST, 1.0 - sum(_chances_below(count, mean, spread)))
    total, k = 0.0, count
    for _ in range(_MOST_TERMS):
        total += term
        if term <= _ENOUGH * total:
            break
        term *= _ratio(k, mean, spread)
        k += 1
    return min(1.0, max(LEAST, total))


def least_count(mean: float, spread: float, chance: float, *, at_least: int = 1) -> int:
    """The smallest count, of ``at_least`` or more, whose upper tail is ``chance`` or less."""
    low, high = at_least - 1, max(at_least, math.ceil(mean) + 1)
    while upper_tail(high, mean, spread) > chance:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        if upper_tail(middle, mean, spread) > chance:
            low = middle
        else:
            high = middle
    return high


def _chances_below(count: int, mean: float, spread: float) -> list[float]:
    term = math.exp(_log_chance(0, mean, spread))
    found = []
    for k in range(count):
        found.append(term)
        term *= _ratio(k, mean, spread)
    return found


def _ratio(k: int, mean: float, spread: float) -> float:
    """The chance of k + 1 over that of k."""
    return mean * (1.0 + k * spread) / ((k + 1) * (1.0 + spread * mean))


def _log_chance(k: int, mean: float, spread: float) -> float:
    if spread <= _ENOUGH:
        return k * math.log(mean) - mean - math.lgamma(k + 1)
    size = 1.0 / spread
    return (
        math.lgamma(k + size)
        - math.lgamma(size)
        - math.lgamma(k + 1)
        - size * math.log1p(spread * mean)
        + k * (math.log(mean) - math.log(mean + size))
    )
