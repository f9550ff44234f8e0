"""The same spans in every format: equal rows, but for the columns that a format declares to differ."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.inputs.other_spans import jaeger, zipkin
from benchmarks.inputs.otlp_protobuf import encode, framed, with_base64_ids
from loglens.ingest.formats import FORMATS
from loglens.ingest.run import IngestRequest, ingest

TRACES = Path(__file__).parents[1] / "sample_logs" / "traces.otlp.jsonl"
SPANS, LINES = 1_000, 10
# Where in its file a span stands is no part of it, and `start_ts` is computed from `start_ns`.
BESIDE = ("source_id", "line", "ordinal", "start_ts")


def tempo(request: Any) -> Any:
    """Return an answer of Tempo: ids are base64, as JSON has the bytes of protobuf."""
    return {"batches": with_base64_ids(request["resourceSpans"])}


def in_lines(convert: Callable[[Any], Any], separators: tuple[str, str] | None = None) -> Callable[[list[Any]], bytes]:
    return lambda requests: b"\n".join(
        json.dumps(convert(each), separators=separators, ensure_ascii=False).encode() for each in requests
    )


def in_pieces(convert: Callable[[Any], Any]) -> Callable[[list[Any]], bytes]:
    """Return a writer of few spans a line, without white space, so that some lines have nothing that is unusual."""
    few = in_lines(convert, (",", ":"))
    return lambda requests: few([part for each in requests for part in parts(each)])


def parts(request: Any) -> Iterator[Any]:
    """Cut a request into such of five spans at most."""
    for resource in request["resourceSpans"]:
        for scope in resource["scopeSpans"]:
            for start in range(0, len(scope["spans"]), 5):
                cut = scope | {"spans": scope["spans"][start : start + 5]}
                yield {"resourceSpans": [resource | {"scopeSpans": [cut]}]}


WRITERS: dict[str, Callable[[list[Any]], bytes]] = {
    "otlp_json": in_lines(lambda request: request),
    "otlp_protobuf": lambda requests: framed([encode(each) for each in requests], "delimited"),
    "tempo": in_lines(tempo),
    "jaeger": in_lines(jaeger),
    "zipkin": in_lines(zipkin),
}


# By spaces every span is of another shape than its exporter writes, so that it is read one by one.
CLOSELY = {"jaeger": in_pieces(jaeger), "zipkin": in_pieces(zipkin)}


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """Return a connection with a view of the same spans for each format, as they were read from it."""
    folder = tmp_path_factory.mktemp("spans")
    with TRACES.open("rb") as lines:
        requests = [json.loads(line) for line in itertools.islice(lines, LINES)]
    connection = duckdb.connect()
    for name, write in (WRITERS | {f"{name}_closely": write for name, write in CLOSELY.items()}).items():
        path = folder / name
        path.write_bytes(write(requests))
        (outcome,) = ingest(IngestRequest([str(path)], folder / f"{name}.duckdb")).outcomes
        read_as = name.removesuffix("_closely")
        assert (outcome.action, outcome.format, outcome.rejects, outcome.untimed) == ("new", read_as, 0, 0)
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


@pytest.mark.parametrize("name", CLOSELY)
def test_close_writing_reads_the_same(name: str, stores: duckdb.DuckDBPyConnection) -> None:
    columns = ", ".join(column for column, *_ in stores.execute(f"DESCRIBE {name}").fetchall() if column not in BESIDE)
    ours, theirs = (f"SELECT {columns} FROM {each}" for each in (name, f"{name}_closely"))
    counts = stores.execute(f"SELECT (SELECT count(*) FROM {name}), (SELECT count(*) FROM {name}_closely)").fetchall()
    assert counts[0][0] == counts[0][1] >= SPANS
    assert stores.execute(f"({ours} EXCEPT ALL {theirs}) UNION ALL ({theirs} EXCEPT ALL {ours})").fetchall() == []


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
