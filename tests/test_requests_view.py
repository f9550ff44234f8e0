"""The view `requests`: one row for every request a service answered, from spans or from logs, never both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import Rows, insert_rows

from loglens.settings import Settings
from loglens.store.scripts import create_views, meanings
from loglens.store.store import migrate

COLUMNS = (
    "origin",
    "service",
    "instance",
    "route",
    "http_method",
    "name",
    "start_ns",
    "duration_ns",
    "status_code",
    "is_error",
    "trace_id",
    "span_id",
    "user_id",
    "request_id",
    "is_health",
    "source_id",
    "line",
    "ordinal",
)


@pytest.fixture
def store() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        migrate(connection, Path(":memory:"))
        create_views(connection)
        yield connection


def span(**columns: Any) -> dict[str, Any]:
    return {"trace_id": "t1", "span_id": "s1", "service": "api", "kind": "SERVER", "status": "UNSET", **columns}


def record(**columns: Any) -> dict[str, Any]:
    return {"service": "api", "status_code": 200, "duration_ns": 1, "ts_ns": 10, **columns}


def requests(store: duckdb.DuckDBPyConnection, *columns: str, spans: Rows = (), logs: Rows = ()) -> list[Any]:
    insert_rows(store, "spans", spans)
    insert_rows(store, "logs", logs)
    return store.execute(f"SELECT {', '.join(columns)} FROM requests ORDER BY ALL").fetchall()


def test_its_columns_are_described(store: duckdb.DuckDBPyConnection) -> None:
    described = store.execute(
        "SELECT column_name FROM duckdb_columns() WHERE table_name = 'requests' ORDER BY column_index"
    ).fetchall()
    assert tuple(name for (name,) in described) == COLUMNS
    assert {f"requests.{name}" for name in COLUMNS} <= meanings().keys()


@pytest.mark.parametrize(
    ("kind", "parent", "counts"),
    [
        ("SERVER", None, True),
        ("SERVER", "p1", True),
        ("CONSUMER", "p1", True),
        ("INTERNAL", None, True),
        ("INTERNAL", "p1", False),
        ("UNSPECIFIED", None, True),
        ("UNSPECIFIED", "p1", False),
        ("CLIENT", None, False),
        ("PRODUCER", None, False),
    ],
)
def test_entry_spans(store: duckdb.DuckDBPyConnection, kind: str, parent: str | None, counts: bool) -> None:
    assert requests(store, "span_id", spans=[span(kind=kind, parent_span_id=parent)]) == [("s1",)] * counts


def test_a_span_as_a_request(store: duckdb.DuckDBPyConnection) -> None:
    one = span(instance="i", http_method="GET", route="/a", name="GET /a", start_ns=5, duration_ns=7, status_code=200)
    found = requests(store, *COLUMNS, spans=[one | {"user_id": "u", "source_id": 3, "line": 4, "ordinal": 5}])
    assert found == [
        ("span", "api", "i", "/a", "GET", "GET /a", 5, 7, 200, False, "t1", "s1", "u", None, False, 3, 4, 5)
    ]


def test_an_access_record_as_a_request(store: duckdb.DuckDBPyConnection) -> None:
    one = record(instance="i", http_method="GET", route="/a", message="done", ts_ns=50, duration_ns=7, status_code=500)
    more = {
        "trace_id": "t1",
        "span_id": "s1",
        "user_id": "u",
        "request_id": "r",
        "source_id": 3,
        "line": 4,
        "ordinal": 5,
    }
    assert requests(store, *COLUMNS, logs=[one | more]) == [
        ("log", "api", "i", "/a", "GET", "done", 43, 7, 500, True, "t1", "s1", "u", "r", False, 3, 4, 5)
    ]


def test_a_record_needs_status_and_duration(store: duckdb.DuckDBPyConnection) -> None:
    assert requests(store, "line", logs=[record(line=1, status_code=None), record(line=2, duration_ns=None)]) == []


@pytest.mark.parametrize(
    ("status_code", "status", "is_error"),
    [(None, "UNSET", False), (None, "ERROR", True), (499, "UNSET", False), (500, "OK", True), (404, "ERROR", True)],
)
def test_errors(store: duckdb.DuckDBPyConnection, status_code: int | None, status: str, is_error: bool) -> None:
    assert requests(store, "is_error", spans=[span(status_code=status_code, status=status)]) == [(is_error,)]


def test_a_record_is_left_out_where_an_entry_span_of_its_service_has_its_trace(
    store: duckdb.DuckDBPyConnection,
) -> None:
    logs = [
        record(line=1, trace_id="t1"),
        record(line=2, trace_id="t1", service="auth"),
        record(line=3, trace_id="t2"),
        record(line=4, trace_id="t3"),
        record(line=5, trace_id="t4", service=None),
    ]
    spans = [
        span(line=6),
        span(line=7, trace_id="t3", kind="CLIENT"),
        span(line=8, trace_id="t4", service=None),
    ]
    found = requests(store, "origin", "line", spans=spans, logs=logs)
    assert found == [("log", 2), ("log", 3), ("log", 4), ("span", 6), ("span", 8)]


@pytest.mark.parametrize(
    ("spans", "records", "origin", "count"),
    [(3, 2, "span", 3), (2, 2, "span", 2), (1, 2, "log", 2), (0, 2, "log", 2)],
)
def test_a_service_with_records_that_cannot_be_paired_shows_its_larger_signal(
    store: duckdb.DuckDBPyConnection, spans: int, records: int, origin: str, count: int
) -> None:
    logs = [record(line=1, trace_id="t0"), *(record(line=2) for _ in range(records - 1))]
    other = [span(service="auth", trace_id="t9"), span(service="auth", trace_id="t8")]
    found = requests(store, "service", "origin", spans=[*other, *(span() for _ in range(spans))], logs=logs)
    assert found == [("api", origin)] * count + [("auth", "span")] * 2
    signals = store.execute("SELECT * FROM request_signals").fetchall()
    assert signals == [("api", spans, records, records - 1, origin)]


def test_pairing_looks_at_all_of_the_data_also_where_a_question_does_not(store: duckdb.DuckDBPyConnection) -> None:
    requests(store, "1", spans=[span(start_ns=1)], logs=[record(trace_id="t1", ts_ns=100)])
    assert store.execute("SELECT count(*) FROM requests WHERE start_ns > 50").fetchall() == [(0,)]


def test_times_at_the_ends_of_the_range_break_nothing(store: duckdb.DuckDBPyConnection) -> None:
    logs = [
        record(line=1, ts_ns=-(2**63) + 2, duration_ns=2**63 - 1),
        record(line=2, ts_ns=None),
        record(line=3, duration_ns=-(2**63)),
    ]
    found = requests(store, "line", "start_ns", "duration_ns", logs=logs)
    assert found == [(1, None, 2**63 - 1), (2, None, 1), (3, 10, -(2**63))]


@pytest.mark.parametrize(
    ("route", "name", "is_health"),
    [
        ("/health", None, True),
        ("/api/v1/LIVEZ/", None, True),
        (None, "GET /ready", True),
        (None, "grpc.health.v1.Health/Watch", True),
        ("/grpc.health.v1.Health/Check", None, True),
        ("/", None, False),
        ("", None, False),
        ("/healthcheck", None, False),
        ("/health/{id}", "GET /health", False),
        (None, None, False),
    ],
)
def test_health(store: duckdb.DuckDBPyConnection, route: str | None, name: str | None, is_health: bool) -> None:
    found = requests(store, "is_health", spans=[span(route=route, name=name)], logs=[record(route=route, trace_id="t")])
    assert found == sorted([(is_health,), (is_health and route is not None,)])


def test_health_is_a_setting(store: duckdb.DuckDBPyConnection) -> None:
    create_views(store, Settings(health_segments=("o'k", "")))
    spans = [span(route=route) for route in ("/health", "/O'K", "/")]
    assert requests(store, "route", "is_health", spans=spans) == [("/", False), ("/O'K", True), ("/health", False)]


def test_without_segments_nothing_but_grpc_is_health(store: duckdb.DuckDBPyConnection) -> None:
    create_views(store, Settings(health_segments=()))
    spans = [span(route=route) for route in ("/", "/health", "/grpc.health.v1.Health/Check")]
    found = requests(store, "route", "is_health", spans=spans)
    assert found == [("/", False), ("/grpc.health.v1.Health/Check", True), ("/health", False)]
