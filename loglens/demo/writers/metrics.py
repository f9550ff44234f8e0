"""Metrics as the collector's file exporter writes them: one JSON line for each collection of an instance."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

from loglens.demo.telemetry import Point, Scrape
from loglens.demo.writers.lines import Lines, compact_json
from loglens.demo.writers.otlp import Json, attributes, resource

FILE = "metrics.otlp.jsonl"
CUMULATIVE = 2


def lines(scrapes: Sequence[Scrape]) -> Lines:
    """Return one line for each scrape."""
    written = Lines()
    for scrape in scrapes:
        inside = {"scope": {"name": scrape.instance.service}, "metrics": list(_metrics(scrape))}
        body = {"resourceMetrics": [{"resource": resource(scrape.instance), "scopeMetrics": [inside]}]}
        written.add(scrape.at_ns, compact_json(body), "points", len(scrape.points))
    return written


def _metrics(scrape: Scrape) -> Iterable[Json]:
    for (name, kind, unit), group in groupby(
        sorted(scrape.points, key=lambda point: point.name), key=lambda point: (point.name, point.kind, point.unit)
    ):
        data: Json = {"dataPoints": [_point(point, scrape) for point in group]}
        if kind != "gauge":
            data["aggregationTemporality"] = CUMULATIVE
        if kind == "sum":
            data["isMonotonic"] = True
        yield {"name": name, "unit": unit, kind: data}


def _point(point: Point, scrape: Scrape) -> Json:
    written: Json = {"timeUnixNano": str(scrape.at_ns)}
    if point.attributes:
        written["attributes"] = attributes(point.attributes)
    if point.kind != "gauge":
        written["startTimeUnixNano"] = str(scrape.instance.started_ns)
    if point.kind == "histogram":
        counts = [str(count) for count in point.counts]
        total = str(sum(point.counts))
        return written | {"count": total, "sum": point.value, "bucketCounts": counts, "explicitBounds": point.bounds}
    return written | {"asInt": str(int(point.value))}
