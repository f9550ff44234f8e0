"""The cases of every format, by the whole ingest: the rows of a content, what is rejected and what is assumed."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loglens.ingest.formats import FORMATS
from loglens.ingest.reader import ReadOptions
from loglens.ingest.run import IngestRequest, ingest
from loglens.store.ledger import RECORD_TABLES

FOLDER = Path(__file__).parent / "cases" / "formats"
# Formats whose cases have runners of their own.
APART = {"ndjson", "otlp_json", "otlp_protobuf"}
# When the file of a case was last written, unless it says otherwise: 2026-01-15T09:30:00Z.
WRITTEN_NS = 1_768_469_400_000_000_000
CASES = [
    pytest.param(form.name, case, id=f"{form.name}: {case['name']}")
    for form in FORMATS
    if form.name not in APART
    for case in tomllib.loads((FOLDER / f"{form.name}.toml").read_text("utf-8"))["case"]
]


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> list[dict[str, Any]]:
    order = "line, lines DESC, raw" if table == "rejects" else "line, ordinal"
    cursor = connection.execute(f"SELECT * FROM {table} ORDER BY {order}")
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


@pytest.mark.parametrize(("form", "case"), CASES)
def test_case(form: str, case: dict[str, Any], tmp_path: Path) -> None:
    path, database = tmp_path / case.get("file", "app.log"), tmp_path / "x.duckdb"
    content = case["content"]
    path.write_bytes(bytes(content) if isinstance(content, list) else content.removeprefix("\n").encode())
    written_ns = case.get("written_ns", WRITTEN_NS)
    os.utime(path, ns=(written_ns, written_ns))
    (outcome,) = ingest(IngestRequest([str(path)], database, ReadOptions(**case.get("options", {})))).outcomes
    assert (outcome.action, outcome.format) == ("new", case.get("format", form)), outcome.note
    assert outcome.assumptions == case.get("assumed", {})
    with duckdb.connect(database, read_only=True) as connection:
        for table in (*RECORD_TABLES, "rejects"):
            found, wanted = rows_of(connection, table), case.get(table, [])
            named = [{key: row[key] for key in want} for row, want in zip(found, wanted, strict=False)]
            nulls = [{key: None if value == "NULL" else value for key, value in row.items()} for row in wanted]
            assert (len(found), named) == (len(wanted), nulls), table
