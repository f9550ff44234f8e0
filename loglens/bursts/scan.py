"""The negative-binomial scan: how far the count of a window lies above, or below, what was expected there.

The signed root of the likelihood ratio, maximised over windows of many lengths (Kulldorff 1997; Ward, Dilillo, Eckley
and Fearnhead 2023), for counts whose variance is `phi` times their mean. One threshold means the same at any rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loglens.statistics import Reals

# Lengths of windows, in buckets: each about 1.6 times the one before, so that none misses a burst by much.
LENGTHS = (1, 2, 3, 5, 8, 13, 21, 34, 55, 90, 145, 235, 360)
# Nothing is expected less than this, or one event would be beyond any doubt.
_LEAST_EXPECTED = 1e-9
# Below this much overdispersion counts are Poisson.
_POISSON = 1e-6


def sigmas(observed: Reals, expected: Reals, phi: Reals) -> Reals:
    """Return how many sigmas each count lies above its expectation, negative where it lies below.

    `phi` is the ratio of variance to mean, 1 for Poisson counts; all three have one shape.
    """
    import numpy as np

    expected = np.maximum(expected, _LEAST_EXPECTED)
    spread = phi - 1
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where(observed > 0, observed * np.log(observed / expected), 0.0)
        rate = expected / np.maximum(spread, _POISSON)
        loss = np.where(
            spread > _POISSON, (observed + rate) * np.log((observed + rate) / (expected + rate)), observed - expected
        )
    found: Reals = np.copysign(np.sqrt(2 * np.maximum(gain - loss, 0.0)), observed - expected)
    return found


def shifted(observed: Reals, expected: Reals, total: Reals, phi: Reals) -> Reals:
    """Return how many sigmas windows differ from all that is outside of them, as Kulldorff (1997) has it.

    `expected` is then the share of the `total` that a window would have if all were alike. What is half of the data
    cannot hide in a mean that it made itself.
    """
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        inside = np.where(observed > 0, observed * np.log(observed / np.maximum(expected, _LEAST_EXPECTED)), 0.0)
        rest = total - observed
        outside = np.where(rest > 0, rest * np.log(rest / np.maximum(total - expected, _LEAST_EXPECTED)), 0.0)
    found: Reals = np.copysign(np.sqrt(2 * np.maximum(inside + outside, 0.0) / phi), observed - expected)
    return found


@dataclass(frozen=True)
class Sums:
    """Prefix sums of many series: `observed` and `expected` are (keys, buckets + 1), `phi` is (keys,).

    `is_own` says that the expected were made of all that is observed, and windows are held against the rest.
    """

    observed: Reals
    expected: Reals
    phi: Reals
    is_own: bool = False

    def sigmas(self, key: NDArray[np.intp], observed: Reals, expected: Reals) -> Reals:
        """Return how many sigmas windows of keys lie above the expected, negative where below."""
        if self.is_own:
            return shifted(observed, expected, self.observed[key, -1], self.phi[key])
        return sigmas(observed, expected, self.phi[key])


def prefix_sums(observed: Reals, expected: Reals, phi: Reals, is_own: bool = False) -> Sums:
    """Return the prefix sums of series of shape (keys, buckets)."""
    import numpy as np

    def summed(values: Reals) -> Reals:
        sums = np.zeros((values.shape[0], values.shape[1] + 1))
        np.cumsum(values, axis=1, out=sums[:, 1:])
        return sums

    return Sums(summed(observed), summed(expected), phi, is_own)


@dataclass(frozen=True)
class Hits:
    """Windows beyond a threshold: the number of their key, first bucket, the bucket after the last, and sigmas."""

    key: NDArray[np.intp]
    start: NDArray[np.intp]
    end: NDArray[np.intp]
    sigma: Reals


def scan(sums: Sums, threshold: float, least: float, is_low: bool = False) -> Hits:
    """Return all windows of LENGTHS at least `threshold` sigmas above what was expected, or below where `is_low`.

    A window above has at least `least` events, one below at least that many were expected.
    """
    import numpy as np

    width = sums.observed.shape[1]
    keys, starts, ends, found = [], [], [], []
    limit = threshold * threshold * sums.phi[:, None]
    total = np.maximum(sums.observed[:, -1:], _LEAST_EXPECTED)
    for length in LENGTHS:
        if length >= width:
            break
        observed = sums.observed[:, length:] - sums.observed[:, :-length]
        expected = sums.expected[:, length:] - sums.expected[:, :-length]
        excess = expected - observed if is_low else observed - expected
        if is_low:
            beyond = (excess > 0) & (expected >= least)
        else:
            # The normal approximation is never below the signed root, so that it leaves out nothing.
            usual = limit * expected
            if sums.is_own:
                usual *= 1 - expected / total
            np.maximum(excess, 0.0, out=excess)
            excess *= excess
            beyond = excess >= usual
            beyond &= observed >= least
            beyond &= excess > 0
        row, start = np.nonzero(beyond)
        if not len(row):
            continue
        sigma = np.abs(sums.sigmas(row, observed[row, start], expected[row, start]))
        kept = sigma >= threshold
        keys.append(row[kept])
        starts.append(start[kept])
        ends.append(start[kept] + length)
        found.append(sigma[kept])
    if not keys:
        none = np.zeros(0, dtype=np.intp)
        return Hits(none, none, none, np.zeros(0))
    key, start, end = (np.concatenate(parts) for parts in (keys, starts, ends))
    return Hits(key, start, end, np.concatenate(found))
