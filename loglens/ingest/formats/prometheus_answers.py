"""Answers of the Prometheus query API into samples.

Source: prometheus.io/docs/prometheus/latest/querying/api, expression query result formats.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from loglens.ingest.formats.metric_rows import SAMPLE_SCHEMA, Lacking, names_service, store_samples
from loglens.ingest.formats.otlp_batches import Ordinals
from loglens.ingest.pieces import Reject
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
        self._lacking = Lacking("series")
        self._columns: dict[str, list[Any]] = {name: [] for name in SAMPLE_SCHEMA.names}
        self._ordinals = Ordinals()

    def run(self) -> None:
        """Read the source to its end."""
        store_samples(self._reading, self._batches(), self._lacking)

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._reading.pieces:
            for line, lines, text in zip(*(batch[name].to_pylist() for name in ("line", "lines", "text")), strict=True):
                try:
                    series = _decoded(text)
                except ValueError as error:
                    self._lacking.rejects.add(Reject(line, lines, str(error), text.rstrip("\r\n")))
                    continue
                self._reading.counts.record_lines += lines
                for each in series:
                    yield from self._add(line, each)
        yield from self._flush(0)

    def _add(self, line: int, series: Series) -> Iterator[pa.RecordBatch]:
        name = series.metric.pop("__name__", None) or UNNAMED
        labels = json.dumps(series.metric, ensure_ascii=False, separators=(",", ":"))
        self._lacking.service = self._lacking.service or not names_service(labels)
        values = [*series.values, *([series.value] if series.value else [])]
        for time, value in [pair for pair in values if not _is_number(pair[1])]:
            written = f"{name}{labels} {bytes(time).decode()} {value}"
            self._lacking.rejects.add(Reject(line, 0, "the value of a sample is no number", written))
        values = [pair for pair in values if _is_number(pair[1])]
        native = bytes(series.histograms) or bytes(series.histogram)
        if native:
            written = f"{name}{labels} {native.decode()}"
            self._lacking.rejects.add(Reject(line, 0, "native histograms are not read", written))
        for start in range(0, len(values), _BATCH):
            self._extend(line, name, labels, values[start : start + _BATCH])
            yield from self._flush(_BATCH)

    def _extend(self, line: int, name: str, labels: str, values: Sequence[Value]) -> None:
        count = len(values)
        first = self._ordinals.take(line, count)
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

    def _flush(self, at_least: int) -> Iterator[pa.RecordBatch]:
        if len(self._columns["line"]) > max(at_least - 1, 0):
            yield pa.record_batch([pa.array(self._columns[f.name], f.type) for f in SAMPLE_SCHEMA], SAMPLE_SCHEMA)
            self._columns = {name: [] for name in SAMPLE_SCHEMA.names}


def _is_number(text: str) -> bool:
    """Say whether a text is a number that a double can hold; beyond ASCII, only Python knows digits and spaces."""
    try:
        return text.isascii() and (math.isfinite(float(text)) or text.lower().lstrip("+-") in {"inf", "nan"})
    except ValueError:
        return False


def _decoded(text: str) -> list[Series]:
    """Return the series of an answer; raises ValueError where there are none to read."""
    try:
        answer = msgspec.json.decode(text, type=Answer)
        if answer.data is None:
            raise ValueError(f"an answer of Prometheus without data: {answer.error or answer.status}")
        if answer.data.resultType not in {"matrix", "vector"}:
            raise ValueError(f"a {answer.data.resultType} is no series; ask for a matrix or a vector")
        return msgspec.json.decode(answer.data.result, type=list[Series])
    except RecursionError as error:
        raise ValueError("nested too deep") from error
