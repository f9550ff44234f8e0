"""Zipkin v2 JSON: spans in lists, lists of traces, or one span a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from loglens.ingest.reader import Format, Reading, Sample

_BEGINS = re.compile(rb'\s*\[[\s\[]*\{(?=.*"traceId")(?=.*"localEndpoint")', re.DOTALL)


def _is_span(value: object) -> bool:
    return isinstance(value, dict) and {"traceId", "id"} <= value.keys() and not {"spanId", "resource"} & value.keys()


def _flat(values: Iterable[object]) -> Iterator[object]:
    for value in values:
        if isinstance(value, list):
            yield from _flat(value)
        else:
            yield value


def sniff(sample: Sample) -> float:
    """Say how surely a content holds spans of Zipkin: by their two ids, or by how a large list begins."""
    values = list(_flat(sample.values))
    if not values:
        return 0.8 if _BEGINS.match(sample.head[:4096]) else 0.0
    known = sum(map(_is_span, values))
    return 0.97 * known / len(values) if 2 * known > len(values) else 0.0


def read(reading: Reading) -> None:
    """Read spans of Zipkin into `spans`, and what is none into `rejects`."""
    from loglens.ingest.formats.span_reading import SpanReading
    from loglens.ingest.formats.zipkin_spans import ZipkinSpans

    SpanReading(reading, ZipkinSpans).run()


FORMAT = Format(
    name="zipkin",
    title="Zipkin v2 JSON",
    marks="traceId beside id in a list of JSON objects",
    carries=("spans",),
    example='[{"traceId":"5982fe77008310cc80f1da5e10147517","id":"bd7a977555f6b982","kind":"SERVER","name":"get /cart",'
    '"timestamp":1458702548467000,"duration":386000,"localEndpoint":{"serviceName":"cart"},"tags":{"http.path":"/"}}]\n',
    sniff=sniff,
    read=read,
    is_helped=True,
    reads_lists=True,
    differs={
        "instance": "the address of the endpoint, where there is one",
        "start_ns": "whole microseconds",
        "duration_ns": "whole microseconds",
        "events": "annotations: times in whole microseconds, and no attributes",
        "links": "there are none",
        "attributes": "every value is a text; exporters add tags: error, otel.status_code, otel.scope.name and others",
        "resource": "there is none",
        "extra": "the endpoints; the version of the scope is a tag",
    },
)
