"""Killed at any moment, ingest loses nothing and doubles nothing: the next run ends where a clean one does."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import time
import tomllib
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from benchmarks.inputs.otlp_protobuf import encode, framed
from loglens.ingest.formats import FORMATS
from loglens.store.ledger import RECORD_TABLES

# More moments than a pull request needs to wait for: LOGLENS_TEST_KILLS=200 before a release.
KILLS = int(os.environ.get("LOGLENS_TEST_KILLS", "50"))
CASES = Path(__file__).parent / "cases" / "formats"
# The command, started as a fork of a process that has its imports behind it, so that every moment is one of the ingest.
STARTER = """
import os, sys
import duckdb, msgspec, numpy, orjson, pyarrow, xxhash
import loglens.cli.ingest, loglens.ingest.run
from loglens.cli.main import run
for line in sys.stdin:
    pid = os.fork()
    if not pid:
        run(line.rstrip("\\n").split("\\t"))
    print(pid, flush=True)
    sys.stdin.readline()
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


class Stored(NamedTuple):
    """What is stored of a source: its records, the other counts of its row in the ledger, a hash of each table."""

    records: int
    ledger: tuple[object, ...]
    hashes: tuple[str, ...]


def write_logs(folder: Path) -> None:
    """Write cases of every format, files large enough that a kill finds one in work, and archives of both."""
    small = dict(cases_of_formats())
    for name, content in small.items():
        (folder / name).write_bytes(content)
    chance = random.Random(5)
    for number in range(3):
        data = json_lines(chance, 4_000)
        name = f"app{number}.log"
        (folder / (f"{name}.gz" if number else name)).write_bytes(gzip.compress(data) if number else data)
    (folder / "traces.jsonl").write_bytes(spans(chance, 40))
    requests = [encode(json.loads(line)) for line in spans(chance, 40).splitlines()]
    (folder / "traces.pb").write_bytes(framed(requests, "delimited"))
    (folder / "metrics.prom").write_text("".join(f'up{{pod="p{pod}"}} {chance.random()}\n' for pod in range(3_000)))
    members = {"inner.log": json_lines(chance, 1_500), "inner.jsonl": spans(chance, 10)}
    members |= dict(list(small.items())[:4])
    with tarfile.open(folder / "logs.tar.gz", "w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(f"tarred/{name}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    with zipfile.ZipFile(folder / "logs.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"zipped/{name}", content + b"\n")


def cases_of_formats() -> Iterator[tuple[str, bytes]]:
    """Yield a name and the content of the first case of every format that there is."""
    for form in FORMATS:
        for path in sorted(CASES.glob(f"{form.name}.toml")) or sorted(CASES.glob(f"{form.name.split('_')[0]}_*.toml")):
            case = tomllib.loads(path.read_text("utf-8"))["case"][0]
            content = case.get("content", case.get("lines"))
            if isinstance(content, str):
                yield f"{path.stem}.{case.get('file', 'x.log').split('.', 1)[1]}", content.lstrip().encode()


def json_lines(chance: random.Random, count: int) -> bytes:
    lines = []
    for line in range(count):
        record = {"time": 1768467600 + line / 7, "level": "info", "message": f"m{chance.random()}"}
        lines.append("{broken" if chance.random() < 0.001 else json.dumps(record))
    return ("\n".join(lines) + "\n").encode()


def spans(chance: random.Random, batches: int) -> bytes:
    lines = []
    for batch in range(batches):
        listed = [
            {
                "traceId": f"{chance.getrandbits(64):016x}{batch:08x}{span:08x}",
                "spanId": f"{span + 1:016x}",
                "name": "GET /things",
                "kind": 2,
                "startTimeUnixNano": str(1768467600 * 10**9 + span),
                "endTimeUnixNano": str(1768467600 * 10**9 + span + chance.randrange(10**9)),
                "attributes": [{"key": "http.route", "value": {"stringValue": f"/things/{span % 7}"}}],
            }
            for span in range(100)
        ]
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "things"}}]}
        lines.append(json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": listed}]}]}))
    return ("\n".join(lines) + "\n").encode()


def stored_in(database: Path) -> dict[str, Stored]:
    """Return what is stored of each source."""
    if not database.exists():
        return {}
    with duckdb.connect(database, read_only=True) as connection:
        if not connection.execute("SELECT 1 FROM duckdb_tables() WHERE table_name = 'sources'").fetchall():
            return {}
        hashes: dict[str, list[str]] = {}
        for table in (*RECORD_TABLES, "rejects"):
            names = connection.execute(
                "SELECT column_name FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index", [table]
            ).fetchall()
            listed = ", ".join(f"{table}.{name}" for (name,) in names if name != "source_id")
            statement = (
                f"SELECT uri, sum(hash({listed}))::VARCHAR FROM {table} JOIN sources USING (source_id) GROUP BY uri"
            )
            for uri, summed in connection.execute(statement).fetchall():
                hashes.setdefault(uri, []).append(f"{table} {summed}")
        ledger = connection.execute(
            "SELECT uri, records, content_id, lines, blank_lines, reject_lines, record_lines, rejects, state"
            " FROM sources"
        ).fetchall()
        return {uri: Stored(records, tuple(counts), tuple(hashes.get(uri, ()))) for uri, records, *counts in ledger}


class Starter:
    """Starts ingests of one folder."""

    def __init__(self, process: subprocess.Popen[str], folder: Path) -> None:
        self.process = process
        self.folder = folder

    def ingest(self, database: Path, killed_after_s: float | None) -> int:
        """Run the command, perhaps kill it after so long, and return its exit code; -9 where it was killed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\t".join(("ingest", str(self.folder), "--db", str(database))) + "\n")
        self.process.stdin.flush()
        pid = int(self.process.stdout.readline())
        if killed_after_s is not None:
            time.sleep(killed_after_s)
            # Until its exit code has been asked for, no other process can have its number.
            os.kill(pid, 9)
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


@contextmanager
def starter(folder: Path) -> Iterator[Starter]:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        yield Starter(process, folder)
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.slow
def test_a_killed_ingest_is_finished_by_the_next(tmp_path: Path) -> None:
    folder, clean, database = tmp_path / "logs", tmp_path / "clean.duckdb", tmp_path / "killed.duckdb"
    folder.mkdir()
    write_logs(folder)
    with starter(folder) as started:
        begun = time.monotonic()
        assert started.ingest(clean, None) == 0
        whole_s = time.monotonic() - begun
        expected = stored_in(clean)
        total = sum(each.records for each in expected.values())
        assert_every_format_is_there(clean)
        chance = random.Random(11)
        moments: list[int] = []
        runs, left = 0, 1.0
        while len(moments) < KILLS:
            runs += 1
            code = started.ingest(database, chance.uniform(0, left * whole_s))
            stored = stored_in(database)
            assert stored == {uri: expected[uri] for uri in stored}, f"after {len(moments)} kills"
            if code == -9:
                moments.append(len(stored))
            left = 1 - sum(each.records for each in stored.values()) / total
            if chance.random() < 0.3 or code == 0 or len(moments) == KILLS:
                assert started.ingest(database, None) == 0
                assert stored_in(database) == expected, f"after {len(moments)} kills"
                database.unlink()
                Path(f"{database}.wal").unlink(missing_ok=True)
                left = 1.0
            assert runs < 4 * KILLS, "ingest finishes before it can be killed; make the logs larger"
    print(f"{KILLS} kills; sources that were in, of {len(expected)}: {sorted(moments)}")
    # A kill before the first file is in proves little: most found some files in, and another in work.
    assert sum(0 < stored < len(expected) for stored in moments) > KILLS / 2
    assert len(set(moments)) > min(KILLS, 100) / 5


def assert_every_format_is_there(database: Path) -> None:
    with duckdb.connect(database, read_only=True) as connection:
        found = {name for (name,) in connection.execute("SELECT DISTINCT format FROM sources").fetchall()}
    assert found == {form.name for form in FORMATS}
