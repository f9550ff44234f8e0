"""Health answers into rows of `health_checks`: whose they are, what they say, and the single checks."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pyarrow as pa

from loglens.ingest.formats.health import CHECKS, is_answer, is_pods
from loglens.ingest.formats.metric_rows import FILE_TIME
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
_COUNT_UNTIMED = "SELECT count(*) FROM health_checks WHERE source_id = ? AND line >= ? AND ts_ns IS NULL"

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


class HealthReading:
    """One pass over the answers of a source."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._rejects = RejectSpool()
        self._ordinals: tuple[int, int] = (0, 0)
        self._first_line = 0

    def run(self) -> None:
        """Read the source to its end."""
        reading = self._reading
        binds = {"source_id": reading.source_id, "file_ns": reading.modified_ns}
        reading.counts.records += reading.insert(_INSERT, _SCHEMA, self._batches(), binds)
        untimed = reading.connection.execute(_COUNT_UNTIMED, [reading.source_id, self._first_line]).fetchall()
        reading.counts.untimed += int(untimed[0][0])
        self._rejects.insert(reading.connection, reading.source_id)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._reading.pieces:
            self._first_line = self._first_line or batch["line"][0].as_py()
            rows: list[Row] = []
            for line, lines, text in zip(*(batch[name].to_pylist() for name in ("line", "lines", "text")), strict=True):
                rows += self._rows(line, lines, text)
            if rows:
                yield pa.RecordBatch.from_pylist(rows, schema=_SCHEMA)

    def _rows(self, line: int, lines: int, text: str) -> list[Row]:
        try:
            value = json.loads(text, object_pairs_hook=_members, parse_float=_finite)
        except DoubledKey as error:
            return self._reject(line, lines, str(error), text)
        except (ValueError, RecursionError) as error:
            return self._reject(line, lines, f"not JSON: {error}", text)
        if is_pods(value):
            rows = [_pod(item) for item in value.get("items", [value])]
        elif is_answer(value):
            rows = [_answer(value)]
        else:
            return self._reject(line, lines, "no answer of a health endpoint", text)
        self._reading.counts.record_lines += lines
        before = self._ordinals[1] if self._ordinals[0] == line else 0
        self._ordinals = (line, before + len(rows))
        return [
            row | {"line": line, "ordinal": ordinal} | self._assumed(row) for ordinal, row in enumerate(rows, before)
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
        found = next((name for name in names if isinstance(rest.get(name), str | int)), None)
        row[column] = None if found is None else str(rest.pop(found))
    for column, scaled in _NUMBERS.items():
        number = next(((name, by) for name, by in scaled if _is_number(rest.get(name))), None)
        row[column] = None if number is None else rest.pop(number[0]) * number[1]
    checks: Json = {}
    for name in (*CHECKS, *_SINGLE):
        if isinstance(rest.get(name), dict):
            found_checks = rest.pop(name)
            checks |= found_checks if name in CHECKS else {name: found_checks}
    return row | {"checks": _written(checks), "attributes": _written(rest)}


def _pod(pod: Json) -> Row:
    """Read what Kubernetes knows of a pod: its status is that of its condition Ready."""
    about, status = pod.get("metadata") or {}, pod.get("status") or {}
    labels = about.get("labels") or {}
    conditions = {each.get("type"): each for each in status.get("conditions") or []}
    containers = {each.get("name"): each for each in status.get("containerStatuses") or []}
    ready = (conditions.get("Ready") or {}).get("status")
    named = labels.get("app.kubernetes.io/name") or labels.get("app") or next(iter(containers), None)
    return {
        "time": None,
        "service": named,
        "instance": about.get("name"),
        "status": _READINESS.get(str(ready), "unknown"),
        "version": labels.get("app.kubernetes.io/version"),
        "uptime_s": None,
        "latency_ms": None,
        "checks": _written({**conditions, **containers}),
        "attributes": _written({key: value for key, value in pod.items() if key != "kind"}),
    }


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _written(members: Json) -> str | None:
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")) if members else None
