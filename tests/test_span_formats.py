"""The same spans in every format: equal rows, up to what each format can carry."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from benchmarks.inputs.other_spans import FORMATS
from loglens.ingest.run import IngestRequest, ingest

TRACES = Path(__file__).parents[1] / "sample_logs" / "traces.otlp.jsonl"
SPANS, LINES = 1_000, 10
# What every format carries; times in whole microseconds, as Jaeger and Zipkin have them.
COMMON = (
    "trace_id", "span_id", "parent_span_id", "service", "name", "kind", "status", "status_message", "http_method",
    "path", "route", "status_code", "db_system", "db_query", "peer_service", "messaging_system",
    "messaging_destination", "gen_ai_model", "gen_ai_input_tokens", "user_id", "is_entry", "raw",
    "start_ns // 1000", "json_extract_string(events, '$[*].name')",
)  # fmt: skip
# What only some carry: Zipkin has no place for what is around a span, nor for what an event says.
BESIDE = {
    "jaeger": ("instance", "error_type", "scope_name", "json_extract(events, '$[*].attributes')"),
    "zipkin": (),
}


def rows(path: Path, columns: tuple[str, ...]) -> list[Any]:
    database = path.with_suffix(".duckdb")
    (outcome,) = ingest(IngestRequest([str(path)], database)).outcomes
    assert (outcome.action, outcome.rejects, outcome.untimed) == ("new", 0, 0)
    with duckdb.connect(database, read_only=True) as connection:
        return connection.execute(f"SELECT {', '.join(columns)} FROM spans ORDER BY ALL").fetchall()


@pytest.mark.parametrize("form", FORMATS)
def test_round_trip(form: str, tmp_path: Path) -> None:
    """A thousand spans of the sample read the same from OTLP JSON and from another format."""
    with TRACES.open("rb") as lines:
        written = [json.loads(line) for line in itertools.islice(lines, LINES)]
    paths = {name: tmp_path / f"{name}.jsonl" for name in ("otlp", form)}
    paths["otlp"].write_text("\n".join(json.dumps(request) for request in written))
    paths[form].write_text("\n".join(json.dumps(FORMATS[form](request)) for request in written))
    columns = (*COMMON, *BESIDE[form])
    wanted, found = (rows(path, columns) for path in paths.values())
    assert len(wanted) >= SPANS
    assert found == wanted
