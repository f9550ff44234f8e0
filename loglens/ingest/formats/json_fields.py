"""Which keys of a JSON log record become which column, over all frameworks; a new framework is a few words here.

A key is written as a path: `log.level` is looked for as the key `log.level` and as `level` within `log`.
"""

from __future__ import annotations

from collections.abc import Sequence

TIME = ("time", "timestamp", "@timestamp", "ts", "asctime", "datetime", "date", "t", "eventTime", "event_time")
LEVEL = ("level", "lvl", "severity", "levelname", "log.level", "severity_text", "severityText", "loglevel", "log_level")
LEVEL_NUMBER = ("levelno", "severity_number", "severityNumber", "level_value", "priority")
MESSAGE = ("message", "msg", "event", "text", "body", "short_message", "log")
SERVICE = ("service", "service.name", "service_name", "serviceName", "app", "application", "appname", "app_name")

# Text columns of `logs` and their keys, the first that a record has wins.
TEXT: dict[str, tuple[str, ...]] = {
    "service": SERVICE,
    "instance": ("service.instance.id", "instance", "pod", "pod_name", "host.name", "hostname", "host"),
    "logger": ("logger", "log.logger", "logger_name", "loggerName", "name", "component"),
    "message": MESSAGE,
    "trace_id": ("trace_id", "traceId", "traceID", "trace.id", "dd.trace_id", "otelTraceID", "traceid"),
    "span_id": ("span_id", "spanId", "spanID", "span.id", "dd.span_id", "otelSpanID", "spanid"),
    "request_id": ("request_id", "requestId", "req_id", "reqId", "correlation_id", "correlationId", "x_request_id"),
    "user_id": ("user_id", "userId", "user.id", "enduser.id", "uid"),
    "error_type": ("error.type", "error_type", "errorType", "exc_type", "exception.type", "err.type"),
    "error_message": (
        "error.message",
        "error_message",
        "err.message",
        "exception.message",
        "exc_info",
        "error",
        "err",
        "exception",
    ),
    "http_method": (
        "http.request.method",
        "method",
        "http_method",
        "httpMethod",
        "http.method",
        "request_method",
        "verb",
    ),
    "path": (
        "path",
        "url.path",
        "url.original",
        "url",
        "uri",
        "http.target",
        "http.url",
        "request_uri",
        "request_path",
    ),
    "http_route": ("http.route", "route", "endpoint"),
    "status": (
        "status",
        "status_code",
        "statusCode",
        "http.response.status_code",
        "http_status",
        "http.status_code",
        "code",
    ),
}

# Keys of durations with the unit that they name; None where the framework's habit decides.
DURATION: tuple[tuple[str, str | None], ...] = (
    ("duration_ms", "ms"), ("durationMs", "ms"), ("latency_ms", "ms"), ("latencyMs", "ms"), ("elapsed_ms", "ms"),
    ("elapsedMs", "ms"), ("response_time_ms", "ms"), ("duration_millis", "ms"), ("took_ms", "ms"),
    ("duration_us", "us"), ("latency_us", "us"), ("elapsed_us", "us"), ("duration_micros", "us"),
    ("duration_ns", "ns"), ("latency_ns", "ns"), ("elapsed_ns", "ns"), ("event.duration", "ns"),
    ("duration_s", "s"), ("duration_seconds", "s"), ("latency_seconds", "s"), ("elapsed_seconds", "s"),
    ("request_time", "s"), ("process_time", "s"),
    ("duration", None), ("latency", None), ("elapsed", None), ("dur", None), ("took", None), ("response_time", None),
)  # fmt: skip

KINDS: dict[str, Sequence[str]] = {
    "time": TIME,
    "level": (*LEVEL, *LEVEL_NUMBER),
    "message": MESSAGE,
    "trace": TEXT["trace_id"],
    "request": TEXT["request_id"],
    "status": TEXT["status"],
    "duration": [key for key, _ in DURATION],
    "path": TEXT["path"],
}


def all_keys() -> list[str]:
    """Return every key, once, in a stable order."""
    lists = [TIME, LEVEL, LEVEL_NUMBER, *TEXT.values(), [key for key, _ in DURATION]]
    return list(dict.fromkeys(key for keys in lists for key in keys))


def spellings(key: str) -> list[str]:
    """Return the JSON paths of a key: as it is, and nested where it has points."""
    flat = f'$."{key}"'
    return [flat, "$." + ".".join(f'"{part}"' for part in key.split("."))] if "." in key else [flat]


def has_key(record: dict[str, object], key: str) -> bool:
    """Say whether a record has a key, as it is or nested."""
    if record.get(key) is not None:
        return True
    value: object = record
    for part in key.split("."):
        if not isinstance(value, dict):
            return False
        value = value.get(part)
    return value is not None
