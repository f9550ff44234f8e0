"""The exact split of extra time: what each component of slow requests takes beyond what it takes in typical ones.

For a component k of a request (a service and its operation), its time c on the critical path and its number of calls,

    D_k = mean of c over the tail - mean of c over the body
        = (f_t - f_b) * m_b  [called more often]  +  f_t * (m_t - m_b)  [each call slower]

with f calls a request and m time a call. The times of the components of a request add up to its duration, and so do
the D_k to the difference of the mean durations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loglens.statistics import Reals

    Counts = NDArray[np.int64]

# Resamplings for the confidence limits, their seed, and how many at once so that memory stays small.
_RESAMPLES = 200
_SEED = 42
_AT_ONCE = 10
# Components with limits; the others take next to nothing.
_WITH_LIMITS = 24


@dataclass(frozen=True)
class Calls:
    """The components of requests, a row for a request and a component: the number of calls and the time of them."""

    request: Counts
    component: Counts
    calls: Counts
    time_ns: Counts


@dataclass(frozen=True)
class Part:
    """What one component adds: totals over all requests of each side, and the difference of the means in ns.

    `low` and `high` bound `extra_ns` with 95 % confidence, where they were asked for.
    """

    component: int
    tail_ns: int
    body_ns: int
    tail_calls: int
    body_calls: int
    extra_ns: Fraction
    more_calls_ns: Fraction
    slower_calls_ns: Fraction
    low_ns: float | None = None
    high_ns: float | None = None


def exact_sums(values: Counts, groups: Counts, size: int) -> list[int]:
    """Return the sum of the values of each group; two sums of half the bits each, since one may need more than 64."""
    import numpy as np

    high, low = (np.zeros(size, dtype=np.int64) for _ in range(2))
    np.add.at(high, groups, values >> 32)
    np.add.at(low, groups, values & 0xFFFF_FFFF)
    return [(upper << 32) + lower for upper, lower in zip(high.tolist(), low.tolist(), strict=True)]


def exact_sum(values: Counts) -> int:
    """Return the sum of values, however large it is."""
    import numpy as np

    return exact_sums(values, np.zeros(len(values), dtype=np.int64), 1)[0]


def split(calls: Calls, is_tail: NDArray[np.bool_], components: int) -> list[Part]:
    """Return the part of every component, those that add most first; the parts add up exactly."""
    tails = int(is_tail.sum())
    bodies = len(is_tail) - tails
    totals = {}
    for name, values in (("ns", calls.time_ns), ("calls", calls.calls)):
        for side in (True, False):
            rows = is_tail[calls.request] == side
            totals[name, side] = exact_sums(values[rows], calls.component[rows], components)
    parts = [
        _part(
            component,
            (totals["ns", True][component], totals["calls", True][component], tails),
            (totals["ns", False][component], totals["calls", False][component], bodies),
        )
        for component in range(components)
    ]
    parts.sort(key=lambda part: (-part.extra_ns, part.component))
    return _with_limits(parts, calls, is_tail)


def _part(component: int, tail: tuple[int, int, int], body: tuple[int, int, int]) -> Part:
    (tail_ns, tail_calls, tails), (body_ns, body_calls, bodies) = tail, body
    f_t, f_b = Fraction(tail_calls, tails), Fraction(body_calls, bodies)
    m_t = Fraction(tail_ns, tail_calls) if tail_calls else None
    # A component that only one side calls is called more often, or less; nothing is known of its being slower.
    m_b = Fraction(body_ns, body_calls) if body_calls else m_t or Fraction(0)
    slower = f_t * (m_t - m_b) if m_t is not None else Fraction(0)
    extra = Fraction(tail_ns, tails) - Fraction(body_ns, bodies)
    return Part(component, tail_ns, body_ns, tail_calls, body_calls, extra, (f_t - f_b) * m_b, slower)


def _with_limits(parts: Sequence[Part], calls: Calls, is_tail: NDArray[np.bool_]) -> list[Part]:
    """Bound what the components at both ends add, by resampling the requests of each side."""
    import numpy as np

    half = _WITH_LIMITS // 2
    bounded = parts if len(parts) <= _WITH_LIMITS else [*parts[:half], *parts[-half:]]
    place = {part.component: index for index, part in enumerate(bounded)}
    columns = np.full(max((part.component for part in parts), default=-1) + 1, -1)
    columns[list(place)] = list(place.values())
    times = np.zeros((len(is_tail), len(bounded)))
    rows = columns[calls.component] >= 0
    np.add.at(times, (calls.request[rows], columns[calls.component[rows]]), calls.time_ns[rows].astype(np.float64))
    drawn = _resampled(times[is_tail], 0) - _resampled(times[~is_tail], 1)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0).tolist()
    return [
        replace(part, low_ns=low[place[part.component]], high_ns=high[place[part.component]])
        if part.component in place
        else part
        for part in parts
    ]


def _resampled(times: Reals, stream: int) -> Reals:
    """Return the means of the columns in each resampling of the rows."""
    import numpy as np

    generator = np.random.default_rng([_SEED, stream])
    means = []
    for _ in range(_RESAMPLES // _AT_ONCE):
        drawn = generator.integers(0, len(times), (_AT_ONCE, len(times)))
        weights = np.stack([np.bincount(row, minlength=len(times)) for row in drawn]).astype(np.float64)
        means.append(weights @ times / len(times))
    return np.concatenate(means)
