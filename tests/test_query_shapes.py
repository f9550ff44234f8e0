"""The derivation of query shapes: which spans and log records are calls, of what shape, with which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeStore, insert_rows
from span_notation import insert_spans

import loglens
from loglens.derive import query_shapes
from loglens.deriving import derive
from loglens.ingest.forget import forget
from loglens.store.store import open_writer

SOURCE = {"source_id": 1, "uri": "/x", "ingested_ns": 1, "begun_ns": 1}


def store_of(path: Path, spans: str, logs: Sequence[Mapping[str, Any]] = ()) -> Path:
    with open_writer(path) as connection:
        insert_rows(connection, "sources", [SOURCE])
        insert_spans(connection, spans)
        rows = [{"source_id": 1, "line": number, "ts_ns": 10**9, **row} for number, row in enumerate(logs, 1)]
        insert_rows(connection, "logs", rows)
    return path


def calls(path: Path) -> list[list[Any]]:
    statement = """
        SELECT query_shapes.kind, shape, params_id, calls, items, returned_rows
        FROM span_tree JOIN query_shapes USING (shape_id) ORDER BY line
    """
    return [list(row.values()) for row in loglens.open(path).sql(statement).rows]


def test_calls_of_every_kind(tmp_path: Path) -> None:
    path = store_of(
        tmp_path / "x.duckdb",
        """
        GET /orders
          SELECT * FROM item WHERE id = 1
          redis GET cart:17
          http GET prices/items/5
          grpc shop.Cart/Get
          send orders
          chat gpt-4
          run                  kind=CLIENT    peer_service=s3
          Item.find            db_system=postgresql
          plain
          {"find":"a"}         kind=CLIENT    db_system=mongodb    db_query={"find":"a","filter":{"b":1}}
        receive orders
        """,
    )
    assert [row[:2] for row in calls(path)] == [
        ["sql", "SELECT * FROM item WHERE id = ?"],
        ["redis", "GET cart:{id}"],
        ["http", "GET prices/items/{id}"],
        ["grpc", "shop.Cart/Get"],
        ["messaging", "send orders"],
        ["llm", "chat gpt-4"],
        ["call", "s3 run"],
        ["sql", "Item.find"],
        ["document", "{find: a, filter: {b: ?}}"],
    ]


def distinct_params(path: Path) -> list[int | None]:
    """Return the values of each call as the number of the first call with the same ones."""
    numbers: dict[int, int] = {}
    return [None if row[2] is None else numbers.setdefault(row[2], len(numbers)) for row in calls(path)]


@pytest.mark.parametrize(
    ("spans", "params"),
    [
        ("SELECT a FROM t WHERE b = {i}  x3", [0, 1, 2]),
        ("SELECT a FROM t WHERE b = 7  x3", [0, 0, 0]),
        ("SELECT a FROM t WHERE b = 7 /* {i} */  x3", [0, 0, 0]),
        ("SELECT a FROM t  x2", [0, 0]),
        ("SELECT a FROM t WHERE b = $1 LIMIT 5  x2", [None, None]),
        ("SELECT a FROM t WHERE b = $1  x2  db.query.parameter.b={i}", [0, 1]),
        ("SELECT a FROM t WHERE b = $1  x2  db.query.parameter.b=9", [0, 0]),
        ("SELECT a FROM t WHERE b IN ({i}, 5...  x2", [None, None]),
        ("redis GET a:{i}  x2", [0, 1]),
        ("redis GET ?  x2", [None, None]),
        ("http GET b/c/{i}  x2", [0, 1]),
        ("http GET b/c/7  x2", [0, 0]),
        ("http GET b/c  x2", [None, None]),
        ("http GET b/c?d={i}  x2", [0, 1]),
        ("http POST b/c/7  x2", [None, None]),
        ("grpc a.b/C  x2", [None, None]),
        ("chat gpt  x2", [None, None]),
    ],
)
def test_values_are_told_apart_and_hidden_ones_are_null(spans: str, params: list[Any], tmp_path: Path) -> None:
    assert distinct_params(store_of(tmp_path / "x.duckdb", f"GET /a\n  {spans}")) == params


def test_what_a_call_does_at_once(tmp_path: Path) -> None:
    path = store_of(
        tmp_path / "x.duckdb",
        """
        GET /a
          INSERT INTO t (a) VALUES (1), (2), (3)
          INSERT INTO t (a) VALUES ($1)    db.operation.batch.size=40
          send orders                      messaging.batch.message_count=7
          SELECT a FROM t                  composite.count=12
          SELECT a FROM t                  db.response.returned_rows=250
        """,
    )
    assert [row[3:] for row in calls(path)] == [[1, 3, None], [1, 40, None], [1, 7, None], [12, 1, None], [1, 1, 250]]


def test_a_span_without_a_call_has_no_shape(tmp_path: Path) -> None:
    path = store_of(tmp_path / "x.duckdb", "GET /a\n  load\n    SELECT 1")
    rows = loglens.open(path).sql("SELECT shape_id, calls FROM span_tree ORDER BY line").rows
    assert [row["calls"] for row in rows] == [None, None, 1]
    assert [row["shape_id"] is None for row in rows] == [True, True, False]


def test_a_shape_says_where_it_comes_from(tmp_path: Path) -> None:
    path = store_of(tmp_path / "x.duckdb", "GET /a\n  SELECT a FROM t WHERE b = {i} /*route='%2Fa'*/  x2")
    (row,) = loglens.open(path).sql("SELECT * FROM query_shapes").rows
    assert {name: row[name] for name in ("shape", "operation", "target", "tags", "example")} == {
        "shape": "SELECT a FROM t WHERE b = ?",
        "operation": "SELECT",
        "target": "t",
        "tags": {"route": "/a"},
        "example": "SELECT a FROM t WHERE b = 1 /*route='%2Fa'*/",
    }


LOGGED = [
    (
        {"attributes": '{"db.statement":"SELECT a FROM t WHERE b = 1"}', "trace_id": "aa"},
        ["trace", "sql", "SELECT a FROM t WHERE b = ?"],
    ),
    ({"attributes": '{"sql":"select a from t"}', "request_id": "r"}, ["request", "sql", "SELECT a FROM t"]),
    ({"attributes": '{"query":"how to cook"}', "trace_id": "aa"}, None),
    ({"attributes": '{"db.statement":"SELECT 1"}'}, ["record", "sql", "SELECT ?"]),
    (
        {"attributes": '{"db.system":"redis","db.statement":"GET a:1"}', "trace_id": "aa"},
        ["trace", "redis", "GET a:{id}"],
    ),
    (
        {"message": "duration: 1.5 ms  execute <unnamed>: SELECT a FROM t WHERE b = $1", "attributes": '{"pid":7}'},
        ["session", "sql", "SELECT a FROM t WHERE b = ?"],
    ),
    ({"message": "LOG:  statement: BEGIN", "attributes": '{"session_id":"5f.1"}'}, ["session", "sql", "BEGIN"]),
    (
        {"message": "statement: SELECT 2 /*traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'*/"},
        ["trace", "sql", "SELECT ?"],
    ),
    (
        {"message": "User Load (0.5ms)  SELECT u.* FROM u WHERE id = 3", "trace_id": "aa"},
        ["trace", "sql", "SELECT u.* FROM u WHERE id = ?"],
    ),
    ({"message": "Executing (default): SELECT 1 FROM t;", "trace_id": "aa"}, ["trace", "sql", "SELECT ? FROM t"]),
    ({"message": "SELECT a FROM t", "trace_id": "aa"}, ["trace", "sql", "SELECT a FROM t"]),
    ({"message": "select a seat", "trace_id": "aa"}, ["trace", "sql", "SELECT a seat"]),
    ({"message": "Updated the user", "trace_id": "aa"}, None),
    (
        {
            "message": "outgoing call",
            "http_method": "GET",
            "path": "http://prices/items/5",
            "route": "/items/{id}",
            "trace_id": "aa",
        },
        ["trace", "http", "GET prices/items/{id}"],
    ),
    (
        {
            "message": "outgoing call",
            "http_method": "GET",
            "path": "/items/5",
            "attributes": '{"peer":"prices"}',
            "trace_id": "aa",
        },
        ["trace", "http", "GET prices/items/{id}"],
    ),
    (
        {"message": 'HTTP Request: GET https://api.test/v1/items/77 "HTTP/1.1 200 OK"', "trace_id": "aa"},
        ["trace", "http", "GET api.test/v1/items/{id}"],
    ),
    ({"message": "request finished", "http_method": "GET", "path": "/items/5", "trace_id": "aa"}, None),
]


@pytest.mark.parametrize(("record", "wanted"), LOGGED, ids=range(len(LOGGED)))
def test_log_records_that_are_calls(record: Mapping[str, Any], wanted: list[str] | None, tmp_path: Path) -> None:
    path = store_of(tmp_path / "x.duckdb", "", [record])
    statement = "SELECT grouped_by, kind, shape FROM log_calls JOIN query_shapes USING (shape_id)"
    assert [list(row.values()) for row in loglens.open(path).sql(statement).rows] == ([wanted] if wanted else [])


def test_a_record_tells_when_its_call_ran(tmp_path: Path) -> None:
    records = [
        {"message": "duration: 1.5 ms  statement: SELECT 1", "trace_id": "aa", "severity_number": 9},
        {"message": "outgoing call", "path": "/a/5", "trace_id": "aa", "duration_ns": 7_000_000, "status_code": 503},
        {"message": "SELECT 3", "trace_id": "aa", "severity_number": 17},
    ]
    path = store_of(tmp_path / "x.duckdb", "", records)
    rows = loglens.open(path).sql("SELECT begin_ns, finish_ns, duration_ns, is_error FROM log_calls ORDER BY line").rows
    assert [list(row.values()) for row in rows] == [
        [998_500_000, 10**9, 1_500_000, False],
        [993_000_000, 10**9, 7_000_000, True],
        [10**9, 10**9, None, True],
    ]


def test_values_in_log_records(tmp_path: Path) -> None:
    statement = "duration: 1 ms  execute a: SELECT a FROM t WHERE b = $1"
    records = [
        {"message": statement, "attributes": f'{{"pid":7,"detail":"parameters: $1 = \'{value}\'"}}'} for value in "aab"
    ]
    path = store_of(tmp_path / "x.duckdb", "", [*records, {"message": statement, "attributes": '{"pid":7}'}])
    rows = loglens.open(path).sql("SELECT params_id FROM log_calls ORDER BY line").rows
    first, second, third, fourth = (row["params_id"] for row in rows)
    assert first == second != third
    assert fourth is None


TABLES = ("query_shapes", "query_texts", "log_calls")


def contents(path: Path) -> list[Any]:
    lens = loglens.open(path)
    return [lens.sql(f"SELECT * FROM {table} ORDER BY ALL").rows for table in TABLES]


def line(message: str, statement: str) -> str:
    return f'{{"time":"2026-01-15T09:00:00Z","msg":"{message}","trace_id":"{1:032x}","sql":"{statement}"}}\n'


def test_only_new_texts_are_shaped_and_the_tables_are_as_from_nothing(tmp_path: Path) -> None:
    path, first, second = tmp_path / "x.duckdb", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text(line("q", "SELECT a FROM t WHERE b = 5") + line("q", "SELECT c FROM t"))
    loglens.ingest(first, path)
    assert derive(path)[0].summary == "2 new texts, 2 shapes in all"
    second.write_text(line("q", "SELECT a FROM t WHERE b = 4") + line("q", "SELECT c FROM t"))
    with first.open("a") as file:
        file.write(line("q", "SELECT a FROM t WHERE b = 6"))
    loglens.ingest([first, second], path)
    assert derive(path)[0].summary == "2 new texts, 2 shapes in all"
    found = contents(path)
    assert [len(rows) for rows in found] == [2, 4, 5]
    derive(path, again=True)
    assert contents(path) == found


def test_a_duration_that_is_added_later_is_that_of_the_statement_before(tmp_path: Path) -> None:
    path, log = tmp_path / "x.duckdb", tmp_path / "postgresql.log"
    start = "2026-01-15 09:00:00.0"
    log.write_text(f"{start}00 UTC [7] a@b LOG:  statement: SELECT 7 FROM t\n{start}00 UTC [8] a@b LOG:  connected\n")
    loglens.ingest(log, path)
    derive(path)
    with log.open("a") as file:
        file.write(f"{start}40 UTC [7] a@b LOG:  duration: 40.000 ms\n")
    loglens.ingest(log, path)
    derive(path)
    found = contents(path)
    assert [row["duration_ns"] for row in found[2]] == [40_000_000]
    derive(path, again=True)
    assert contents(path) == found


def test_what_is_forgotten_leaves_no_shape(tmp_path: Path) -> None:
    path, first, second = tmp_path / "x.duckdb", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text(line("q", "SELECT a FROM t WHERE b = 4") + line("q", "SELECT gone FROM t"))
    second.write_text(line("q", "SELECT a FROM t WHERE b = 5"))
    loglens.ingest([first, second], path)
    derive(path)
    forget(path, ["a.jsonl"])
    derive(path)
    (row,) = loglens.open(path).sql("SELECT shape, example FROM query_shapes").rows
    assert row == {"shape": "SELECT a FROM t WHERE b = ?", "example": "SELECT a FROM t WHERE b = 5"}
    assert [len(rows) for rows in contents(path)] == [1, 1, 1]


def test_many_chunks_of_shapes(make_store: MakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(query_shapes.shaping, "_CHUNK", 7)
    rows = [
        {"attributes": f'{{"db.statement":"SELECT c{n} FROM t"}}', "trace_id": "a", "line": n} for n in range(1, 31)
    ]
    path = make_store({"sources": [SOURCE], "logs": [{"source_id": 1, **row} for row in rows]})
    assert loglens.open(path).sql("SELECT count(*) AS n FROM query_shapes").rows == [{"n": 30}]
