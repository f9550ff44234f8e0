"""The contract of every format: its example is recognised as it and reads whole."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from loglens.ingest.formats import FORMATS
from loglens.ingest.reader import Format
from loglens.ingest.run import IngestRequest, ingest
from loglens.store.ledger import RECORD_TABLES


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_the_example_of_a_format_reads_as_it(form: Format, tmp_path: Path) -> None:
    path = tmp_path / "example"
    path.write_text(form.example, "utf-8")
    (outcome,) = ingest(IngestRequest([str(path)], tmp_path / "x.duckdb")).outcomes
    assert (outcome.action, outcome.format, outcome.rejects) == ("new", form.name, 0)
    assert outcome.records > 0
    with duckdb.connect(tmp_path / "x.duckdb", read_only=True) as connection:
        counts = {table: len(connection.execute(f"FROM {table}").fetchall()) for table in RECORD_TABLES}
    assert set(form.carries) <= counts.keys()
    assert {table for table, count in counts.items() if count} <= set(form.carries)


@pytest.mark.parametrize(
    "first",
    [
        b'{"time":"2026-01-15T09:00:00Z","msg":"%s"}' % (b"x" * 1_000_000),
        b'{"time":"2026-01-15T09:00:00Z","msg":"lone \\ud800"}',
        b'{"time":"2026-01-15T09:00:00Z","msg":"far","n":1e400}',
        b'{"time":"2026-01-15T09:00:00Z","msg":"raw \x1b[31m"}',
        b'{"time":"2026-01-15T09:00:00Z","msg":"deep","n":%s%s}' % (b"[" * 10_000, b"]" * 10_000),
    ],
    ids=["a long line", "a lone surrogate", "a number out of range", "a control character", "a deep value"],
)
def test_a_first_line_that_is_hard_to_read_makes_no_other_format_of_a_file(first: bytes, tmp_path: Path) -> None:
    path = tmp_path / "app.log"
    path.write_bytes(first + b'\n{"time":"2026-01-15T09:00:01Z","msg":"after"}\n')
    (outcome,) = ingest(IngestRequest([str(path)], tmp_path / "x.duckdb")).outcomes
    assert (outcome.action, outcome.format, outcome.records + outcome.rejects) == ("new", "ndjson", 2)


def test_names_are_given_once() -> None:
    assert len({form.name for form in FORMATS}) == len(FORMATS)
