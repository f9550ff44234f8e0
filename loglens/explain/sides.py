"""The two groups that are compared: slow requests with typical ones, or failed requests with the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loglens.analysis import Row, Value
from loglens.explain.named_route import NamedRoute, find_route

# From so many measured requests on, the slow ones are those from this quantile on: at least 20 of them each time.
_DEPTHS = ((2_000, 0.99), (400, 0.95), (0, 0.90))
# Where fewer requests than that take this many times the median, and enough of them to compare, they are the slow ones.
_TIMES_MEDIAN = 10
# The share of the requests that is typical: a fifth; of few requests so many that there are as many as this, if it can.
_BODY_RATIO = 0.2
_BODY_MOST_RATIO = 0.8
_BODY_LEAST = 100
# Where the fifth may begin: around the median, or below it where the median lies between two clusters of durations.
_EARLIER = (0.2, 0.1, 0.0)
# Of more requests than this a side is a sample, the same one each time: more would change no digit that is shown.
_SAMPLE = 25_000


@dataclass(frozen=True)
class Sides:
    """What is compared: requests of a route, from a quantile on or the failed ones; every which of each is read."""

    named: NamedRoute
    depth: float
    body_fences: tuple[float, ...]
    tail_every: int
    body_every: int


def choose_sides(found: Sequence[Row], values: Mapping[str, Value]) -> Sides:
    """Return the groups that the parameters of `why` ask for, given the routes there are."""
    service = values["service"]
    named = find_route(str(values["route"]), found, None if service is None else str(service))
    fraction = next(depth for least, depth in _DEPTHS if named.measured >= least)
    body = min(_BODY_MOST_RATIO, max(_BODY_RATIO, _BODY_LEAST / max(named.measured, 1)))
    if values["errors"]:
        sizes = (named.failed, named.requests - named.failed)
    else:
        sizes = (round(named.measured * (1 - fraction)), round(named.measured * body))
    tail_every, body_every = (-(-size // _SAMPLE) or 1 for size in sizes)
    return Sides(named, fraction, _fences(body), tail_every, body_every)


def _fences(body: float) -> tuple[float, ...]:
    """Return the quantiles between which the typical requests may lie: where each choice begins, then where it ends."""
    begins = [max(0.5 - body / 2 - earlier, 0.0) for earlier in _EARLIER]
    return (*(round(begin, 6) for begin in begins), *(round(begin + body, 6) for begin in begins))


def bind(found: Sequence[Row], values: Mapping[str, Value]) -> Mapping[str, Any]:
    """Return the binds of the statement that reads both groups."""
    sides = choose_sides(found, values)
    return {
        "found_service": sides.named.service,
        "found_route": sides.named.route,
        "depth": sides.depth,
        # Half a rank more: of the values that are equal to the quantile none is slow unless all are.
        "tail_fraction": min(sides.depth + 0.5 / max(sides.named.measured, 1), 1.0),
        "times_median": _TIMES_MEDIAN,
        "body_fences": list(sides.body_fences),
        "tail_every": sides.tail_every,
        "body_every": sides.body_every,
        "requests": sides.named.requests,
    }
