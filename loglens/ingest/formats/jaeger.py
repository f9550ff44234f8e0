"""Jaeger JSON: what the UI downloads and the API answers, single traces, and spans as its stores keep them."""

from __future__ import annotations

import re

from loglens.ingest.reader import Format, Reading, Sample

_BEGINS = re.compile(rb'\s*\{\s*"(?:data"\s*:\s*\[\s*\{\s*"traceID"|traceID")')


def _is_jaeger(value: object) -> bool:
    if not isinstance(value, dict):
        return False
    traces = value.get("data")
    if isinstance(traces, list):
        return bool(traces) and all(isinstance(each, dict) and {"traceID", "spans"} <= each.keys() for each in traces)
    return "traceID" in value and ("spans" in value or {"spanID", "operationName"} <= value.keys())


def sniff(sample: Sample) -> float:
    """Say how surely a content holds spans of Jaeger: by its values, or by how a large one begins."""
    if not sample.values:
        return 0.9 if _BEGINS.match(sample.head[:4096]) else 0.0
    known = sum(map(_is_jaeger, sample.values))
    return 0.97 * known / len(sample.values) if 2 * known > len(sample.values) else 0.0


def read(reading: Reading) -> None:
    """Read spans of Jaeger into `spans`, and what is none into `rejects`."""
    from loglens.ingest.formats.jaeger_spans import JaegerSpans
    from loglens.ingest.formats.span_reading import SpanReading

    SpanReading(reading, JaegerSpans).run()


FORMAT = Format(
    name="jaeger",
    title="Jaeger JSON",
    marks="traceID beside spans, or beside spanID and operationName",
    carries=("spans",),
    example='{"data":[{"traceID":"5982fe77008310cc80f1da5e10147517","spans":[{"traceID":"5982fe77008310cc80f1da5e10147517",'
    '"spanID":"bd7a977555f6b982","operationName":"GET /cart","references":[],"startTime":1458702548467000,'
    '"duration":386000,"tags":[{"key":"span.kind","type":"string","value":"server"}],"logs":[],"processID":"p1"}],'
    '"processes":{"p1":{"serviceName":"cart","tags":[]}}}]}\n',
    sniff=sniff,
    read=read,
    is_helped=True,
    differs={
        "start_ns": "whole microseconds",
        "duration_ns": "whole microseconds",
        "events": "times in whole microseconds",
        "links": "references, with their kind as an attribute; one that names the parent too is the parent alone",
        "attributes": "exporters add tags: span.kind, error, otel.status_code, otel.scope.name and others",
        "resource": "the service is no tag of its process",
        "extra": "the version of the scope is a tag",
    },
)
