"""OTLP JSON lines as other formats: `python -m benchmarks.inputs.other_spans FORMAT OUT OTLP_FILE`.

What becomes of kinds, statuses, scopes and events is what OpenTelemetry's exporters make of them.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.inputs.otlp_protobuf import encode, framed

Json = Any

KINDS = (None, "internal", "server", "client", "producer", "consumer")
TAG_TYPES = {"stringValue": "string", "intValue": "int64", "doubleValue": "float64", "boolValue": "bool"}


def _spans(request: Json) -> Iterator[tuple[dict[str, Json], dict[str, str], Json]]:
    """Yield the resource attributes, the scope and the span of each record of a request."""
    for resource_spans in request["resourceSpans"]:
        resource = {each["key"]: each["value"] for each in resource_spans["resource"]["attributes"]}
        for scope_spans in resource_spans["scopeSpans"]:
            yield from ((resource, scope_spans.get("scope", {}), span) for span in scope_spans["spans"])


def _tag(key: str, value: dict[str, Json]) -> Json:
    ((kind, plain),) = value.items()
    return {"key": key, "type": TAG_TYPES[kind], "value": int(plain) if kind == "intValue" else plain}


def _added(scope: dict[str, str], span: Json) -> dict[str, Json]:
    """Return what an exporter says of a span in tags, by name."""
    status = span.get("status", {})
    failed = status.get("code") == 2
    words = {
        "otel.scope.name": scope.get("name"),
        "otel.scope.version": scope.get("version"),
        "otel.status_code": {1: "OK", 2: "ERROR"}.get(status.get("code", 0)),
        "otel.status_description": status.get("message"),
    }
    return {key: {"stringValue": word} for key, word in words.items() if word} | (
        {"error": {"boolValue": True}} if failed else {}
    )


def _reference(kind: str, trace_id: str, span_id: str) -> Json:
    return {"refType": kind, "traceID": trace_id, "spanID": span_id}


def jaeger(request: Json) -> Json:
    """Return a download of Jaeger with the spans of a request."""
    traces: dict[str, Json] = {}
    for resource, scope, span in _spans(request):
        trace = traces.setdefault(span["traceId"], {"traceID": span["traceId"], "spans": [], "processes": {}})
        service = resource["service.name"]["stringValue"]
        tags = [_tag(key, value) for key, value in resource.items() if key != "service.name"]
        about = {"serviceName": service, "tags": tags}
        process = next((key for key, each in trace["processes"].items() if each == about), None)
        if process is None:
            process = f"p{len(trace['processes']) + 1}"
            trace["processes"][process] = about
        kind = KINDS[span.get("kind", 0)]
        added = _added(scope, span) | ({"span.kind": {"stringValue": kind}} if kind else {})
        parent = span.get("parentSpanId")
        events = [
            {
                "timestamp": int(event["timeUnixNano"]) // 1000,
                "fields": [
                    {"key": "event", "type": "string", "value": event["name"]},
                    *(_tag(each["key"], each["value"]) for each in event.get("attributes", [])),
                ],
            }
            for event in span.get("events", [])
        ]
        begin, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
        trace["spans"].append(
            {
                "traceID": span["traceId"],
                "spanID": span["spanId"],
                "operationName": span["name"],
                "references": [
                    *([_reference("CHILD_OF", span["traceId"], parent)] if parent else []),
                    *(_reference("FOLLOWS_FROM", link["traceId"], link["spanId"]) for link in span.get("links", [])),
                ],
                "startTime": begin // 1000,
                "duration": (end - begin) // 1000,
                "tags": [_tag(each["key"], each["value"]) for each in span.get("attributes", [])]
                + [_tag(key, value) for key, value in added.items()],
                "logs": events,
                "processID": process,
            }
        )
    return {"data": list(traces.values())}


def zipkin(request: Json) -> Json:
    """Return a list of spans of Zipkin with the spans of a request."""
    return [_zipkin_span(*each) for each in _spans(request)]


def _zipkin_span(resource: dict[str, Json], scope: dict[str, str], span: Json) -> Json:
    begin, end = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    attributes = {each["key"]: each["value"] for each in span.get("attributes", [])} | _added(scope, span)
    if "error" in attributes:
        attributes["error"] = {"stringValue": span["status"].get("message", "")}
    written = {
        "traceId": span["traceId"],
        "id": span["spanId"],
        "parentId": span.get("parentSpanId") or None,
        "name": span["name"],
        "kind": (KINDS[span.get("kind", 0)] or "internal").upper(),
        "timestamp": begin // 1000,
        "duration": (end - begin) // 1000,
        "localEndpoint": {"serviceName": resource["service.name"]["stringValue"]},
        "annotations": [
            {"timestamp": int(event["timeUnixNano"]) // 1000, "value": event["name"]}
            for event in span.get("events", [])
        ],
        "tags": {key: str(next(iter(value.values()))) for key, value in attributes.items()},
    }
    return {key: value for key, value in written.items() if value not in (None, [], "INTERNAL")}


def _line(convert: Callable[[Json], Json]) -> Callable[[Json], bytes]:
    return lambda request: msgspec.json.encode(convert(request)) + b"\n"


FORMATS: dict[str, Callable[[Json], bytes]] = {
    "jaeger": _line(jaeger),
    "zipkin": _line(zipkin),
    "protobuf": lambda request: framed([encode(request)], "delimited"),
}


if __name__ == "__main__":
    name, out, source = sys.argv[1:]
    with Path(source).open("rb") as lines, Path(out).open("wb") as written:
        for line in lines:
            written.write(FORMATS[name](msgspec.json.decode(line)))
