"""Answers of the Prometheus query API into samples.

Source: prometheus.io/docs/prometheus/latest/querying/api, expression query result formats.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from loglens.ingest.formats.metric_rows import (
    SAMPLE_SCHEMA,
    count_untimed,
    names_service,
    sample_statement,
)
from loglens.ingest.pieces import Reject, RejectSpool
from loglens.ingest.reader import Reading

# Samples in a batch: a few megabytes.
_BATCH = 50_000
# The name of a series that an expression made, which has none.
UNNAMED = "(expression)"

Value = tuple[msgspec.Raw, str]


class Series(msgspec.Struct):
    """One series of an answer; native histograms are kept aside."""

    metric: dict[str, str]
    values: list[Value] = []
    value: Value | None = None
    histograms: msgspec.Raw = msgspec.Raw()
    histogram: msgspec.Raw = msgspec.Raw()


class Data(msgspec.Struct):
    """What was found; the result of a scalar or a string is no list of series."""

    resultType: str  # noqa: N815 - the name in the API
    result: msgspec.Raw


class Answer(msgspec.Struct):
    """An answer of the API."""

    status: str
    data: Data | None = None
    error: str = ""


class AnswerReading:
    """One pass over the answers of a source."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._rejects = RejectSpool()
        self._columns: dict[str, list[Any]] = {name: [] for name in SAMPLE_SCHEMA.names}
        self._place = (0, 0)
        self._first_line = 0
        self._lacks_service = False

    def run(self) -> None:
        """Read the source to its end."""
        reading, counts = self._reading, self._reading.counts
        binds = {"source_id": reading.source_id, "service": reading.fallback_service, "file_ns": reading.modified_ns}
        made = reading.insert(sample_statement(), SAMPLE_SCHEMA, self._batches(), binds)
        counts.records += made
        counts.untimed += count_untimed(reading, self._first_line) if made else 0
        self._rejects.insert(reading.connection, reading.source_id)
        if self._lacks_service:
            reading.assume("service", f"{reading.fallback_service}, from the file's name, where a series names none")

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._reading.pieces:
            for line, lines, text in zip(*(batch[name].to_pylist() for name in ("line", "lines", "text")), strict=True):
                self._first_line = self._first_line or line
                try:
                    series = _decoded(text)
                except ValueError as error:
                    self._rejects.add(Reject(line, lines, str(error), text.rstrip("\r\n")))
                    continue
                self._reading.counts.record_lines += lines
                for each in series:
                    yield from self._add(line, each)
        yield from self._flush(0)

    def _add(self, line: int, series: Series) -> Iterator[pa.RecordBatch]:
        name = series.metric.pop("__name__", None) or UNNAMED
        labels = json.dumps(series.metric, ensure_ascii=False, separators=(",", ":"))
        self._lacks_service = self._lacks_service or not names_service(labels)
        values = [*series.values, *([series.value] if series.value else [])]
        native = bytes(series.histograms) or bytes(series.histogram)
        if native:
            self._rejects.add(Reject(line, 0, "native histograms are not read", f"{name}{labels} {native.decode()}"))
        self._place = (line, self._place[1] if self._place[0] == line else 0)
        for start in range(0, len(values), _BATCH):
            self._extend(line, name, labels, values[start : start + _BATCH])
            yield from self._flush(_BATCH)

    def _extend(self, line: int, name: str, labels: str, values: Sequence[Value]) -> None:
        count, first = len(values), self._place[1]
        added: dict[str, list[Any]] = {
            "line": [line] * count,
            "ordinal": list(range(first, first + count)),
            "time": [bytes(time).decode() for time, _ in values],
            "name": [name] * count,
            "type": ["unknown"] * count,
            "unit": [None] * count,
            "extra": [None] * count,
            "labels": [labels] * count,
            "value": [value for _, value in values],
        }
        for column, cells in self._columns.items():
            cells.extend(added[column])
        self._place = (line, first + count)

    def _flush(self, at_least: int) -> Iterator[pa.RecordBatch]:
        if len(self._columns["line"]) > max(at_least - 1, 0):
            yield pa.record_batch([pa.array(self._columns[f.name], f.type) for f in SAMPLE_SCHEMA], SAMPLE_SCHEMA)
            self._columns = {name: [] for name in SAMPLE_SCHEMA.names}


def _decoded(text: str) -> list[Series]:
    """Return the series of an answer; raises ValueError where there are none to read."""
    try:
        answer = msgspec.json.decode(text, type=Answer)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if answer.data is None:
        raise ValueError(f"an answer of Prometheus without data: {answer.error or answer.status}")
    if answer.data.resultType not in {"matrix", "vector"}:
        raise ValueError(f"a {answer.data.resultType} is no series; ask for a matrix or a vector")
    return msgspec.json.decode(answer.data.result, type=list[Series])
