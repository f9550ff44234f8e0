"""Spans of Zipkin as they mostly are, read by type; every other one is left to SQL."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from loglens.ingest.formats.otlp_words import Words
from loglens.ingest.formats.span_pieces import Shared, Usual
from loglens.ingest.formats.span_usual import (
    Integer,
    Microseconds,
    Text,
    Typed,
    all_usual,
    encode,
    given,
    has_escape,
    read,
)

KINDS = ("CLIENT", "SERVER", "PRODUCER", "CONSUMER")
NOTHING = msgspec.Raw(b"")
_PEER = "peer.service"


class Endpoint(Typed):
    """One side of a call."""

    serviceName: Text = UNSET  # noqa: N815 - the names in the API
    ipv4: Text = UNSET
    ipv6: Text = UNSET
    port: Integer | UnsetType | None = UNSET


class Nothing(Typed):
    """An annotation, where none is expected."""


class Span(Typed):
    """A span without annotations; its endpoints stay text."""

    traceId: str  # noqa: N815
    id: str
    timestamp: Microseconds
    parentId: Text = UNSET  # noqa: N815
    name: Text = UNSET
    kind: str | UnsetType = UNSET
    duration: Microseconds | UnsetType = UNSET
    localEndpoint: msgspec.Raw | UnsetType = UNSET  # noqa: N815
    remoteEndpoint: msgspec.Raw | UnsetType = UNSET  # noqa: N815
    annotations: list[Nothing] | UnsetType = UNSET
    tags: dict[str, str] | UnsetType = UNSET
    debug: bool | UnsetType = UNSET
    shared: bool | UnsetType = UNSET


_SPAN = msgspec.json.Decoder(Span)
_SPANS = msgspec.json.Decoder(list[Span])
_ENDPOINT = msgspec.json.Decoder(Endpoint)


def read_usual(text: bytes | msgspec.Raw, shared: Words) -> Usual | None:
    """Read a span of the usual shape, None where it has another."""
    span = read(_SPAN, text)
    return None if span is None else _usual(span, shared)


def read_list(text: bytes, shared: Words) -> list[Usual] | None:
    """Read a list of spans that all have the usual shape, None where one has another."""
    return all_usual(_usual(span, shared) for span in read(_SPANS, text) or ())


def _usual(span: Span, shared: Words) -> Usual | None:
    if span.annotations or not (span.traceId and span.id):
        return None
    local, remote = span.localEndpoint, span.remoteEndpoint
    local_text = b"" if local is UNSET else bytes(local)
    remote_text = b"" if remote is UNSET else bytes(remote)
    tags = {} if span.tags is UNSET else span.tags
    about = tags.get("error"), tags.get("otel.status_code"), tags.get("otel.scope.name")
    code = shared[local_text, remote_text, span.kind, span.debug, span.shared, *about]
    found = shared.found[code]
    if found is None:
        return None
    attributes = encode(tags)
    if remote_text and found.kind in ("CLIENT", "PRODUCER") and b'"peer.service"' not in attributes:
        peer = _ENDPOINT.decode(remote_text).serviceName
        if isinstance(peer, str):
            attributes = encode(tags | {_PEER: peer})
    return (
        span.traceId,
        span.id,
        given(span.parentId),
        given(span.name),
        span.timestamp,
        None if span.duration is UNSET else span.duration,
        attributes if len(attributes) > 2 else b"",
        code,
    )


def read_shared(key: tuple[Any, ...]) -> tuple[Shared | None, int]:
    """Read what spans have in common that have their endpoints and some tags alike, None for another shape."""
    local, remote, kind, debug, shared, error, outcome, scope = key
    if not (kind is UNSET or kind in KINDS):
        return None, -1
    endpoints = [read(_ENDPOINT, text) if text else Endpoint() for text in (local, remote)]
    own = endpoints[0]
    if own is None or None in endpoints or has_escape(local) or has_escape(remote):
        return None, -1
    beside = {"localEndpoint": local, "remoteEndpoint": remote, "debug": debug, "shared": shared}
    extra = {
        name: msgspec.Raw(value) if isinstance(value, bytes) else value
        for name, value in beside.items()
        if value is not UNSET and value != b""
    }
    outcome = (outcome or "").upper()
    return Shared(
        service=given(own.serviceName) or None,
        instance=next((text for text in (given(own.ipv4), given(own.ipv6)) if text is not None), None),
        scope_name=scope,
        resource=None,
        extra=encode(extra).decode() if extra else None,
        kind="INTERNAL" if kind is UNSET else kind,
        status="ERROR" if error is not None else outcome if outcome in ("OK", "ERROR") else "UNSET",
        status_message=error or None,
    ), 0
