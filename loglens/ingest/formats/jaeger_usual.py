"""Spans of Jaeger as its API and its UI mostly write them, read by type; every other one is left to SQL."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from loglens.ingest.formats.otlp_words import Words
from loglens.ingest.formats.span_pieces import Shared, Usual
from loglens.ingest.formats.span_usual import Integer, Microseconds, Text, Typed, encode, given, read

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


_SPAN = msgspec.json.Decoder(Span)
_PROCESS = msgspec.json.Decoder(Process)


def read_usual(text: msgspec.Raw, processes: dict[str, tuple[str, bool]], shared: Words) -> Usual | None:
    """Read a span of the usual shape, None where it has another."""
    span = read(_SPAN, text)
    if span is None or span.logs or not (span.traceID and span.spanID):
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
    process = processes.get(span.processID, ("", False))[0] if span.processID is not UNSET else ""
    scope = tags.get("otel.scope.name", tags.get("otel.library.name"))
    about = (tags.get("span.kind"), tags.get("otel.status_code"), error, scope, tags.get("otel.status_description"))
    code = shared[process, span.flags, span.warnings is None, span.warnings is UNSET, *about]
    if shared.found[code] is None:
        return None
    return Usual(
        span.traceID,
        span.spanID,
        parent,
        given(span.operationName),
        span.startTime,
        None if span.duration is UNSET else span.duration,
        encode(tags).decode() if tags else None,
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
    origin = read(_PROCESS, process.encode()) if process else Process()
    tags = _by_key(origin.tags) if origin else None
    if origin is None or tags is None or "\\u" in process:
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
