"""The comparisons, in the order of the report; a new one is a module and a line here."""

from __future__ import annotations

from benchmarks.comparison import Comparison
from benchmarks.comparisons import (
    derive,
    incident,
    line_formats,
    memory,
    ndjson,
    otlp,
    prometheus,
    push,
    question,
    slow,
    span_formats,
    start,
)

ALL: tuple[Comparison, ...] = (
    ndjson.COMPARISON,
    ndjson.SMALL_FILES,
    line_formats.COMPARISON,
    otlp.COMPARISON,
    span_formats.COMPARISON,
    prometheus.COMPARISON,
    memory.PRETTY,
    memory.PLAIN,
    memory.GZIP,
    memory.ZSTD,
    memory.ACCESS,
    memory.LOGFMT,
    memory.CRI,
    derive.DERIVE,
    derive.REPEATED,
    slow.COMPARISON,
    incident.TEMPLATES,
    incident.SCAN,
    incident.INCIDENT,
    start.COMPARISON,
    question.COMPARISON,
    push.NULL,
    push.REAL,
)
