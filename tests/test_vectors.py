"""Long texts reach the engine in small vectors, stay in them, and so take little memory."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loglens.ingest.formats.json_pieces import SCHEMA
from loglens.ingest.formats.json_profile import Profile
from loglens.ingest.formats.json_statement import insert_statement
from loglens.ingest.formats.json_survey import survey_statement
from loglens.ingest.formats.json_wrappers import keys_statement, wrappers_among
from loglens.ingest.run import IngestRequest, ingest
from loglens.ingest.vectors import in_vectors
from loglens.store.store import open_reader, open_writer

CUT_BYTES = 256 << 10
KEYS = ("time", "level", "service", "msg", "trace_id", "duration_ms", "status", "method", "path", "error", "message")


def batch_of(sizes: list[int]) -> pa.RecordBatch:
    texts = pa.array(["x" * size for size in sizes], pa.string())
    return pa.record_batch({"line": pa.array(range(len(sizes)), pa.int64()), "text": texts})


@settings(deadline=None)
@given(
    st.lists(st.sampled_from([0, 10, 5_000, 100_000, 300_000]), max_size=60),
    st.integers(0, 5),
    st.integers(1, 60),
)
def test_parts_are_the_batch_and_none_is_large(sizes: list[int], first: int, length: int) -> None:
    batch = batch_of(sizes).slice(first, length)
    parts = list(in_vectors(batch))
    assert pa.Table.from_batches(parts, batch.schema).to_pylist() == batch.to_pylist()
    bytes_of = [sum(map(len, part["text"].to_pylist())) for part in parts]
    if len(parts) > 1:
        assert all(size <= CUT_BYTES or part.num_rows == 1 for size, part in zip(bytes_of, parts, strict=True))
    else:
        assert sum(bytes_of) <= 2 << 20 or batch.num_rows == 1


def test_a_batch_of_short_texts_stays_whole() -> None:
    batch = batch_of([900] * 10_000)
    assert next(in_vectors(batch)) is batch


@pytest.mark.parametrize("wrapped", [False, True])
def test_no_statement_gathers_small_vectors(empty_store: Path, wrapped: bool) -> None:
    """A filter and a join gather vectors of less than 64 rows until they have 2,048, whatever these hold."""
    opens = (wrappers_among(["log", "stream", "time"]),) if wrapped else ()
    profile = Profile.of_keys(iter(KEYS), {"error"}, opens)
    binds = {"source_id": 1, "fallback": "app", "unit": None}
    with open_writer(empty_store) as connection:
        connection.register("input", pa.Table.from_batches([], SCHEMA))
        for statement in (keys_statement(opens), survey_statement(profile), insert_statement(profile)):
            (parsed,) = connection.extract_statements(statement)
            used = {name: value for name, value in binds.items() if name in parsed.named_parameters}
            ((_, plan),) = connection.execute(f"EXPLAIN (FORMAT json) {statement}", used).fetchall()
            names = operators(json.loads(plan)[0])
            assert any("SCAN" in name for name in names)
            gathering = [name for name in ungrouped(names) if "JOIN" in name or name == "FILTER"]
            assert not gathering, names


def operators(node: dict[str, object]) -> list[str]:
    """Return the names of the operators of a plan, the last first."""
    children = node.get("children", [])
    assert isinstance(children, list)
    return [str(node["name"]).strip(), *(name for child in children for name in operators(child))]


def ungrouped(names: list[str]) -> list[str]:
    """Return the operators that rows pass before they are grouped, if they are."""
    groups = [place for place, name in enumerate(names) if "GROUP_BY" in name]
    return names[groups[-1] + 1 :] if groups else names


@pytest.mark.slow
def test_long_lines_whose_keys_come_late_are_read(tmp_path: Path) -> None:
    text = 'añ"b\\c ' * 14_000
    records = [
        {"time": f"2026-01-15T09:00:00.{place:06}Z", "level": "info", "service": "llm", "msg": f"prompt {place}"}
        | {"attributes": {"prompt": text}}
        | (
            {"error": {"type": "E", "message": text}, "user": {"id": "u"}, f"late{place % 40}": 1}
            if place > 120
            else {}
        )
        for place in range(420)
    ]
    path = tmp_path / "llm.ndjson"
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), "utf-8")
    report = ingest(IngestRequest([str(path)], tmp_path / "llm.duckdb"))
    assert [(outcome.action, outcome.records, outcome.rejects) for outcome in report.outcomes] == [("new", 420, 0)]
    with open_reader(tmp_path / "llm.duckdb", reading=()) as connection:
        found = connection.execute(
            """
            SELECT
                count(*),
                min(strlen(json_extract_string(attributes, '$.attributes.prompt'))),
                count(error_type),
                max(strlen(error_message))
            FROM logs
            """
        ).fetchall()
    size = len(text.encode())
    assert found == [(420, size, 299, size)]
