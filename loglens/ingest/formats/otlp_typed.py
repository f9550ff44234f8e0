"""The shape in which OTLP JSON is usually written, decoded by type, and the bytes of a text that shape accounts for.

A text is read this way only if every byte of it is accounted for: then nothing can stand in it that the types do not
see, such as white space, a key that is there twice, or another spelling.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from loglens.ingest.formats.otlp_origin import Around
from loglens.ingest.formats.otlp_pieces import Signal

NOTHING = msgspec.Raw(b"")


class Status(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A span status."""

    code: int | str | None = None
    message: str | None = None


class Span(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A span; attributes, events and links stay text."""

    traceId: str  # noqa: N815
    spanId: str  # noqa: N815
    traceState: str | None = None  # noqa: N815
    parentSpanId: str | None = None  # noqa: N815
    flags: int | None = None
    name: str | None = None
    kind: int | str | None = None
    startTimeUnixNano: int | str | None = None  # noqa: N815
    endTimeUnixNano: int | str | None = None  # noqa: N815
    attributes: msgspec.Raw = NOTHING
    droppedAttributesCount: int | None = None  # noqa: N815
    events: msgspec.Raw = NOTHING
    droppedEventsCount: int | None = None  # noqa: N815
    links: msgspec.Raw = NOTHING
    droppedLinksCount: int | None = None  # noqa: N815
    status: Status | None = None


class LogRecord(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    """A log record; body and attributes stay text."""

    timeUnixNano: int | str | None = None  # noqa: N815
    observedTimeUnixNano: int | str | None = None  # noqa: N815
    severityNumber: int | str | None = None  # noqa: N815
    severityText: str | None = None  # noqa: N815
    body: msgspec.Raw = NOTHING
    attributes: msgspec.Raw = NOTHING
    droppedAttributesCount: int | None = None  # noqa: N815
    flags: int | None = None
    traceId: str | None = None  # noqa: N815
    spanId: str | None = None  # noqa: N815
    eventName: str | None = None  # noqa: N815


class ScopeSpans(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename={"records": "spans"}):
    """The spans of one scope."""

    scope: msgspec.Raw = NOTHING
    records: list[Span] = []
    schemaUrl: msgspec.Raw = NOTHING  # noqa: N815


class ResourceSpans(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename={"scopes": "scopeSpans"}):
    """The scopes of one resource."""

    resource: msgspec.Raw = NOTHING
    scopes: list[ScopeSpans] = []
    schemaUrl: msgspec.Raw = NOTHING  # noqa: N815


class TraceRequest(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename={"resources": "resourceSpans"}):
    """One export request with spans."""

    resources: list[ResourceSpans]


class ScopeLogs(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename={"records": "logRecords"}):
    """The log records of one scope."""

    scope: msgspec.Raw = NOTHING
    records: list[LogRecord] = []
    schemaUrl: msgspec.Raw = NOTHING  # noqa: N815


class ResourceLogs(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename={"scopes": "scopeLogs"}):
    """The scopes of one resource."""

    resource: msgspec.Raw = NOTHING
    scopes: list[ScopeLogs] = []
    schemaUrl: msgspec.Raw = NOTHING  # noqa: N815


class LogsRequest(msgspec.Struct, gc=False, forbid_unknown_fields=True, rename={"resources": "resourceLogs"}):
    """One export request with log records."""

    resources: list[ResourceLogs]


Request = TraceRequest | LogsRequest

decode_trace_request = msgspec.json.Decoder(TraceRequest).decode
decode_logs_request = msgspec.json.Decoder(LogsRequest).decode
decode_span_list = msgspec.json.Decoder(list[Span]).decode
decode_log_list = msgspec.json.Decoder(list[LogRecord]).decode


def groups(request: Request) -> Iterator[tuple[Around, Sequence[Any]]]:
    """Yield the records of each scope with the texts around them."""
    for resource in request.resources:
        text, url = bytes(resource.resource), _url("resource", resource.schemaUrl)
        for scope in resource.scopes:
            yield Around(text, bytes(scope.scope), url, _url("scope", scope.schemaUrl)), scope.records


def _url(place: str, text: msgspec.Raw) -> tuple[tuple[str, bytes], ...]:
    written = bytes(text)
    return ((f"{place}SchemaUrl", written),) if written else ()


def skeleton_bytes(request: Request, signal: Signal) -> int:
    """Return the bytes of a request without white space that stand around its records.

    Those are the brackets, keys, resources and scopes, and the commas between records.
    """
    total = len(signal.resources) + len('{"":[]}') + _commas(request.resources)
    for resource in request.resources:
        total += _member("resource", resource.resource) + _member("schemaUrl", resource.schemaUrl)
        total += len(signal.scopes[0]) + len('{"":[]}') + _commas(resource.scopes)
        for scope in resource.scopes:
            total += _member("scope", scope.scope) + _member("schemaUrl", scope.schemaUrl)
            total += len(signal.records) + len('{"":[]}') + _commas(scope.records)
    return total


def _commas(elements: Sequence[object]) -> int:
    return max(0, len(elements) - 1)


def _member(key: str, text: msgspec.Raw) -> int:
    """Return the bytes of an object member with its key, colon and comma, 0 where it is absent."""
    size = memoryview(text).nbytes
    return size + len(key) + len('"":,') if size else 0
