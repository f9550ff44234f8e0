"""The shape in which OTLP JSON is usually written, decoded by type, and the bytes of a text that shape accounts for.

A text is read this way only if every byte of it is accounted for: then nothing can stand in it that the types do not
see, such as white space, a key that is there twice, or another spelling.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

import msgspec

from loglens.ingest.formats.otlp_origin import Around

NOTHING = msgspec.Raw(b"")
T = TypeVar("T")


class Status(msgspec.Struct, gc=False, forbid_unknown_fields=True):
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


class ScopeSpans(msgspec.Struct, Generic[T], gc=False, forbid_unknown_fields=True):
    """The spans of one scope."""

    scope: msgspec.Raw = NOTHING
    spans: list[T] = []
    schemaUrl: msgspec.Raw = NOTHING  # noqa: N815


class ResourceSpans(msgspec.Struct, Generic[T], gc=False, forbid_unknown_fields=True):
    """The scopes of one resource."""

    resource: msgspec.Raw = NOTHING
    scopeSpans: list[ScopeSpans[T]] = []  # noqa: N815
    schemaUrl: msgspec.Raw = NOTHING  # noqa: N815


class TraceRequest(msgspec.Struct, Generic[T], gc=False, forbid_unknown_fields=True):
    """One export request with spans."""

    resourceSpans: list[ResourceSpans[T]]  # noqa: N815


decode_spans = msgspec.json.Decoder(TraceRequest[Span]).decode
cut_spans = msgspec.json.Decoder(TraceRequest[msgspec.Raw]).decode
decode_span_list = msgspec.json.Decoder(list[Span]).decode


def groups(request: TraceRequest[T]) -> Iterator[tuple[Around, list[T]]]:
    """Yield the spans of each scope with the texts around them."""
    for resource_spans in request.resourceSpans:
        resource = bytes(resource_spans.resource)
        url = _url(resource_spans.schemaUrl)
        for scope_spans in resource_spans.scopeSpans:
            yield Around(resource, bytes(scope_spans.scope), url, _url(scope_spans.schemaUrl)), scope_spans.spans


def _url(text: msgspec.Raw) -> tuple[tuple[str, bytes], ...]:
    written = bytes(text)
    return (("schemaUrl", written),) if written else ()


def skeleton_bytes(request: TraceRequest[T]) -> int:
    """Return the bytes of a request without white space that stand around its spans.

    Those are the brackets, keys, resources and scopes, and the commas between spans.
    """
    total = len('{"resourceSpans":[]}') + _commas(len(request.resourceSpans))
    for resource_spans in request.resourceSpans:
        members = [_member("resource", resource_spans.resource), _member("schemaUrl", resource_spans.schemaUrl)]
        scopes = _commas(len(resource_spans.scopeSpans))
        for scope_spans in resource_spans.scopeSpans:
            inner = [_member("scope", scope_spans.scope), _member("schemaUrl", scope_spans.schemaUrl)]
            inner.append(len('"spans":[],') + _commas(len(scope_spans.spans)))
            scopes += sum(inner) + 1
        members.append(len('"scopeSpans":[],') + scopes)
        total += sum(members) + 1
    return total


def _commas(elements: int) -> int:
    return max(0, elements - 1)


def _member(key: str, text: msgspec.Raw) -> int:
    """Return the bytes of an object member with its key, colon and comma, 0 where it is absent."""
    size = memoryview(text).nbytes
    return size + len(key) + len('"":,') if size else 0
