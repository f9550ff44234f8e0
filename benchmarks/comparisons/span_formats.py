"""The same spans in other formats than OTLP JSON, each into a database file."""

from __future__ import annotations

from benchmarks.comparison import Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number
from benchmarks.comparisons.otlp import COUNT
from benchmarks.inputs import LOGLENS

OTLP = "OTLP JSON"
# Each with how fast it is to be at least, measured by the same spans in OTLP JSON.
OTHERS = {
    "jaeger_spans": ("Jaeger JSON", 0.7),
    "zipkin_spans": ("Zipkin JSON", 0.7),
    "protobuf_spans": ("OTLP protobuf", 1.5),
}


def _ingest(title: str, name: str) -> Contender:
    return Contender(title, (*LOGLENS, "ingest", f"{{{name}}}", "--db", "{out}"), answer=COUNT)


COMPARISON = Comparison(
    name="span_formats",
    title="Spans of other formats into a file",
    inputs=("spans", *OTHERS),
    contenders=(_ingest(OTLP, "spans"), *(_ingest(title, name) for name, (title, _) in OTHERS.items())),
    baseline=OTLP,
    targets=tuple(Target("speed", OTLP, bar=bar, contender=title) for title, bar in OTHERS.values()),
    read_answer=last_number,
)
