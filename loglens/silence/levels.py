"""How much of a service was to be expected in a stretch of time, and how improbable it is that nothing came."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loglens.bursts.baseline import fit
from loglens.bursts.scan import sigmas
from loglens.bursts.series import Times

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loglens.statistics import Reals

_S = 10**9
# Silence in which so many events were expected is no part of what is usual.
_CLEAN_EXPECTED = 8.0
# What is idle at the same time of other days, or of the same day of other weeks, has less than this share of the
# expected there; of two others at least that is known.
_IDLE = 0.5
_LEAST_OTHERS = 2
_PERIODS_NS = (86_400 * _S, 7 * 86_400 * _S)
# Counts of one minute and of ten that vary no more than chance lets independent events, by this many standard errors,
# are of independent events: what is estimated of their dispersion would be chance too.
_BLOCKS_S = (60, 600)
_INDEPENDENT_ERRORS = 4.0


@dataclass(frozen=True)
class Level:
    """What one service records: prefix sums of what was observed and expected, and the dispersion."""

    times: Times
    observed: Reals
    expected: Reals
    phi: float

    def between(self, from_ns: int, to_ns: int) -> tuple[float, float]:
        """Return how many events there were between two times, and how many were expected."""
        return self._at(self.observed, to_ns) - self._at(self.observed, from_ns), self._at(
            self.expected, to_ns
        ) - self._at(self.expected, from_ns)

    def is_idle(self, from_ns: int, to_ns: int) -> bool:
        """Say whether it says little at that time of every day, or of that day of every week."""
        expected = self.between(from_ns, to_ns)[1]
        return any(self._others(from_ns, to_ns, period_ns) < _IDLE * expected for period_ns in _PERIODS_NS)

    def _others(self, from_ns: int, to_ns: int, period_ns: int) -> float:
        """Return how many events there were in the same time of other periods, in the mean; infinite if unknown."""
        first, last = -((from_ns - self.times.first_ns) // period_ns), (self.times.last_ns - to_ns) // period_ns
        apart = -(-(to_ns - from_ns) // period_ns)
        found = [
            self.between(from_ns + number * period_ns, to_ns + number * period_ns)[0]
            for number in range(first, last + 1)
            if abs(number) >= apart
        ]
        return sum(found) / len(found) if len(found) >= _LEAST_OTHERS else float("inf")

    def seen_ms(self, from_ns: int, to_ns: int) -> float:
        """Return how long there was something at all, without the time between two times."""
        import numpy as np

        seen = np.flatnonzero(np.diff(self.observed))
        if not len(seen):
            return 0.0
        low, high = self.times.at(int(seen[0])), min(self.times.at(int(seen[-1]) + 1), self.times.last_ns)
        return (max(from_ns - low, 0) + max(high - to_ns, 0)) / 10**6

    def _at(self, sums: Reals, time_ns: int) -> float:
        import numpy as np

        place = (time_ns - self.times.first_ns) / self.times.width_ns
        return float(np.interp(place, np.arange(len(sums)), sums))

    def sigma(self, from_ns: int, to_ns: int) -> float:
        """Return how far nothing at all in this time lies below the expected."""
        import numpy as np

        expected = np.array([self.between(from_ns, to_ns)[1]])
        return float(-sigmas(np.zeros(1), expected, np.array([self.phi]))[0])


def level_of(counts: Reals, gaps: Sequence[tuple[int, int]], times: Times) -> Level:
    """Return the level of a series of counts; what is silent in `gaps` beyond chance is left out of it.

    What is silent at that time of every day is what is usual.
    """
    import numpy as np

    first = _fitted(counts, np.ones(len(counts), dtype=bool), times)
    usual = np.ones(len(counts), dtype=bool)
    for from_ns, to_ns in gaps:
        if first.between(from_ns, to_ns)[1] >= _CLEAN_EXPECTED and not first.is_idle(from_ns, to_ns):
            low, high = ((at_ns - times.first_ns) // times.width_ns for at_ns in (from_ns, to_ns))
            usual[low : high + 1] = False
    return first if usual.all() or not usual.any() else _fitted(counts, usual, times)


def _fitted(counts: Reals, usual: NDArray[np.bool_], times: Times) -> Level:
    import numpy as np

    found = fit(counts[None, :], np.ones((1, len(counts))), usual[None, :], times.first_ns // _S, times.width_ns // _S)
    observed, expected = (np.concatenate([[0.0], np.cumsum(each)]) for each in (counts, found.expected[0]))
    is_independent = _is_independent(counts * usual, found.expected[0] * usual, times.width_ns // _S)
    return Level(times, observed, expected, 1.0 if is_independent else float(found.phi[0]))


def _is_independent(counts: Reals, expected: Reals, width_s: int) -> bool:
    """Say whether counts vary about what was expected as those of independent events do."""
    for block_s in _BLOCKS_S:
        length = max(block_s // width_s, 1)
        blocks = len(counts) // length
        seen, usual = (each[: blocks * length].reshape(blocks, length).sum(axis=1) for each in (counts, expected))
        total = float(usual.sum())
        if total <= 0:
            return False
        varied = float(((seen - usual) ** 2).sum()) / total
        if varied > 1 + _INDEPENDENT_ERRORS * ((2 + blocks / total) / blocks) ** 0.5:
            return False
    return True
