"""OTLP files that nobody here wrote: the specification's examples and other projects' cases, where they are present."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from otlp import Row, read_otlp

DATA = Path(__file__).parents[2] / "shared" / "data"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the folder ../shared/data is absent")

# What the other project makes of a record and this reader does not; docs/formats.md says why.
_CASES = "otel_smoke_cases.jsonl: "
_UNREAD = tomllib.loads((Path(__file__).parents[1] / "docs" / "formats.toml").read_text("utf-8"))["unread"]
DIFFERS = {each["files"].removeprefix(_CASES) for each in _UNREAD if each["files"].startswith(_CASES)}


def read_file(name: str, folder: Path) -> Any:
    content = (DATA / name).read_bytes()
    return read_otlp(gzip.decompress(content) if name.endswith(".gz") else content, folder / "content")


def picked(row: Row, *names: str) -> list[Any]:
    return [row[name] for name in names]


def test_the_examples_of_the_specification(tmp_path: Path) -> None:
    (span,) = read_file("opentelemetry-proto/trace.json", tmp_path).rows("spans")
    columns = ("trace_id", "span_id", "parent_span_id", "service", "name", "kind", "start_ns", "duration_ns")
    assert picked(span, *columns) == [
        "5b8efff798038103d269b633813fc60c", "eee19b7ec3c1b174", "eee19b7ec3c1b173", "my.service", "I'm a server span",
        "SERVER", 1544712660000000000, 1000000000,
    ]  # fmt: skip
    assert json.loads(span["attributes"]) == {"my.span.attr": "some value"}
    assert json.loads(span["extra"]) == {
        "scope": {"version": "1.0.0", "attributes": {"my.scope.attribute": "some scope attribute"}}
    }
    (record,) = read_file("opentelemetry-proto/logs.json", tmp_path).rows("logs")
    assert picked(record, "ts_ns", "severity_number", "level", "logger", "message", "trace_id") == [
        1544712660300000000, 10, "Information", "my.library", "Example log record", "5b8efff798038103d269b633813fc60c",
    ]  # fmt: skip
    attributes = json.loads(record["attributes"])
    expected = {
        "string.attribute": "some string", "boolean.attribute": True, "int.attribute": 10, "double.attribute": 637.704,
        "array.attribute": ["many", "values"], "map.attribute": {"some.map.key": "some value"},
    }  # fmt: skip
    assert {key: attributes[key] for key in expected} == expected
    (event,) = read_file("opentelemetry-proto/events.json", tmp_path).rows("logs")
    assert json.loads(event["attributes"])["eventName"] == "browser.page_view"
    samples = read_file("opentelemetry-proto/metrics.json", tmp_path).rows("metric_samples")
    assert [(row["name"], row["type"], json.loads(row["labels"]).get("le"), row["value"]) for row in samples] == [
        ("my.counter", "unknown", None, 5.0),
        ("my.gauge", "gauge", None, 10.0),
        ("my.histogram_bucket", "histogram_bucket", "1", 1.0),
        ("my.histogram_bucket", "histogram_bucket", "+Inf", 2.0),
        ("my.histogram_sum", "histogram_sum", None, 2.0),
        ("my.histogram_count", "histogram_count", None, 2.0),
        ("my.exponential.histogram_bucket", "histogram_bucket", "0", 1.0),
        ("my.exponential.histogram_bucket", "histogram_bucket", "8", 3.0),
        ("my.exponential.histogram_bucket", "histogram_bucket", "+Inf", 3.0),
        ("my.exponential.histogram_sum", "histogram_sum", None, 10.0),
        ("my.exponential.histogram_count", "histogram_count", None, 3.0),
    ]


# File -> spans, log records, samples, rejects, records without a time.
EDGES = {
    "logs_document.json": (0, 1, 0, 0, 0),
    "logs_nulls.jsonl": (0, 3, 0, 0, 0),
    "logs_simple.jsonl": (0, 3, 0, 0, 0),
    "malformed.jsonl": (0, 0, 0, 4, 0),
    "metrics_all_types.jsonl": (0, 0, 21, 0, 0),
    "metrics_exp_histogram_ndjson.jsonl": (0, 0, 8, 0, 0),
    "metrics_histogram_ndjson.jsonl": (0, 0, 7, 0, 0),
    "metrics_nulls.jsonl": (0, 0, 4, 0, 0),
    "metrics_optional_fields.jsonl": (0, 0, 8, 1, 0),
    "metrics_simple.jsonl": (0, 0, 9, 0, 0),
    "metrics_summary_only.jsonl": (0, 0, 8, 0, 0),
    "metrics_temporality_strings.jsonl": (0, 0, 1, 0, 0),
    "multifile_malformed_traces.jsonl": (0, 0, 0, 1, 0),
    "multifile_valid_traces.jsonl": (1, 0, 0, 0, 0),
    "single_trace.jsonl": (1, 0, 0, 0, 1),
    "traces_deep_nesting.jsonl": (1, 0, 0, 0, 1),
    "traces_large_attrs.jsonl": (1, 0, 0, 0, 1),
    "traces_nulls.jsonl": (3, 0, 0, 0, 3),
    "traces_simple.jsonl": (3, 0, 0, 0, 0),
    "ts_boundary_logs.jsonl": (0, 1, 0, 0, 0),
    "ts_overflow_logs.jsonl": (0, 1, 0, 0, 1),
}


@pytest.mark.parametrize("name", EDGES)
def test_edge_cases_of_duckdb_otlp(name: str, tmp_path: Path) -> None:
    read = read_file(f"duckdb-otlp/test/data/{name}", tmp_path)
    sizes = [len(read.rows(table)) for table in ("spans", "logs", "metric_samples")]
    assert (*sizes, len(read.rejects), read.counts.untimed) == EDGES[name]
    expected = json.loads((DATA / "duckdb-otlp" / "expected.json").read_text()).get(f"test/data/{name}", {})
    assert expected.get("spans", sizes[0]) == sizes[0]
    assert expected.get("logs", sizes[1]) == sizes[1]
    rows = read.rows("spans") or read.rows("logs")
    if "service_name" in expected:
        assert {row["service"] for row in rows} == {expected["service_name"]}
    if "body" in expected:
        assert [row["message"] for row in rows] == [expected["body"]]
    if "severities" in expected:
        assert [row["level"] for row in rows] == expected["severities"]
    if "parent_span_id_null" in expected:
        assert sum(row["parent_span_id"] is None for row in rows) == expected["parent_span_id_null"]


def smoke_cases() -> list[Any]:
    file = DATA / "hyperdx" / "otel_smoke_cases.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


@pytest.mark.parametrize("case", smoke_cases(), ids=lambda case: case["case"])
def test_smoke_cases_of_hyperdx(case: dict[str, Any], tmp_path: Path) -> None:
    content = json.dumps(case["input"]).encode()
    read = read_otlp(content, tmp_path / "content")
    expected = list(csv.reader(io.StringIO(case["expected_csv"])))
    assert not read.rejects
    name, group = case["case"], case["case"].split("/")[0]
    differs = name in DIFFERS or f"{group}/*" in DIFFERS
    if group == "traces":
        rows = [[r["name"], r["service"], str(int(r["parent_span_id"] is None)), r["http_method"] or "",
                 r["db_system"] or ""] for r in read.rows("spans")]  # fmt: skip
        assert rows == expected
    elif group == "metrics":
        rows = [[r["name"], r["service"], json.loads(r["labels"])["room"], f"{r['value']:g}"]
                for r in read.rows("metric_samples")]  # fmt: skip
        assert rows == expected
    elif "Body" in case["query"]:
        bodies = [row["message"] for row in read.rows("logs")]
        column = 0 if case["query"].lstrip().startswith(("SELECT Body", "SELECT\n    Body")) else -1
        assert sorted(bodies) == sorted(row[column] for row in expected)
        if not differs and "SeverityNumber" in case["query"]:
            levels = [[row["level"].lower(), str(row["severity_number"])] for row in read.rows("logs")]
            assert levels == [row[:2] for row in expected]
    elif not differs:
        attributes = [json.loads(row["attributes"] or "{}") for row in read.rows("logs")]
        assert [str(found) for found in attributes] == [row[1] for row in expected]
    else:
        assert read.counts.records == len(expected)


def test_scenarios_of_hyperdx_are_read_whole(tmp_path: Path) -> None:
    spans = read_file("hyperdx/eval/error-root-cause/traces.otlp.jsonl.gz", tmp_path)
    logs = read_file("hyperdx/eval/error-root-cause/logs.otlp.jsonl.gz", tmp_path)
    assert (spans.counts.records, logs.counts.records) == (5300, 6113)
    for read, table in ((spans, "spans"), (logs, "logs")):
        assert read.rejects == []
        ((kept,),) = read.connection.execute(f"SELECT count(raw) FROM {table}").fetchall()
        assert kept == 0
