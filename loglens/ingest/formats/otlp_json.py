"""OTLP JSON: traces, logs and metrics as the OpenTelemetry collector and the SDKs write them."""

from __future__ import annotations

from loglens.ingest.reader import Format, Reading, Sample

SIGNAL_KEYS = frozenset(
    {"resourceSpans", "resourceLogs", "resourceMetrics", "resource_spans", "resource_logs", "resource_metrics"}
)
EXAMPLE = (
    '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},'
    '"scopeSpans":[{"scope":{"name":"http"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c",'
    '"spanId":"eee19b7ec3c1b174","name":"GET /cart","kind":2,"startTimeUnixNano":"1544712660000000000",'
    '"endTimeUnixNano":"1544712661000000000","attributes":[{"key":"http.route","value":{"stringValue":"/cart"}}]}]}]}]}\n'
)


def sniff(sample: Sample) -> float:
    """Say how surely a content is OTLP JSON: by the objects that have one of its keys, or by the very first key."""
    objects = [value for value in sample.values if isinstance(value, dict)]
    if objects:
        otlp = sum(bool(SIGNAL_KEYS & value.keys()) for value in objects)
        return 1.0 if otlp == len(sample.values) else 0.9 * otlp / len(sample.values)
    begin = sample.head[:512].lstrip(b" \t\r\n[")
    if not begin.startswith(b"{"):
        return 0.0
    key = begin[1:].lstrip().split(b'"', 2)[1:2]
    return 0.9 if key and key[0].decode(errors="replace") in SIGNAL_KEYS else 0.0


def read(reading: Reading) -> None:
    """Read a source of OTLP JSON into spans, logs and metric_samples."""
    from loglens.ingest.formats.otlp_reading import OtlpReading

    OtlpReading(reading).run()


FORMAT = Format(
    name="otlp_json",
    title="OTLP JSON",
    marks="resourceSpans, resourceLogs or resourceMetrics at the top of a JSON object, or in snake case",
    carries=("spans", "logs", "metric_samples"),
    example=EXAMPLE,
    sniff=sniff,
    read=read,
    is_helped=True,
)
