"""The few tests and corrections that analyses need, over NumPy arrays: exact and G-tests, ranks, false discovery."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Reals = NDArray[np.float64]

# Added to each cell of a table of counts, so that a ratio exists where a cell is empty.
CONTINUITY = 0.5
# Two-sided 95 % of the normal distribution.
Z95 = 1.959963984540054


def chi2_tail(statistic: float, df: int) -> float:
    """Return P(X >= statistic) of the chi-squared distribution with `df` (1 or more) degrees of freedom.

    The closed forms for whole degrees of freedom (Abramowitz and Stegun 26.4.4 and 26.4.5).
    """
    half = statistic / 2
    if half <= 0:
        return 1.0
    is_odd = df % 2
    powers = [step + is_odd / 2 for step in range(df // 2)]
    terms = [math.exp(power * math.log(half) - half - math.lgamma(power + 1)) for power in powers]
    return min(1.0, math.fsum(terms) + (math.erfc(math.sqrt(half)) if is_odd else 0.0))


def g_test(a: Reals, b: Reals, c: Reals, d: Reals) -> Reals:
    """Return the p values of the G-tests of the 2x2 tables [[a, b], [c, d]], elementwise."""
    import numpy as np

    return np.array([chi2_tail(value, 1) for value in g_statistic(a, b, c, d).tolist()])


def g_statistic(a: Reals, b: Reals, c: Reals, d: Reals) -> Reals:
    """Return the statistics of these tests: chi-squared with one degree of freedom where rows do not differ."""
    import numpy as np

    total = a + b + c + d
    expected = (
        (a, (a + b) * (a + c)),
        (b, (a + b) * (b + d)),
        (c, (c + d) * (a + c)),
        (d, (c + d) * (b + d)),
    )
    g = np.zeros_like(total)
    for observed, product in expected:
        with np.errstate(divide="ignore", invalid="ignore"):
            g += np.where(observed > 0, observed * np.log(observed * total / product), 0.0)
    return 2 * g


def exact_test(a: Reals, b: Reals, c: Reals, d: Reals) -> Reals:
    """Return the p values of Fisher's exact tests of the 2x2 tables [[a, b], [c, d]], twice the smaller side.

    Elementwise over whole counts, in steps as many as the largest of the smallest margins.
    """
    import numpy as np

    row, column, total = a + b, a + c, a + b + c + d
    first, last = np.maximum(0.0, row + column - total), np.minimum(row, column)
    steps = np.arange(int((last - first).max(initial=0)) + 1, dtype=np.float64)
    values = first[:, None] + steps
    is_possible = values <= last[:, None]
    values = np.where(is_possible, values, first[:, None])
    rest = (row[:, None] - values, column[:, None] - values, (total - row - column)[:, None] + values)
    margins = (
        _log_factorial(row) + _log_factorial(total - row) + _log_factorial(column) + _log_factorial(total - column)
    )
    cells = _log_factorial(values) + sum(_log_factorial(cell) for cell in rest)
    chance = np.where(is_possible, np.exp((margins - _log_factorial(total))[:, None] - cells), 0.0)
    upper = np.where(values >= a[:, None], chance, 0.0).sum(axis=1)
    lower = np.where(values <= a[:, None], chance, 0.0).sum(axis=1)
    found: Reals = np.minimum(1.0, 2 * np.minimum(upper, lower))
    return found


def _log_factorial(counts: Reals) -> Reals:
    """Return ln(n!), by a table for small counts and Stirling's series, exact to a double, for others."""
    import numpy as np

    small = np.cumsum(np.log(np.maximum(np.arange(32), 1)))
    n = np.maximum(counts, 16.0)
    inverse = 1 / n
    series = n * np.log(n) - n + np.log(2 * math.pi * n) / 2 + inverse / 12 - inverse**3 / 360 + inverse**5 / 1260
    found: Reals = np.where(counts < 32, small[np.minimum(counts, 31).astype(np.int64)], series)
    return found


def risk_ratio(a: Reals, b: Reals, c: Reals, d: Reals) -> tuple[Reals, Reals]:
    """Return (a/(a+b)) / (c/(c+d)) and its lower 95 % limit (Katz's log method), elementwise over positive counts."""
    import numpy as np

    ratio = (a / (a + b)) / (c / (c + d))
    deviation = np.sqrt(np.maximum(1 / a - 1 / (a + b) + 1 / c - 1 / (c + d), 0))
    return ratio, ratio * np.exp(-Z95 * deviation)


@dataclass(frozen=True)
class RankTest:
    """How far the values of one group lie above those of another: AUC = P(one > other) + P(equal) / 2, and its p."""

    auc: float
    p: float


def rank_test(values: Reals, is_one: NDArray[np.bool_]) -> RankTest:
    """Compare the values of one group with the others by rank: Mann-Whitney U with the correction for ties."""
    import numpy as np

    n = len(values)
    ones = int(np.count_nonzero(is_one))
    others = n - ones
    if not ones or not others:
        return RankTest(0.5, 1.0)
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(sizes) - (sizes - 1) / 2)[group]
    u = float(ranks[is_one].sum()) - ones * (ones + 1) / 2
    wide = sizes.astype(np.float64)
    ties = float((wide**3 - wide).sum()) / (n * (n - 1)) if n > 1 else 0.0
    variance = ones * others / 12 * (n + 1 - ties)
    if variance <= 0:
        return RankTest(0.5, 1.0)
    z = max(abs(u - ones * others / 2) - CONTINUITY, 0.0) / math.sqrt(variance)
    return RankTest(u / (ones * others), math.erfc(z / math.sqrt(2)))


def benjamini_hochberg(p: Reals, tests: int) -> Reals:
    """Return the q values of the smallest of `tests` p values: the false discovery rate at which each is found."""
    import numpy as np

    order = np.argsort(p, kind="stable")
    ranked = p[order] * tests / np.arange(1, len(p) + 1)
    q = np.minimum.accumulate(ranked[::-1])[::-1]
    back = np.empty_like(q)
    back[order] = np.minimum(q, 1.0)
    return back
