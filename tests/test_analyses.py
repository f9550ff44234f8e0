"""Every analysis on small stores with known answers: the cases are data, beside this file."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import INGESTED_NS, START_NS, insert_many_spans, is_entry
from span_notation import span_rows

import loglens
from loglens.analyses import ALL
from loglens.errors import LoglensError
from loglens.params import accept_all
from loglens.store.store import open_writer

CASES = Path(__file__).parent / "cases" / "analyses"
# TOML has no null.
NULL = "∅"
DEFAULTS: dict[str, dict[str, Any]] = {
    "spans": {"source_id": 1, "kind": "SERVER", "status": "UNSET", "service": "api"},
    "logs": {"source_id": 1, "service": "api"},
    "rejects": {"source_id": 1, "lines": 1},
    "metric_samples": {"source_id": 1, "service": "api", "name": "requests_total", "type": "counter"},
    "health_checks": {"source_id": 1, "service": "api"},
    "sources": {
        **dict.fromkeys(("content_id", "head_id", "done_id"), ""),
        **dict.fromkeys(("stored_bytes", "content_bytes", "head_bytes", "bytes_done", "lines_done", "lines"), 0),
        **dict.fromkeys(("blank_lines", "reject_lines", "record_lines", "records", "rejects", "untimed", "unread"), 0),
        **{"format": "ndjson", "shape": "lines", "options": "{}", "assumptions": "{}", "state": "complete"},
        "ingested_ns": INGESTED_NS,
    },
}
TIME = {"spans": "start_ns", "logs": "ts_ns", "metric_samples": "ts_ns", "health_checks": "ts_ns"}


def all_cases() -> list[Any]:
    files = [(path.stem, tomllib.loads(path.read_text("utf-8"))["case"]) for path in sorted(CASES.glob("*.toml"))]
    return [pytest.param(name, case, id=f"{name}: {case['name']}") for name, cases in files for case in cases]


def stored_row(table: str, line: int, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns of one row of a case; `at_ms` counts from 2026-01-15T09:00:00Z, `ms` is a duration."""
    values = dict(DEFAULTS[table])
    if table in TIME:
        values |= {"line": line, "ordinal": 0}
    if table == "spans":
        values |= {"trace_id": f"{line:032x}", "span_id": f"{line:016x}"}
    for name, value in row.items():
        match name:
            case "at_ms":
                values[TIME[table]] = START_NS + round(value * 1_000_000)
            case "ms":
                values["duration_ns"] = round(value * 1_000_000)
            case "times":
                pass
            case _:
                values[name] = None if value == NULL else value
    return values


# What is derived is derived of sources; a case that does not say has one.
ONE_SOURCE = ({"source_id": 1, "uri": "/x", "begun_ns": 1},)


def fill(connection: duckdb.DuckDBPyConnection, case: Mapping[str, Any]) -> None:
    """Fill a store with the rows of a case, and the `traces` in the notation of tests/span_notation.py."""
    spans = [
        {name: None if value == NULL else value for name, value in row.items()}
        for row in span_rows(case.get("traces", ""))
    ]
    insert_many_spans(connection, spans)
    for table in DEFAULTS:
        rows = case.get(table, ONE_SOURCE if table == "sources" and "traces" in case else ())
        for line, row in enumerate(rows, start=1):
            values = stored_row(table, line, row)
            if table == "spans":
                values["is_entry"] = is_entry(connection, values)
            # Of several of a kind each is a record of its own.
            numbered = ["ordinal"] if values.pop("ordinal", None) is not None else []
            names, marks = ", ".join([*values, *numbered]), ", ".join([*(f"${name}" for name in values), *numbered])
            statement = f"INSERT INTO {table} ({names}) SELECT {marks} FROM range($times) AS numbers(ordinal)"
            connection.execute(statement, {**values, "times": row.get("times", 1)})


@pytest.mark.parametrize(("analysis", "case"), all_cases())
def test_case(analysis: str, case: Mapping[str, Any], empty_store: Path, tmp_path: Path) -> None:
    path = tmp_path / "case.duckdb"
    shutil.copy(empty_store, path)
    with open_writer(path) as connection:
        fill(connection, case)
    ask = getattr(loglens.open(path), analysis)
    if "error" in case:
        with pytest.raises(LoglensError) as raised:
            ask(**case.get("ask", {}))
        assert str(raised.value) == case["error"]
        return
    result = ask(**case.get("ask", {}))
    columns = case.get("columns", list(result.columns))
    only = case.get("only", {})
    rows = [
        [NULL if row[name] is None else row[name] for name in columns]
        for row in result.rows
        if all(row[name] in wanted for name, wanted in only.items())
    ]
    assert rows == case["rows"]


def test_every_case_file_is_of_an_analysis() -> None:
    from loglens.analyses import ALL

    assert {path.stem for path in CASES.glob("*.toml")} == {analysis.name for analysis in ALL}


@pytest.mark.parametrize(
    ("name", "given", "ordered"),
    [
        ("errors", {}, ("failed", "requests")),
        ("queries", {"sort": "errors"}, ("errors", "calls")),
        ("queries", {"sort": "p95"}, ("p95_ms", "calls")),
        ("traces", {}, ("duration_ms",)),
        ("logs", {}, ()),
    ],
)
def test_the_order_is_read_from_the_declaration(name: str, given: dict[str, str], ordered: tuple[str, ...]) -> None:
    analysis = next(each for each in ALL if each.name == name)
    assert analysis.ordered_by(accept_all(analysis, given)) == ordered
