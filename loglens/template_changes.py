"""Which templates have another share of the log records in one time than in the time before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from loglens.statistics import CONTINUITY, benjamini_hochberg, chi2_tail, g_statistic, risk_ratio

if TYPE_CHECKING:
    from loglens.analysis import Row
    from loglens.statistics import Reals

# The false discovery rate, and what a share must at least be multiplied or divided by to be told.
Q = 0.05
RATIO = 1.5


def changed(rows: Sequence[Row], pieces: int) -> list[Row]:
    """Return the rows of templates whose share changed, the surest and largest change first.

    Each row has `pieces`, its records in each of so many parts of the time before, and in the time asked about, which
    is the part behind them; `before_ratio`, `after_ratio`, `times` and `q` are added. G-tests, their statistic divided
    by how much more the share varies from one part of the time before to the next than by chance (quasi-likelihood,
    McCullagh and Nelder 1989), corrected as Benjamini and Hochberg (1995) do.
    """
    import numpy as np

    counts = np.zeros((len(rows), pieces + 1))
    for number, row in enumerate(rows):
        for each in row["pieces"]:
            counts[number, each["piece"]] = each["records"]
    before, after = counts[:, :-1].sum(axis=1), counts[:, -1]
    if not before.any() or not after.any():
        return []
    table = (after, after.sum() - after, before, before.sum() - before)
    statistics = g_statistic(*table) / _dispersion(counts[:, :-1])
    q = benjamini_hochberg(np.array([chi2_tail(value, 1) for value in statistics.tolist()]), len(rows))
    times, low = risk_ratio(*(cell + CONTINUITY for cell in table))
    # Of a share that fell the inverse.
    sure, size = np.maximum(low, low / times**2), np.maximum(times, 1 / times)
    return [
        {
            **rows[number],
            "before_ratio": float(before[number] / before.sum()),
            "after_ratio": float(after[number] / after.sum()),
            "times": float(times[number]),
            "q": float(q[number]),
        }
        for number in np.argsort(-sure, kind="stable").tolist()
        if q[number] <= Q and sure[number] > 1 and size[number] >= RATIO
    ]


def _dispersion(counts: Reals) -> Reals:
    """Return how many times as much the share of each row varies from column to column as by chance, 1 at least."""
    import numpy as np

    totals = counts.sum(axis=0)
    used = counts[:, totals > 0]
    share = (counts.sum(axis=1) / totals.sum())[:, np.newaxis]
    expected = totals[totals > 0] * share
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.where(expected > 0, (used - expected) ** 2 / (expected * (1 - share)), 0.0)
    found: Reals = np.maximum(1.0, np.nan_to_num(off.sum(axis=1)) / max(used.shape[1] - 1, 1))
    return found
