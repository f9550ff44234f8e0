"""The rows of `latency_shifts`: the stretches of time in which a route was slower or faster than in all the rest."""

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

    def part(self, start: int, end: int) -> _Route:
        """Return the same route, seen only in a stretch of time."""
        counts = self.counts.copy()
        counts[:start] = counts[end:] = 0
        return _Route(counts, self.size)


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
        for seen, start, end, strength in _stretches(one, least):
            if strength < sigma:
                continue
            row = _row(seen, start, end)
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
                    "exemplar_trace_id": _exemplar(part, one, start, end),
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


@dataclass(frozen=True)
class _Ranked:
    """One route by the ranks of its durations: sums up to each bucket of time, and what they vary by."""

    ranks: Reals
    number: Reals
    score: Reals
    variance: float
    least: float

    def apart(self, starts: NDArray[np.intp], ends: NDArray[np.intp]) -> Reals:
        """Return by how many sigmas stretches differ from all else (Mann-Whitney); -1 where too few requests tell."""
        import numpy as np

        total = self.number[-1]
        inside = self.number[ends] - self.number[starts]
        known = (inside >= self.least) & (total - inside >= self.least)
        spread = np.sqrt(self.variance * np.maximum(inside * (total - inside), 1.0) / total)
        found: Reals = np.where(known, np.abs(self.score[ends] - self.score[starts]) / spread, -1.0)
        return found

    def best(self, starts: NDArray[np.intp], ends: NDArray[np.intp]) -> tuple[int, int, float]:
        """Return the stretch that differs most, and by how many sigmas."""
        difference = self.apart(starts, ends)
        place = int(difference.argmax())
        return int(starts[place]), int(ends[place]), float(difference[place])

    def is_slower(self, start: int, end: int) -> bool:
        """Whether a stretch is slower than all else: by rank, of which the sum is nothing."""
        return bool(self.score[end] - self.score[start] > 0)


def _ranked(one: _Route, least: float) -> _Ranked | None:
    import numpy as np

    whole = one.counts.sum(axis=0)
    total = whole.sum()
    ranks = (np.cumsum(whole) - whole / 2) / total - 0.5
    variance = float((whole * ranks**2).sum() / total)
    if variance <= 0 or total < 2 * least:
        return None
    number = np.concatenate([[0.0], np.cumsum(one.counts.sum(axis=1))])
    return _Ranked(ranks, number, np.concatenate([[0.0], np.cumsum(one.counts @ ranks)]), variance, least)


def _stretches(one: _Route, least: float) -> Iterator[tuple[_Route, int, int, float]]:
    """Yield the stretches in which a route was another than else, with what they are held against and their sigmas."""
    ranked = _ranked(one, least)
    found = _strongest(ranked) if ranked is not None else None
    if ranked is None or found is None:
        return
    start, end, apart = found
    buckets = len(one.counts)
    first = int((ranked.number > 0).argmax()) - 1
    if ranked.number[start] == 0 or end == buckets:
        # One change divides the data: into a slow beginning and what is usual, or into before and from then on.
        change = end if ranked.number[start] == 0 else start
        is_beginning = ranked.is_slower(first, change) and 2 * (change - first) < buckets - first
        start, end = (first, change) if is_beginning else (change, buckets)
    elif 2 * (end - start) > buckets - first and not ranked.is_slower(start, end):
        # Most of the time is what is usual: it is slow before and after, each a stretch of its own.
        yield from _told_apart(one.part(first, end), first, start, least)
        yield from _told_apart(one.part(start, buckets), end, buckets, least)
        return
    yield one, start, end, apart / math.sqrt(_dispersion(one, ranked, start, end))


def _told_apart(one: _Route, start: int, end: int, least: float) -> Iterator[tuple[_Route, int, int, float]]:
    ranked = _ranked(one, least)
    if ranked is not None:
        apart = ranked.apart(*_window(start, end))[0]
        yield one, start, end, float(apart) / math.sqrt(_dispersion(one, ranked, start, end))


def _window(start: int, end: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    import numpy as np

    return np.array([start], np.intp), np.array([end], np.intp)


def _strongest(ranked: _Ranked) -> tuple[int, int, float] | None:
    """Return the stretch whose durations differ most by rank from all others, and by how many sigmas."""
    import numpy as np

    buckets = len(ranked.number) - 1
    start, end, apart = ranked.best(*_windows(buckets))
    if apart < 0:
        return None
    while True:
        # Start and end are moved in turn, to wherever the difference is greatest.
        starts = np.arange(end)
        start, _, _ = ranked.best(starts, np.full_like(starts, end))
        ends = np.arange(start + 1, buckets + 1)
        _, end, found = ranked.best(np.full_like(ends, start), ends)
        if found <= apart + 1e-9:
            break
        apart = found
    # Too few requests came after it to say that it was over.
    return start, buckets if ranked.number[-1] - ranked.number[end] < ranked.least else end, apart


def _windows(buckets: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    import numpy as np

    lasting = np.arange(1, buckets)
    starts, ends = [lasting], [np.full_like(lasting, buckets)]
    for length in (each for each in _LENGTHS if each < buckets):
        first = np.arange(buckets - length)
        starts.append(first)
        ends.append(first + length)
    return np.concatenate(starts).astype(np.intp), np.concatenate(ends).astype(np.intp)


def _dispersion(one: _Route, ranked: _Ranked, start: int, end: int) -> float:
    """Return how many times as much blocks of time vary as by chance, each side about its own mean; 1 at least."""
    import numpy as np

    numbers, scores = one.counts.sum(axis=1), one.counts @ ranked.ranks
    squares, blocks = 0.0, 0
    for side in (np.arange(start, end), np.concatenate([np.arange(start), np.arange(end, len(numbers))])):
        mean = scores[side].sum() / max(numbers[side].sum(), 1.0)
        for first in range(0, len(side), _BLOCK):
            block = side[first : first + _BLOCK]
            if numbers[block].sum() > 0:
                squares += (scores[block].sum() - mean * numbers[block].sum()) ** 2 / numbers[block].sum()
                blocks += 1
    return max(squares / max(blocks - 2, 1) / ranked.variance, 1.0)


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
