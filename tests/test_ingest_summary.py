"""The account an ingest gives of itself, as a terminal shows it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from conftest import Shell

from loglens.cli.ingest import Bars
from loglens.cli.ingest_summary import summarize
from loglens.ingest.reader import Counts
from loglens.ingest.report import IngestReport, Outcome
from loglens.ingest.transaction import Watched

OLD = {"http.method": "old name of http.request.method", "db.system": "old name of db.system.name"}
REPORT = IngestReport(
    "x.duckdb",
    [
        Outcome(
            "/logs/app.log",
            "new",
            "ndjson",
            lines=3,
            records=2,
            rejects=1,
            assumptions=OLD | {"times without a zone": "UTC"},
        ),
        *(
            Outcome(f"/logs/page-{number}.html", "skipped", note="text in no format loglens reads")
            for number in range(7)
        ),
    ],
)
WIDE = """\
x.duckdb: 2 records from 1 new file (0 B in 0.0 s)
  formats   ndjson 2 (records of each)
  lines     3, 0 of them blank
  rejects   1 piece of text that could not be read, kept apart with the reason
  assumed   times without a zone: UTC
            where that is wrong: loglens ingest FILE --again --timezone ZONE
  old names kept, and read as those of today too: db.system as db.system.name, http.method as http.request.method
  skipped   7 files, text in no format loglens reads: /logs/page-0.html, /logs/page-1.html, /logs/page-2.html, \
/logs/page-3.html, /logs/page-4.html, … (--verbose names them all)
Next:
  loglens --db x.duckdb          what is in it, and what is worth asking
  loglens rejects --db x.duckdb  what could not be read, and why
  loglens sources --db x.duckdb  every file, and what became of its lines
"""
NARROW = """\
x.duckdb: 2 records from 1 new file (0 B in 0.0 s)
  formats   ndjson 2 (records of each)
  lines     3, 0 of them blank
  rejects   1 piece of text that could not be read, kept apart with the reason
  assumed   times without a zone: UTC
            where that is wrong: loglens ingest FILE --again --timezone ZONE
  old names kept, and read as those of today too: db.system as db.system.name,
            http.method as http.request.method
  skipped   7 files, text in no format loglens reads: /logs/page-0.html,
            /logs/page-1.html, /logs/page-2.html, /logs/page-3.html,
            /logs/page-4.html, … (--verbose names them all)
Next:
  loglens --db x.duckdb          what is in it, and what is worth asking
  loglens rejects --db x.duckdb  what could not be read, and why
  loglens sources --db x.duckdb  every file, and what became of its lines
"""


def test_lines_fold_at_the_width_of_a_terminal() -> None:
    assert summarize(REPORT) == WIDE
    assert summarize(REPORT, width=80) == NARROW


def test_a_command_stays_in_one_line() -> None:
    database = f"/{'x' * 60}.duckdb"
    told = summarize(IngestReport(database, REPORT.outcomes), width=60)
    assert f"\n  loglens --db {database}          what is" in told


def test_what_is_no_terminal_has_no_width(tmp_path: Path, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    log = tmp_path / "a.log"
    log.write_text('{"time":"2026-01-15T09:00:00Z","level":"info","msg":"up"}\n')
    done = shell("ingest", str(log), "--db", str(tmp_path / "x.duckdb"))
    assert done.err.startswith(f"{tmp_path}/x.duckdb: 1 record from 1 new file (")


def test_a_file_read_again_and_one_of_which_nothing_was_read() -> None:
    read = [Outcome("/logs/a.log", "again", "ndjson", lines=1, records=1), Outcome("/logs/b.log", "new", "ndjson")]
    assert summarize(IngestReport("x.duckdb", read)).startswith(
        "x.duckdb: 1 record from 1 re-read, 1 new files (0 B in 0.0 s)\n  formats   ndjson 1 (records of each)\n"
    )
    renamed = Outcome("/logs/a.log.1", "renamed", "ndjson", note="renamed from /logs/a.log")
    assert summarize(IngestReport("x.duckdb", [renamed])).splitlines()[:3] == [
        "x.duckdb: 0 records from 1 renamed file (0 B in 0.0 s)",
        "  noted     /logs/a.log.1: renamed from /logs/a.log",
        "Next:",
    ]


def test_progress_counts_the_records_that_pieces_held() -> None:
    told: list[tuple[str, int, int]] = []
    transaction = SimpleNamespace(
        work=SimpleNamespace(uri="a", progress=SimpleNamespace(advance=lambda *now: told.append(now))),
        content=SimpleNamespace(stored_position=7),
        counts=Counts(),
    )
    pieces = [SimpleNamespace(num_rows=2), SimpleNamespace(num_rows=2)]
    for _ in Watched(transaction, pieces):  # type: ignore[arg-type]
        transaction.counts.passed += 50
    assert told == [("a", 7, 2), ("a", 7, 50)]


def test_the_bar_tells_records_a_second_of_all_files() -> None:
    with Bars() as bars:
        bars.start(2, 100)
        bars.finish(Outcome("a", "new", records=5_000))
        bars.advance("b", 50, 3_000)
        (task,) = bars._bars.tasks
        assert task.fields["files"] == "2/2 b"
        rate, unit = task.fields["rate"].split()
        assert unit == "records/s"
        assert 0 < float(rate.replace(",", "")) <= 80_000
