"""One span or log record at a time, whatever its spelling: the exact reader behind the fast one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from loglens.ingest.formats.otlp_origin import Origin
from loglens.ingest.formats.otlp_scalars import (
    KINDS,
    SPAN_ID_BYTES,
    STATUSES,
    TRACE_ID_BYTES,
    read_enum,
    read_id,
    read_time,
    with_hex_ids,
)
from loglens.ingest.formats.otlp_values import Malformed, Number, Writer, canonical, encodable, parse

Row = dict[str, Any]

SPAN_MEMBERS = frozenset(
    {
        "traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano", "attributes",
        "events", "links", "status",
    }
)  # fmt: skip

BEHIND_ATTRIBUTES = frozenset({"events", "links", "status"})


def exact_span(text: bytes, origin: Origin) -> Row:
    """Read one span as a row of the span batches, without its place; raises Malformed."""
    writer = Writer()
    span = writer.members(parse(text), "span")
    trace_id = read_id(span.get("traceId"), "traceId", TRACE_ID_BYTES)
    span_id = read_id(span.get("spanId"), "spanId", SPAN_ID_BYTES)
    if trace_id is None or span_id is None:
        raise Malformed(f"{'spanId' if trace_id else 'traceId'} is absent, empty or all zeros")
    kind, known_kind = read_enum(span.get("kind"), KINDS, "SPAN_KIND_")
    start, known_start = read_time(span.get("startTimeUnixNano"))
    end, known_end = read_time(span.get("endTimeUnixNano"))
    status = writer.members(span.get("status"), "status")
    code, known_code = read_enum(status.get("code"), STATUSES, "STATUS_CODE_")
    writer.lost |= not (known_kind and known_start and known_end and known_code)
    writer.lost |= (start is None) != (end is None) or bool(status.keys() - {"code", "message"})
    row: Row = {
        "trace_id": trace_id,
        "span_id": span_id,
        "parent_span_id": read_id(span.get("parentSpanId"), "parentSpanId", SPAN_ID_BYTES),
        "name": text_of(span.get("name"), writer),
        "kind": kind,
        "start_ns": start,
        "duration_ns": end - start if start is not None and end is not None else None,
        "status": code,
        "status_message": text_of(status.get("message"), writer) or None,
        "attributes": writer.attributes(span.get("attributes")),
        "events": json_list(span.get("events"), "events", writer),
        "links": links_of(span, writer),
        "extra": extra_of(span, SPAN_MEMBERS, origin, writer),
        "service": origin.service,
        "instance": origin.instance,
        "resource": origin.resource,
        "scope_name": origin.scope_name,
    }
    row["exception_type"] = exception_type(row["events"]) if row["events"] else None
    row["raw"] = text.decode() if writer.lost else None
    return row


def exact_rest(text: str) -> Row | None:
    """Read what stands behind the attributes of a span as the columns it fills, None where one does not carry it all.

    Raises Malformed.
    """
    writer = Writer()
    rest = writer.members(parse(text), "span")
    status = writer.members(rest.get("status"), "status")
    code, known = read_enum(status.get("code"), STATUSES, "STATUS_CODE_")
    members = [f"{writer.string(key)}:{writer.plain(value)}" for key, value in rest.items() if key not in SPAN_MEMBERS]
    row: Row = {
        "status": code,
        "status_message": text_of(status.get("message"), writer) or None,
        "events": json_list(rest.get("events"), "events", writer),
        "links": links_of(rest, writer),
        "extra": ",".join(members),
    }
    row["exception_type"] = exception_type(row["events"]) if row["events"] else None
    is_whole = known and not writer.lost and not status.keys() - {"code", "message"}
    return row if is_whole and not rest.keys() & (SPAN_MEMBERS - BEHIND_ATTRIBUTES) else None


def extra_of(record: Mapping[str, Any], read: frozenset[str], origin: Origin, writer: Writer) -> str | None:
    """Write what else a record and its origin hold, None for nothing."""
    members = [f"{writer.string(key)}:{writer.plain(value)}" for key, value in record.items() if key not in read]
    if origin.extra:
        members.append(origin.extra)
    return "{" + ",".join(members) + "}" if members else None


def text_of(value: Any, writer: Writer) -> str | None:
    """Return a text; what is none is written as JSON, and counts as lost."""
    if value is None:
        return None
    if isinstance(value, str) and not isinstance(value, Number):
        return writer.text(value)
    writer.lost = True
    return writer.plain(value)


def json_list(value: Any, what: str, writer: Writer) -> str | None:
    """Write a list of objects with canonical keys, None for an empty one; raises Malformed."""
    elements = writer.elements(value, what)
    for element in elements:
        members = writer.members(element, f"an element of {what}")
        for pair in writer.elements(members.get("attributes"), f"attributes in {what}"):
            writer.members(pair, f"an attribute in {what}")
    return writer.plain(canonical(elements, writer)) if elements else None


def links_of(span: Mapping[str, Any], writer: Writer) -> str | None:
    """Write the links of a span, their ids in lower-case hex; raises Malformed."""
    links = json_list(span.get("links"), "links", writer)
    return with_hex_ids(links) if links else None


def _objects(value: Any) -> list[dict[str, Any]]:
    """Return the objects of a list, none where it is no list."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def exception_type(events: str) -> str | None:
    """Return the exception.type of the first event that has one, from the JSON text of events."""
    # Nulls stand in the lists of some exporters, anything in those that are broken.
    for event in _objects(parse(events)):
        for pair in _objects(event.get("attributes")):
            if pair.get("key") == "exception.type" and isinstance(pair.get("value"), dict):
                content = next(iter(pair["value"].values()), None)
                if isinstance(content, str):
                    return encodable(content)
    return None
