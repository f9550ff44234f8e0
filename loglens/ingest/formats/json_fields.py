"""Which keys of a JSON log record become which column, over all frameworks; a new framework is a few words here.

A key with points is looked for as it is and nested: `log.level` is the key `log.level`, or `level` within `log`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from loglens.ingest.formats.json_wrappers import MARKS
from loglens.ingest.levels import Scale

# Who holds the process that wrote a record, by its container, function or unit: its service where it names none.
_HOLDERS = (
    "kubernetes.labels.app_kubernetes_io/name", "kubernetes.labels.app", "kubernetes.container_name",
    "kubernetes.container.name", "k8s.container.name", "container.name", "container_name", "CONTAINER_NAME",
    "resource.labels.container_name", "resource.labels.service_name", "resource.labels.function_name",
    "resource.labels.module_id", "attrs.tag", "logGroup", "_SYSTEMD_UNIT", "SYSLOG_IDENTIFIER",
)  # fmt: skip
_INSTANCES = (
    "kubernetes.pod.name", "kubernetes.pod_name", "k8s.pod.name", "resource.labels.pod_name",
    "resource.labels.instance_id", "host.name", "host.hostname", "hostname", "_HOSTNAME", "logStream",
    "logStreamName",
)  # fmt: skip
# Stack traces: the first line of Java's and the like, the last one of Python's names the error.
STACKS = (
    "error.stack_trace", "error.stack", "err.stack", "exception.stacktrace", "stack_trace", "stacktrace", "stackTrace",
    "@x", "Exception", "stack",
)  # fmt: skip

# Keys of each column, the first that a record has wins.
KEYS: dict[str, tuple[str, ...]] = {
    "time": (
        "@timestamp", "timestamp", "ts", "time", "asctime", "datetime", "@t", "Timestamp", "eventTime", "event_time",
        "log_time", "timeMillis", "date", "t", "t.$date", "record.time.repr", "record.time.timestamp", "_time",
        "__REALTIME_TIMESTAMP", "created", "receiveTimestamp", "instant", "EdgeStartTimestamp", "EdgeEndTimestamp",
        "started_at",
        "envelope.@timestamp", "envelope.timestamp", "envelope.time", "envelope.date", "envelope.__REALTIME_TIMESTAMP",
    ),
    "level": (
        "level", "severity", "levelname", "log.level", "lvl", "loglevel", "log_level", "logLevel", "severity_text",
        "severityText", "level_name", "@l", "Level", "LogLevel", "record.level.name", "priority", "PRIORITY",
        "levelno", "severity_number", "severityNumber", "s", "@fields.level", "@fields.lvl", "envelope.severity",
        "envelope.PRIORITY",
    ),
    "service": (
        "service.name", "service", "service_name", "serviceName", "app", "application", "app_name", "appname",
        "application_name", "Application", "ServiceName", "_service", "_service_name", "_application", "_app",
        "record.extra.service", "Properties.Application", "labels.app", *_HOLDERS,
        *(f"envelope.{key}" for key in _HOLDERS), "envelope.service.name",
    ),
    "instance": (
        "service.instance.id", "service.node.name", "instance", "pod", "pod_name", *_INSTANCES, "HOSTNAME",
        "MachineName", "Properties.MachineName", "host", *(f"envelope.{key}" for key in _INSTANCES),
    ),
    "logger": (
        "logger", "logger_name", "loggerName", "log.logger", "logger.name", "component", "SourceContext",
        "Properties.SourceContext", "Category", "record.name", "target", "channel", "_logger", "_LoggerName", "c",
        "name",
    ),
    "message": (
        "message", "msg", "event", "short_message", "@m", "RenderedMessage", "Message", "record.message",
        "fields.message", "MESSAGE", "textPayload", "@message", "_msg", "@mt", "MessageTemplate", "text", "body",
        "log", "line", "@fields.message", "@fields.msg",
    ),
    "trace_id": (
        "trace_id", "traceId", "traceID", "trace.id", "traceid", "@tr", "TraceId", "dd.trace_id", "otelTraceID",
        "otel.trace_id", "mdc.traceId", "mdc.trace_id", "contextMap.traceId", "contextMap.trace_id",
        "record.extra.trace_id", "_trace_id", "_traceId", "X-B3-TraceId", "logging.googleapis.com/trace", "trace",
        "envelope.trace",
    ),
    "span_id": (
        "span_id", "spanId", "spanID", "span.id", "spanid", "@sp", "SpanId", "dd.span_id", "otelSpanID",
        "otel.span_id", "mdc.spanId", "mdc.span_id", "contextMap.spanId", "contextMap.span_id", "record.extra.span_id",
        "_span_id", "_spanId", "X-B3-SpanId", "logging.googleapis.com/spanId", "transaction.id", "envelope.spanId",
    ),
    "request_id": (
        "request_id", "requestId", "requestID", "req_id", "reqId", "http.request.id", "correlation_id",
        "correlationId", "x_request_id", "x-request-id", "X-Request-ID", "req.id", "RequestId", "awsRequestId",
        "function_request_id", "RayID", "mdc.requestId", "mdc.request_id", "record.extra.request_id", "_request_id",
    ),
    "user_id": (
        "user_id", "userId", "user.id", "enduser.id", "usr.id", "uid", "UserId", "mdc.userId", "mdc.user_id",
        "record.extra.user_id", "_user_id",
    ),
    "error_type": (
        "error.type", "error_type", "errorType", "exc_type", "exception.type", "err.type", "error.kind", "err.name",
        "error.name", "thrown.name", "record.exception.type", "exception.exception_class",
    ),
    "error_message": (
        "error.message", "error_message", "errorMessage", "exception.message", "err.message", "thrown.message",
        "record.exception.value", "exception.exception_message", "error", "err", "exception", "exc_info", *STACKS,
    ),
    "http_method": (
        "http.request.method", "http.method", "http_method", "httpMethod", "method", "request_method", "verb",
        "req.method", "request.method", "RequestMethod", "Properties.RequestMethod", "httpRequest.requestMethod",
        "ClientRequestMethod", "record.extra.http_method", "record.extra.method",
        "envelope.httpRequest.requestMethod",
    ),
    "path": (
        "url.path", "http.target", "path", "request_path", "request_uri", "uri", "url.original", "url.full", "url",
        "http.url", "req.url", "request.path", "request.url", "request.uri", "RequestPath", "Properties.RequestPath",
        "httpRequest.requestUrl", "ClientRequestURI", "ClientRequestPath", "record.extra.path",
        "envelope.httpRequest.requestUrl",
    ),
    "http_route": ("http.route", "http_route", "url.template", "route", "path_template", "record.extra.route"),
    "status_code": (
        "http.response.status_code", "http.status_code", "status_code", "statusCode", "http_status", "httpStatus",
        "response_status", "res.statusCode", "res.status", "response.status", "response.status_code",
        "response.statusCode", "StatusCode", "Properties.StatusCode", "httpRequest.status",
        "EdgeResponseStatus", "record.extra.status_code", "envelope.httpRequest.status", "status", "code",
    ),
    "duration": (
        "duration_ms", "durationMs", "latency_ms", "latencyMs", "elapsed_ms", "elapsedMs", "response_time_ms",
        "responseTimeMs", "duration_millis", "durationMillis", "elapsed_millis", "took_ms", "time_ms", "responseTime",
        "ElapsedMilliseconds", "elapsedMilliseconds", "EdgeTimeToFirstByteMs", "_duration_ms", "attr.durationMillis",
        "record.extra.duration_ms", "request_duration_ms", "requestDurationMs", "dur_ms",
        "duration_us", "durationUs", "latency_us", "elapsed_us", "duration_micros", "durationMicros",
        "duration_ns", "durationNs", "latency_ns", "elapsed_ns", "duration_nanos", "durationNanos", "event.duration",
        "request_duration_us", "request_duration_ns", "dur_us", "dur_ns",
        "duration_s", "duration_sec", "duration_seconds", "durationSeconds", "latency_s", "latency_seconds",
        "elapsed_s", "elapsed_seconds", "request_time", "process_time",
        "request_duration_s", "request_duration_seconds", "dur_s",
        "duration_min", "duration_minutes", "durationMinutes",
        "duration", "latency", "elapsed", "elapsed_time", "response_time", "took", "dur", "Elapsed",
        "Properties.Elapsed", "httpRequest.latency", "envelope.httpRequest.latency",
    ),
}  # fmt: skip

# Keys that say something only beside another one, of GELF, MongoDB and Monolog.
_BESIDE = {
    ("instance", "host"): "short_message",
    ("level", "s"): "ctx",
    ("logger", "c"): "ctx",
    ("logger", "channel"): "level_name",
    ("message", "line"): "labels",
}

_SUFFIXES = {
    "ms": ("_ms", "Ms", "millis", "Millis", "Milliseconds", "responseTime"),
    "us": ("_us", "Us", "_micros", "Micros"),
    "ns": ("_ns", "Ns", "_nanos", "Nanos", "event.duration"),
    "s": ("_s", "_sec", "_seconds", "Seconds", "request_time", "process_time"),
    "m": ("_min", "_minutes", "Minutes"),
}
_SCALES: dict[str, Scale] = {
    "levelno": "python",
    "severity_number": "otel",
    "severityNumber": "otel",
    "severity": "syslog",
    "priority": "syslog",
    "PRIORITY": "syslog",
    "envelope.PRIORITY": "syslog",
}

# The time as Log4j writes it: an object with `epochSecond` and `nanoOfSecond`.
INSTANT = "instant"

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
    """One place in a record where the value of a column may be: a key, and the path it is found at.

    `beside` is a top-level key without which it means something else.
    """

    column: str
    key: str
    parts: tuple[str, ...]
    beside: str | None = None

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
        Candidate(column, key, parts, _BESIDE.get((column, key)))
        for column, keys in KEYS.items()
        for key in keys
        for parts in _parts(key)
    )


def _parts(key: str) -> Iterator[tuple[str, ...]]:
    yield (key,)
    if "." in key:
        yield tuple(key.split("."))


@cache
def candidates_of(column: str) -> tuple[Candidate, ...]:
    """Return the places of one column, by priority."""
    return tuple(candidate for candidate in candidates() if candidate.column == column)


@cache
def known_roots() -> frozenset[str]:
    """Return the top-level keys that say something about a column, or that there is a record within."""
    roots = (root for place in candidates() for root in (place.root, place.beside) if root is not None)
    return frozenset(roots) | MARKS


def find(record: Mapping[str, object], column: str) -> object:
    """Return what a record holds for a column, None for nothing."""
    return next((value for _, value in _held(record, column)), None)


def found_at(record: Mapping[str, object]) -> dict[str, str]:
    """Return for each column that a record holds something for the key that is at, nested ones with points."""
    held = ((column, next(_held(record, column), None)) for column in KEYS)
    return {column: ".".join(first[0].parts) for column, first in held if first is not None}


def _held(record: Mapping[str, object], column: str) -> Iterator[tuple[Candidate, object]]:
    """Yield the places of a column at which a record holds something, by priority, with what that is."""
    for candidate in candidates_of(column):
        value: object = record if candidate.beside is None or candidate.beside in record else None
        for part in candidate.parts:
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            yield candidate, value
