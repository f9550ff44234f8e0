"""Answers of the Prometheus query API: matrices and vectors."""

from __future__ import annotations

from loglens.ingest.reader import Format, Reading, Sample

_BEGINS = b'{"status":"success","data":{"resultType":'


def sniff(sample: Sample) -> float:
    """Say how surely a content is an answer of the query API: by its members, or by how a large one begins."""
    answers = [value for value in sample.values if isinstance(value, dict)]
    if not answers:
        return 0.9 if sample.head[:512].translate(None, b" \t\r\n").startswith(_BEGINS) else 0.0
    known = sum(isinstance(each.get("data"), dict) and "resultType" in each["data"] for each in answers)
    return 1.0 * known / len(sample.values) if 2 * known > len(sample.values) else 0.0


def read(reading: Reading) -> None:
    """Read the samples of answers into `metric_samples`, and what is none into `rejects`."""
    from loglens.ingest.formats.prometheus_answers import AnswerReading

    AnswerReading(reading).run()


FORMAT = Format(
    name="prometheus_api",
    title="Prometheus query API",
    marks="data with a resultType",
    carries=("metric_samples",),
    example='{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"up","job":"llm-api"},'
    '"values":[[1768467600,"1"],[1768467615,"0"]]}]}}\n',
    sniff=sniff,
    read=read,
)
