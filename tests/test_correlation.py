"""Log records find their spans again where a run of the demo has lost its span ids."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import loglens
from loglens.deriving import derive
from loglens.store.store import fetch_row, open_writer

SAMPLE = Path(__file__).parents[1] / "sample_logs"
HIDE = (
    "CREATE TABLE truth AS SELECT source_id, line, ordinal, span_id FROM logs WHERE span_id IS NOT NULL",
    "UPDATE logs SET span_id = NULL",
)
FOUND = """
    SELECT
        count(*),
        count(*) FILTER (log_links.span_id = truth.span_id),
        count(*) FILTER (log_links.span_id <> truth.span_id)
    FROM truth
    LEFT JOIN log_links USING (source_id, line, ordinal)
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("correlation") / "run.duckdb"
    loglens.ingest(SAMPLE, path)
    return path


def linked(path: Path, *statements: str) -> tuple[int, int, int]:
    """Return the records whose span is known, those that found it again, and those that found another."""
    with open_writer(path) as connection:
        for statement in (*HIDE, *statements):
            connection.execute(statement)
    derive(path, again=True)
    with open_writer(path) as connection:
        return fetch_row(connection, FOUND)


def test_spans_are_found_again_by_trace_and_time(run: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(run, tmp_path / "x.duckdb"))
    records, rightly, wrongly = linked(path)
    assert records > 2_500
    assert rightly >= 0.95 * records
    assert wrongly <= 0.001 * records


def test_spans_are_found_again_where_half_of_the_records_name_a_request_id_alone(run: Path, tmp_path: Path) -> None:
    path = Path(shutil.copy(run, tmp_path / "x.duckdb"))
    named = "UPDATE logs SET request_id = 'r-' || trace_id"
    hidden = "UPDATE logs SET trace_id = NULL WHERE message <> 'request finished'"
    records, rightly, wrongly = linked(path, named, hidden)
    assert rightly >= 0.95 * records
    assert wrongly <= 0.001 * records
    methods = {(row["method"], row["inferred"]) for row in loglens.open(path).correlation().rows}
    assert {("trace_time", True), ("request_id", True)} <= methods
