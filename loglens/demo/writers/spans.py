"""Spans as the collector's file exporter writes them: one JSON line for each batch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from loglens.demo.engine import SECOND
from loglens.demo.platform import START_NS
from loglens.demo.telemetry import Span
from loglens.demo.writers.lines import Lines, compact_json
from loglens.demo.writers.otlp import Json, attributes, resource

FILE = "traces.otlp.jsonl"
BATCH_NS = 60 * SECOND
ERROR = 2


def lines(spans: Sequence[Span]) -> Lines:
    """Return one line for each batch; a span is in the batch of its end, under the resource of its instance."""
    written = Lines()
    ordered = sorted(spans, key=lambda span: (_batch(span), *_process(span), span.end_ns))
    for batch, of_batch in groupby(ordered, key=_batch):
        resources: list[Json] = []
        amount = 0
        for _, of_instance in groupby(of_batch, key=_process):
            group = list(of_instance)
            amount += len(group)
            scope: Json = {"name": group[0].instance.service, "version": group[0].instance.version}
            inside = {"scope": scope, "spans": [_span(span) for span in group]}
            resources.append({"resource": resource(group[0].instance), "scopeSpans": [inside]})
        written.add(START_NS + (batch + 1) * BATCH_NS, compact_json({"resourceSpans": resources}), "spans", amount)
    return written


def _batch(span: Span) -> int:
    return (span.end_ns - START_NS) // BATCH_NS


def _process(span: Span) -> tuple[int, int]:
    return span.instance.number, span.instance.started_ns


def _span(span: Span) -> Json:
    written: Json = {"traceId": span.trace_id, "spanId": span.span_id}
    if span.parent:
        written["parentSpanId"] = span.parent
    written |= {
        "name": span.name,
        "kind": int(span.kind),
        "startTimeUnixNano": str(span.start_ns),
        "endTimeUnixNano": str(span.end_ns),
    }
    if span.attributes:
        written["attributes"] = attributes(span.attributes.items())
    if span.events:
        written["events"] = [
            {"timeUnixNano": str(each.at_ns), "name": each.name, "attributes": attributes(each.attributes.items())}
            for each in span.events
        ]
    if span.links:
        written["links"] = [{"traceId": trace_id, "spanId": span_id} for trace_id, span_id in span.links]
    if span.error is not None:
        written["status"] = {"code": ERROR, "message": span.error}
    return written
