"""The rows of `latency_shifts`: the stretch of time in which a route was slower or faster than in all the rest."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from loglens.analysis import Row, Value
from loglens.arrow_columns import first_rows, numbers
from loglens.statistics import Z95

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from loglens.statistics import Reals

# Durations differ by this factor from one bucket to the next: shifts are exact to a fiftieth.
BASE = 1.02
# Lengths of stretches that are looked at, in buckets of time; those to the end of the data have any length.
_LENGTHS = (3, 5, 8, 13, 21, 34, 55, 90, 145, 235, 360, 720, 1_440)
# Durations of requests that follow each other are alike: they count for as many as blocks of this many buckets tell.
_BLOCK = 6


@dataclass(frozen=True)
class _Route:
    """Histograms of one route, of shape (times, sizes), their first bucket of time, and the smallest size."""

    counts: Reals
    size: int

    def ms(self, place: float) -> float:
        """Return the duration of a place in the histogram."""
        return math.exp((self.size + place + 0.5) * math.log(BASE)) / 10**6


def rows(table: pa.Table, values: Mapping[str, Value]) -> list[Row]:
    """Return the rows of the answer from the counts of the statement."""
    found: list[Row] = []
    least, sigma, factor = (float(values[name] or 0) for name in ("min_requests", "sigma", "min_times"))
    head, counted = table.slice(0, 1).to_pylist(), table.slice(1)
    if counted.num_rows == 0:
        return []
    first_ns, width_ns, last_ns = (head[0][name] for name in ("bucket", "size", "number"))
    for service, route, part in _by_route(counted):
        one = _route(part, (last_ns - first_ns) // width_ns + 1)
        window = _strongest(one, least)
        if window is None or window[2] < sigma:
            continue
        start, end, strength = window
        row = _row(one, start, end)
        exemplar = _exemplar(part, one, start, end)
        if max(row["times_low"], 1 / max(row["times_high"], 1e-9)) < factor:
            continue
        begin_ns, end_ns = first_ns + start * width_ns, min(first_ns + end * width_ns, last_ns + 1)
        named = json.dumps([service, route, begin_ns])
        found.append(
            {
                "shift_id": hashlib.md5(named.encode(), usedforsecurity=False).hexdigest()[:12],
                "service": service,
                "route": route,
                "change": "level shift" if end_ns > last_ns else "spell",
                "first_ts": begin_ns,
                "last_ts": end_ns,
                **row,
                "sigma": strength,
                "exemplar_trace_id": exemplar,
            }
        )
    return sorted(found, key=lambda row: (-abs(math.log(row["times"])), row["shift_id"]))


def _by_route(counted: pa.Table) -> Iterator[tuple[str | None, str | None, pa.Table]]:
    """Yield the rows of each route, which follow each other."""
    bounds = [*first_rows(counted, ("service", "route")).tolist(), counted.num_rows]
    for first, end in pairwise(bounds):
        part = counted.slice(first, end - first)
        yield part["service"][0].as_py(), part["route"][0].as_py(), part


def _route(part: pa.Table, buckets: int) -> _Route:
    import numpy as np

    bucket, size, number = (numbers(part[name]) for name in ("bucket", "size", "number"))
    counts = np.zeros((buckets, int(size.max() - size.min()) + 1))
    counts[bucket, size - size.min()] = number
    return _Route(counts, int(size.min()))


def _exemplar(part: pa.Table, one: _Route, start: int, end: int) -> str | None:
    """Return a trace of the stretch that took about as long as half of its requests."""
    import numpy as np

    inside = np.cumsum(one.counts[start:end].sum(axis=0))
    middle = one.size + int(np.searchsorted(inside, inside[-1] / 2))
    bucket, size = numbers(part["bucket"]), numbers(part["size"])
    rows = np.flatnonzero((bucket >= start) & (bucket < end) & (size == middle))
    found: str | None = part["trace_id"][int(rows[-1])].as_py() if len(rows) else None
    return found


def _strongest(one: _Route, least: float) -> tuple[int, int, float] | None:
    """Return the stretch whose durations differ most by rank from all others, and by how many sigmas (Mann-Whitney)."""
    import numpy as np

    whole = one.counts.sum(axis=0)
    total = whole.sum()
    middle = np.cumsum(whole) - whole / 2
    ranks = middle / total - 0.5
    number = np.concatenate([[0.0], np.cumsum(one.counts.sum(axis=1))])
    score = np.concatenate([[0.0], np.cumsum(one.counts @ ranks)])
    variance = float((whole * ranks**2).sum() / total)
    if variance <= 0 or total < 2 * least:
        return None

    def best(starts: NDArray[np.intp], ends: NDArray[np.intp]) -> tuple[int, int, float]:
        inside = number[ends] - number[starts]
        known = (inside >= least) & (total - inside >= least)
        spread = np.sqrt(variance * np.maximum(inside * (total - inside), 1.0) / total)
        difference = np.where(known, np.abs(score[ends] - score[starts]) / spread, -1.0)
        place = int(np.argmax(difference))
        return int(starts[place]), int(ends[place]), float(difference[place])

    buckets = len(one.counts)
    start, end, apart = best(*_windows(buckets))
    if apart < 0:
        return None
    while True:
        # Start and end are moved in turn, to wherever the difference is greatest.
        starts = np.arange(end)
        start, _, _ = best(starts, np.full_like(starts, end))
        ends = np.arange(start + 1, buckets + 1)
        _, end, found = best(np.full_like(ends, start), ends)
        if found <= apart + 1e-9:
            break
        apart = found
    # Too few requests came after it to say that it was over.
    end = buckets if total - number[end] < least else end
    if number[start] == 0 or end == buckets:
        # One change divides the data: into a slow beginning and what is usual, or into before and from then on.
        change = end if number[start] == 0 else start
        was_slow = score[change] * (total - number[change]) > (score[buckets] - score[change]) * number[change]
        first = int(np.argmax(number > 0)) - 1
        is_beginning = was_slow and 2 * (change - first) < buckets - first
        start, end = (first, change) if is_beginning else (change, buckets)
    return start, end, apart / math.sqrt(_dispersion(one, ranks, variance, start, end))


def _windows(buckets: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    import numpy as np

    lasting = np.arange(1, buckets)
    starts, ends = [lasting], [np.full_like(lasting, buckets)]
    for length in (each for each in _LENGTHS if each < buckets):
        first = np.arange(buckets - length)
        starts.append(first)
        ends.append(first + length)
    return np.concatenate(starts).astype(np.intp), np.concatenate(ends).astype(np.intp)


def _dispersion(one: _Route, ranks: Reals, variance: float, start: int, end: int) -> float:
    """Return how many times as much blocks of time vary as by chance, each side about its own mean; 1 at least."""
    import numpy as np

    numbers, scores = one.counts.sum(axis=1), one.counts @ ranks
    squares, blocks = 0.0, 0
    for side in (np.arange(start, end), np.concatenate([np.arange(start), np.arange(end, len(numbers))])):
        mean = scores[side].sum() / max(numbers[side].sum(), 1.0)
        for first in range(0, len(side), _BLOCK):
            block = side[first : first + _BLOCK]
            if numbers[block].sum() > 0:
                squares += (scores[block].sum() - mean * numbers[block].sum()) ** 2 / numbers[block].sum()
                blocks += 1
    return max(squares / max(blocks - 2, 1) / variance, 1.0)


def _row(one: _Route, start: int, end: int) -> Row:
    """Return the medians of both sides, and how many times as long it took: Hodges and Lehmann (1963)."""
    import numpy as np

    inside = one.counts[start:end].sum(axis=0)
    rest = one.counts.sum(axis=0) - inside
    m, n = float(inside.sum()), float(rest.sum())
    # All pairs, by how many sizes they differ.
    pairs = np.cumsum(np.correlate(inside, rest, "full"))
    spread = Z95 * math.sqrt(m * n * (m + n + 1) / 12)
    at = [np.searchsorted(pairs, max(m * n / 2 + each, 0.0)) for each in (0.0, -spread, spread)]
    times = [math.exp((min(int(each), len(pairs) - 1) - (len(rest) - 1)) * math.log(BASE)) for each in at]
    before, after = (one.ms(float(np.searchsorted(np.cumsum(side), side.sum() / 2))) for side in (rest, inside))
    return {
        "requests": round(m),
        "median_ms": after,
        "usual_ms": before,
        "times": times[0],
        "times_low": times[1],
        "times_high": times[2],
    }
