"""What an answer is in Python: rows, data frames, and pictures of itself."""

from __future__ import annotations

import builtins
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from conftest import START_NS, MakeStore

import loglens
from loglens.answer import Answer
from loglens.columns import Column
from loglens.errors import LoglensError
from loglens.reports import Page
from loglens.reports import json as json_array
from loglens.result import Result

WIDE = """
    SELECT
        make_timestamp_ns(1768467600123456789) AS ts,
        TIMESTAMP '2026-01-15 09:00:00.5' AS us,
        1.5 AS price,
        170141183460469231731687303715884105727 AS big,
        18446744073709551615::UBIGINT AS counter,
        7::TINYINT AS small,
        'nan'::DOUBLE AS p99_ms,
        true AS enough,
        NULL AS nothing,
        '{"a": [1, 12345678901234567890]}'::JSON AS attributes,
        '漢' AS message
"""


@pytest.fixture
def wide(small_store: Path) -> Result:
    return loglens.open(small_store).sql(WIDE)


def test_rows_equal_the_json_format(wide: Result) -> None:
    assert wide.rows == [
        {
            "ts": "2026-01-15T09:00:00.123456789Z",
            "us": "2026-01-15T09:00:00.5Z",
            "price": 1.5,
            "big": 2**127 - 1,
            "counter": 2**64 - 1,
            "small": 7,
            "p99_ms": None,
            "enough": True,
            "nothing": None,
            "attributes": {"a": [1, 12345678901234567890]},
            "message": "漢",
        }
    ]
    assert json.loads("".join(json_array.render(wide._answer, Page()))) == wide.rows


def test_arrow_keeps_true_types(wide: Result) -> None:
    table = wide.arrow()
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == {
        "ts": pa.timestamp("ns", "UTC"),
        "us": pa.timestamp("us", "UTC"),
        "price": pa.decimal128(2, 1),
        "big": pa.decimal256(39),
        "counter": pa.uint64(),
        "small": pa.int8(),
        "p99_ms": pa.float64(),
        "enough": pa.bool_(),
        "nothing": pa.string(),
        "attributes": pa.string(),
        "message": pa.string(),
    }
    assert table["ts"].cast(pa.int64()).to_pylist() == [1768467600123456789]
    assert table["big"].to_pylist() == [Decimal(2**127 - 1)]
    assert table["counter"].to_pylist() == [2**64 - 1]


def test_polars_keeps_nanoseconds(small_store: Path) -> None:
    frame = loglens.open(small_store).sql("SELECT ts, ts_ns FROM logs ORDER BY ts_ns NULLS LAST").polars()
    assert frame.schema == {"ts": pl.Datetime("ns", "UTC"), "ts_ns": pl.Int64}
    assert frame["ts"].dt.epoch("ns").to_list() == frame["ts_ns"].to_list()
    assert frame["ts"].null_count() == 1


@pytest.mark.parametrize("among", ["", "1 AS one, "])
def test_polars_keeps_sums_of_integers(small_store: Path, among: str) -> None:
    statement = (
        f"SELECT {among}sum(value) AS total, max({2**128 - 1}::UHUGEINT) AS most FROM (VALUES ({2**126})) AS t(value)"
    )
    frame = loglens.open(small_store).sql(statement).polars()
    assert dict(frame.schema.items()) | {"total": pl.Int128, "most": pl.UInt128} == dict(frame.schema.items())
    assert frame.rows()[0][-2:] == (2**126, 2**128 - 1)
    assert loglens.open(small_store).sql("SELECT sum(line) AS s FROM logs WHERE false").polars().rows() == [(None,)]


def test_empty_answers_keep_their_types(small_store: Path) -> None:
    result = loglens.open(small_store).sql(f"SELECT * FROM ({WIDE}) WHERE false")
    assert (len(result), result.rows, bool(result)) == (0, [], False)
    assert result.arrow().num_rows == 0
    assert result.polars().schema["ts"] == pl.Datetime("ns", "UTC")


def test_pandas_where_it_is_installed(wide: Result) -> None:
    pandas = pytest.importorskip("pandas")
    frame = wide.pandas()
    assert frame["ts"][0] == pandas.Timestamp(1768467600123456789, tz="UTC")


def test_pandas_where_it_is_not(wide: Result, monkeypatch: pytest.MonkeyPatch) -> None:
    found = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "pandas":
            raise ImportError(name)
        return found(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(LoglensError, match="pandas is not installed"):
        wide.pandas()


def test_it_is_a_sequence_of_rows(small_store: Path) -> None:
    result = loglens.open(small_store).sql("SELECT unnest([1, 2, 3]) AS n")
    assert len(result) == 3
    assert list(result) == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert result[-1] == {"n": 3}
    assert result[:2] == [{"n": 1}, {"n": 2}]
    assert result == [{"n": 1}, {"n": 2}, {"n": 3}]
    assert result != [{"n": 1}]
    assert {"n": 2} in result


def test_it_shows_itself_as_the_table(small_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    result = loglens.open(small_store).sql(
        "SELECT * FROM (VALUES ('api', 12345, '/users/{id}'), ('auth', 7, '/token')) AS t(service, requests, route)",
        limit=1,
    )
    assert repr(result) == (
        "service  requests  route\napi        12,345  /users/{id}\n(1 more row; limit=0 gives all.)\n"
    )


def test_columns_without_room_are_named(small_store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "10")
    result = loglens.open(small_store).sql("SELECT 1 AS service, 2 AS requests")
    assert repr(result) == ("service\n      1\n(No room for requests. A wider terminal or --format json shows them.)\n")


def test_its_html_is_escaped(small_store: Path) -> None:
    result = loglens.open(small_store).sql("SELECT '<script>' AS message FROM range(2)", limit=1)
    drawn = result._repr_html_()
    assert "<script>" not in drawn
    assert "&lt;script&gt;" in drawn
    assert drawn.endswith("<p>1 more row; limit=0 gives all.</p>\n")


def test_a_drawing_takes_the_place_of_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    def draw(rows: Sequence[Mapping[str, Any]], width: int) -> str:
        return f"{width}: <{rows[0]['n']}>\n"

    monkeypatch.setenv("COLUMNS", "42")
    result = Result(Answer("t", (Column("n", "BIGINT"),), [(7,)], "", draw=draw))
    assert repr(result) == "42: <7>\n"
    assert result._repr_html_() == "<pre>120: &lt;7&gt;\n</pre>\n"
    assert result.rows == [{"n": 7}]


def test_its_statement_reproduces_it(small_store: Path) -> None:
    lens = loglens.open(small_store)
    result = lens.slow(quantile=0.5, since="5m", service="api")
    assert lens.sql(result.sql).rows == result.rows
    assert result.columns["requests"].startswith("Requests")


def test_a_trace_cut_short_is_headed_by_all_of_it(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shared = {"source_id": 1, "trace_id": "aa", "kind": "SERVER", "status": "UNSET", "line": 1}
    whole = {**shared, "span_id": "01", "service": "api", "start_ns": START_NS, "duration_ns": 9_000_000}
    part = {**whole, "span_id": "02", "parent_span_id": "01", "service": "db", "ordinal": 1}
    source = {"source_id": 1, "uri": "/x", "begun_ns": 1, "ingested_ns": START_NS, "state": "complete"}
    lens = loglens.open(make_store({"sources": [source], "spans": [whole, part]}))
    drawn = repr(lens.trace("aa", limit=1)).splitlines()
    assert drawn[:4] == repr(lens.trace("aa")).splitlines()[:4]
    assert drawn[1].endswith("2 spans, 2 services")
    assert drawn[-1] == "(1 more row; limit=0 gives all.)"
    assert lens.trace("aa", limit=1)._repr_html_().count("9.00 ms, 2 spans") == 1


def test_which_signal_stands_for_requests_is_told_below_the_sources(make_store: MakeStore) -> None:
    source = {"source_id": 1, "uri": "/x", "begun_ns": 1, "ingested_ns": START_NS, "state": "complete"}
    span = {"source_id": 1, "trace_id": "aa", "span_id": "01", "kind": "SERVER", "status": "UNSET", "duration_ns": 1}
    spans = [{**span, "service": "api"}, {**span, "service": "auth", "ordinal": 1}]
    log = {"source_id": 1, "status_code": 200, "duration_ns": 1}
    logs = [
        *({**log, "service": "api", "line": line} for line in range(2)),
        {**log, "service": "auth", "line": 2},
        {**log, "service": "alone", "line": 3},
    ]
    answer = loglens.open(make_store({"sources": [source], "spans": spans, "logs": logs})).sources().answer
    assert answer.notes == [
        "Requests of api are taken from its logs; 2 of its access records have no trace id and cannot be paired with "
        "spans.",
        "Requests of auth are taken from its spans; 1 of its access records has no trace id and cannot be paired with "
        "spans.",
    ]
