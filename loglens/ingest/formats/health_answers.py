"""Health answers into rows of `health_checks`: whose they are, what they say, and the single checks."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pyarrow as pa

from loglens.ingest.formats.health import CHECKS, is_answer, is_pods
from loglens.ingest.formats.metric_rows import FILE_TIME
from loglens.ingest.formats.otlp_batches import Ordinals
from loglens.ingest.pieces import Reject, RejectSpool
from loglens.ingest.reader import Reading
from loglens.ingest.timestamps import time_ns_sql

Json = dict[str, Any]
Row = dict[str, Any]

_SCHEMA = pa.schema(
    [
        ("line", pa.int64()), ("ordinal", pa.int32()), ("time", pa.string()), ("service", pa.string()),
        ("instance", pa.string()), ("status", pa.string()), ("version", pa.string()), ("uptime_s", pa.float64()),
        ("latency_ms", pa.float64()), ("checks", pa.string()), ("attributes", pa.string()),
    ]
)  # fmt: skip
_INSERT = f"""
    INSERT INTO health_checks (
        source_id, line, ordinal, ts_ns, service, instance, status, version, uptime_s, latency_ms, checks, attributes
    )
    SELECT
        $source_id,
        line,
        ordinal,
        CASE WHEN time IS NULL THEN $file_ns::BIGINT ELSE {time_ns_sql("time")} END,
        service,
        instance,
        status,
        version,
        uptime_s,
        latency_ms,
        checks,
        attributes
    FROM input
"""

# Members by the column they fill, the first that is there wins.
_TEXT = {
    "time": ("timestamp", "@timestamp", "time", "ts", "checked_at", "asked_at"),
    "service": ("service", "service_name", "serviceId", "app", "application", "name"),
    "instance": ("instance", "pod", "hostname", "host", "node"),
    "version": ("version", "releaseId", "build"),
}
_NUMBERS = {
    "uptime_s": (("uptime_seconds", 1), ("uptime_s", 1), ("uptime_ms", 0.001), ("uptime", 1)),
    "latency_ms": (("latency_ms", 1), ("duration_ms", 1), ("response_time_ms", 1), ("latency_seconds", 1000)),
}
_READINESS = {"True": "ready", "False": "not ready"}
# Names of single checks that some endpoints answer beside the status instead of below a member for all of them.
_SINGLE = ("database", "db", "postgres", "redis", "cache", "message_queue", "queue", "disk", "keycloak")


class DoubledKey(ValueError):
    """An object with one key twice: one of the two values would be lost."""


class PodMetadata(msgspec.Struct):
    """Whose a pod is."""

    name: str | None = None
    labels: dict[str, str] = {}


class PodStatus(msgspec.Struct):
    """What is known of a pod."""

    conditions: list[Json] = []
    containerStatuses: list[Json] = []  # noqa: N815 - the name in the API


class Pod(msgspec.Struct):
    """A pod of Kubernetes, as far as it fills columns."""

    metadata: PodMetadata
    status: PodStatus


class HealthReading:
    """One pass over the answers of a source."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._rejects = RejectSpool()
        self._ordinals = Ordinals()

    def run(self) -> None:
        """Read the source to its end."""
        reading = self._reading
        binds = {"source_id": reading.source_id, "file_ns": reading.modified_ns}
        reading.counts.records += reading.insert(_INSERT, _SCHEMA, self._batches(), binds)
        reading.counts.untimed += reading.count_untimed("health_checks")
        self._rejects.insert(reading.connection, reading.source_id)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._reading.pieces:
            rows: list[Row] = []
            for line, lines, text in zip(*(batch[name].to_pylist() for name in ("line", "lines", "text")), strict=True):
                rows += self._rows(line, lines, text)
            if rows:
                yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)

    def _rows(self, line: int, lines: int, text: str) -> list[Row]:
        try:
            rows = _read(text)
        except RecursionError:
            return self._reject(line, lines, "nested too deep", text)
        except ValueError as error:
            return self._reject(line, lines, str(error), text)
        self._reading.counts.record_lines += lines
        first = self._ordinals.take(line, len(rows))
        return [
            row | {"line": line, "ordinal": ordinal} | self._assumed(row) for ordinal, row in enumerate(rows, first)
        ]

    def _assumed(self, row: Row) -> Row:
        """Note what an answer does not say, and return the service it then belongs to."""
        fallback = self._reading.fallback_service
        if row["time"] is None:
            self._reading.assume(*FILE_TIME)
        if row["service"] is not None:
            return {}
        self._reading.assume("service", f"{fallback}, from the file's name, where an answer names none")
        return {"service": fallback}

    def _reject(self, line: int, lines: int, reason: str, text: str) -> list[Row]:
        self._rejects.add(Reject(line, lines, reason, text.rstrip("\r\n")))
        return []


def _read(text: str) -> list[Row]:
    """Return the rows of an answer, or of pods; raises ValueError that says why it is none."""
    value = json.loads(text, object_pairs_hook=_members, parse_float=_finite)
    if "\\u" in text and not _is_text(value):
        raise ValueError("half of a surrogate pair")
    if is_pods(value):
        return [_pod(item) for item in value.get("items", [value])]
    if is_answer(value):
        return [_answer(value)]
    raise ValueError("no answer of a health endpoint")


def _is_text(value: object) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _members(pairs: list[tuple[str, Any]]) -> Json:
    members = dict(pairs)
    if len(members) < len(pairs):
        names = [name for name, _ in pairs]
        raise DoubledKey(f"the key {next(name for name in names if names.count(name) > 1)!r} comes twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"{text} is beyond any number")
    return number


def _answer(value: Json) -> Row:
    """Read the answer of an endpoint; what fills no column stays in `attributes`."""
    rest = dict(value)
    row: Row = {"status": rest.pop("status")}
    for column, names in _TEXT.items():
        found = next((name for name in names if isinstance(rest.get(name), str) or _is_number(rest.get(name))), None)
        row[column] = None if found is None else str(rest.pop(found))
    for column, scaled in _NUMBERS.items():
        number = next(((name, by) for name, by in scaled if _is_number(rest.get(name))), None)
        row[column] = None if number is None else float(rest.pop(number[0])) * number[1]
    checks: Json = {}
    for name in (*CHECKS, *_SINGLE):
        if isinstance(rest.get(name), dict):
            single = rest[name] if name in CHECKS else {name: rest[name]}
            # Of two checks with one name the second stays where it was, so that none is lost.
            if not single.keys() & checks.keys():
                checks |= single
                del rest[name]
    return row | {"checks": _written(checks), "attributes": _written(rest)}


def _pod(pod: Json) -> Row:
    """Read what Kubernetes knows of a pod: its status is that of its condition Ready."""
    known = msgspec.convert(pod, Pod)
    labels = known.metadata.labels
    conditions = {str(each.get("type")): each for each in known.status.conditions}
    containers = {str(each.get("name")): each for each in known.status.containerStatuses}
    ready = conditions.get("Ready", {}).get("status")
    named = labels.get("app.kubernetes.io/name") or labels.get("app") or next(iter(containers), None)
    return {
        "time": None,
        "service": named,
        "instance": known.metadata.name,
        "status": _READINESS.get(str(ready), "unknown"),
        "version": labels.get("app.kubernetes.io/version"),
        "uptime_s": None,
        "latency_ms": None,
        "checks": _written({**conditions, **containers}),
        "attributes": _written(pod),
    }


def _is_number(value: object) -> bool:
    """Say whether a value is a number that a double holds."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1 << 1023


def _written(members: Json) -> str | None:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")) if members else None
