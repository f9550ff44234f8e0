"""What is expected of a series: its own level, by the hour of the day, times its traffic, without its own bursts."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from loglens.bursts.scan import Sums, prefix_sums
from loglens.bursts.windows import strongest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loglens.statistics import Reals

_ROUNDS = 3
# What stands out this far is left out of the baseline, with so many buckets around it.
_CLEAN_SIGMA = 5.0
_CLEAN_MARGIN = 2
# Fewer events than this stand out of nothing.
LEAST_EVENTS = 4
_HOUR_S, _DAY_S = 3_600, 86_400
# Hours of the day differ by what is seen of three days, hours of the week by that of three weeks.
_DAILY_S, _WEEKLY_S = 3 * _DAY_S, 21 * _DAY_S
# A profile is drawn to 1 as if at least this many events had been seen at each hour at the mean rate.
_PRIOR_EVENTS = 3.0
# Something that never failed is expected to fail half a time in all.
_NEVER = 0.5
# Dispersion is that of blocks of ten minutes, or of shorter ones where that leaves fewer than these.
_BLOCK_S = 600
_LEAST_BLOCKS = 24
_MANY_BLOCKS = 100
# The mean of a squared normal variable over that of its lowest 19 in 20.
_TRIMMED = 1.32
# Too low a dispersion costs false bursts: it is taken this many of its standard errors higher.
_PHI_ERRORS = 0.25
# With fewer events than this, dispersion is not known.
_FEW, _FEW_PHI = 50, 1.5


@dataclass(frozen=True)
class Baseline:
    """What is expected: (keys, buckets) of expected counts, the dispersion of each key, and what was left out."""

    expected: Reals
    phi: Reals
    is_clean: NDArray[np.bool_]

    def sums(self, observed: Reals) -> Sums:
        """Return the prefix sums to scan."""
        return prefix_sums(observed, self.expected, self.phi)


def estimate(
    observed: Reals, traffic: Reals, first_s: int, width_s: int, quiet: NDArray[np.bool_] | None = None
) -> Baseline:
    """Return the baseline of series of shape (keys, buckets); `traffic` is what they are in proportion to, or ones.

    `first_s` is the time of the first bucket, in seconds since the epoch. Where `quiet` names the buckets of a time
    without trouble, only those make the baseline.
    """
    import numpy as np

    hours = _hours(observed.shape[1], first_s, width_s)
    allowed = np.ones(observed.shape, dtype=bool) if quiet is None else np.broadcast_to(quiet, observed.shape)
    clean = allowed.copy()
    baseline = _fitted(observed, traffic, clean, hours, width_s, None)
    for number in range(_ROUNDS - 1):
        is_own = number == 0 and quiet is None
        clean = allowed & ~_loud(prefix_sums(observed, baseline.expected, baseline.phi, is_own))
        # Where all of it stands out there is nothing to expect from the rest.
        clean |= ~clean.any(axis=1, keepdims=True) & allowed
        baseline = _fitted(observed, traffic, clean, hours, width_s, baseline.phi)
    # Only now: while it is cleaned, what stands out must not hide itself.
    is_few = (observed * clean).sum(axis=1) < _FEW
    return replace(baseline, phi=np.where(is_few, np.maximum(baseline.phi, _FEW_PHI), baseline.phi))


def fit(observed: Reals, traffic: Reals, used: NDArray[np.bool_], first_s: int, width_s: int) -> Baseline:
    """Return the baseline that the buckets of `used` make, of shape (keys, buckets): nothing else is left out."""
    import numpy as np

    phi = np.ones(observed.shape[0])
    return _fitted(observed, traffic, used, _hours(observed.shape[1], first_s, width_s), width_s, phi)


def _loud(sums: Sums) -> NDArray[np.bool_]:
    import numpy as np

    loud = np.zeros((sums.observed.shape[0], sums.observed.shape[1] - 1), dtype=bool)
    for key, windows in strongest(sums, _CLEAN_SIGMA, LEAST_EVENTS).items():
        for start, end, _ in windows:
            loud[key, max(start - _CLEAN_MARGIN, 0) : end + _CLEAN_MARGIN] = True
    return loud


@dataclass(frozen=True)
class _Hours:
    """The profile each bucket has a part in: that of the hour before and after, and how much of the latter."""

    count: int
    bucket: NDArray[np.intp]
    before: NDArray[np.intp]
    after: NDArray[np.intp]
    share: Reals


def _hours(buckets: int, first_s: int, width_s: int) -> _Hours | None:
    import numpy as np

    seen_s = buckets * width_s
    if seen_s < _DAILY_S:
        return None
    count = 168 if seen_s >= _WEEKLY_S else 24
    middle = (first_s + (np.arange(buckets) + 0.5) * width_s) / _HOUR_S
    place = middle - 0.5
    floor = np.floor(place)
    before = floor.astype(np.intp) % count
    return _Hours(count, np.floor(middle).astype(np.intp) % count, before, (before + 1) % count, place - floor)


def _fitted(
    observed: Reals,
    traffic: Reals,
    clean: NDArray[np.bool_],
    hours: _Hours | None,
    width_s: int,
    known_phi: Reals | None,
) -> Baseline:
    """Return the baseline of what is clean; `known_phi` is the dispersion found before, None the first time."""
    import numpy as np

    y, n = observed * clean, traffic * clean
    events, exposure = y.sum(axis=1), n.sum(axis=1)
    rate = (events + _NEVER * (events == 0)) / np.maximum(exposure, 1e-12)
    expected = rate[:, None] * traffic
    if hours is not None:
        expected *= _profile(y, n, rate, hours, np.ones(len(rate)) if known_phi is None else known_phi)
        total = (expected * clean).sum(axis=1)
        expected *= np.where(events > 0, events / np.maximum(total, 1e-12), 1.0)[:, None]
    spent = 1 if hours is None else hours.count
    phi = _dispersion(y, expected * clean, width_s, spent, known_phi is None)
    return Baseline(expected, phi, clean)


def _profile(y: Reals, n: Reals, rate: Reals, hours: _Hours, phi: Reals) -> Reals:
    """Return how many times the mean rate each bucket has by its hour, without steps between the hours.

    The hours are drawn to 1 by as much as what they differ is chance: a gamma prior by the method of moments.
    """
    import numpy as np

    is_hour = np.zeros((y.shape[1], hours.count))
    is_hour[np.arange(y.shape[1]), hours.bucket] = 1.0
    seen, usual = y @ is_hour, rate[:, None] * (n @ is_hour)
    apart = ((seen - usual) ** 2 / np.maximum(usual, 1e-9)).sum(axis=1)
    # The variance of the true factors: what the hours differ beyond what chance makes of one degree of freedom each.
    varied = np.maximum(apart - phi * (hours.count - 1), 1e-9) / np.maximum(usual.sum(axis=1), 1e-9)
    prior = np.maximum(phi / varied, _PRIOR_EVENTS)[:, None]
    factor = (seen + prior) / (usual + prior)
    found: Reals = factor[:, hours.before] * (1 - hours.share) + factor[:, hours.after] * hours.share
    return found


def _dispersion(y: Reals, expected: Reals, width_s: int, spent: int, is_first: bool) -> Reals:
    """Return the ratio of variance to mean over blocks of time, at least 1; `spent` is how many rates were fitted."""
    import numpy as np

    keys, buckets = y.shape
    length = min(max(_BLOCK_S // width_s, 1), max(buckets // _LEAST_BLOCKS, 1))
    blocks = buckets // length
    counts, means = (each[:, : blocks * length].reshape(keys, blocks, length).sum(axis=2) for each in (y, expected))
    squares = (counts - means) ** 2
    if is_first and blocks < _MANY_BLOCKS:
        # What stands out most must not hide itself, and may be much of so short a time.
        return np.ones(keys)
    if is_first:
        ratios = np.divide(squares, means, out=np.zeros_like(squares), where=means > 0)
        ratios.sort(axis=1)
        phi = ratios[:, : -(-blocks * 19 // 20)].sum(axis=1) / blocks * _TRIMMED
    else:
        phi = squares.sum(axis=1) / np.maximum(means.sum(axis=1), 1e-9) * blocks / max(blocks - spent, 1)
        phi *= 1 + (_PHI_ERRORS if blocks >= _MANY_BLOCKS else 1.0) * np.sqrt(
            (2 + 1 / np.maximum(means.mean(axis=1), 1e-9)) / blocks
        )
    found: Reals = np.maximum(phi, 1.0)
    return found
