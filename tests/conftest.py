"""Small stores for every test: made by INSERTs into the migrated tables, so that no reader is needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pytest

from loglens.cli import main
from loglens.ingest.entry_span import ENTRY_SPAN
from loglens.store.store import fetch_row, open_writer

pytest_plugins = ["servers.fixtures"]

Rows = Sequence[Mapping[str, Any]]
MakeStore = Callable[[Mapping[str, Rows]], Path]

# 2026-01-15T09:00:00Z, where the small store begins.
START_NS = 1_768_467_600_000_000_000
# When its one source was ingested: a day later.
INGESTED_NS = START_NS + 86_400 * 10**9

# What a column that may not be null holds where a test does not say.
_FILLERS = {"VARCHAR": "", "JSON": "{}", "TINYINT": 0, "SMALLINT": 0, "INTEGER": 0, "BIGINT": 0, "BOOLEAN": False}


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows) -> None:
    """Insert rows given as mappings; columns that are not named are null, or empty where they may not be."""
    described = connection.execute(
        "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = ? AND NOT is_nullable", [table]
    ).fetchall()
    required = {name: _FILLERS[type_name] for name, type_name in described}
    for row in rows:
        values = required | dict(row)
        if table == "spans":
            values["is_entry"] = is_entry(connection, values)
        names = ", ".join(values)
        binds = ", ".join("?" for _ in values)
        connection.execute(f"INSERT INTO {table} ({names}) VALUES ({binds})", list(values.values()))


def insert_many_spans(connection: duckdb.DuckDBPyConnection, spans: Rows) -> None:
    """Insert spans as `insert_rows` does, all at once; a column that may not be null has to be given."""
    import polars as pl

    if spans:
        names = list(dict.fromkeys(name for span in spans for name in span))
        frame = pl.DataFrame([{name: span.get(name) for name in names} for span in spans], infer_schema_length=None)
        connection.register("frame", frame)
        connection.execute(f"INSERT INTO spans BY NAME SELECT *, {ENTRY_SPAN} AS is_entry FROM frame AS spans")
        connection.unregister("frame")


def insert_table(connection: duckdb.DuckDBPyConnection, table: str, rows: Rows) -> None:
    """Insert many rows of spans or logs at once; columns that a row does not name are null."""
    if not rows:
        return
    names = list(dict.fromkeys(name for row in rows for name in row))
    connection.register("given", pa.Table.from_pylist([{name: row.get(name) for name in names} for row in rows]))
    entry = f", {ENTRY_SPAN} AS is_entry" if table == "spans" else ""
    connection.execute(f"INSERT INTO {table} BY NAME SELECT *{entry} FROM given")
    connection.unregister("given")


def is_entry(connection: duckdb.DuckDBPyConnection, span: Mapping[str, Any]) -> bool:
    """Say of a span what the readers of spans store about it."""
    binds = {"kind": span["kind"], "parent": span.get("parent_span_id")}
    (found,) = fetch_row(
        connection, f"SELECT {ENTRY_SPAN} FROM (SELECT $kind AS kind, $parent AS parent_span_id)", binds
    )
    return bool(found)


def insert_small_world(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill a store with one source, 600 requests of three routes over ten minutes, and 12 log records.

    `api` answers `/users/{id}` 300 times, every tenth an error, taking 1 to 300 ms; and `/orders` 290 times, taking
    10 ms each; `auth` answers `/token` ten times, taking 1 s each. Span n of a route belongs to trace n of it.
    """
    insert_rows(connection, "sources", [{"source_id": 1, "uri": "/data/small.jsonl", "ingested_ns": INGESTED_NS}])
    connection.execute(
        """
        INSERT INTO spans (
            source_id, line, ordinal, trace_id, span_id, service, name, kind, start_ns, duration_ns, status,
            http_method, route, status_code, attributes, is_entry
        )
        SELECT
            1, n, 0, printf('%s%030x', prefix, n), printf('%s%014x', prefix, n), service, 'GET ' || route, 'SERVER',
            $start_ns + n * 2000000000 + 7, coalesce(fixed_ms, n) * 1000000,
            if(is_error, 'ERROR', 'UNSET'), 'GET', route, if(is_error, 500, 200), json_object('n', n), true
        FROM (
            SELECT *, fixed_ms IS NULL AND n % 10 = 0 AS is_error
            FROM (VALUES ('aa', 'api', '/users/{id}', 300, NULL), ('bb', 'api', '/orders', 290, 10),
                         ('cc', 'auth', '/token', 10, 1000)) AS routes(prefix, service, route, requests, fixed_ms)
            CROSS JOIN LATERAL (SELECT unnest(range(1, requests + 1)) AS n)
        )
        ORDER BY service, route, n
        """,
        {"start_ns": START_NS},
    )
    levels = [("INFO", 9), ("WARN", 13), ("ERROR", 17)]
    records = [
        {
            "source_id": 1,
            "line": 1000 + n,
            "ts_ns": START_NS + n * 10**9 + n,
            "service": "api" if n % 2 else "auth",
            "level": levels[n % 3][0],
            "severity_number": levels[n % 3][1],
            "message": f"message {n}",
            "trace_id": f"aa{n:030x}" if n else None,
            "attributes": f'{{"n":{n},"big":12345678901234567890}}',
        }
        for n in range(11)
    ]
    records.append(
        {"source_id": 1, "line": 1011, "service": "api", "level": "INFO", "message": "a record without time"}
    )
    insert_rows(connection, "logs", records)
    reject = {"source_id": 1, "line": 2000, "lines": 1, "reason": "not JSON", "raw": '{"a":'}
    insert_rows(connection, "rejects", [reject])


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """Return a function that makes a store of the given rows, by table."""

    def make(tables: Mapping[str, Rows]) -> Path:
        path = tmp_path / "made.duckdb"
        with open_writer(path) as connection:
            for table, rows in tables.items():
                insert_rows(connection, table, rows)
        return path

    return make


@pytest.fixture(scope="session")
def small_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a store with the small world; tests only read it."""
    path = tmp_path_factory.mktemp("small") / "small.duckdb"
    with open_writer(path) as connection:
        insert_small_world(connection)
    return path


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the path of a store with tables and no rows; tests only read it."""
    path = tmp_path_factory.mktemp("empty") / "empty.duckdb"
    with open_writer(path):
        return path


@pytest.fixture(autouse=True)
def settings_of_a_stranger(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings and the terminal of whoever runs the tests out of them."""
    for name in ("LOGLENS_DB", "LOGLENS_HEALTH_SEGMENTS", "LOGLENS_DEBUG", "COLUMNS", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)


class Done(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str


class Shell:
    """A shell in an empty folder, with the small store as its database."""

    def __init__(self, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
        self._captured = capfdbinary

    def __call__(self, *arguments: str | Path) -> Done:
        with pytest.raises(SystemExit) as exited:
            main.run([str(argument) for argument in arguments])
        out, err = self._captured.readouterr()
        code = exited.value.code
        assert isinstance(code, int)
        return Done(code, out.decode(), err.decode())


@pytest.fixture
def shell(
    capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path, small_store: Path, monkeypatch: pytest.MonkeyPatch
) -> Shell:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGLENS_DB", str(small_store))
    return Shell(capfdbinary)
