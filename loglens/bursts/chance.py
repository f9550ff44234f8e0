"""How many bursts chance alone makes, and how many errors it takes to tell a burst from chance."""

from __future__ import annotations

import math
from itertools import pairwise

from loglens.bursts.scan import sigmas

# Of so many buckets: a week of minutes.
_KEY_WEEK = 10_080
# The probability that a series of that length exceeds a threshold somewhere, by simulation: at any rate from 0.05 to
# 5 a minute and any dispersion, with the baseline estimated.
_FALSE = ((3.5, 1.0), (4.0, 0.44), (4.5, 0.080), (5.0, 0.0084), (5.5, 0.0006), (6.0, 0.00006))


def false_probability(sigma: float) -> float:
    """Return the probability that one key exceeds a threshold in a week of minutes by chance."""
    sigma = max(sigma, _FALSE[0][0])
    for (low, p_low), (high, p_high) in pairwise(_FALSE):
        if sigma <= high or high == _FALSE[-1][0]:
            share = (sigma - low) / (high - low)
            return math.exp(math.log(p_low) * (1 - share) + math.log(p_high) * share)
    raise AssertionError


def false_bursts(sigma: float, keys: int, buckets: int) -> float:
    """Return how many false bursts to expect among so many keys over so many buckets."""
    return keys * buckets / _KEY_WEEK * false_probability(sigma)


def least_detectable(expected: float, phi: float, sigma: float, excess: float) -> int:
    """Return the smallest count that stands out where so many are expected, `excess` more than those at least."""
    import numpy as np

    counts = np.ceil(expected + excess) + np.arange(0.0, 20 * sigma * math.sqrt(phi * (expected + 1)) + 100)
    found = sigmas(counts, np.full_like(counts, expected), np.full_like(counts, phi))
    return int(counts[np.argmax(found >= sigma)])
