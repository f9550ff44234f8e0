"""Which keys of a JSON log record become which column, over all frameworks; a new framework is a few words here.

A key with points is looked for as it is and nested: `log.level` is the key `log.level`, or `level` within `log`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from loglens.ingest.levels import Scale

# Keys of each column, the first that a record has wins.
KEYS: dict[str, tuple[str, ...]] = {
    "time": (
        "@timestamp", "timestamp", "ts", "time", "asctime", "datetime", "@t", "eventTime", "event_time", "log_time",
        "timeMillis", "date", "t",
    ),
    "level": (
        "level", "severity", "levelname", "log.level", "lvl", "loglevel", "log_level", "logLevel", "severity_text",
        "severityText", "level_name", "priority", "levelno", "severity_number", "severityNumber",
    ),
    "service": (
        "service.name", "service", "service_name", "serviceName", "app", "application", "app_name", "appname",
    ),
    "instance": (
        "service.instance.id", "service.node.name", "instance", "pod", "pod_name", "kubernetes.pod.name",
        "kubernetes.pod_name", "host.name", "hostname",
    ),
    "logger": ("logger", "logger_name", "loggerName", "log.logger", "logger.name", "component", "name"),
    "message": ("message", "msg", "event", "short_message", "@m", "text", "body"),
    "trace_id": (
        "trace_id", "traceId", "traceID", "trace.id", "traceid", "dd.trace_id", "otelTraceID", "otel.trace_id",
    ),
    "span_id": (
        "span_id", "spanId", "spanID", "span.id", "spanid", "dd.span_id", "otelSpanID", "otel.span_id",
        "transaction.id",
    ),
    "request_id": (
        "request_id", "requestId", "requestID", "req_id", "reqId", "http.request.id", "correlation_id",
        "correlationId", "x_request_id", "x-request-id", "X-Request-ID",
    ),
    "user_id": ("user_id", "userId", "user.id", "enduser.id", "usr.id", "uid"),
    "error_type": ("error.type", "error_type", "errorType", "exc_type", "exception.type", "err.type", "error.kind"),
    "error_message": (
        "error.message", "error_message", "errorMessage", "exception.message", "err.message", "error", "err",
        "exception", "exc_info",
    ),
    "http_method": (
        "http.request.method", "http.method", "http_method", "httpMethod", "method", "request_method", "verb",
        "req.method", "request.method",
    ),
    "path": (
        "url.path", "http.target", "path", "request_path", "request_uri", "uri", "url.original", "url.full", "url",
        "http.url", "req.url", "request.path", "request.url",
    ),
    "http_route": ("http.route", "http_route", "url.template", "route", "path_template"),
    "status_code": (
        "http.response.status_code", "http.status_code", "status_code", "statusCode", "http_status", "httpStatus",
        "response_status", "res.statusCode", "response.status", "status", "code",
    ),
    "duration": (
        "duration_ms", "durationMs", "latency_ms", "latencyMs", "elapsed_ms", "elapsedMs", "response_time_ms",
        "responseTimeMs", "duration_millis", "durationMillis", "elapsed_millis", "took_ms", "time_ms", "responseTime",
        "duration_us", "durationUs", "latency_us", "elapsed_us", "duration_micros", "durationMicros",
        "duration_ns", "durationNs", "latency_ns", "elapsed_ns", "duration_nanos", "durationNanos", "event.duration",
        "duration_s", "duration_sec", "duration_seconds", "durationSeconds", "latency_s", "latency_seconds",
        "elapsed_s", "elapsed_seconds", "request_time", "process_time",
        "duration", "latency", "elapsed", "elapsed_time", "response_time", "took", "dur",
    ),
}  # fmt: skip

_SUFFIXES = {
    "ms": ("_ms", "Ms", "millis", "Millis", "responseTime"),
    "us": ("_us", "Us", "_micros", "Micros"),
    "ns": ("_ns", "Ns", "_nanos", "Nanos", "event.duration"),
    "s": ("_s", "_sec", "_seconds", "Seconds", "request_time", "process_time"),
}
_SCALES: dict[str, Scale] = {
    "levelno": "python",
    "severity_number": "otel",
    "severityNumber": "otel",
    "severity": "syslog",
    "priority": "syslog",
}

# What a record speaks of, for telling logs from other JSON.
KINDS = ("time", "level", "message", "trace_id", "request_id", "status_code", "duration", "path")


def unit_of(key: str) -> str | None:
    """Return the unit a duration key names, None for a bare one."""
    return next((unit for unit, suffixes in _SUFFIXES.items() if key.endswith(suffixes)), None)


def scale_of(key: str) -> Scale:
    """Return the scale on which numbers under a level key count."""
    return _SCALES.get(key, "level")


def habit(keys: Mapping[str, str]) -> str:
    """Return the unit in which a framework counts bare durations, told by its keys of `time` and `message`.

    zerolog (`time` and `message`) counts milliseconds, zap (`ts` and `msg`) seconds, slog and logrus (`time` and `msg`)
    nanoseconds, others, such as Python's, seconds.
    """
    habits = {("time", "message"): "ms", ("time", "msg"): "ns"}
    return habits.get((keys.get("time", ""), keys.get("message", "")), "s")


@dataclass(frozen=True)
class Candidate:
    """One place in a record where the value of a column may be: a key, and the path it is found at."""

    column: str
    key: str
    parts: tuple[str, ...]

    @property
    def root(self) -> str:
        """The top-level key the path begins with."""
        return self.parts[0]

    @property
    def is_nested(self) -> bool:
        """True where the value is within another object."""
        return len(self.parts) > 1

    @property
    def json_path(self) -> str:
        """The path as DuckDB's JSON functions want it."""
        return "$" + "".join(f'."{part}"' for part in self.parts)


@cache
def candidates() -> tuple[Candidate, ...]:
    """Return every place of every column, first the columns in order, then the places by priority."""
    return tuple(
        Candidate(column, key, parts) for column, keys in KEYS.items() for key in keys for parts in _parts(key)
    )


def _parts(key: str) -> Iterator[tuple[str, ...]]:
    yield (key,)
    if "." in key:
        yield tuple(key.split("."))


@cache
def candidates_of(column: str) -> tuple[Candidate, ...]:
    """Return the places of one column, by priority."""
    return tuple(candidate for candidate in candidates() if candidate.column == column)


def find(record: Mapping[str, object], column: str) -> object:
    """Return what a record holds for a column, None for nothing."""
    for candidate in candidates_of(column):
        value: object = record
        for part in candidate.parts:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None
