"""The counts of many keys as series: errors and traffic in buckets of equal length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from loglens.statistics import Reals

_S = 10**9
_POINT = ("bucket", "traffic", "errors")
# So many values of all series are looked at together: they stay in the cache of the processor.
_BLOCK = 50_000
# Errors may follow what was asked or written by this much; a moment without any is no moment without traffic.
_SMOOTH_S = 300
_LEAST_TRAFFIC = 0.05
# Errors in buckets without traffic, as a share of all, beyond which they do not come from it.
_UNRELATED = 0.05
# Traffic says nothing of what is usual where at least this share of it fails, in at most this share of the time, and
# no more than this share of it lies outside of that; of the errors so many at each end are left out of their time.
_MOSTLY, _LONGEST, _ELSEWHERE = 0.5, 0.5, 0.1
_TRIMMED = 0.025


class Key(NamedTuple):
    """What is counted: `name` is the error, the template, the callee or the tenant."""

    kind: str
    service: str | None
    route: str | None
    name: str | None


@dataclass(frozen=True)
class Times:
    """The buckets: how many, when the first begins, how long each is, and when the data end."""

    first_ns: int
    last_ns: int
    width_ns: int

    @property
    def buckets(self) -> int:
        """How many there are."""
        return (self.last_ns - self.first_ns) // self.width_ns + 1

    @property
    def seconds(self) -> float:
        """How long they are together, in seconds."""
        return (self.last_ns - self.first_ns) / _S

    def at(self, bucket: int) -> int:
        """Return when a bucket begins; the end of the data is that of the last."""
        return min(self.first_ns + bucket * self.width_ns, self.last_ns + 1)


@dataclass(frozen=True)
class Block:
    """Series of some keys, of shape (keys, buckets).

    `exposure` is what errors are in proportion to, or ones: time; `traffic` are the requests, where `has_requests` says
    so.
    """

    keys: Sequence[Key]
    errors: Reals
    traffic: Reals
    exposure: Reals
    has_requests: NDArray[np.bool_]


@dataclass(frozen=True)
class Series:
    """All series, as rows sorted by key: row `bounds[n]` is the first of key `n`."""

    times: Times
    keys: Sequence[Key]
    bounds: NDArray[np.intp]
    bucket: NDArray[np.int64]
    errors: NDArray[np.int64]
    traffic: NDArray[np.int64]
    is_asked: NDArray[np.bool_]
    has_traffic: NDArray[np.bool_]
    seldom: int

    def blocks(self, least: float) -> Iterator[Block]:
        """Yield the series of the keys with at least so many errors, some at a time."""
        import numpy as np

        totals = np.add.reduceat(self.errors, self.bounds[:-1]) if len(self.keys) else np.zeros(0)
        wanted = np.flatnonzero(totals >= least).tolist()
        size = max(1, _BLOCK // self.times.buckets)
        for first in range(0, len(wanted), size):
            yield self._block(wanted[first : first + size])

    def _block(self, numbers: Sequence[int]) -> Block:
        import numpy as np

        shape = (len(numbers), self.times.buckets)
        errors, traffic, exposure = np.zeros(shape), np.zeros(shape), np.ones(shape)
        has_requests = np.zeros(len(numbers), dtype=bool)
        for row, number in enumerate(numbers):
            errors[row] = self._dense(number, self.errors)
            source = self._traffic_of(number)
            if source is None:
                continue
            found = self._dense(source, self.traffic)
            traffic[row], has_requests[row] = found, self.is_asked[source]
            if self._is_seen_failing_only(source):
                continue
            is_idle = found == 0
            if errors[row][is_idle].sum() <= _UNRELATED * errors[row].sum():
                exposure[row] = np.where(is_idle & (errors[row] > 0), errors[row], found)
            else:
                exposure[row] = self._smoothed(found)
        return Block([self.keys[number] for number in numbers], errors, traffic, exposure, has_requests)

    def _traffic_of(self, number: int) -> int | None:
        """Return the key whose traffic that of a key is: of an error that of its service."""
        if not self.has_traffic[number]:
            number = self._services.get(self.keys[number].service, number)
        return number if self.has_traffic[number] else None

    def _is_seen_failing_only(self, number: int) -> bool:
        """Whether a key is asked next to nothing but in one time, in which most of it fails.

        Its traffic then says nothing of what is usual: before there was none, and its errors are held against time.
        """
        import numpy as np

        rows = slice(self.bounds[number], self.bounds[number + 1])
        bucket, errors = self.bucket[rows], self.errors[rows]
        asked = self.traffic[rows] + (0 if self.is_asked[number] else errors)
        if errors.sum() < _MOSTLY * asked.sum():
            return False
        ends = np.array([_TRIMMED, 1 - _TRIMMED]) * errors.sum()
        first, last = bucket[np.searchsorted(np.cumsum(errors), ends)]
        if last - first + 1 > _LONGEST * self.times.buckets:
            return False
        return bool(asked[(bucket < first) | (bucket > last)].sum() <= _ELSEWHERE * asked.sum())

    @cached_property
    def _services(self) -> Mapping[str | None, int]:
        return {key.service: number for number, key in enumerate(self.keys) if key.kind == "service"}

    def traffic_times(self, service: str | None, start: int, end: int) -> float | None:
        """Return how many times as many requests as usual a service answered between two buckets; None if unknown."""
        numbers = [n for n, key in enumerate(self.keys) if key.kind == "answered" and key.service == service]
        if not numbers:
            return None
        found = self._dense(numbers[0], self.traffic)
        inside, whole = found[start:end].sum(), found.sum()
        if whole == inside:
            return None
        return float(inside / (end - start) * (len(found) - (end - start)) / (whole - inside))

    def _dense(self, number: int, values: NDArray[np.int64]) -> Reals:
        import numpy as np

        rows = slice(self.bounds[number], self.bounds[number + 1])
        found = np.zeros(self.times.buckets)
        found[self.bucket[rows]] = values[rows]
        return found

    def _smoothed(self, traffic: Reals) -> Reals:
        """Return the traffic around each bucket, and a little where there is none."""
        import numpy as np

        reach = max(_SMOOTH_S * _S // self.times.width_ns, 1)
        sums = np.concatenate([[0.0], np.cumsum(traffic)])
        places = np.arange(len(traffic))
        low, high = np.maximum(places - reach, 0), np.minimum(places + reach + 1, len(traffic))
        found: Reals = np.maximum((sums[high] - sums[low]) / (high - low), _LEAST_TRAFFIC * traffic.mean())
        return found


def read_series(table: pa.Table) -> Series | None:
    """Return the series of the statement that counts; None where nothing has a time."""
    import numpy as np

    if not table.num_rows:
        return None
    points = table["points"].combine_chunks()
    bucket, traffic, errors = (np.from_dlpack(points.values.field(name)).astype(np.int64) for name in _POINT)
    # The first row is no key: it tells of all.
    bounds = np.from_dlpack(points.offsets)[1:].astype(np.intp)
    keys = [Key(*key) for key in zip(*(table[name].to_pylist()[1:] for name in Key._fields), strict=True)]
    return Series(
        times=Times(*(int(values[0]) for values in (traffic, errors, bucket))),
        keys=keys,
        bounds=bounds,
        bucket=bucket,
        errors=errors,
        traffic=traffic,
        is_asked=np.array([bool(is_asked) for is_asked in table["is_asked"].to_pylist()[1:]], dtype=bool),
        has_traffic=np.logical_or.reduceat(traffic > 0, bounds[:-1]) if keys else np.zeros(0, dtype=bool),
        seldom=table["seldom"][0].as_py(),
    )
