"""Spans of Jaeger as its API and its UI mostly write them, read by type; every other one is left to SQL."""

from __future__ import annotations

from collections.abc import Iterator
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

INSTANCE_KEYS = ("service.instance.id", "k8s.pod.name", "host.name", "hostname")
KINDS = ("SERVER", "CLIENT", "PRODUCER", "CONSUMER", "INTERNAL")
_OUTCOMES = ("OK", "ERROR")


class Tag(Typed):
    """An attribute."""

    key: str
    type: str | UnsetType = UNSET
    value: str | bool | Integer = ""


class Reference(Typed):
    """A reference to another span."""

    refType: str  # noqa: N815 - the names in the API
    traceID: str  # noqa: N815
    spanID: str  # noqa: N815


class Process(Typed):
    """The service a span comes from."""

    serviceName: str | UnsetType = UNSET  # noqa: N815
    tags: list[Tag] | UnsetType = UNSET


class Nothing(Typed):
    """A log, where none is expected."""


class Span(Typed):
    """A span without logs."""

    traceID: str  # noqa: N815
    spanID: str  # noqa: N815
    startTime: Microseconds  # noqa: N815
    flags: Integer | UnsetType = UNSET
    operationName: Text = UNSET  # noqa: N815
    references: list[Reference] | UnsetType = UNSET
    duration: Microseconds | UnsetType = UNSET
    tags: list[Tag] | UnsetType = UNSET
    logs: list[Nothing] | UnsetType | None = UNSET
    processID: str | UnsetType = UNSET  # noqa: N815
    warnings: list[Nothing] | UnsetType | None = UNSET


class Trace(Typed):
    """A trace; its processes stay text."""

    spans: list[Span]
    traceID: Text = UNSET  # noqa: N815
    processes: dict[str, msgspec.Raw] | UnsetType = UNSET
    warnings: list[Nothing] | UnsetType | None = UNSET


class Answer(Typed):
    """An answer of the API, or what its UI downloads."""

    data: list[Trace]
    total: Integer | UnsetType = UNSET
    limit: Integer | UnsetType = UNSET
    offset: Integer | UnsetType = UNSET
    errors: list[Nothing] | UnsetType | None = UNSET


_SPAN = msgspec.json.Decoder(Span)
_TRACE = msgspec.json.Decoder(Trace)
_ANSWER = msgspec.json.Decoder(Answer)
_PROCESS = msgspec.json.Decoder(Process)


def read_usual(text: msgspec.Raw, processes: dict[str, bytes], shared: Words) -> Usual | None:
    """Read a span of the usual shape, None where it has another."""
    span = read(_SPAN, text)
    return None if span is None else _usual(span, processes, shared)


def read_traces(text: bytes, shared: Words) -> list[Usual] | None:
    """Read an answer or a trace whose spans all have the usual shape, None where one has another."""
    if text.startswith(b'{"data"'):
        answer = read(_ANSWER, text)
        traces = [] if answer is None else answer.data
    else:
        trace = read(_TRACE, text)
        traces = [] if trace is None else [trace]
    return all_usual(span for trace in traces for span in _of_trace(trace, shared))


def _of_trace(trace: Trace, shared: Words) -> Iterator[Usual | None]:
    processes = {} if trace.processes is UNSET else {name: bytes(text) for name, text in trace.processes.items()}
    return (_usual(span, processes, shared) for span in trace.spans)


def _usual(span: Span, processes: dict[str, bytes], shared: Words) -> Usual | None:
    if span.logs or not (span.traceID and span.spanID):
        return None
    parent = None
    if references := span.references or ():
        reference = references[0]
        if len(references) > 1 or reference.traceID != span.traceID:
            return None
        parent = reference.spanID
    tags = _by_key(span.tags)
    if tags is None:
        return None
    error = tags.get("error")
    if error.__class__ is bool:
        error = str(error)
    process = b"" if span.processID is UNSET else processes.get(span.processID, b"")
    scope = tags.get("otel.scope.name", tags.get("otel.library.name"))
    about = (tags.get("span.kind"), tags.get("otel.status_code"), error, scope, tags.get("otel.status_description"))
    code = shared[process, span.flags, span.warnings is None, span.warnings is UNSET, *about]
    if shared.found[code] is None:
        return None
    return (
        span.traceID,
        span.spanID,
        parent,
        given(span.operationName),
        span.startTime,
        None if span.duration is UNSET else span.duration,
        encode(tags) if tags else b"",
        code,
    )


def _by_key(tags: list[Tag] | UnsetType) -> dict[str, str | int] | None:
    """Return the values of tags, None where two have the same key."""
    if tags is UNSET:
        return {}
    found = {tag.key: tag.value for tag in tags}
    return found if len(found) == len(tags) else None


def read_shared(key: tuple[Any, ...]) -> tuple[Shared | None, int]:
    """Read what the spans of a process have in common that have some members and tags alike, None for another shape."""
    process, flags, has_null_warnings, lacks_warnings, *about = key
    if not all(text is None or text.__class__ is str for text in about):
        return None, -1
    kind, outcome, error, scope, description = about
    origin = read(_PROCESS, process) if process else Process()
    tags = _by_key(origin.tags) if origin else None
    if origin is None or tags is None or has_escape(process):
        return None, -1
    instance = next((tags[name] for name in INSTANCE_KEYS if name in tags), None)
    if not (instance is None or isinstance(instance, str)):
        return None, -1
    extra: dict[str, int | list[Nothing] | None] = {} if flags is UNSET else {"flags": flags}
    if not lacks_warnings:
        extra["warnings"] = None if has_null_warnings else []
    kind, outcome = (kind or "").upper(), (outcome or "").upper()
    failed = (error or "").lower() == "true"
    return Shared(
        service=origin.serviceName or None,
        instance=instance,
        scope_name=scope,
        resource=encode(tags).decode() if tags else None,
        extra=encode(extra).decode() if extra else None,
        kind=kind if kind in KINDS else "UNSPECIFIED",
        status=outcome if outcome in _OUTCOMES else "ERROR" if failed else "UNSET",
        status_message=description,
    ), 0
