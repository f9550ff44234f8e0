"""Metrics of OTLP JSON into samples of series, the way Prometheus would name them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from loglens.ingest.formats.otlp_batches import Ordinals, rows_batch
from loglens.ingest.formats.otlp_exact import Row, text_of
from loglens.ingest.formats.otlp_origin import Origin, Origins
from loglens.ingest.formats.otlp_pieces import Group
from loglens.ingest.formats.otlp_scalars import read_enum, read_time
from loglens.ingest.formats.otlp_tally import Tally
from loglens.ingest.formats.otlp_values import MALFORMED_DEPTH, Malformed, Writer, parse

METRIC_SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("ordinal", pa.int32()),
        ("ts_ns", pa.int64()),
        ("service", pa.string()),
        ("name", pa.string()),
        ("type", pa.string()),
        ("unit", pa.string()),
        ("labels", pa.string()),
        ("value", pa.float64()),
        ("resource", pa.string()),
        ("extra", pa.string()),
    ]
)
METRIC_STATEMENT = """
    INSERT INTO metric_samples (
        source_id, line, ordinal, ts_ns, service, name, type, unit, labels, value, resource, extra
    )
    SELECT $source_id, line, ordinal, ts_ns, service, name, type, unit, labels, value, resource, extra FROM input
"""
KINDS = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
TEMPORALITIES = ("UNSPECIFIED", "DELTA", "CUMULATIVE")
NO_RECORDED_VALUE = 1
EXACT_INTEGERS = 1 << 53
MAX_BUCKETS = 10_000
BATCH_ROWS = 2000
POINT_MEMBERS = frozenset(
    {
        "attributes", "timeUnixNano", "asDouble", "asInt", "count", "sum", "bucketCounts", "explicitBounds",
        "quantileValues", "scale", "zeroCount", "zeroThreshold", "positive", "negative",
    }
)  # fmt: skip


def metric_rows(text: bytes, origin: Origin) -> list[Row]:
    """Read one metric as rows of METRIC_SCHEMA, without their place; raises Malformed."""
    writer = Writer()
    metric = writer.members(parse(text), "metric")
    kinds = [kind for kind in KINDS if metric.get(kind) is not None]
    name = metric.get("name")
    if not isinstance(name, str) or not name:
        raise Malformed("metric without a name")
    if len(kinds) != 1:
        raise Malformed(f"metric with {' and '.join(kinds) or 'no known'} data")
    kind = kinds[0]
    data = writer.members(metric[kind], kind)
    about = {key: value for key, value in metric.items() if key not in {"name", "unit", kind}}
    about |= {key: value for key, value in data.items() if key not in {"dataPoints", "aggregationTemporality"}}
    temporality, _ = read_enum(data.get("aggregationTemporality"), TEMPORALITIES, "AGGREGATION_TEMPORALITY_")
    written = [f"{writer.string(key)}:{writer.plain(value)}" for key, value in about.items()]
    if kind in ("sum", "histogram", "exponentialHistogram"):
        written.append(f'"aggregationTemporality":"{temporality}"')
    base: Row = {
        "service": origin.service,
        "resource": origin.resource,
        "unit": text_of(metric.get("unit"), writer) or None,
    }
    series = _Series(writer.text(name), base, [*written, *([origin.extra] if origin.extra else [])])
    monotonic = data.get("isMonotonic") is True
    simple = "gauge" if kind == "gauge" or not monotonic else "counter" if temporality == "CUMULATIVE" else "unknown"
    rows: list[Row] = []
    for element in writer.elements(data.get("dataPoints"), "dataPoints"):
        point = _Point(writer.members(element, "a data point"), series)
        rows += point.rows(kind, simple)
    return rows


class MetricReader:
    """Collects the samples of metrics and hands them out as batches of METRIC_SCHEMA."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._ordinals = Ordinals()
        self._rows: list[Row] = []

    def add_group(self, group: Group, tally: Tally) -> Iterator[pa.RecordBatch]:
        """Read the records of a group; yield the batches that get full."""
        tally.expect(len(group.records))
        for record in group.records:
            text = bytes(record)
            try:
                rows = metric_rows(text, self._origins.of(group.around))
            except RecursionError:
                tally.reject(MALFORMED_DEPTH, text.decode())
            except Malformed as error:
                tally.reject(str(error), text.decode())
            else:
                first = self._ordinals.take(tally.line, len(rows))
                for ordinal, row in enumerate(rows, first):
                    self._rows.append(row | {"line": tally.line, "ordinal": ordinal})
                tally.read(1, sum(row["ts_ns"] is None for row in rows), made=len(rows))
            if len(self._rows) >= BATCH_ROWS:
                yield from self.flush()

    def flush(self) -> Iterator[pa.RecordBatch]:
        """Yield the rows that were collected."""
        rows, self._rows = self._rows, []
        if rows:
            yield rows_batch(rows, METRIC_SCHEMA)


class _Series:
    """What all samples of a metric share."""

    def __init__(self, name: str, base: Row, extra: list[str]) -> None:
        self.name = name
        self.base = base
        self.extra = extra


class _Point:
    """One data point, on its way into samples."""

    def __init__(self, members: dict[str, Any], series: _Series) -> None:
        self._members = members
        self._series = series
        self._writer = writer = Writer()
        self._labels = (writer.attributes(members.get("attributes")) or "{}")[1:-1]
        self._time, known = read_time(members.get("timeUnixNano"))
        extra = [f"{writer.string(k)}:{writer.plain(v)}" for k, v in members.items() if k not in POINT_MEMBERS]
        if writer.lost or not known:
            extra.append(f'"dataPoint":{Writer().plain(members)}')
        self._extra = [*extra, *series.extra]
        self._is_recorded = not _integer(members.get("flags") or "0", "flags") & NO_RECORDED_VALUE

    def rows(self, kind: str, simple: str) -> Iterator[Row]:
        """Yield the samples of the point."""
        if kind in ("gauge", "sum"):
            yield self._simple(simple)
        elif kind == "histogram":
            yield from self._buckets(self._explicit())
            yield from self._totals("histogram_sum", "histogram_count")
        elif kind == "exponentialHistogram":
            yield from self._buckets(self._exponential())
            yield from self._totals("histogram_sum", "histogram_count")
        else:
            for element in self._writer.elements(self._members.get("quantileValues"), "quantileValues"):
                pair = self._writer.members(element, "a quantile value")
                quantile = _number(pair.get("quantile", "0"), "quantile")
                value = _number(pair.get("value", "0"), "value")
                yield self._row("", "summary", value, f'"quantile":{json.dumps(bound_text(quantile))}')
            yield from self._totals("summary", "summary")

    def _row(self, suffix: str, kind: str, value: float | None, label: str = "", exact: str = "") -> Row:
        labels = ",".join(part for part in (self._labels, label) if part)
        extra = ",".join([exact, *self._extra] if exact else self._extra)
        return self._series.base | {
            "name": self._series.name + suffix,
            "type": kind,
            "ts_ns": self._time,
            "labels": f"{{{labels}}}",
            "value": value if self._is_recorded else None,
            "extra": f"{{{extra}}}" if extra else None,
        }

    def _simple(self, kind: str) -> Row:
        if (whole := self._members.get("asInt")) is not None:
            value = _integer(whole, "asInt")
            return self._row("", kind, float(value), exact="" if abs(value) <= EXACT_INTEGERS else f'"asInt":{value}')
        double = self._members.get("asDouble")
        return self._row("", kind, None if double is None else _number(double, "asDouble"))

    def _totals(self, sum_kind: str, count_kind: str) -> Iterator[Row]:
        if (total := self._members.get("sum")) is not None:
            yield self._row("_sum", sum_kind, _number(total, "sum"))
        # A count of zero is not written by protobuf, nor by JSON made from it.
        yield self._row("_count", count_kind, float(_integer(self._members.get("count") or "0", "count")))

    def _buckets(self, buckets: list[tuple[float, int]]) -> Iterator[Row]:
        """Yield cumulative buckets from the upper bound and the count of each."""
        below = 0
        for bound, count in buckets:
            below += count
            yield self._row("_bucket", "histogram_bucket", float(below), f'"le":{json.dumps(bound_text(bound))}')

    def _explicit(self) -> list[tuple[float, int]]:
        counts = self._counts(self._members.get("bucketCounts"))
        bounds = [
            _number(b, "explicitBounds") for b in self._list(self._members.get("explicitBounds"), "explicitBounds")
        ]
        if counts and len(counts) != len(bounds) + 1:
            raise Malformed(f"{len(counts)} bucketCounts for {len(bounds)} explicitBounds, not one more")
        return list(zip([*bounds, math.inf], counts, strict=True)) if counts else []

    def _exponential(self) -> list[tuple[float, int]]:
        """Return the filled buckets of an exponential histogram by their upper bounds, and the last one."""
        scale = _integer(self._members.get("scale") or "0", "scale")
        if not -20 <= scale <= 20:
            raise Malformed(f"exponential histogram of scale {scale}")
        growth = 2.0**-scale
        buckets: list[tuple[float, int]] = []
        for side in ("negative", "positive"):
            half = self._writer.members(self._members.get(side), side)
            offset = _integer(half.get("offset") or "0", "offset")
            for place, count in enumerate(self._counts(half.get("bucketCounts")), offset):
                if count:
                    bound = -_power(place * growth) if side == "negative" else _power((place + 1) * growth)
                    buckets.append((bound, count))
        zeros = _integer(self._members.get("zeroCount") or "0", "zeroCount")
        if zeros:
            buckets.append((_number(self._members.get("zeroThreshold") or "0", "zeroThreshold"), zeros))
        return [*sorted(buckets), (math.inf, 0)]

    def _counts(self, value: Any) -> list[int]:
        return [_integer(count, "bucketCounts") for count in self._list(value, "bucketCounts")]

    def _list(self, value: Any, what: str) -> list[Any]:
        elements = self._writer.elements(value, what)
        if len(elements) > MAX_BUCKETS:
            raise Malformed(f"{len(elements)} {what}")
        return elements


def _power(exponent: float) -> float:
    return math.inf if exponent >= 1024 else 2.0**exponent


def bound_text(value: float) -> str:
    """Write a bucket bound or a quantile the way Prometheus does."""
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _number(value: Any, what: str) -> float:
    words = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
    try:
        if isinstance(value, str):
            return words[value] if value in words else float(value)
    except ValueError:
        pass
    raise Malformed(f"{what} is not a number")


def _integer(value: Any, what: str) -> int:
    text = value if isinstance(value, str) else ""
    if text.removeprefix("-").isdecimal() and text.isascii() and len(text) < 40:
        return int(text)
    raise Malformed(f"{what} is not an integer")
