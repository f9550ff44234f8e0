"""Log records of OTLP JSON: read one at a time, the schema they travel in and the statement that stores them."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from loglens.ingest.durations import duration_ns_sql
from loglens.ingest.formats.otlp_exact import Row, text_of
from loglens.ingest.formats.otlp_origin import Origin
from loglens.ingest.formats.otlp_scalars import (
    SPAN_ID_BYTES,
    TRACE_ID_BYTES,
    read_id,
    read_severity,
    read_time,
    severity_name,
    severity_of_text,
)
from loglens.ingest.formats.otlp_spans import OBJECT
from loglens.ingest.formats.otlp_values import Writer, parse
from loglens.ingest.route_shape import route_shape_sql
from loglens.ingest.semconv import LOG_COLUMNS, LOG_DURATIONS, LOG_DURATIONS_WITHOUT_UNIT, spellings

FEW = pa.dictionary(pa.int32(), pa.string())
LOG_SCHEMA = pa.schema(
    [
        ("line", pa.int64()),
        ("ordinal", pa.int32()),
        ("ts_ns", pa.int64()),
        ("service", FEW),
        ("instance", FEW),
        ("resource", FEW),
        ("scope_name", FEW),
        ("level", FEW),
        ("severity_number", pa.int32()),
        ("message", pa.string()),
        ("trace_id", pa.string()),
        ("span_id", pa.string()),
        ("attributes", pa.string()),
        ("beside", pa.string()),
        ("raw", pa.string()),
    ]
)
# Members of a record that stand beside its attributes in the column `attributes`, and those that come with its origin.
BESIDE = ("observedTimeUnixNano", "droppedAttributesCount", "flags", "eventName")
RESERVED = frozenset({*BESIDE, "scope", "resource", "scopeSchemaUrl", "resourceSchemaUrl"})
LOG_MEMBERS = frozenset({"timeUnixNano", "severityNumber", "severityText", "body", "attributes", "traceId", "spanId"})

_NAMES = {column: spellings(names) for column, names in LOG_COLUMNS.items()}
_GROUPS = (*_NAMES.values(), LOG_DURATIONS, LOG_DURATIONS_WITHOUT_UNIT)
_PATHS = ["$", *(f'$."{name}"' for names in _GROUPS for name in names)]
_PLACES = {path[3:-1]: place for place, path in enumerate(_PATHS, 1)}
_BARE = "CASE WHEN contains(target, '://') THEN regexp_extract(target, '^[^/?#]*://[^/?#]*([^#]*)', 1) ELSE target END"
_ATTRIBUTES = """CASE WHEN beside IS NULL THEN attributes WHEN attributes IS NULL THEN '{' || beside || '}'
            ELSE left(attributes, -1) || ',' || beside || '}' END"""


def exact_log(text: bytes, origin: Origin) -> Row:
    """Read one log record as a row of LOG_SCHEMA, without its place; raises Malformed."""
    writer = Writer()
    record = writer.members(parse(text), "log record")
    time, known_time = read_time(record.get("timeUnixNano"))
    observed, _ = read_time(record.get("observedTimeUnixNano"))
    number, known_number = read_severity(record.get("severityNumber"))
    level = text_of(record.get("severityText"), writer) or None
    writer.lost |= not (known_time and known_number)
    number = number or (severity_of_text(level) if level else None)
    attributes = writer.attributes(record.get("attributes"))
    beside = _beside(record, origin, writer)
    if attributes and beside:
        writer.lost |= not parse(attributes).keys().isdisjoint(parse(f"{{{beside}}}"))
    row: Row = {
        "ts_ns": time if time is not None else observed,
        "severity_number": number,
        "level": level or severity_name(number),
        "message": _message(record.get("body"), writer),
        "trace_id": read_id(record.get("traceId"), "traceId", TRACE_ID_BYTES),
        "span_id": read_id(record.get("spanId"), "spanId", SPAN_ID_BYTES),
        "attributes": attributes,
        "beside": beside,
        "service": origin.service,
        "instance": origin.instance,
        "resource": origin.resource,
        "scope_name": origin.scope_name,
    }
    row["raw"] = text.decode() if writer.lost else None
    return row


def _message(body: Any, writer: Writer) -> str | None:
    """Return a text body as it is, any other as JSON text, None for none."""
    if body is None or body == {}:
        return None
    kinds = writer.members(body, "body")
    text = kinds.get("stringValue")
    if len(kinds) == 1 and text is not None:
        return text_of(text, writer)
    return writer.any_value(body, "body")


def _beside(record: dict[str, Any], origin: Origin, writer: Writer) -> str | None:
    """Write what else the record and its origin hold, as members of an object."""
    members = [f"{writer.string(key)}:{writer.plain(value)}" for key, value in record.items() if key not in LOG_MEMBERS]
    if origin.extra:
        members.append(origin.extra)
    return ",".join(members) or None


def _first(column: str) -> str:
    return "coalesce(" + ", ".join(f"found[{_PLACES[name]}]" for name in _NAMES[column]) + ")"


def _duration_text() -> str:
    names = (*LOG_DURATIONS, *LOG_DURATIONS_WITHOUT_UNIT)
    return f"coalesce({', '.join(f'found[{_PLACES[name]}]' for name in names)})"


def _duration_unit() -> str:
    units = " ".join(f"WHEN found[{_PLACES[name]}] IS NOT NULL THEN '{unit}'" for name, unit in LOG_DURATIONS.items())
    return f"CASE {units} ELSE $duration_unit END"


def log_statement() -> str:
    """Return the INSERT of LOG_SCHEMA batches, read as `input`, for `$source_id`; `$duration_unit` may be null."""
    named = ", ".join(f"{_first(column)} AS {column}" for column in LOG_COLUMNS)
    return f"""
    INSERT INTO logs (
        source_id, line, ordinal, ts_ns, service, instance, severity_number, level, logger, message, trace_id, span_id,
        request_id, user_id, error_type, error_message, http_method, path, route, status_code, duration_ns, attributes,
        resource, raw
    )
    SELECT
        $source_id, line, ordinal, ts_ns, service, instance, severity_number, level, coalesce(scope_name, logger),
        message, trace_id, span_id, request_id, user_id, error_type, error_message, http_method, target,
        CASE WHEN route IS NULL AND bare IS NOT NULL THEN {route_shape_sql("bare")} ELSE route END,
        TRY_CAST(status_code AS SMALLINT),
        CASE WHEN duration IS NOT NULL THEN {duration_ns_sql("duration", "unit")} END,
        {_ATTRIBUTES}, resource, raw
    FROM (SELECT *, {_BARE} AS bare FROM (
        SELECT * EXCLUDE (attributes, found), CASE WHEN attributes IS NOT NULL THEN found[1] END AS attributes,
            {named}, coalesce(path, url) AS target,
            {_duration_text()} AS duration, {_duration_unit()} AS unit
        FROM (SELECT *, json_extract_string({OBJECT}, {_PATHS!r}) AS found FROM input)
    ))
    """
