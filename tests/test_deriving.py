"""Derivations: brought up to date by the questions that need them, and only where something changed."""

from __future__ import annotations

import pkgutil
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from conftest import Shell, insert_rows
from span_notation import insert_spans

import loglens
from loglens import derive as register
from loglens.derivation import Derivation, Derived, Work
from loglens.derive import ALL
from loglens.deriving import derive, named_in, stale
from loglens.errors import StoreError
from loglens.ingest.forget import forget
from loglens.store.store import fetch_row, open_reader, open_writer

SPAN = (
    '{{"traceId":"{trace:032x}","spanId":"{span:016x}","parentSpanId":"{parent}","name":"{name}","kind":2,'
    '"startTimeUnixNano":"{start}","endTimeUnixNano":"{end}"}}'
)
ORDERS = """
GET /orders         100 ms
  SELECT orders      40 ms
"""


def request(*spans: str) -> str:
    listed = ",".join(spans)
    return f'{{"resourceSpans":[{{"resource":{{}},"scopeSpans":[{{"spans":[{listed}]}}]}}]}}\n'


def one_span(trace: int, span: int = 1, parent: str = "", name: str = "a", ms: int = 10) -> str:
    begin = 1768467600 * 10**9
    return request(
        SPAN.format(trace=trace, span=span, parent=parent, name=name, start=begin, end=begin + ms * 1_000_000)
    )


def structure(path: Path) -> list[dict[str, Any]]:
    """Return all rows, with spans named by their place instead of their node."""
    statement = """
        SELECT
            own.* EXCLUDE (node, parent, root, invocation, path),
            [upper.source_id, upper.line, upper.ordinal] AS parent,
            [root.source_id, root.line, root.ordinal] AS root,
            [entry.source_id, entry.line, entry.ordinal] AS invocation,
            [head.source_id, head.line, head.ordinal] AS path
        FROM span_tree AS own
        LEFT JOIN span_tree AS upper ON own.parent = upper.node
        JOIN span_tree AS root ON own.root = root.node
        JOIN span_tree AS entry ON own.invocation = entry.node
        JOIN span_tree AS head ON own.path = head.node
        ORDER BY own.source_id, own.line, own.ordinal
    """
    return loglens.open(path).sql(statement).rows


def spans_derived_by(path: Path) -> str:
    (outcome,) = (each for each in derive(path) if each.derivation.name == "trace_structure")
    return outcome.summary


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    with open_writer(path) as connection:
        insert_rows(connection, "sources", [{"source_id": 1, "uri": "/x", "ingested_ns": 1, "begun_ns": 1}])
        insert_spans(connection, ORDERS)
    return path


def test_the_register_is_whole() -> None:
    assert {module.name for module in pkgutil.iter_modules(register.__path__)} == {each.name for each in ALL}


@pytest.mark.parametrize("derivation", ALL, ids=lambda derivation: derivation.name)
def test_a_derivation_owns_its_tables(derivation: Derivation, empty_store: Path) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*", derivation.name)
    with open_reader(empty_store) as connection:
        for table in (*derivation.tables, *derivation.views):
            assert fetch_row(connection, f"SELECT count(*) FROM {table}") == (0,)
    others = [table for each in ALL if each is not derivation for table in each.tables]
    assert not set(derivation.tables) & set(others)


def test_a_question_derives_what_it_names(store: Path) -> None:
    with open_reader(store) as connection:
        assert stale(connection, ALL) == ALL
    assert loglens.open(store).sql("SELECT count(*) AS n FROM span_tree").rows == [{"n": 2}]
    with open_reader(store) as connection:
        assert stale(connection, named_in("FROM span_tree")) == ()


def test_a_question_about_something_else_derives_nothing(store: Path) -> None:
    loglens.open(store).sql("SELECT count(*) FROM spans")
    with open_reader(store) as connection:
        assert fetch_row(connection, "SELECT count(*) FROM span_structure") == (0,)


def test_the_command_says_what_it_did(shell: Shell, store: Path) -> None:
    done = shell("derive", "--db", store)
    assert (done.code, done.out) == (0, "")
    assert re.fullmatch(
        r"loglens: Query shapes: 1 new text, 1 shape in all \(\d+\.\d s\)\n"
        r"loglens: Log templates: 0 templates of 0 log records \(\d+\.\d s\)\n"
        r"loglens: Trace structure: 2 spans of 1 trace \(\d+\.\d s\)\n"
        r"loglens: Correlation: 0 of 0 log records linked to traces \(\d+\.\d s\)\n",
        done.err,
    )
    assert shell("derive", "--db", store).err == "loglens: Everything is up to date.\n"
    assert "2 spans" in shell("derive", "--again", "--db", store).err


def test_a_missing_database_is_named(shell: Shell, tmp_path: Path) -> None:
    done = shell("derive", "--db", tmp_path / "gone.duckdb")
    assert done.code == 1
    assert "gone.duckdb" in done.err
    assert not (tmp_path / "gone.duckdb").exists()


def from_nothing(path: Path) -> Sequence[Mapping[str, Any]]:
    derive(path, again=True)
    return structure(path)


def test_only_touched_traces_are_derived_again(tmp_path: Path) -> None:
    path, first, second = tmp_path / "x.duckdb", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text("".join(one_span(trace) for trace in range(1, 6)))
    loglens.ingest(first, path)
    assert spans_derived_by(path) == "5 spans of 5 traces"
    second.write_text(one_span(3, span=2, parent=f"{1:016x}", name="b", ms=4))
    loglens.ingest(second, path)
    assert spans_derived_by(path) == "2 spans of 1 trace"
    with first.open("a") as file:
        file.write(one_span(9) + one_span(4, span=7, parent=f"{1:016x}"))
    loglens.ingest(first, path)
    assert spans_derived_by(path) == "3 spans of 2 traces"
    incremental = structure(path)
    assert [row["self_ns"] for row in incremental if row["trace_id"] == f"{3:032x}"] == [6_000_000, 4_000_000]
    assert incremental == from_nothing(path)


KILLED = """
import os, sys
from pathlib import Path
from loglens.derivation import Silent
from loglens.deriving import derive

class Killer(Silent):
    def start(self, title):
        self.title = title

    def advance(self, done_ratio):
        if self.title == sys.argv[2] and done_ratio >= float(sys.argv[3]):
            os.kill(os.getpid(), 9)

derive(Path(sys.argv[1]), progress=Killer())
"""


@pytest.mark.parametrize(("title", "done_ratio"), [("Query shapes", 0.4), ("Trace structure", 0.7)])
def test_a_killed_derivation_is_run_again(store: Path, title: str, done_ratio: float) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, store, title, str(done_ratio)], check=False)
    assert killed.returncode == -9
    derive(store)
    found = structure(store)
    assert [row["self_ns"] for row in found] == [60_000_000, 40_000_000]
    assert found == from_nothing(store)


def test_without_memory_the_store_is_as_before(store: Path) -> None:
    def run(work: Work) -> Derived:
        work.connection.execute("DELETE FROM spans")
        raise MemoryError

    before = structure(store)
    starved = replace(ALL[0], run=run)
    with pytest.raises(StoreError, match="as it was before: There is no memory left"):
        derive(store, [starved], again=True)
    assert structure(store) == before


def test_what_is_forgotten_or_read_anew_is_derived_anew(tmp_path: Path) -> None:
    path, first, second = tmp_path / "x.duckdb", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text("".join(one_span(trace) for trace in range(1, 6)))
    second.write_text(one_span(3, span=2, parent=f"{1:016x}", name="b", ms=4))
    loglens.ingest([first, second], path)
    derive(path)
    loglens.ingest(second, path, again=True)
    assert spans_derived_by(path) == "2 spans of 1 trace"
    forget(path, ["b.jsonl"])
    assert spans_derived_by(path) == "1 span of 1 trace"
    assert structure(path) == from_nothing(path)
    forget(path, ["a.jsonl"])
    assert spans_derived_by(path) == "0 spans of 0 traces"
    assert structure(path) == []


def test_a_source_number_that_came_back_is_another_source(tmp_path: Path) -> None:
    path, first, second = tmp_path / "x.duckdb", tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    first.write_text(one_span(1) + one_span(2))
    second.write_text(one_span(3) + one_span(4) + one_span(5))
    loglens.ingest(first, path)
    derive(path)
    forget(path, ["a.jsonl"])
    loglens.ingest(second, path)
    assert spans_derived_by(path) == "3 spans of 3 traces"
    assert [row["trace_id"][-1] for row in structure(path)] == ["3", "4", "5"]
