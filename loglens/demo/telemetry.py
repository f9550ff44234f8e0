"""What the simulated services leave behind: spans, log records, metric points, health answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loglens.demo.platform import Instance

Value = str | int | float | bool
Fields = dict[str, Value]

SECONDS_BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
BYTES_BOUNDS = (10_000.0, 100_000.0, 1_000_000.0, 10_000_000.0)


class Kind(IntEnum):
    """Span kinds, numbered as OTLP does."""

    INTERNAL = 1
    SERVER = 2
    CLIENT = 3
    PRODUCER = 4
    CONSUMER = 5


class Level(IntEnum):
    """Severities, numbered as OpenTelemetry does."""

    DEBUG = 5
    INFO = 9
    WARN = 13
    ERROR = 17


@dataclass
class Event:
    """Something that happened inside a span."""

    at_ns: int
    name: str
    attributes: Fields


@dataclass
class Span:
    """One span; `parent` is empty for the root of a trace."""

    trace_id: str
    span_id: str
    parent: str
    instance: Instance
    name: str
    kind: Kind
    start_ns: int
    attributes: Fields
    end_ns: int = 0
    error: str | None = None
    events: list[Event] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Place:
    """Where in the source a log record is written: logger, module, function, line."""

    logger: str
    module: str
    function: str
    line: int


@dataclass(frozen=True)
class Record:
    """One log record; a field `duration_ns` is written as `duration` in the unit of the service's log library."""

    at_ns: int
    instance: Instance
    level: Level
    place: Place
    message: str
    fields: Fields


@dataclass(frozen=True)
class Health:
    """One answer of a health endpoint."""

    at_ns: int
    answered_ns: int
    instance: Instance
    database_ms: int | None
    redis_ms: int
    queue_depth: int


@dataclass
class Histogram:
    """A cumulative histogram: the counts per bucket, the last one without upper bound."""

    unit: str
    bounds: tuple[float, ...]
    counts: list[int]
    total: float = 0.0


@dataclass(frozen=True)
class Point:
    """The state of one series at one time; `value` is a number or the counts and sum of a histogram."""

    name: str
    kind: str
    unit: str
    attributes: tuple[tuple[str, Value], ...]
    value: float
    bounds: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()


@dataclass(frozen=True)
class Scrape:
    """All series of one instance at one time."""

    at_ns: int
    instance: Instance
    points: Sequence[Point]


class Meter:
    """The counters and histograms of one instance, cumulative since it started."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, tuple[tuple[str, Value], ...]], int] = {}
        self._histograms: dict[str, Histogram] = {}

    def add(self, name: str, amount: int = 1, **attributes: Value) -> None:
        """Add to a counter."""
        key = (name, tuple(attributes.items()))
        self._counters[key] = self._counters.get(key, 0) + amount

    def record(self, name: str, value: float) -> None:
        """Add a value to a histogram; the name ends in its unit."""
        histogram = self._histograms.get(name)
        if histogram is None:
            bounds, unit = (BYTES_BOUNDS, "By") if name.endswith("_bytes") else (SECONDS_BOUNDS, "s")
            histogram = self._histograms[name] = Histogram(unit, bounds, [0] * (len(bounds) + 1))
        histogram.counts[sum(value > bound for bound in histogram.bounds)] += 1
        histogram.total += value

    def points(self) -> list[Point]:
        """Return the present state of every series."""
        counters = [Point(name, "sum", "1", key, value) for (name, key), value in self._counters.items()]
        histograms = [
            Point(name, "histogram", each.unit, (), round(each.total, 6), each.bounds, tuple(each.counts))
            for name, each in self._histograms.items()
        ]
        return counters + histograms
