"""What each table of events is in an index: its fields, named as the Elastic Common Schema names them.

Source: elastic.co/docs/reference/ecs, version 9; what it has no name for is named as OpenTelemetry does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

FieldType = Literal["date_nanos", "keyword", "text", "long", "double", "boolean", "flattened", "stored"]


@dataclass(frozen=True)
class Field:
    """One field of a document: where it stands, how it is indexed, and the SQL expression of its value.

    `flattened` is an object whose leaves can be searched without a mapping of their own, `stored` is kept in the
    document and not indexed.
    """

    name: str
    type: FieldType
    sql: str


@dataclass(frozen=True)
class Stream:
    """A table of events: its name, the column of its time in nanoseconds, and its fields."""

    name: str
    time: str
    fields: tuple[Field, ...]


# On every document: what it came from, so that an engineer finds the line and the reconciliation the source.
ORIGIN = (
    Field("loglens.source", "keyword", "$source_key"),
    Field("log.file.path", "keyword", "$uri"),
    Field("loglens.line", "long", "line"),
    Field("loglens.ordinal", "long", "ordinal"),
)

LOGS = Stream(
    "logs",
    "ts_ns",
    (
        Field("message", "text", "message"),
        Field("log.level", "keyword", "level"),
        Field("log.logger", "keyword", "logger"),
        Field("event.severity", "long", "severity_number"),
        Field("event.duration", "long", "duration_ns"),
        Field("service.name", "keyword", "service"),
        Field("service.node.name", "keyword", "instance"),
        Field("trace.id", "keyword", "trace_id"),
        Field("span.id", "keyword", "span_id"),
        Field("http.request.id", "keyword", "request_id"),
        Field("user.id", "keyword", "user_id"),
        Field("error.type", "keyword", "error_type"),
        Field("error.message", "text", "error_message"),
        Field("http.request.method", "keyword", "http_method"),
        Field("url.path", "keyword", "path"),
        Field("http.route", "keyword", "route"),
        Field("http.response.status_code", "long", "status_code"),
        Field("attributes", "flattened", "attributes"),
        Field("resource", "flattened", "resource"),
        Field("event.original", "stored", "raw"),
    ),
)
SPANS = Stream(
    "spans",
    "start_ns",
    (
        Field("span.name", "keyword", "name"),
        Field("span.kind", "keyword", "kind"),
        Field("span.is_entry", "boolean", "is_entry"),
        Field("trace.id", "keyword", "trace_id"),
        Field("span.id", "keyword", "span_id"),
        Field("parent.id", "keyword", "parent_span_id"),
        Field("service.name", "keyword", "service"),
        Field("service.node.name", "keyword", "instance"),
        Field("event.duration", "long", "duration_ns"),
        Field(
            "event.outcome",
            "keyword",
            "CASE status WHEN 'ERROR' THEN 'failure' WHEN 'OK' THEN 'success' ELSE 'unknown' END",
        ),
        Field("error.message", "text", "status_message"),
        Field("error.type", "keyword", "error_type"),
        Field("http.request.method", "keyword", "http_method"),
        Field("url.path", "keyword", "path"),
        Field("http.route", "keyword", "route"),
        Field("http.response.status_code", "long", "status_code"),
        Field("db.system.name", "keyword", "db_system"),
        Field("db.query.text", "keyword", "db_query"),
        Field("service.target.name", "keyword", "peer_service"),
        Field("messaging.system", "keyword", "messaging_system"),
        Field("messaging.destination.name", "keyword", "messaging_destination"),
        Field("gen_ai.request.model", "keyword", "gen_ai_model"),
        Field("gen_ai.usage.input_tokens", "long", "gen_ai_input_tokens"),
        Field("gen_ai.usage.output_tokens", "long", "gen_ai_output_tokens"),
        Field("user.id", "keyword", "user_id"),
        Field("otel.scope.name", "keyword", "scope_name"),
        Field("attributes", "flattened", "attributes"),
        Field("resource", "flattened", "resource"),
        Field("span.events", "stored", "events"),
        Field("span.links", "stored", "links"),
        Field("span.extra", "stored", "extra"),
        Field("event.original", "stored", "raw"),
    ),
)
METRIC_SAMPLES = Stream(
    "metric_samples",
    "ts_ns",
    (
        Field("service.name", "keyword", "service"),
        Field("metric.name", "keyword", "name"),
        Field("metric.type", "keyword", "type"),
        Field("metric.unit", "keyword", "unit"),
        Field("metric.value", "double", "if(isfinite(value), value, NULL)"),
        Field("metric.special", "keyword", "if(isfinite(value), NULL, CAST(value AS VARCHAR))"),
        Field("labels", "flattened", "labels"),
        Field("resource", "flattened", "resource"),
        Field("metric.extra", "stored", "extra"),
    ),
)
HEALTH_CHECKS = Stream(
    "health_checks",
    "ts_ns",
    (
        Field("service.name", "keyword", "service"),
        Field("service.version", "keyword", "version"),
        Field("health.status", "keyword", "status"),
        Field("health.uptime_s", "double", "if(isfinite(uptime_s), uptime_s, NULL)"),
        Field("health.latency_ms", "double", "if(isfinite(latency_ms), latency_ms, NULL)"),
        Field("service.node.name", "keyword", "instance"),
        Field("health.checks", "flattened", "checks"),
        Field("attributes", "flattened", "attributes"),
    ),
)
STREAMS: Mapping[str, Stream] = {stream.name: stream for stream in (LOGS, SPANS, METRIC_SAMPLES, HEALTH_CHECKS)}

# What the fields of an answer are called, where the Elastic Common Schema has a name; the others keep theirs.
RESULT_NAMES = {
    "service": "service.name",
    "route": "http.route",
    "trace_id": "trace.id",
    "span_id": "span.id",
    "level": "log.level",
    "message": "message",
}
