"""Killed at any moment, ingest loses nothing and doubles nothing: the next run ends where a clean one does."""

from __future__ import annotations

import gzip
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from loglens.store.ledger import RECORD_TABLES

# More moments than a pull request needs to wait for: LOGLENS_TEST_KILLS=200 before a release.
KILLS = int(os.environ.get("LOGLENS_TEST_KILLS", "50"))
INGEST = (sys.executable, "-m", "loglens", "ingest")


def write_logs(folder: Path) -> None:
    """Write a few files of every format, large enough that a kill finds one in work."""
    chance = random.Random(5)
    for number in range(4):
        lines = []
        for line in range(12_000):
            record = {"time": 1768467600 + line / 7, "level": "info", "message": f"m{chance.random()}", "n": number}
            lines.append("{broken" if chance.random() < 0.001 else json.dumps(record))
        data = ("\n".join(lines) + "\n").encode()
        name = f"app{number}.log"
        (folder / (name + ".gz" if number % 2 else name)).write_bytes(gzip.compress(data) if number % 2 else data)
    for number in range(3):
        with (folder / f"traces{number}.jsonl").open("w") as file:
            for batch in range(60):
                spans = [
                    {
                        "traceId": f"{number:08x}{batch:08x}{span:016x}",
                        "spanId": f"{span + 1:016x}",
                        "name": "GET /things",
                        "kind": 2,
                        "startTimeUnixNano": str(1768467600 * 10**9 + span),
                        "endTimeUnixNano": str(1768467600 * 10**9 + span + chance.randrange(10**9)),
                        "attributes": [{"key": "http.route", "value": {"stringValue": f"/things/{span % 7}"}}],
                    }
                    for span in range(100)
                ]
                resource = {"attributes": [{"key": "service.name", "value": {"stringValue": f"s{number}"}}]}
                request = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}]}
                file.write(json.dumps(request) + "\n")


def fingerprint(database: Path) -> dict[str, tuple[object, ...]]:
    """Return a hash over all rows of each table, by the path of their source and without the time of ingest."""
    found = {}
    with duckdb.connect(database, read_only=True) as connection:
        for table in (*RECORD_TABLES, "rejects"):
            columns = [
                name
                for (name,) in connection.execute(
                    "SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [table]
                ).fetchall()
                if name != "source_id"
            ]
            listed = ", ".join(f"{table}.{name}" for name in columns)
            statement = (
                f"SELECT count(*), sum(hash(uri, {listed}))::VARCHAR FROM {table} JOIN sources USING (source_id)"
            )
            (found[table],) = connection.execute(statement).fetchall()
        (found["sources"],) = connection.execute(
            "SELECT count(*), sum(hash(uri, content_id, lines, blank_lines, reject_lines, record_lines, records,"
            " rejects, state))::VARCHAR FROM sources"
        ).fetchall()
    return found


@pytest.mark.slow
def test_a_killed_ingest_is_finished_by_the_next(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()
    write_logs(folder)
    clean = tmp_path / "clean.duckdb"
    started = time.monotonic()
    subprocess.run([*INGEST, str(folder), "--db", str(clean)], check=True, capture_output=True)
    whole_s = time.monotonic() - started
    expected = fingerprint(clean)
    chance = random.Random(11)
    database = tmp_path / "killed.duckdb"
    kills = runs = 0
    while kills < KILLS:
        runs += 1
        with subprocess.Popen(
            [*INGEST, str(folder), "--db", str(database)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(chance.uniform(0.15, whole_s))
            process.kill()
            process.wait()
            kills += process.returncode == -9
        if chance.random() < 0.3 or kills == KILLS:
            subprocess.run([*INGEST, str(folder), "--db", str(database)], check=True, capture_output=True)
            assert fingerprint(database) == expected, f"after {kills} kills"
            database.unlink()
            Path(f"{database}.wal").unlink(missing_ok=True)
        assert runs < 4 * KILLS, "ingest finishes before it can be killed; make the logs larger"
