"""The same spans in other formats than OTLP JSON, each into a database file."""

from __future__ import annotations

from benchmarks.comparison import Comparison, Contender, Target
from benchmarks.comparisons.answers import last_number
from benchmarks.comparisons.otlp import COUNT
from benchmarks.inputs import LOGLENS

OTLP, OTHERS = "OTLP JSON", {"jaeger_spans": "Jaeger JSON", "zipkin_spans": "Zipkin JSON"}


def _ingest(title: str, name: str) -> Contender:
    return Contender(title, (*LOGLENS, "ingest", f"{{{name}}}", "--db", "{out}"), answer=COUNT)


COMPARISON = Comparison(
    name="span_formats",
    title="Spans of other formats into a file",
    inputs=("spans", *OTHERS),
    contenders=(_ingest(OTLP, "spans"), *(_ingest(title, name) for name, title in OTHERS.items())),
    baseline=OTLP,
    targets=tuple(Target("speed", OTLP, bar=0.7, contender=title) for title in OTHERS.values()),
    read_answer=last_number,
)
