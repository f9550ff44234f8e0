"""One long value among many records without it: no reader may hold it once for each of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loglens.ingest.run import IngestRequest, ingest

LONG = "x" * 2_000_000
# Each record holding the value would be more than twice what DuckDB may take.
RECORDS = 500
TIME = "1544712660000000000"


def otlp(kind: str, inner: str, records: str, record: dict[str, Any]) -> str:
    long = {"attributes": [{"key": "k", "value": {"stringValue": LONG}}]}
    written = [record | (long if number == 0 else {}) for number in range(RECORDS)]
    return json.dumps({kind: [{"resource": {"attributes": []}, inner: [{records: written}]}]})


SPAN = {"traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "a"}
SPAN |= {"startTimeUnixNano": TIME, "endTimeUnixNano": TIME}
JAEGER = [
    {"spanID": f"{number:x}", "startTime": 1, "duration": 1, "processID": "p"}
    | (
        {"tags": [{"key": "k", "value": LONG}], "logs": [{"timestamp": 1, "fields": [{"key": "m", "value": LONG}]}]}
        if number == 1
        else {}
    )
    for number in range(1, RECORDS + 1)
]
CONTENTS = {
    "JSON and text": '{"time":"2026-01-15T09:00:00Z","message":"' + LONG + '"}\n' + "plain\n" * (RECORDS - 1),
    "JSON in a wrapper": (
        json.dumps(
            {"log": json.dumps({"level": "info", "message": LONG}), "stream": "stdout", "time": "2026-01-15T09:00:00Z"}
        )
        + "\n"
        + '{"time":"2026-01-15T09:00:00Z","level":"info","message":"m"}\n' * (RECORDS - 1)
    ),
    "OTLP spans": otlp("resourceSpans", "scopeSpans", "spans", SPAN),
    "OTLP logs": otlp("resourceLogs", "scopeLogs", "logRecords", {"timeUnixNano": TIME, "body": {"stringValue": "m"}}),
    "Jaeger": json.dumps({"data": [{"traceID": "a", "spans": JAEGER, "processes": {"p": {"serviceName": "s"}}}]}),
    "logfmt": f'time=2026-01-15T09:00:00Z level=info msg="{LONG}"\n'
    + "time=2026-01-15T09:00:00Z level=info\n" * (RECORDS - 1),
}


@pytest.mark.parametrize("content", CONTENTS.values(), ids=CONTENTS)
def test_a_long_value_is_held_once(content: str, tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text(content)
    (outcome,) = ingest(IngestRequest([str(tmp_path / "app.log")], tmp_path / "x.duckdb")).outcomes
    assert (outcome.action, outcome.records, outcome.rejects) == ("new", RECORDS, 0), outcome.note


def test_what_needs_too_much_memory_is_rejected_by_itself(tmp_path: Path) -> None:
    record = '{"time":"2026-01-15T09:00:00Z","level":"info","message":"m"}\n'
    deep = record[:-2] + ',"x":[' + '{"a":[1,2,"b c d e f"]},' * (600 << 10) + "1]}\n"
    (tmp_path / "app.log").write_text(record + deep + record)
    (outcome,) = ingest(IngestRequest([str(tmp_path / "app.log")], tmp_path / "x.duckdb")).outcomes
    assert (outcome.action, outcome.records, outcome.rejects) == ("new", 2, 1), outcome.note
