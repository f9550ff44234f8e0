"""OTLP JSON into protobuf, by the library of protobuf itself."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

REQUESTS: dict[str, Any] = {
    "resourceSpans": ExportTraceServiceRequest,
    "resourceLogs": ExportLogsServiceRequest,
    "resourceMetrics": ExportMetricsServiceRequest,
}
IDS = ("traceId", "spanId", "parentSpanId")


def encode(request: Any) -> bytes:
    """Write a request as protobuf; raises ValueError for one that protobuf cannot carry."""
    kinds = [kind for key, kind in REQUESTS.items() if isinstance(request, dict) and key in request]
    if len(kinds) != 1:
        raise ValueError("no single kind of records")
    try:
        return bytes(json_format.ParseDict(with_base64_ids(request), kinds[0]()).SerializeToString())
    except (json_format.ParseError, TypeError, AttributeError) as error:
        raise ValueError(str(error)) from error


def as_json(request: Any) -> Any:
    """Return what the library makes of a request as JSON, with ids in hex as OTLP has them."""
    (kind,) = (kind for key, kind in REQUESTS.items() if key in request)
    message = kind.FromString(encode(request))
    return _with_ids(json_format.MessageToDict(message, use_integers_for_enums=True), _to_hex)


def with_base64_ids(value: Any) -> Any:
    """Return a request with ids in base64, as JSON has the bytes of protobuf."""
    return _with_ids(value, lambda text: base64.b64encode(bytes.fromhex(text)).decode())


def _to_hex(text: str) -> str:
    return base64.b64decode(text).hex()


def _with_ids(value: Any, convert: Callable[[str], str]) -> Any:
    if isinstance(value, list):
        return [_with_ids(element, convert) for element in value]
    if not isinstance(value, dict):
        return value
    return {
        key: convert(part) if key in IDS and isinstance(part, str) else _with_ids(part, convert)
        for key, part in value.items()
    }


def varint(number: int) -> bytes:
    head = b""
    while number > 127:
        head += bytes([number & 127 | 128])
        number >>= 7
    return head + bytes([number])


def field(number: int, content: bytes) -> bytes:
    """Write a field with a length."""
    return varint(number << 3 | 2) + varint(len(content)) + content


def framed(messages: list[bytes], framing: str) -> bytes:
    """Put messages one after another."""
    if framing == "prefixed":
        return b"".join(len(message).to_bytes(4, "big") + message for message in messages)
    if framing == "delimited":
        return b"".join(varint(len(message)) + message for message in messages)
    return b"".join(messages)


def requests_of(content: str) -> list[Any]:
    """Return the requests of a content of OTLP JSON lines or a document; raises ValueError for anything else."""
    try:
        value = json.loads(content)
    except ValueError:
        return [json.loads(line) for line in content.splitlines() if line.strip()]
    return value if isinstance(value, list) else [value]
