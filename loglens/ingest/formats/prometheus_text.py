"""Metrics as Prometheus and OpenMetrics expose them: scrapes, one or several, and dumps with times."""

from __future__ import annotations

import re

from loglens.ingest.reader import Format, Reading, Sample

_COMMENT = re.compile(rb"\s*#\s*(?:(?:TYPE|HELP|UNIT)\s+\S|EOF\s*$)")
_SAMPLE = re.compile(
    rb'\s*(?:[a-zA-Z_:][\w:]*)?\s*(\{(?:[^"}]|"(?:[^"\\]|\\.)*")*\})?\s*[-+]?(?:\d[\d.]*(?:[eE][-+]?\d+)?|[Ii]nf|[Nn]a[Nn])'
    rb"(?:\s+-?\d[\d.eE+-]*)?(?:\s+#\s*\{.*)?\s*"
)
_LABELS = re.compile(rb'\{\s*[\w."]')


def sniff(sample: Sample) -> float:
    """Say how surely a content is an exposition: by its comments, or by samples that have labels."""
    if not sample.lines:
        return 0.0
    comments = sum(_COMMENT.match(line) is not None for line in sample.lines)
    others = [line for line in sample.lines if not line.lstrip().startswith(b"#")]
    samples = [match for line in others if (match := _SAMPLE.fullmatch(line))]
    if len(samples) < (0.5 if comments else 0.9) * len(others):
        return 0.0
    if comments:
        return 0.95
    return 0.8 if any(match[1] and _LABELS.match(match[1]) for match in samples) else 0.0


def read(reading: Reading) -> None:
    """Read samples into `metric_samples`, and lines that are none into `rejects`."""
    from loglens.ingest.formats.prometheus_samples import SampleReading

    SampleReading(reading).run()


FORMAT = Format(
    name="prometheus_text",
    title="Prometheus text, OpenMetrics",
    marks="lines of a name, labels and a number, mostly with # TYPE and # HELP",
    carries=("metric_samples",),
    example='# TYPE requests_total counter\nrequests_total{service="llm-api",code="200"} 1027 1768467600000\n',
    sniff=sniff,
    read=read,
    is_by_line=True,
    longest_line_bytes=16 << 20,
)
