"""Distribution-free confidence limits of a quantile: which order statistics bound it, by the exact binomial."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

# Each side of a two-sided 95 % interval.
TAIL = 0.025
# Terms this much smaller than the largest one no longer change a sum of doubles.
_NEGLIGIBLE = 1e-19
# Fractions are handed over with this many decimals, so that a rank taken from one is exact.
_FRACTION_DIGITS = 9


@dataclass(frozen=True)
class Limits:
    """Ranks, from 1, of the order statistics that bound a quantile; None where the sample cannot bound it."""

    low: int | None
    high: int | None


def quantile_limits(n: int, q: float) -> Limits:
    """Return the ranks of the two-sided 95 % limits of the q quantile (0 < q < 1) of n values.

    `low` is the largest rank with P(X < low) <= 2.5 %, `high` the smallest with P(X < high) >= 97.5 %, where X,
    binomial with n and q, is how many of the values lie at or below the quantile.
    """
    if n <= 0:
        return Limits(None, None)
    mode = min(n, int((n + 1) * q))
    below = list(_falling(n, 1 - q, n - mode))
    above = list(_falling(n, q, mode))
    total = 1 + math.fsum(below) + math.fsum(above)
    low = _low(mode, [*reversed(below), 1.0, *above], len(below), total)
    high = n - _low(n - mode, [*reversed(above), 1.0, *below], len(above), total) + 1
    return Limits(low if low >= 1 else None, high if high <= n else None)


def _falling(n: int, q: float, mode: int) -> Iterator[float]:
    """Yield P(mode + 1), P(mode + 2), ... of the binomial with n and q, as multiples of P(mode)."""
    odds = q / (1 - q)
    for term in accumulate(((n - k) / (k + 1) * odds for k in range(mode, n)), mul):
        if term < _NEGLIGIBLE:
            return
        yield term


def _low(mode: int, terms: Sequence[float], before: int, total: float) -> int:
    """Return the largest k with P(X <= k - 1) <= TAIL; terms start `before` values below the mode."""
    sums = accumulate(terms)
    bound = TAIL * total
    return mode - before + next(index for index, value in enumerate(sums) if value > bound)


def tail_probability(k: int, n: int, p: float) -> float:
    """Return P(X >= k) of the binomial with n and p, for k above its mean; 1 where k is not."""
    if k <= n * p:
        return 1.0
    log_first = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    log_first += k * math.log(p) + (n - k) * math.log1p(-p)
    return min(1.0, math.exp(log_first) * (1 + math.fsum(_falling(n, p, k))))


def false_discovery_rates(p: Sequence[float]) -> list[float]:
    """Return for each of several p values the share of chance among all that are as small (Benjamini and Hochberg)."""
    order = sorted(range(len(p)), key=lambda index: p[index])
    rates = [0.0] * len(p)
    least = 1.0
    for rank in range(len(p), 0, -1):
        index = order[rank - 1]
        least = min(least, p[index] * len(p) / rank)
        rates[index] = least
    return rates


def enough_values(q: float) -> int:
    """Return how many values bound the q quantile from above with 95 % confidence: the least n with q**n <= 0.05."""
    return math.ceil(math.log(0.05) / math.log(q))


def tail_cut(limits: Sequence[tuple[int, int, Limits]]) -> tuple[int, float]:
    """Choose where the values that can be a limit begin, so that as few as possible have to be sorted.

    `limits` holds groups by rising size: size, number of groups of that size, their limits. Returns a size and a
    fraction f: groups smaller than the size need all their values, the others only those from their f quantile up.
    """
    least, rest, best_rows, best = 1.0, 0, math.inf, (0, 0.0)
    smaller = sum(n * groups for n, groups, _ in limits)
    scale = 10**_FRACTION_DIGITS
    for n, groups, bounds in reversed(limits):
        smaller -= n * groups
        rest += n * groups
        least = min(least, max((bounds.low or 0) - 1, 0) * scale // max(n, 1) / scale)
        rows = smaller + (1 - least) * rest
        if rows < best_rows:
            best_rows, best = rows, (n, least)
    return best
