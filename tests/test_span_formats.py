"""The same spans in every format: equal rows, but for the columns that a format declares to differ."""

from __future__ import annotations

import base64
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from otlp_protobuf import encode, framed

from benchmarks.inputs.other_spans import jaeger, zipkin
from loglens.ingest.formats import FORMATS
from loglens.ingest.run import IngestRequest, ingest

TRACES = Path(__file__).parents[1] / "sample_logs" / "traces.otlp.jsonl"
SPANS, LINES = 1_000, 10
# Where in its file a span stands is no part of it, and `start_ts` is computed from `start_ns`.
BESIDE = ("source_id", "line", "ordinal", "start_ts")
SPAN_IDS = ("traceId", "spanId", "parentSpanId")


def tempo(request: Any) -> Any:
    """Return an answer of Tempo: ids are base64, as JSON has the bytes of protobuf."""
    return {"batches": _with_base64(request["resourceSpans"])}


def _with_base64(value: Any) -> Any:
    if isinstance(value, list):
        return [_with_base64(each) for each in value]
    if isinstance(value, dict):
        return {
            key: base64.b64encode(bytes.fromhex(part)).decode() if key in SPAN_IDS else _with_base64(part)
            for key, part in value.items()
        }
    return value


def in_lines(convert: Callable[[Any], Any]) -> Callable[[list[Any]], bytes]:
    return lambda requests: b"\n".join(json.dumps(convert(each)).encode() for each in requests)


WRITERS: dict[str, Callable[[list[Any]], bytes]] = {
    "otlp_json": in_lines(lambda request: request),
    "otlp_protobuf": lambda requests: framed([encode(each) for each in requests], "delimited"),
    "tempo": in_lines(tempo),
    "jaeger": in_lines(jaeger),
    "zipkin": in_lines(zipkin),
}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Return a connection with a view of the same spans for each format, as they were read from it."""
    folder = tmp_path_factory.mktemp("spans")
    with TRACES.open("rb") as lines:
        requests = [json.loads(line) for line in itertools.islice(lines, LINES)]
    connection = duckdb.connect()
    for name, write in WRITERS.items():
        path = folder / name
        path.write_bytes(write(requests))
        (outcome,) = ingest(IngestRequest([str(path)], folder / f"{name}.duckdb")).outcomes
        assert (outcome.action, outcome.format, outcome.rejects, outcome.untimed) == ("new", name, 0, 0)
        connection.execute(f"ATTACH '{folder / name}.duckdb' AS {name}_file (READ_ONLY)")
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {name}_file.spans")
    return connection


def test_every_format_of_spans_is_written() -> None:
    assert sorted(WRITERS) == sorted(form.name for form in FORMATS if "spans" in form.carries)


@pytest.mark.parametrize("form", [form for form in FORMATS if form.name in WRITERS], ids=lambda form: form.name)
def test_round_trip(form: Any, stores: duckdb.DuckDBPyConnection) -> None:
    """A thousand spans read the same from OTLP JSON and from another format, but where it says that they do not."""
    columns = [name for name, *_ in stores.execute(f"DESCRIBE {form.name}").fetchall() if name not in BESIDE]
    differing = ", ".join(f"count(*) FILTER (a.{name} IS DISTINCT FROM b.{name})" for name in columns)
    joined = f"FROM otlp_json AS a JOIN {form.name} AS b USING (trace_id, span_id)"
    (found, *counts) = stores.execute(f"SELECT count(*), {differing} {joined}").fetchall()[0]
    assert found == stores.execute(f"SELECT count(*) FROM {form.name}").fetchall()[0][0] >= SPANS
    assert {name for name, count in zip(columns, counts, strict=True) if count} == form.differs.keys()


@pytest.mark.parametrize("name", ["jaeger", "zipkin"])
def test_what_differs_is_near(name: str, stores: duckdb.DuckDBPyConnection) -> None:
    """Times differ by less than a microsecond, events have their names, and every attribute is there."""
    far = stores.execute(
        f"""
        SELECT a.span_id
        FROM otlp_json AS a
        JOIN {name} AS b USING (trace_id, span_id)
        WHERE a.start_ns // 1000 <> b.start_ns // 1000
            OR a.duration_ns // 1000 <> b.duration_ns // 1000
            OR json_extract_string(a.events, '$[*].name') <> json_extract_string(b.events, '$[*].name')
            OR EXISTS (
                FROM json_each(a.attributes) AS x
                WHERE json_extract_string(b.attributes, '$."' || x.key || '"') IS DISTINCT FROM x.value ->> '$'
            )
        """
    ).fetchall()
    assert far == []
