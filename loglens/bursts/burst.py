"""A burst: one key in one stretch of time, with the numbers that make it one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from loglens.bursts.baseline import estimate
from loglens.bursts.scan import Sums, sigmas
from loglens.bursts.series import Block, Key, Series
from loglens.bursts.windows import One, Window, parted, strongest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loglens.statistics import Reals

_S = 10**9
# Windows of one key are one burst where no more than this lies between them.
_GAP_S = 300
# A start is as good as the best where the likelihood is within this of it.
_ONSET_LLR = 2.0
# What lasts to the end of the data for so many buckets, with no less in its second half, has come to stay.
_SHIFT_BUCKETS = 30
STEADY = 0.5
# So many errors that did not happen are no chance any more (1 in 20).
_UNSEEN = 3.0


@dataclass(frozen=True)
class Gates:
    """What makes a window a burst: sigmas, errors beyond the expected, times the expected, and share of traffic."""

    sigma: float
    excess: float
    times: float
    ratio: float

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Gates:
        """Return those that values of thresholds.THRESHOLDS, by name, make."""
        return cls(*(float(values[name] or 0) for name in ("sigma", "min_excess", "min_times", "min_error_ratio")))


@dataclass(frozen=True)
class Found:
    """A key with bursts: the prefix sums of its errors and traffic, what was expected, and its dispersion."""

    key: Key
    observed: Reals
    expected: Reals
    traffic: Reals | None
    phi: float

    def excess(self, start: int, end: int) -> float:
        """Return how many more errors than expected a window has."""
        return float(self.observed[end] - self.observed[start] - self.expected[end] + self.expected[start])


@dataclass(frozen=True)
class Burst:
    """One burst, in buckets from `start` to before `end`; it began from `onset_low` to `onset_high`."""

    of: Found
    start: int
    end: int
    onset_low: int
    onset_high: int
    sigma: float
    stay_ratio: float

    @property
    def key(self) -> Key:
        """What it is a burst of."""
        return self.of.key

    @property
    def change(self) -> str:
        """What it is: a burst, one that is still on at the end of the data, or a level shift that has come to stay."""
        if self.stay_ratio >= STEADY:
            return "level shift"
        return "still on" if _is_last(self.of, self.start, self.end) else "burst"

    @property
    def errors(self) -> int:
        """How many errors it has."""
        return round(float(self.of.observed[self.end] - self.of.observed[self.start]))

    @property
    def expected(self) -> float:
        """How many were expected."""
        return float(self.of.expected[self.end] - self.of.expected[self.start])

    @property
    def excess(self) -> float:
        """How many more than expected."""
        return self.of.excess(self.start, self.end)

    @property
    def traffic(self) -> int | None:
        """How many requests there were."""
        sums = self.of.traffic
        return None if sums is None else round(float(sums[self.end] - sums[self.start]))

    def covers(self, other: Burst) -> bool:
        """Whether it lasts through at least half of the shorter of both."""
        shared = min(self.end, other.end) - max(self.start, other.start)
        return 2 * shared >= min(self.end - self.start, other.end - other.start)


@dataclass(frozen=True)
class Scanned:
    """What a scan found, and of how much: keys, buckets, and the least count that stands out in ten minutes."""

    bursts: Sequence[Burst]
    keys: int
    quietest: tuple[float, float] | None
    busiest: tuple[float, float] | None


def burst_id(key: Key, first_ns: int) -> str:
    """Return the name of a burst: it stays while its key and the minute of its onset do."""
    named = json.dumps([*key, first_ns // 60_000_000_000])
    return hashlib.md5(named.encode(), usedforsecurity=False).hexdigest()[:12]


def find_bursts(series: Series, gates: Gates, quiet: NDArray[np.bool_] | None) -> Scanned:
    """Return the bursts of all series; `quiet` names the buckets of the baseline where it is given."""
    bursts: list[Burst] = []
    levels: list[tuple[float, float]] = []
    times = series.times
    for block in series.blocks(gates.excess):
        baseline = estimate(block.errors, block.exposure, times.first_ns // _S, times.width_ns // _S, quiet)
        sums = baseline.sums(block.errors)
        ten_minutes = min(600 * _S / times.width_ns, times.buckets) / times.buckets
        levels += zip((sums.expected[:, -1] * ten_minutes).tolist(), sums.phi.tolist(), strict=True)
        for row, windows in strongest(sums, gates.sigma, gates.excess).items():
            found = _found(block, sums, row)
            one = One.of(sums, row, is_low=False)
            parts = [part for window in windows for part in parted(one, window)]
            joined = _joined(parts, max(_GAP_S * _S // times.width_ns, 1))
            made = [_burst(found, start, end) for start, end in joined]
            bursts += [each for each in made if _passes(each, gates)]
    return Scanned(bursts, len(levels), min(levels, default=None), max(levels, default=None))


def _found(block: Block, sums: Sums, row: int) -> Found:
    import numpy as np

    traffic = np.concatenate([[0.0], np.cumsum(block.traffic[row])]) if block.has_requests[row] else None
    return Found(block.keys[row], sums.observed[row], sums.expected[row], traffic, float(sums.phi[row]))


def _joined(windows: Sequence[Window], gap: int) -> list[tuple[int, int]]:
    """Return windows in order, those close to each other as one."""
    joined: list[tuple[int, int]] = []
    for start, end, _ in sorted(windows):
        if joined and start - joined[-1][1] <= gap:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _burst(found: Found, start: int, end: int) -> Burst:
    import numpy as np

    one = One(Sums(found.observed[None, :], found.expected[None, :], np.array([found.phi])))
    reach = 2 * (end - start)
    starts = np.arange(max(start - reach, 0), min(start + reach, end - 1) + 1)
    values = one.likelihood(starts, np.full_like(starts, end))
    likely = starts[values >= values.max() - _ONSET_LLR]
    sigma = one.sigma(start, end)
    return Burst(
        found,
        start,
        end,
        min(int(likely[0]), start),
        max(int(likely[-1]), start),
        sigma,
        _stay_ratio(found, start, end),
    )


def _stay_ratio(found: Found, start: int, end: int) -> float:
    """Return the errors of the second half for one of the first, 0 where it ended before, or is too short to tell."""
    if not _is_last(found, start, end) or end - start < _SHIFT_BUCKETS:
        return 0.0
    middle = (start + end) // 2
    first, second = (found.observed[until] - found.observed[since] for since, until in ((start, middle), (middle, end)))
    return float(second / max(first, 1.0))


def _is_last(found: Found, start: int, end: int) -> bool:
    """Whether it lasts to the end of the data: at its rate, what is left could well have no error."""
    rate = (found.observed[end] - found.observed[start]) / (end - start)
    return bool((len(found.observed) - 1 - end) * rate < _UNSEEN)


def _passes(burst: Burst, gates: Gates) -> bool:
    traffic = burst.traffic
    return (
        burst.sigma >= gates.sigma
        and burst.excess >= gates.excess
        and burst.errors >= gates.times * burst.expected
        and (not traffic or burst.errors >= gates.ratio * traffic)
    )


def conditional_sigma(child: Burst, parent: Burst) -> float:
    """Return how far a child stands out where its expectation is raised as the rest of its parent was."""
    import numpy as np

    rest = max(parent.of.expected[child.end] - parent.of.expected[child.start] - child.expected, 1e-9)
    raised = max(rest + parent.of.excess(child.start, child.end) - child.excess, 0.0) / rest
    expected = child.expected * max(raised, 1.0)
    return float(sigmas(np.array([float(child.errors)]), np.array([expected]), np.array([child.of.phi]))[0])
