"""Statements planned for many small files read them as statements of their own do, also after a file that failed."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from loglens.errors import IngestError
from loglens.ingest import transaction
from loglens.ingest.formats import FORMATS
from loglens.ingest.planned import SMALL_BYTES
from loglens.ingest.reader import ReadOptions
from loglens.ingest.run import IngestRequest, ingest
from loglens.store.ledger import RECORD_TABLES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with three files of every format, which differ in how much there is of the same."""
    made = tmp_path / "logs"
    for form in FORMATS:
        for number in range(3):
            path = made / form.name / f"svc{number}.log"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(form.example * (1 + number), "utf-8")
    return made


def read(folder: Path, database: Path, options: ReadOptions) -> dict[str, list[tuple[object, ...]]]:
    """Ingest a folder, and return the rows of every table."""
    ingest(IngestRequest([str(folder)], database, options))
    with duckdb.connect(database, read_only=True) as connection:
        tables = {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall()
            for table in (*RECORD_TABLES, "rejects")
        }
        told = (
            "SELECT uri, format, assumptions, lines, records, rejects, untimed, state, note FROM sources ORDER BY uri"
        )
        return tables | {"sources": connection.execute(told).fetchall()}


@pytest.mark.parametrize("unit", [None, "ms"])
def test_small_files_are_read_as_large_ones_are(
    folder: Path, tmp_path: Path, unit: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ReadOptions(duration_unit=unit)
    planned = read(folder, tmp_path / "planned.duckdb", options)
    monkeypatch.setattr(transaction, "SMALL_BYTES", -1)
    alone = read(folder, tmp_path / "alone.duckdb", options)
    assert planned == alone
    assert {form for _, form, *_ in planned["sources"]} == {form.name for form in FORMATS}
    assert all(planned[table] for table in RECORD_TABLES)


def test_a_file_that_fails_takes_no_plan_of_the_others_along(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = transaction.Transaction._check

    def fails(self: transaction.Transaction, source_id: int, first_line: int) -> None:
        if self.work.uri.endswith("svc0.log"):
            raise IngestError("does not balance")
        check(self, source_id, first_line)

    monkeypatch.setattr(transaction.Transaction, "_check", fails)
    report = ingest(IngestRequest([str(folder)], tmp_path / "x.duckdb"))
    failed = [outcome.path for outcome in report.outcomes if outcome.action == "failed"]
    assert len(failed) == len(FORMATS)
    assert sum(outcome.action == "new" for outcome in report.outcomes) == 2 * len(FORMATS)


def test_examples_are_small() -> None:
    assert all(len(form.example) * 3 < SMALL_BYTES for form in FORMATS)
