"""Sources that other processes help to parse have the rows, rejects and counts they have without."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from benchmarks.inputs.otlp_protobuf import encode, framed
from loglens.ingest import helpers, messages, transaction
from loglens.ingest.content import Content
from loglens.ingest.helpers import Helper, Helpers
from loglens.ingest.parsing import MakeParser
from loglens.ingest.run import IngestRequest, ingest

TABLES = ("spans", "logs", "metric_samples", "rejects")
COUNTS = "lines, blank_lines, reject_lines, record_lines, records, rejects, untimed, unread, content_id, assumptions"
pytestmark = pytest.mark.skipif(os.name != "posix", reason="helpers need descriptors that are handed on")


def lines_of_every_kind(count: int) -> Iterator[str]:
    """Yield lines with spans, log records and metrics, some of which cannot be read."""
    chance = random.Random(3)
    for number in range(count):
        span: dict[str, Any] = {
            "traceId": f"{number + 1:032x}",
            "spanId": f"{number + 1:016x}",
            "name": f"GET /users/{number % 7}",
            "kind": 2,
            "startTimeUnixNano": str(1_700_000_000_000_000_000 + number),
            "endTimeUnixNano": str(1_700_000_000_500_000_000 + number),
            "attributes": [
                {"key": "http.method", "value": {"stringValue": "GET"}},
                {"key": "size", "value": {"intValue": str(chance.randrange(1 << 63))}},
                {"key": "text", "value": {"stringValue": chance.choice(["plain", 'a "quoted" one', "é\n", ""])}},
            ],
        }
        log = {"timeUnixNano": str(1_700_000_000_000_000_000 + number), "body": {"stringValue": f"line {number}"}}
        gauge = {"name": "depth", "gauge": {"dataPoints": [{"timeUnixNano": str(1 + number), "asInt": str(number)}]}}
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": f"shop-{number % 3}"}}]}
        whole = {
            0: {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [log, log]}]}]},
            1: {"resourceMetrics": [{"resource": resource, "scopeMetrics": [{"metrics": [gauge]}]}]},
            2: {"resourceSpans": [{"scopeSpans": [{"spans": [span | {"spanId": "none"}, span]}]}]},
        }
        spans = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span] * (number % 4 + 1)}]}]}
        text = json.dumps(whole.get(number % 20, spans), separators=(",", ":"), ensure_ascii=False)
        yield {3: text[: len(text) // 2], 4: "", 5: text.replace(",", ", ")}.get(number % 20, text) + "\n"


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a source that is cut into some forty batches."""
    path = tmp_path / "traces.jsonl"
    path.write_text("".join(lines_of_every_kind(1000)))
    monkeypatch.setattr(Content.read, "__defaults__", (16 << 10,))
    return path


@pytest.fixture
def protobuf(source: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Write the requests of the source as OTLP protobuf."""
    monkeypatch.setattr(messages, "BLOCK_BYTES", 8 << 10)
    path = source.with_name("traces.pb")
    lines = [line for line in source.read_text().splitlines() if line.endswith("]}") and '"none"' not in line]
    path.write_bytes(framed([encode(json.loads(line)) for line in lines], "delimited"))
    return path


@pytest.fixture
def jaeger(source: Path) -> Path:
    """Write spans of the usual shape, others, and what is none, as Jaeger does."""
    log = {"timestamp": 1_700_000_000_000_000, "fields": [{"key": "event", "type": "string", "value": "retry"}]}
    texts = []
    for number in range(400):
        span = {
            "traceID": f"{number + 1:032x}",
            "spanID": f"{number + 1:016x}",
            "operationName": f"GET /users/{number % 7}",
            "references": [],
            "startTime": 1_700_000_000_000_000 + number,
            "duration": number,
            "tags": [{"key": "attempt", "type": "int64", "value": number}],
            "logs": [log] * (number % 3 == 1),
            "processID": "p1",
        }
        broken = {"spanID": number}
        trace = {
            "traceID": f"{number + 1:032x}",
            "spans": [span, span, *([broken] * (number % 20 == 5))],
            "processes": {"p1": {"serviceName": f"shop-{number % 3}", "tags": []}},
        }
        texts.append(json.dumps({"data": [trace]}, separators=(",", ":")) + "\n")
    path = source.with_name("jaeger.jsonl")
    path.write_text("".join(texts))
    return path


class Patient(Helpers):
    """Two helpers that are ready before the first piece comes."""

    def _begin(self, make: MakeParser) -> list[Helper]:
        found = super()._begin(make)
        for helper in found:
            assert helper.answered() is None
        return found


@pytest.fixture
def with_helpers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let helpers take part whatever the size of a source."""
    monkeypatch.setattr(transaction, "LARGE_BYTES", 0)
    monkeypatch.setattr(helpers, "spare_processors", lambda: 2)
    monkeypatch.setattr(helpers, "Helpers", Patient)


def stored(source: Path, name: str) -> list[Any]:
    """Ingest a source and return all that is stored of it."""
    database = source.with_name(name)
    report = ingest(IngestRequest([str(source)], database))
    assert [outcome.action for outcome in report.outcomes] == ["new"], report.outcomes
    with duckdb.connect(database, read_only=True) as connection:
        rows = [connection.execute(f"SELECT * FROM {table} ORDER BY ALL").fetchall() for table in TABLES]
        return [*rows, connection.execute(f"SELECT {COUNTS} FROM sources").fetchall()]


def given(monkeypatch: pytest.MonkeyPatch) -> list[Helper]:
    """Return a list that gets each helper as often as it is given pieces."""
    seen: list[Helper] = []
    takes = Helper.takes

    def noted(self: Helper, pieces: pa.RecordBatch) -> bool:
        taken = takes(self, pieces)
        if taken:
            seen.append(self)
        return taken

    monkeypatch.setattr(Helper, "takes", noted)
    return seen


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("source", [2000, 100, 50, 100, 1]),
        ("protobuf", [1950, 100, 50, 0, 1]),
        ("jaeger", [800, 0, 0, 20, 1]),
    ],
)
def test_helpers_change_nothing(
    name: str, rows: list[int], monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    source = request.getfixturevalue(name)
    alone = stored(source, "alone.duckdb")
    assert [len(found) for found in alone] == rows
    request.getfixturevalue("with_helpers")
    seen = given(monkeypatch)
    assert stored(source, "helped.duckdb") == alone
    assert len(set(seen)) == 2


def test_a_helper_that_ends_is_done_without(
    source: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    alone = stored(source, "alone.duckdb")
    request.getfixturevalue("with_helpers")
    seen = given(monkeypatch)
    answered = Helper.answered

    def killed(self: Helper) -> Any:
        if len(seen) == 7:
            self._process.kill()
            self._process.wait()
        return answered(self)

    monkeypatch.setattr(Helper, "answered", killed)
    assert stored(source, "helped.duckdb") == alone


def test_what_does_not_fit_is_parsed_here(
    source: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    alone = stored(source, "alone.duckdb")
    request.getfixturevalue("with_helpers")
    with source.open("a") as file:
        file.write(f'{{"resourceSpans":[],"x":"{"y" * (13 << 20)}"}}\n')
    helped = stored(source, "helped.duckdb")
    assert helped[:4] == alone[:4]
    assert helped[4][0][0] == alone[4][0][0] + 1


def test_helpers_end_with_the_process_that_asks() -> None:
    script = (
        "import time; from loglens.ingest.helpers import Helper; helper = Helper();"
        " print(helper._process.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        helper = int(process.stdout.readline())
        process.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 10
    while Path(f"/proc/{helper}/cmdline").exists() and Path(f"/proc/{helper}/cmdline").read_bytes():
        assert time.monotonic() < deadline
        time.sleep(0.05)
