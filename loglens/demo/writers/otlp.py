"""How OTLP spells attributes and resources in JSON."""

from __future__ import annotations

from collections.abc import Iterable

from loglens.demo.platform import Instance
from loglens.demo.telemetry import Value

Json = dict[str, object]


def attributes(pairs: Iterable[tuple[str, Value]]) -> list[Json]:
    """Return key-value pairs; 64-bit integers are strings, as protobuf's JSON has them."""
    return [{"key": key, "value": _any_value(value)} for key, value in pairs]


def resource(instance: Instance) -> Json:
    """Return the resource of an instance."""
    described: dict[str, Value] = {
        "service.name": instance.service,
        "service.version": instance.version,
        "service.instance.id": instance.pod,
        "k8s.pod.name": instance.pod,
    }
    return {"attributes": attributes(described.items())}


def _any_value(value: Value) -> Json:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    return {"stringValue": value}
