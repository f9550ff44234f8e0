"""Answers of health endpoints: one object, an array, or one a line with the time it was asked."""

from __future__ import annotations

from collections.abc import Mapping

from loglens.ingest.reader import Format, Reading, Sample

# Statuses as health endpoints spell them, in lower case: the guide's, Spring Boot's, gRPC's, application/health+json.
STATUSES = frozenset(
    {
        "ok", "up", "down", "pass", "fail", "warn", "healthy", "unhealthy", "degraded", "alive", "ready", "not ready",
        "available", "unavailable", "out_of_service", "serving", "not_serving", "unknown", "error", "starting",
    }
)  # fmt: skip
# Members that hold the answers of single checks, and members that only health answers have.
CHECKS = ("checks", "components", "details", "dependencies")
SIGNS = frozenset({*CHECKS, "database", "uptime", "uptime_seconds", "uptime_s", "releaseId", "serviceId", "groups"})
_OF_LOGS = frozenset({"message", "msg", "level", "severity", "levelname", "event"})
PODS = frozenset({"Pod", "PodList", "List"})


def is_answer(value: object) -> bool:
    """Say whether a JSON value is the answer of a health endpoint."""
    if not isinstance(value, Mapping) or _OF_LOGS & value.keys():
        return False
    status = value.get("status")
    if not isinstance(status, str) or status.lower() not in STATUSES:
        return False
    return bool(SIGNS & value.keys()) or {"status", "version"} <= value.keys() or len(value) == 1


def is_pods(value: object) -> bool:
    """Say whether a JSON value is a pod of Kubernetes, or a list of them, as `kubectl get pods -o json` prints it."""
    if not isinstance(value, Mapping) or value.get("apiVersion") != "v1" or str(value.get("kind")) not in PODS:
        return False
    if value["kind"] != "List":
        return True
    items = value.get("items")
    return isinstance(items, list) and all(isinstance(item, Mapping) and item.get("kind") == "Pod" for item in items)


def sniff(sample: Sample) -> float:
    """Say how surely a content holds health answers: by what its JSON values are, or by how a large list begins."""
    if not sample.values:
        head = sample.head[:4096]
        is_list = head.lstrip().startswith(b"{") and b'"apiVersion": "v1"' in head and b'"kind": "Pod"' in head
        return 0.9 if is_list else 0.0
    answers = sum(is_answer(value) or is_pods(value) for value in sample.values)
    return 0.95 * answers / len(sample.values) if 2 * answers > len(sample.values) else 0.0


def read(reading: Reading) -> None:
    """Read health answers into `health_checks`, and what is none into `rejects`."""
    from loglens.ingest.formats.health_answers import HealthReading

    HealthReading(reading).run()


FORMAT = Format(
    name="health",
    title="Health answers",
    marks="a status such as ok, UP or pass, with checks, a version or an uptime; pods with their conditions",
    carries=("health_checks",),
    example='{"status":"ok","version":"v0.0.14","timestamp":"2026-01-15T09:00:00Z","uptime_seconds":3600,'
    '"database":{"connected":true,"latency_ms":2}}\n',
    sniff=sniff,
    read=read,
)
