"""The windows that stand out: of all that overlap the strongest, to the bucket, with the interval of its onset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from loglens.bursts.scan import Sums, scan, sigmas

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from loglens.statistics import Reals


_LEAST = 1e-9
# A stretch within a window is a gap where it is this surely below the rest, which would have had so many events in it,
# and has no more than so many times the usual.
_GAP_SIGMA = 4.0
_GAP_EXPECTED = 8.0
_USUAL_TIMES = 2.0


class Window(NamedTuple):
    """From the first bucket to before `end`, and how many sigmas it stands out."""

    start: int
    end: int
    sigma: float


def strongest(sums: Sums, threshold: float, least: float, is_low: bool = False) -> dict[int, list[Window]]:
    """Return for each key the windows at least `threshold` sigmas out that do not overlap, the strongest first."""
    import numpy as np

    hits = scan(sums, threshold, least, is_low)
    order = np.lexsort((hits.start, -hits.sigma, hits.key))
    bounds = np.searchsorted(hits.key[order], np.arange(len(sums.phi) + 1))
    found = {}
    for key in np.unique(hits.key).tolist():
        mine = order[bounds[key] : bounds[key + 1]]
        found[key] = list(_separate(One.of(sums, key, is_low), hits.start[mine], hits.end[mine], hits.sigma[mine]))
    return found


def _separate(series: One, start: NDArray[np.intp], end: NDArray[np.intp], sigma: Reals) -> Iterator[Window]:
    """Yield the first of the windows, refined, then the first of those that do not overlap it, and so on."""
    taken: list[Window] = []
    while len(start):
        low = max((each.end for each in taken if each.end <= start[0]), default=0)
        high = min((each.start for each in taken if each.start >= end[0]), default=series.buckets)
        window = series.refined(Window(int(start[0]), int(end[0]), float(sigma[0])), low, high)
        taken.append(window)
        yield window
        apart = (end <= window.start) | (start >= window.end)
        start, end, sigma = start[apart], end[apart], sigma[apart]


@dataclass(frozen=True)
class One:
    """The prefix sums of one series, of shape (1, buckets + 1), and the side that is looked at."""

    sums: Sums
    is_low: bool = False

    @classmethod
    def of(cls, sums: Sums, key: int, is_low: bool) -> One:
        """Return the series of one key of many."""
        rows = slice(key, key + 1)
        return cls(
            replace(sums, observed=sums.observed[rows], expected=sums.expected[rows], phi=sums.phi[rows]), is_low
        )

    @property
    def buckets(self) -> int:
        """How many buckets it has."""
        return int(self.sums.observed.shape[1]) - 1

    def counts(self, start: NDArray[np.intp], end: NDArray[np.intp]) -> tuple[Reals, Reals]:
        """Return what was observed in windows, and what was expected."""
        observed, expected = self.sums.observed[0], self.sums.expected[0]
        return observed[end] - observed[start], expected[end] - expected[start]

    def sigma(self, start: int, end: int) -> float:
        """Return the sigmas of a window, to the side that is looked at."""
        import numpy as np

        found = self.sums.sigmas(np.zeros(1, dtype=np.intp), *self.counts(np.array([start]), np.array([end])))
        return float(-found[0] if self.is_low else found[0])

    def likelihood(self, start: NDArray[np.intp], end: NDArray[np.intp]) -> Reals:
        """Return the log likelihood ratio of windows at one rate within: what tells where they begin and end.

        As of Poisson counts, over phi: one clump of events of a negative binomial could lie anywhere in a window.
        """
        import numpy as np

        observed, expected = self.counts(start, end)
        if self.sums.is_own:
            apart = self.sums.sigmas(np.zeros(len(start), dtype=np.intp), observed, expected)
            own: Reals = np.copysign(apart * apart, -apart if self.is_low else apart) / 2
            return own
        alone = sigmas(observed, expected, np.ones(observed.shape))
        found: Reals = np.copysign(alone * alone, -alone if self.is_low else alone) / (2 * self.sums.phi[0])
        return found

    def refined(self, window: Window, low: int, high: int) -> Window:
        """Return the most likely window around one, start and end moved in turn, between two buckets."""
        import numpy as np

        start, end, _ = window
        best = -np.inf
        while True:
            reach = 2 * (end - start)
            starts = np.arange(max(start - reach, low), min(start + reach, end - 1) + 1)
            start = int(starts[np.argmax(self.likelihood(starts, np.full_like(starts, end)))])
            ends = np.arange(max(end - reach, start + 1), min(end + reach, high) + 1)
            found = self.likelihood(np.full_like(ends, start), ends)
            end = int(ends[np.argmax(found)])
            if found.max() <= best + 1e-9:
                return Window(start, end, self.sigma(start, end))
            best = float(found.max())


def parted(one: One, window: Window) -> list[Window]:
    """Return the windows that one is really of: cut where for a time the rate was the usual, and not that of the rest.

    With next to nothing expected, one window over two bursts is likelier than either.
    """
    start, end, _ = window
    observed, expected = (
        sums[:, start : end + 1] - sums[:, start : start + 1] for sums in (one.sums.observed, one.sums.expected)
    )
    times = observed[0, -1] / max(expected[0, -1], _LEAST)
    inside = replace(one.sums, observed=observed, expected=expected * times, is_own=False)
    for low, high, _ in strongest(inside, _GAP_SIGMA, _GAP_EXPECTED, is_low=True).get(0, ()):
        count, usual = observed[0, high] - observed[0, low], expected[0, high] - expected[0, low]
        if low > 0 and high < end - start and count <= _USUAL_TIMES * usual + 1:
            halves = ((start, start + low), (start + high, end))
            return [
                part
                for first, last in halves
                for part in parted(one, one.refined(Window(first, last, 0.0), first, last))
            ]
    return [window]
